#include "quorum/code.h"
#include "quorum/escalation.h"
#include "tui/pending.h"
#include "tui/status.h"
#include "tui/words.h"
#include <string.h>

static json_t *hex_json(const struct hash *h)
{
        char hex[HASH_HEX + 1];

        hash_to_hex(h, hex);
        return json_string(hex);
}

static bool is_mine(const struct cli *cli, const struct request_view *r)
{
        const char *me = client_me(cli->client);

        return me && strcmp(me, r->requester) == 0;
}

/* Whom the escalation pages next; null when nobody. is_unanswered: everybody hears that nobody has answered. */
static json_t *next_page_json(const struct cli *cli, const struct request_view *r)
{
        struct escalation_view v;

        if (!escalation_of(ledger_roster(cli_ledger(cli)), r, cli_now(cli), &v) || !v.next_at_ms)
                return json_null();
        json_t *to = json_array();

        for (size_t i = 0; v.next && i < v.next->to.n; i++)
                json_array_append_new(to, json_string(v.next->to.name[i]));
        return json_pack("{s:I, s:o, s:b}", "at", (json_int_t)v.next_at_ms, "to", to, "is_unanswered", !v.next);
}

static json_t *request_json(const struct cli *cli, const struct request_view *r)
{
        char name[NAME_TEXT], code[CODE_TEXT];
        json_t *j =
                json_pack("{s:s, s:o, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s}", "request", request_name(r, name),
                          "id", hex_json(&r->id), "requester", r->requester, "credential", r->credential, "version",
                          hex_json(&r->version), "emergency", r->emergency, "incident", r->incident, "reason",
                          r->reason, "state", request_state_word(r->state), "end", request_end_word(r->end));

        json_object_set_new(j, "approvals", json_integer(r->approvals));
        json_object_set_new(j, "need", json_integer(r->threshold));
        json_object_set_new(j, "denials", json_integer(r->denials));
        json_object_set_new(j, "expires_at", json_integer(r->expires_at_ms));
        json_object_set_new(j, "opened_at", json_integer(r->opened_at_ms));
        json_object_set_new(j, "access_until", json_integer(r->access_until_ms));
        json_object_set_new(j, "next_page", next_page_json(cli, r));
        /* The code belongs to the requester's side only. */
        if (is_mine(cli, r)) {
                code_of(&r->id, code);
                json_object_set_new(j, "code", json_string(code));
        }
        return j;
}

static json_t *requests_json(const struct cli *cli)
{
        json_t *list = json_array();

        for (size_t i = 0; i < ledger_requests(cli_ledger(cli)); i++) {
                struct request_view r;

                ledger_request_at(cli_ledger(cli), i, cli_now(cli), &r);
                if (r.state != REQUEST_ENDED)
                        json_array_append_new(list, request_json(cli, &r));
        }
        return list;
}

static json_t *incidents_json(const struct cli *cli)
{
        json_t *list = json_array();

        for (size_t i = 0; i < ledger_incidents(cli_ledger(cli)); i++) {
                struct incident_view v;

                ledger_incident_at(cli_ledger(cli), i, cli_now(cli), &v);
                if (!incident_is_unfinished(&v))
                        continue;
                json_array_append_new(
                        list, json_pack("{s:s, s:i, s:i, s:i, s:b, s:b, s:b, s:I}", "incident", v.incident,
                                        "requests", (int)v.requests, "opened", (int)v.opened, "live", (int)v.live,
                                        "is_open", v.is_open, "owes_postmortem", v.owes_postmortem, "is_overdue",
                                        v.is_overdue, "postmortem_due", (json_int_t)v.postmortem_due_ms));
        }
        return list;
}

static json_t *rotation_json(const struct version_view *v, const struct rotation_view *r)
{
        return json_pack("{s:s, s:I, s:o, s:s, s:s?, s:b, s:s, s:s, s:b, s:b, s:s, s:b}", "credential",
                         v->fields->credential, "number", (json_int_t)v->fields->number, "version", hex_json(&v->id),
                         "due", rotation_reason_word(r->due), "claimed_by", r->is_claimed ? r->claimed_by : NULL,
                         "sealed", r->has_pending, "set", outcome_word(r->set), "test", outcome_word(r->test),
                         "promoted", r->is_promoted, "done", r->is_done, "old", evidence_word(v->evidence),
                         "waits_for_openings", r->must_wait);
}

