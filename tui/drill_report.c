#include "tui/drill_report.h"
#include "base/clock.h"
#include "tui/history.h"
#include "tui/words.h"
#include <string.h>

void drill_report_done(struct drill_report *r)
{
        bytes_done(&r->accepted);
        bytes_done(&r->failed);
        bytes_done(&r->yeses);
}

/* ---- reading the log ---- */

static void add_once(struct bytes *list, const char *name)
{
        CLEANUP_BYTES struct bytes wrapped = BYTES_NONE, wanted = BYTES_NONE;

        bytes_printf(&wrapped, ", %s,", list->n ? bytes_text(list) : "");
        bytes_printf(&wanted, ", %s,", name);
        if (!strstr(bytes_text(&wrapped), bytes_text(&wanted)))
                bytes_printf(list, "%s%s", list->n ? ", " : "", name);
}

static void take_notice(struct drill_report *r, const struct history_entry *entry)
{
        const struct statement *s = entry->statement;
        struct hash about;

        if (!s->notice.about || hash_from_hex(span_text(s->notice.about), &about) != OK ||
            !hash_equal(&about, &r->request))
                return;
        if (s->notice.outcome == NOTICE_FAILED)
                add_once(&r->failed, s->notice.channel);
        if (s->notice.outcome != NOTICE_ACCEPTED)
                return;
        add_once(&r->accepted, s->notice.channel);
        if (r->paged_ms == 0)
                r->paged_ms = entry->at_ms;
}

struct reading {
        struct drill_report *report;
        struct hash version;
};

static bool take_entry(void *context, const struct history_entry *entry)
{
        struct reading *in = context;
        const struct statement *s = entry->statement;

        if (s->type == STATEMENT_NOTICE)
                take_notice(in->report, entry);
        if (s->type == STATEMENT_ROTATION && s->rotation.step == STEP_DONE &&
            hash_equal(&s->rotation.version, &in->version)) {
                in->report->rotated_ms = entry->at_ms;
                in->report->evidence = s->rotation.old;
        }
        return true;
}

static void take_approvals(const struct ledger *l, const struct request_view *v, int64_t now_ms,
                           struct drill_report *r)
{
        char after[DURATION_TEXT];

        for (size_t i = 0; i < ledger_approvals(l, v->index); i++) {
                struct approval_view a;

                ledger_approval_at(l, v->index, i, now_ms, &a);
                bytes_printf(&r->yeses, "%s%s after %s", i ? ", " : "", a.approver,
                             duration_for_people(a.at_ms - v->at_ms, after));
                if (++r->approvals == v->threshold)
                        r->ready_ms = a.at_ms;
        }
}

enum err drill_report_make(const struct cli *cli, const struct hash *request, struct drill_report *ret)
{
        const struct ledger *l = cli_ledger(cli);
        struct request_view v;

        if (!ledger_request_by_id(l, request, cli_now(cli), &v))
                return ERR_NOT_FOUND;
        ret->request = v.id;
        snprintf(ret->credential, sizeof(ret->credential), "%s", v.credential);
        ret->asked_ms = v.at_ms;
        ret->opened_ms = v.opened_at_ms;
        ret->ended_ms = v.state == REQUEST_ENDED ? v.ended_at_ms : 0;
        ret->threshold = v.threshold;
        take_approvals(l, &v, cli_now(cli), ret);
        struct reading in = {ret, v.version};

        return history_walk(cli, v.n, take_entry, &in);
}

/* ---- telling ---- */

static void write_part(const struct drill_report *r, const char *label, int64_t at_ms, const char *more,
                       struct bytes *ret)
{
        char after[DURATION_TEXT];

        if (at_ms == 0)
                bytes_printf(ret, "%s\tNEVER", label);
        else
                bytes_printf(ret, "%s\tafter %s", label, duration_for_people(at_ms - r->asked_ms, after));
        bytes_printf(ret, "%s%s\n", *more ? ": " : "", more);
}

static void write_pages(const struct drill_report *r, struct bytes *ret)
{
        write_part(r, "paged", r->paged_ms, r->accepted.n ? bytes_text(&r->accepted) : "no channel took a page", ret);
        if (r->failed.n)
                bytes_printf(ret, "FAILED\tpages by %s: see to it before an emergency does\n",
                             bytes_text(&r->failed));
}

static void write_rotation(const struct drill_report *r, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes proof = BYTES_NONE;

        if (r->rotated_ms == 0) {
                bytes_add_text(ret, "rotated\tNOT YET: the value that was opened still works\n");
                return;
        }
        bytes_printf(&proof, "the old value is %s", evidence_word(r->evidence));
        write_part(r, "rotated", r->rotated_ms, bytes_text(&proof), ret);
}

void drill_report_write(const struct drill_report *r, struct bytes *ret)
{
        char time[TIME_TEXT];

        bytes_printf(ret, "credential\t%s\nasked\t%s\n", r->credential, time_format(r->asked_ms, time));
        write_pages(r, ret);
        write_part(r, "ready", r->ready_ms, r->yeses.n ? bytes_text(&r->yeses) : "nobody approved", ret);
        write_part(r, "opened", r->opened_ms, r->opened_ms ? "every share and the secret hold; it was not shown" : "",
                   ret);
        write_rotation(r, ret);
}

json_t *drill_report_json(const struct drill_report *r)
{
        char id[HASH_HEX + 1];

        hash_to_hex(&r->request, id);
        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:s, s:s, s:s}", "request", id,
                         "credential", r->credential, "asked_at", (json_int_t)r->asked_ms, "paged_at",
                         (json_int_t)r->paged_ms, "ready_at", (json_int_t)r->ready_ms, "opened_at",
                         (json_int_t)r->opened_ms, "ended_at", (json_int_t)r->ended_ms, "rotated_at",
                         (json_int_t)r->rotated_ms, "approvals", (int)r->approvals, "need", (int)r->threshold,
                         "old_value", evidence_word(r->evidence), "channels_accepted",
                         r->accepted.n ? bytes_text(&r->accepted) : "", "channels_failed",
                         r->failed.n ? bytes_text(&r->failed) : "");
}
