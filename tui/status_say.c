#include "quorum/code.h"
#include "quorum/escalation.h"
#include "tui/exports_words.h"
#include "tui/pending.h"
#include "tui/say.h"
#include "tui/status.h"
#include "tui/words.h"
#include <string.h>

/* A heading that appears only when something follows it. */
static void heading(bool *is_said, const char *text)
{
        if (*is_said)
                return;
        printf("\n");
        say("%s", text);
        *is_said = true;
}

static void say_head(const struct cli *cli, const char *why_stale)
{
        const struct ledger *l = cli_ledger(cli);
        const struct roster *r = ledger_roster(l);
        struct hash root = ledger_root(l);
        char hex[HASH_HEX + 1], time[WHEN_TEXT];

        hash_to_hex(&root, hex);
        say("%s, roster %llu%s%s", client_home(cli->client)->name, r ? (unsigned long long)r->number : 0ull,
            client_me(cli->client) ? ", you are " : "", client_me(cli->client) ? client_me(cli->client) : "");
        say_field("log", "%llu entries, head %.16s, last %s", (unsigned long long)ledger_size(l), hex,
                  when(ledger_last_at(l), cli_now(cli), time));
        if (why_stale)
                say_field("STALE", "this is the own copy; the broker was not asked or does not answer (%s)",
                          why_stale);
}

static void say_next_page(const struct cli *cli, const struct request_view *r)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;
        struct escalation_view v;
        char left[DURATION_TEXT];

        if (!escalation_of(ledger_roster(cli_ledger(cli)), r, cli_now(cli), &v) || !v.next_at_ms)
                return;
        escalation_describe(&v, &names);
        say_field("", "next page in %s to %s", duration_for_people(v.next_at_ms - cli_now(cli), left),
                  bytes_text(&names));
}

static void say_request(const struct cli *cli, const struct request_view *r)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        const char *me = client_me(cli->client);
        char name[NAME_TEXT], code[CODE_TEXT];

        request_standing(r, cli_now(cli), &standing);
        say_field(request_name(r, name), "%s for %s, %s: %u of %u approved; %s", r->credential, r->requester,
                  request_incident(r), r->approvals, r->threshold, bytes_text(&standing));
        say_next_page(cli, r);
        if (!me || strcmp(me, r->requester) != 0)
                return;
        code_of(&r->id, code);
        if (r->state == REQUEST_WAITING)
                say_field("", "your code, for approvers who hear you: %s", code);
        if (r->state == REQUEST_READY)
                say_field("", "next: breakglass open %s", name);
        if (r->state == REQUEST_OPENED)
                say_field("", "when done: breakglass close %s", request_closes_as(r, name));
}

static void say_requests(const struct cli *cli)
{
        const struct ledger *l = cli_ledger(cli);
        bool said = false;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                struct request_view r;

                ledger_request_at(l, i, cli_now(cli), &r);
                if (r.state == REQUEST_ENDED)
                        continue;
                heading(&said, "Requests");
                say_request(cli, &r);
        }
}

static void say_incidents(const struct cli *cli)
{
        const struct ledger *l = cli_ledger(cli);
        bool said = false;

        for (size_t i = 0; i < ledger_incidents(l); i++) {
                struct incident_view v;
                char time[WHEN_TEXT];

                ledger_incident_at(l, i, cli_now(cli), &v);
                if (!incident_is_unfinished(&v))
                        continue;
                heading(&said, "Incidents");
                if (v.is_open)
                        say_field(v.incident, "open: %u request%s, %u with access now", v.requests,
                                  v.requests == 1 ? "" : "s", v.live);
                else
                        say_field(v.incident, "owes its post-mortem%s, due %s: breakglass postmortem %s",
                                  v.is_overdue ? ", OVERDUE" : "", when(v.postmortem_due_ms, cli_now(cli), time),
                                  v.incident);
                if (v.has_proposed_close)
                        say_field("", "a close is proposed for %s; `breakglass hold %s` stops it",
                                  when(v.proposed_deadline_ms, cli_now(cli), time), v.incident);
        }
}