static json_t *rotations_json(const struct cli *cli)
{
        json_t *list = json_array();

        for (size_t i = 0; i < ledger_versions(cli_ledger(cli)); i++) {
                struct version_view v;
                struct rotation_view r;

                ledger_version_at(cli_ledger(cli), i, &v);
                if (ledger_rotation(cli_ledger(cli), &v.id, cli_now(cli), &r) && rotation_is_unfinished(&v, &r))
                        json_array_append_new(list, rotation_json(&v, &r));
        }
        return list;
}

static json_t *custody_json(const struct ledger *l, const struct version_view *v)
{
        json_t *list = json_array();

        for (unsigned i = 0; i < v->fields->n_shares; i++) {
                const char *holder = v->fields->shares[i].holder;

                json_array_append_new(list, json_pack("{s:s, s:b, s:I}", "holder", holder, "eligible",
                                                      ledger_is_eligible(l, v, holder), "checked_at",
                                                      (json_int_t)ledger_custody_of_version(l, &v->id, holder)));
        }
        return list;
}

static json_t *versions_json(const struct cli *cli)
{
        const struct ledger *l = cli_ledger(cli);
        json_t *list = json_array();

        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;

                ledger_version_at(l, i, &v);
                if (version_is_live(&v))
                        json_array_append_new(
                                list,
                                json_pack("{s:s, s:I, s:o, s:s, s:I, s:b, s:i, s:o}", "credential",
                                          v.fields->credential, "number", (json_int_t)v.fields->number, "version",
                                          hex_json(&v.id), "state", version_state_word(v.state), "since",
                                          (json_int_t)(v.current_since_ms ? v.current_since_ms : v.at_ms), "outdated",
                                          v.state == VERSION_CURRENT && ledger_is_outdated(l, &v), "need",
                                          (int)ledger_threshold(l, &v), "holders", custody_json(l, &v)));
        }
        return list;
}

static json_t *channels_json(const struct cli *cli)
{
        json_t *list = json_array();

        for (size_t i = 0; i < ledger_channels(cli_ledger(cli)); i++) {
                struct channel_view c;

                ledger_channel_at(cli_ledger(cli), i, &c);
                json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "channel", c.channel, "last_accepted",
                                                      (json_int_t)c.last_accepted_ms, "last_failed",
                                                      (json_int_t)c.last_failed_ms));
        }
        return list;
}

static json_t *exports_json(const struct exports_word *w)
{
        return json_pack("{s:I, s:I, s:I, s:b}", "every", (json_int_t)w->every_ms, "last_at",
                         (json_int_t)w->last_at_ms, "entries", (json_int_t)w->entries, "is_failing", w->is_failing);
}

json_t *status_json(const struct cli *cli, const char *why_stale, const struct exports_word *exports)
{
        const struct ledger *l = cli_ledger(cli);
        const struct home *home = client_home(cli->client);
        const struct roster *r = ledger_roster(l);
        const char *me = client_me(cli->client);
        struct hash root = ledger_root(l);
        json_t *j = json_pack("{s:s, s:o, s:s?, s:b, s:s?, s:I}", "installation", home->name, "genesis",
                              hex_json(&home->genesis), "me", me, "is_fresh", why_stale == NULL, "why_stale",
                              why_stale, "roster", (json_int_t)(r ? r->number : 0));

        json_object_set_new(j, "log",
                            json_pack("{s:I, s:o, s:I}", "size", (json_int_t)ledger_size(l), "root", hex_json(&root),
                                      "last_at", (json_int_t)ledger_last_at(l)));
        json_object_set_new(j, "waiting_for_me",
                            json_integer(me ? (json_int_t)requests_waiting_for(l, me, cli_now(cli)) : 0));
        json_object_set_new(j, "requests", requests_json(cli));
        json_object_set_new(j, "incidents", incidents_json(cli));
        json_object_set_new(j, "rotations", rotations_json(cli));
        json_object_set_new(j, "versions", versions_json(cli));
        json_object_set_new(j, "channels", channels_json(cli));
        json_object_set_new(j, "exports", exports ? exports_json(exports) : json_null());
        return j;
}
