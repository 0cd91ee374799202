#include "tui/follow.h"
#include "tui/pending.h"
#include "tui/rotate.h"
#include "tui/say.h"
#include "tui/words.h"

#define TELL_MS SECOND_MS /* between two lines of progress */

struct standing_of_all {
        size_t waiting, at_work, in_trouble, refused, replaced, unproven, by_hand;
};

static bool is_in_trouble(const struct rotation_view *r)
{
        static const enum rotation_outcome bad[] = {OUTCOME_FAILED, OUTCOME_UNKNOWN};

        for (size_t i = 0; i < COUNT_OF(bad); i++)
                if (r->set == bad[i] || r->test == bad[i] || r->revoke == bad[i])
                        return true;
        return false;
}

static void count_one(const struct cli *cli, const struct rotate_one *one, struct standing_of_all *c)
{
        struct rotation_view r;

        if (!ledger_rotation(cli_ledger(cli), &one->version, cli_now(cli), &r))
                return;
        if (r.is_done && r.evidence == OLD_REFUSED)
                c->refused++;
        else if (r.is_done && r.evidence == OLD_REPLACED)
                c->replaced++;
        else if (r.is_done)
                c->unproven++;
        else if (one->way == ROTATE_BY_HAND)
                c->by_hand++;
        else if (is_in_trouble(&r))
                c->in_trouble++;
        else if (r.is_claimed || r.has_pending)
                c->at_work++;
        else
                c->waiting++;
}

static struct standing_of_all look(const struct cli *cli, const struct rotate_plan *p)
{
        struct standing_of_all c = {0};

        for (size_t i = 0; i < p->n; i++)
                count_one(cli, &p->one[i], &c);
        return c;
}

static size_t unfinished(const struct standing_of_all *c)
{
        return c->waiting + c->at_work + c->in_trouble;
}

static void tell_progress(const struct cli *cli, const struct rotate_plan *p, const struct standing_of_all *c)
{
        size_t proven = c->refused + c->replaced;

        if (cli->json)
                say_json(json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "event", "progress", "of", (int)p->n,
                                   "proven", (int)proven, "unproven", (int)c->unproven, "at_work", (int)c->at_work,
                                   "waiting", (int)c->waiting, "in_trouble", (int)c->in_trouble));
        else
                note("%zu of %zu proven, %zu at work, %zu waiting%s%zu in trouble", proven, p->n, c->at_work,
                     c->waiting, c->in_trouble ? ", !! " : ", ", c->in_trouble);
}

static bool is_news(const struct standing_of_all *a, const struct standing_of_all *b)
{
        return a->waiting != b->waiting || a->at_work != b->at_work || a->in_trouble != b->in_trouble ||
               a->refused != b->refused || a->replaced != b->replaced || a->unproven != b->unproven;
}

/* ---- the report ---- */

static bool is_proven(const struct rotation_view *r)
{
        return r->is_done && (r->evidence == OLD_REFUSED || r->evidence == OLD_REPLACED);
}

/* What somebody has to look at, one by one. */
static void report_rest(const struct cli *cli, const struct rotate_plan *p, json_t *list)
{
        for (size_t i = 0; i < p->n; i++) {
                CLEANUP_BYTES struct bytes standing = BYTES_NONE;
                struct version_view v;
                struct rotation_view r;

                if (!ledger_version_by_id(cli_ledger(cli), &p->one[i].version, &v) ||
                    !ledger_rotation(cli_ledger(cli), &v.id, cli_now(cli), &r) || is_proven(&r))
                        continue;
                rotation_standing(&r, cli_now(cli), &standing);
                if (list)
                        json_array_append_new(
                                list, json_pack("{s:s, s:I, s:b, s:s}", "credential", v.fields->credential, "number",
                                                (json_int_t)v.fields->number, "by_hand",
                                                p->one[i].way == ROTATE_BY_HAND, "standing", bytes_text(&standing)));
                else
                        say("NOT PROVEN %s version %llu: %s%s", v.fields->credential,
                            (unsigned long long)v.fields->number, p->one[i].way == ROTATE_BY_HAND ? "by hand; " : "",
                            bytes_text(&standing));
        }
}

static enum err report(const struct cli *cli, const struct rotate_plan *p, const struct standing_of_all *c)
{
        size_t proven = c->refused + c->replaced;

        if (cli->json) {
                json_t *rest = json_array();

                report_rest(cli, p, rest);
                say_json(json_pack("{s:s, s:i, s:{s:i, s:i}, s:o}", "event", "report", "of", (int)p->n, "proven",
                                   "refused", (int)c->refused, "replaced", (int)c->replaced, "not_proven", rest));
        } else {
                say("%zu of %zu proven: the new value works, and the old one was refused (%zu) or is replaced (%zu).",
                    proven, p->n, c->refused, c->replaced);
                report_rest(cli, p, NULL);
        }
        if (proven == p->n)
                return OK;
        return err_because(ERR_UNKNOWN_OUTCOME, "%zu of %zu old values are not proven dead", p->n - proven, p->n);
}

enum err rotate_watch(struct cli *cli, const struct rotate_plan *p, int64_t wait_ms)
{
        struct standing_of_all said = {0}, now;
        int64_t began = clock_monotonic_ms(), said_at = 0;
        bool is_away = false;

        for (;;) {
                int64_t at = clock_monotonic_ms();
                enum err e;

                now = look(cli, p);
                if (is_news(&now, &said) && (at - said_at >= TELL_MS || unfinished(&now) == 0)) {
                        tell_progress(cli, p, &now);
                        said = now;
                        said_at = at;
                }
                if (unfinished(&now) == 0 || (wait_ms > 0 && at - began >= wait_ms))
                        break;
                if ((e = follow_wait_some(cli, wait_ms > 0 ? began + wait_ms - at : INT64_MAX, &is_away)) != OK)
                        return e;
        }
        return report(cli, p, &now);
}