static void say_rotations(const struct cli *cli)
{
        const struct ledger *l = cli_ledger(cli);
        bool said = false;

        for (size_t i = 0; i < ledger_versions(l); i++) {
                CLEANUP_BYTES struct bytes standing = BYTES_NONE, name = BYTES_NONE;
                struct version_view v;
                struct rotation_view r;

                ledger_version_at(l, i, &v);
                if (!ledger_rotation(l, &v.id, cli_now(cli), &r) || !rotation_is_unfinished(&v, &r))
                        continue;
                heading(&said, "Rotations");
                bytes_printf(&name, "%s v%llu", v.fields->credential, (unsigned long long)v.fields->number);
                if (v.state == VERSION_REPLACED && v.evidence == OLD_UNPROVEN)
                        bytes_add_text(
                                &standing,
                                "replaced, but NOT PROVEN that the old value is dead (`breakglass rotate --done` "
                                "records the proof)");
                else
                        rotation_standing(&r, cli_now(cli), &standing);
                if (v.state == VERSION_CURRENT && !r.is_claimed && rotation_is_by_hand(l, v.fields->credential))
                        bytes_printf(&standing, "; BY HAND: change it at its target, then `breakglass seal %s`",
                                     v.fields->credential);
                say_field(bytes_text(&name), "%s", bytes_text(&standing));
        }
}

/* "alice 3 days ago, bob never" */
static void add_custody(const struct cli *cli, const struct version_view *v, struct bytes *ret)
{
        const struct ledger *l = cli_ledger(cli);

        for (unsigned i = 0; i < v->fields->n_shares; i++) {
                const char *holder = v->fields->shares[i].holder;
                int64_t at = ledger_custody_of_version(l, &v->id, holder);
                char ago[DURATION_TEXT];

                bytes_printf(ret, "%s%s%s ", i ? ", " : "", holder,
                             ledger_is_eligible(l, v, holder) ? "" : " (no longer eligible)");
                if (at)
                        bytes_printf(ret, "%s ago", duration_for_people(cli_now(cli) - at, ago));
                else
                        bytes_add_text(ret, "NEVER");
        }
}

static void say_versions(const struct cli *cli)
{
        const struct ledger *l = cli_ledger(cli);
        bool said = false;

        for (size_t i = 0; i < ledger_versions(l); i++) {
                CLEANUP_BYTES struct bytes custody = BYTES_NONE, name = BYTES_NONE;
                struct version_view v;

                ledger_version_at(l, i, &v);
                if (!version_is_live(&v))
                        continue;
                heading(&said, "Credentials");
                bytes_printf(&name, "%s v%llu", v.fields->credential, (unsigned long long)v.fields->number);
                say_field(bytes_text(&name), "%s%s, %u of %u open it", version_state_word(v.state),
                          v.state == VERSION_CURRENT && ledger_is_outdated(l, &v) ? ", OUTDATED by its policy" : "",
                          ledger_threshold(l, &v), v.fields->n_shares);
                add_custody(cli, &v, &custody);
                say_field("", "checked by %s", bytes_text(&custody));
        }
}

static void say_channels(const struct cli *cli)
{
        const struct ledger *l = cli_ledger(cli);
        struct name_list never = {0};
        bool said = false;

        for (size_t i = 0; i < ledger_channels(l); i++) {
                struct channel_view c;
                char accepted[WHEN_TEXT], failed[WHEN_TEXT];

                ledger_channel_at(l, i, &c);
                heading(&said, "Pages");
                say_field(c.channel, "last accepted %s%s%s", when(c.last_accepted_ms, cli_now(cli), accepted),
                          c.last_failed_ms > c.last_accepted_ms ? ", FAILED " : "",
                          c.last_failed_ms > c.last_accepted_ms ? when(c.last_failed_ms, cli_now(cli), failed) : "");
        }
        channels_never_heard(l, &never);
        for (size_t i = 0; i < never.n; i++) {
                heading(&said, "Pages");
                say_field(never.name[i], "never took a page, though the roster's `notify` names it");
        }
        free(never.name);
}

static void say_waiting(const struct cli *cli)
{
        const char *me = client_me(cli->client);
        size_t n = me ? requests_waiting_for(cli_ledger(cli), me, cli_now(cli)) : 0;

        if (n == 0)
                return;
        printf("\n");
        say("%zu request%s for YOUR yes or no: `breakglass inbox`.", n, n == 1 ? " waits" : "s wait");
}

static void say_exports(const struct cli *cli, const struct exports_word *w)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        if (!w)
                return;
        (void)exports_describe(w, cli_now(cli), &text);
        printf("\n");
        say_field("exports", "%s", bytes_text(&text));
}

void status_say(const struct cli *cli, const char *why_stale, const struct exports_word *exports)
{
        say_head(cli, why_stale);
        say_waiting(cli);
        say_requests(cli);
        say_incidents(cli);
        say_rotations(cli);
        say_versions(cli);
        say_channels(cli);
        say_exports(cli, exports);
}
