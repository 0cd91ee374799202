#include "tui/follow.h"
#include "tui/rotate.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define TELL_MS SECOND_MS /* between two lines of progress */

/* ---- looking ---- */

/* The version's name lives until the next sync. False when the log has it no more. */
static bool look_at(const struct cli *cli, const struct rotate_one *one, struct rotation_view *rotation,
                    struct rotate_item *ret)
{
        struct version_view v;

        if (!ledger_version_by_id(cli_ledger(cli), &one->version, &v) ||
            !ledger_rotation(cli_ledger(cli), &v.id, cli_now(cli), rotation))
                return false;
        *ret = (struct rotate_item){v.fields->credential, v.fields->number, one->way == ROTATE_BY_HAND, rotation};
        return true;
}

static struct rotate_count look(const struct cli *cli, const struct rotate_plan *p)
{
        struct rotate_count c = {0};

        for (size_t i = 0; i < p->n; i++) {
                struct rotation_view r;
                struct rotate_item item;

                if (look_at(cli, &p->one[i], &r, &item))
                        rotate_count_add(&c, rotate_state_of(&r, item.is_by_hand));
        }
        return c;
}

static void tell_progress(const struct cli *cli, const struct rotate_count *c)
{
        CLEANUP_BYTES struct bytes words = BYTES_NONE;

        rotate_say_progress(c, &words);
        if (cli->json)
                say_json(json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "event", "progress", "of", (int)c->n,
                                   "proven", (int)rotate_count_proven(c), "unproven", (int)c->of[ROTATE_UNPROVEN],
                                   "at_work", (int)c->of[ROTATE_AT_WORK], "waiting", (int)c->of[ROTATE_WAITING],
                                   "in_trouble", (int)c->of[ROTATE_IN_TROUBLE]));
        else
                note("%s", bytes_text(&words));
}

/* ---- the report ---- */

static void report_one(const struct cli *cli, const struct rotate_item *item, json_t *list)
{
        CLEANUP_BYTES struct bytes words = BYTES_NONE;

        if (list) {
                rotation_standing(item->rotation, cli_now(cli), &words);
                json_array_append_new(list, json_pack("{s:s, s:I, s:b, s:s}", "credential", item->credential,
                                                      "number", (json_int_t)item->number, "by_hand", item->is_by_hand,
                                                      "standing", bytes_text(&words)));
                return;
        }
        rotate_say_unproven(item, cli_now(cli), &words);
        say("%s", bytes_text(&words));
}

/* What somebody has to look at, one by one. */
static void report_rest(const struct cli *cli, const struct rotate_plan *p, json_t *list)
{
        for (size_t i = 0; i < p->n; i++) {
                struct rotation_view r;
                struct rotate_item item;

                if (look_at(cli, &p->one[i], &r, &item) && !rotate_is_proven(rotate_state_of(&r, item.is_by_hand)))
                        report_one(cli, &item, list);
        }
}

static enum err report(const struct cli *cli, const struct rotate_plan *p, const struct rotate_count *c)
{
        CLEANUP_BYTES struct bytes words = BYTES_NONE, verdict = BYTES_NONE;

        if (cli->json) {
                json_t *rest = json_array();

                report_rest(cli, p, rest);
                say_json(json_pack("{s:s, s:i, s:{s:i, s:i}, s:o}", "event", "report", "of", (int)p->n, "proven",
                                   "refused", (int)c->of[ROTATE_REFUSED], "replaced", (int)c->of[ROTATE_REPLACED],
                                   "not_proven", rest));
        } else {
                rotate_say_proven(c, &words);
                say("%s", bytes_text(&words));
                report_rest(cli, p, NULL);
        }
        rotate_say_verdict(c, &verdict);
        return verdict.n == 0 ? OK : err_because(ERR_UNKNOWN_OUTCOME, "%s", bytes_text(&verdict));
}

enum err rotate_watch(struct cli *cli, const struct rotate_plan *p, int64_t wait_ms)
{
        struct rotate_count said = {0}, now;
        int64_t began = clock_monotonic_ms(), said_at = 0;
        bool is_away = false;

        for (;;) {
                int64_t at = clock_monotonic_ms();
                enum err e;

                now = look(cli, p);
                if (memcmp(&now, &said, sizeof(now)) != 0 &&
                    (at - said_at >= TELL_MS || rotate_count_unfinished(&now) == 0)) {
                        tell_progress(cli, &now);
                        said = now;
                        said_at = at;
                }
                if (rotate_count_unfinished(&now) == 0 || (wait_ms > 0 && at - began >= wait_ms))
                        break;
                if ((e = follow_wait_some(cli, wait_ms > 0 ? began + wait_ms - at : INT64_MAX, &is_away)) != OK)
                        return e;
        }
        return report(cli, p, &now);
}
