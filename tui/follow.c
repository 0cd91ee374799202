#include "tui/follow.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define WAIT_S 25u

enum err follow_wait(struct cli *cli, bool *is_away)
{
        return follow_wait_some(cli, WAIT_S * SECOND_MS, is_away);
}

enum err follow_wait_some(struct cli *cli, int64_t most_ms, bool *is_away)
{
        int64_t wait_s = most_ms / SECOND_MS < 1 ? 1 : most_ms / SECOND_MS;
        enum err e = client_sync(cli->client, wait_s < WAIT_S ? (unsigned)wait_s : WAIT_S, NULL);

        if (e == ERR_UNREACHABLE || e == ERR_SHUTTING_DOWN || e == ERR_STATE_UNKNOWN || e == ERR_NOT_DURABLE) {
                if (!*is_away)
                        note("The broker does not answer (%s); waiting for it.", err_word(e));
                *is_away = true;
                err_forget();
                sleep(1);
                return OK;
        }
        if (e == OK && *is_away) {
                note("The broker answers again.");
                *is_away = false;
        }
        return e;
}

/* ---- a request ---- */

struct request_seen {
        size_t approvals, denials;
};

static void tell_event(const struct cli *cli, const struct request_view *r, const char *event, const char *by,
                       const char *reason)
{
        char name[NAME_TEXT];

        if (cli->json)
                say_json(json_pack("{s:s, s:s, s:s?, s:s?, s:i, s:i}", "request", request_name(r, name), "event",
                                   event, "by", by, "reason", reason, "approvals", (int)r->approvals, "need",
                                   (int)r->threshold));
        else if (strcmp(event, "approved") == 0)
                say("%s approves: %u of %u.", by, r->approvals, r->threshold);
        else if (strcmp(event, "denied-by") == 0)
                say("%s denies: %s", by, reason);
}

static void tell_news(const struct cli *cli, const struct request_view *r, struct request_seen *seen)
{
        const struct ledger *l = cli_ledger(cli);

        for (; seen->approvals < ledger_approvals(l, r->index); seen->approvals++) {
                struct approval_view a;

                ledger_approval_at(l, r->index, seen->approvals, cli_now(cli), &a);
                tell_event(cli, r, "approved", a.approver, NULL);
        }
        for (; seen->denials < ledger_denials(l, r->index); seen->denials++) {
                struct denial_view d;

                ledger_denial_at(l, r->index, seen->denials, &d);
                tell_event(cli, r, "denied-by", d.denier, d.reason);
        }
}

static enum err tell_end(const struct cli *cli, const struct request_view *r)
{
        char name[NAME_TEXT];

        request_name(r, name);
        if (r->state == REQUEST_READY || r->state == REQUEST_OPENED) {
                tell_event(cli, r, "ready", NULL, NULL);
                if (!cli->json)
                        say("READY. Next: `breakglass open %s`.", name);
                return OK;
        }
        tell_event(cli, r, request_end_word(r->end), NULL, NULL);
        if (r->end == END_DENIED)
                return err_because(ERR_ENDED, "%s was denied", name);
        if (r->end == END_EXPIRED)
                return err_because(ERR_EXPIRED, "%s was not approved in time", name);
        return err_because(ERR_ENDED, "%s: %s", name, request_end_word(r->end));
}

enum err follow_request(struct cli *cli, const struct hash *request)
{
        struct request_seen seen = {0};
        bool is_away = false;

        for (;;) {
                struct request_view r;
                enum err e;

                if (!ledger_request_by_id(cli_ledger(cli), request, cli_now(cli), &r))
                        return ERR_NOT_FOUND;
                tell_news(cli, &r, &seen);
                if (r.state != REQUEST_WAITING)
                        return tell_end(cli, &r);
                if ((e = follow_wait(cli, &is_away)) != OK)
                        return e;
        }
}

/* ---- rotations ---- */

static void tell_rotation(const struct cli *cli, const struct version_view *v, const struct rotation_view *r,
                          const char *standing)
{
        char id[HASH_HEX + 1];

        if (!cli->json) {
                say("%s version %llu: %s", v->fields->credential, (unsigned long long)v->fields->number, standing);
                return;
        }
        hash_to_hex(&v->id, id);
        say_json(json_pack("{s:s, s:I, s:s, s:s, s:b, s:b, s:s, s:s, s:b, s:b, s:s}", "credential",
                           v->fields->credential, "number", (json_int_t)v->fields->number, "version", id, "due",
                           rotation_reason_word(r->due), "claimed", r->is_claimed, "sealed", r->has_pending, "set",
                           outcome_word(r->set), "test", outcome_word(r->test), "promoted", r->is_promoted, "done",
                           r->is_done, "old", evidence_word(r->evidence)));
}

/* One look at all of them; said where something changed. */
static enum err look_at_rotations(const struct cli *cli, const struct hash versions[], size_t n, struct bytes said[],
                                  size_t *ret_done, bool *ret_unproven)
{
        *ret_done = 0;
        *ret_unproven = false;
        for (size_t i = 0; i < n; i++) {
                CLEANUP_BYTES struct bytes standing = BYTES_NONE;
                struct version_view v;
                struct rotation_view r;

                if (!ledger_version_by_id(cli_ledger(cli), &versions[i], &v) ||
                    !ledger_rotation(cli_ledger(cli), &versions[i], cli_now(cli), &r))
                        return ERR_NOT_FOUND;
                rotation_stage(&r, &standing);
                if (!span_equal(bytes_span(&standing), bytes_span(&said[i]))) {
                        tell_rotation(cli, &v, &r, bytes_text(&standing));
                        bytes_clear(&said[i]);
                        bytes_add_span(&said[i], bytes_span(&standing));
                }
                *ret_done += r.is_done;
                *ret_unproven |= r.is_done && r.evidence == OLD_UNPROVEN;
        }
        return OK;
}

enum err follow_rotations(struct cli *cli, const struct hash versions[], size_t n)
{
        struct bytes *said = mem_new(n ? n : 1, sizeof(*said));
        bool is_away = false, unproven = false;
        size_t done = 0;
        enum err e;

        while ((e = look_at_rotations(cli, versions, n, said, &done, &unproven)) == OK && done < n)
                if ((e = follow_wait(cli, &is_away)) != OK)
                        break;
        for (size_t i = 0; i < n; i++)
                bytes_done(&said[i]);
        free(said);
        if (e == OK && unproven)
                return err_because(ERR_UNKNOWN_OUTCOME,
                                   "an old value is not proven dead: try it yourself, then an admin says "
                                   "`breakglass rotate --done CREDENTIAL --old refused`");
        return e;
}
