#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

/* "R17 (prod/postgres/root)", or the id's beginning when the ledger does not know it. */
static void add_request(const struct ledger *l, const struct hash *id, struct bytes *ret)
{
        struct request_view r;
        char name[NAME_TEXT], hex[HASH_HEX + 1];

        if (ledger_request_by_id(l, id, ledger_last_at(l), &r)) {
                bytes_printf(ret, "%s (%s)", request_name(&r, name), r.credential);
                return;
        }
        hash_to_hex(id, hex);
        bytes_printf(ret, "request %.12s", hex);
}

static void add_version(const struct ledger *l, const struct hash *id, struct bytes *ret)
{
        struct version_view v;
        char hex[HASH_HEX + 1];

        if (ledger_version_by_id(l, id, &v)) {
                bytes_printf(ret, "%s version %llu", v.fields->credential, (unsigned long long)v.fields->number);
                return;
        }
        hash_to_hex(id, hex);
        bytes_printf(ret, "version %.12s", hex);
}

static void add_versions(const struct ledger *l, const struct hash_list *list, struct bytes *ret)
{
        for (size_t i = 0; i < list->n; i++) {
                bytes_add_text(ret, i ? ", " : "");
                add_version(l, &list->h[i], ret);
        }
}

static void describe_request(const struct statement *s, struct bytes *ret)
{
        char time[DURATION_TEXT];

        bytes_printf(ret, "asks for %s for %s, emergency %s%s%s: %s", s->request.credential,
                     duration_for_people(s->request.open_for_ms, time), s->request.emergency,
                     s->request.incident ? ", incident " : "", s->request.incident ? s->request.incident : "",
                     s->request.reason);
}

static void describe_close(const struct ledger *l, const struct statement *s, struct bytes *ret)
{
        static const char *const why[] = {
                [CLOSE_DONE] = "",
                [CLOSE_TIME] = ": its time is over",
                [CLOSE_WEBHOOK] = ": the incident was resolved",
                [CLOSE_EXPIRED] = ": it expired before it was opened",
        };

        bytes_add_text(ret, "closes ");
        if (s->close.incident)
                bytes_printf(ret, "incident %s", s->close.incident);
        else
                add_request(l, &s->close.request, ret);
        bytes_add_text(ret, why[s->close.why]);
}

static void describe_rotation(const struct ledger *l, const struct statement *s, struct bytes *ret)
{
        static const char *const steps[] = {
                [STEP_CLAIM] = "takes the rotation of",     [STEP_SET] = "sets the new value for",
                [STEP_TEST] = "tests the new value of",     [STEP_PROMOTED] = "makes the new value current for",
                [STEP_REVOKE] = "revokes the old value of", [STEP_DONE] = "has rotated",
        };

        bytes_printf(ret, "%s ", steps[s->rotation.step]);
        add_version(l, &s->rotation.version, ret);
        if (s->rotation.outcome != OUTCOME_NONE)
                bytes_printf(ret, ": %s", outcome_word(s->rotation.outcome));
        if (s->rotation.step == STEP_DONE)
                bytes_printf(ret, ": old %s%s", evidence_word(s->rotation.old),
                             s->rotation.has_new_works ? ", new works" : "");
}

static void describe_notice(const struct statement *s, struct bytes *ret)
{
        static const char *const outcomes[] = {
                [NOTICE_ACCEPTED] = "was accepted",
                [NOTICE_FAILED] = "FAILED",
                [NOTICE_PROPOSED_CLOSE] = "proposes to close",
        };

        bytes_printf(ret, "page \"%s\" by %s %s", s->notice.event, s->notice.channel, outcomes[s->notice.outcome]);
        if (s->notice.incident)
                bytes_printf(ret, " (incident %s)", s->notice.incident);
        if (s->notice.detail)
                bytes_printf(ret, ": %s", s->notice.detail);
}

static void describe_about_request(const struct ledger *l, const struct statement *s, struct bytes *ret)
{
        char time[DURATION_TEXT];

        switch ((int)s->type) {
        case STATEMENT_APPROVAL:
                bytes_add_text(ret, "approves ");
                add_request(l, &s->approval.request, ret);
                bytes_add_text(ret, s->approval.override ? ", with OVERRIDE of the spent-share limit" : "");
                break;
        case STATEMENT_DENIAL:
                bytes_add_text(ret, s->denial.suspicious ? "denies as SUSPICIOUS " : "denies ");
                add_request(l, &s->denial.request, ret);
                bytes_printf(ret, ": %s", s->denial.reason);
                break;
        case STATEMENT_CANCEL:
                bytes_add_text(ret, "cancels ");
                add_request(l, &s->cancel.request, ret);
                break;
        case STATEMENT_OPEN:
                bytes_add_text(ret, "OPENS ");
                add_request(l, &s->open.request, ret);
                bytes_add_text(ret, s->open.dark ? ", dark: no page had been accepted" : "");
                break;
        case STATEMENT_EXTEND:
                bytes_add_text(ret, "agrees to lengthen ");
                add_request(l, &s->extend.request, ret);
                bytes_printf(ret, " to %s", duration_for_people(s->extend.open_for_ms, time));
                break;
        default: break;
        }
}

/* UNTIMED stands first: none of what follows has a moment that anybody could vouch for. */
static void describe_recovery(const struct ledger *l, const struct statement *s, struct bytes *ret)
{
        const struct statement *request = s->recovery.offline[0].said;

        bytes_printf(ret, "tells of an opening OFFLINE, untimed: %s OPENED ", request->by[0]);
        add_request(l, &request->id, ret);
        bytes_printf(ret, " with the shares of");
        for (size_t i = 1; i + 1 < s->recovery.n; i++)
                bytes_printf(ret, "%s %s", i > 1 ? "," : "", s->recovery.offline[i].said->by[0]);
        bytes_printf(ret, "; emergency %s%s%s: %s", request->request.emergency,
                     request->request.incident ? ", incident " : "",
                     request->request.incident ? request->request.incident : "", request->request.reason);
}

void describe_statement(const struct ledger *l, const struct statement *s, struct bytes *ret)
{
        for (size_t i = 0; i < s->n_by; i++)
                bytes_printf(ret, "%s%s", i ? ", " : "", s->by[i]);
        /* A roster's payload doesn't say who signed it; that admins did was checked when it came in. */
        bytes_add_text(ret, s->n_by ? " " : "the admins ");
        switch (s->type) {
        case STATEMENT_ROSTER:
                bytes_printf(ret, "put roster %llu in force",
                             s->new_roster ? (unsigned long long)s->new_roster->number : 0ull);
                break;
        case STATEMENT_VERSION:
                bytes_printf(ret, "sealed %s version %llu for %u of %u holders", s->version.credential,
                             (unsigned long long)s->version.number, s->version.need, s->version.n_shares);
                break;
        case STATEMENT_CUSTODY:
                bytes_add_text(ret, "proved to hold a share of ");
                add_versions(l, &s->custody.versions, ret);
                break;
        case STATEMENT_REQUEST: describe_request(s, ret); break;
        case STATEMENT_APPROVAL:
        case STATEMENT_DENIAL:
        case STATEMENT_CANCEL:
        case STATEMENT_OPEN:
        case STATEMENT_EXTEND: describe_about_request(l, s, ret); break;
        case STATEMENT_CLOSE: describe_close(l, s, ret); break;
        case STATEMENT_HOLD:
                bytes_printf(ret, "holds incident %s open%s%s", s->hold.incident, s->hold.reason ? ": " : "",
                             s->hold.reason ? s->hold.reason : "");
                break;
        case STATEMENT_ORDER:
                bytes_add_text(ret, "orders the rotation of ");
                add_versions(l, &s->order.versions, ret);
                bytes_printf(ret, ": %s", s->order.why);
                break;
        case STATEMENT_ROTATION: describe_rotation(l, s, ret); break;
        case STATEMENT_POSTMORTEM:
                bytes_printf(ret, "wrote the post-mortem of %s (criterion met: %s)", s->postmortem.incident,
                             criterion_word(s->postmortem.criterion_met));
                break;
        case STATEMENT_NOTICE: describe_notice(s, ret); break;
        case STATEMENT_RECOVERY: describe_recovery(l, s, ret); break;
        case STATEMENT_SESSION: bytes_add_text(ret, "signed in"); break;
        case STATEMENT_COUNT: bytes_add_text(ret, "said something that this program does not know"); break;
        }
}
