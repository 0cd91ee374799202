/* What is proven and what is not, as `breakglass rotate --wait` reports it. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/rotations.h"
#include <string.h>

struct reporting {
        const struct model *m;
        struct sheet *sheet;
};

static void say_rest(void *context, const struct picture_version *v)
{
        const struct reporting *r = context;
        const struct rotate_item item = {v->credential, v->number, v->is_by_hand, &v->rotation};
        CLEANUP_BYTES struct bytes words = BYTES_NONE;

        if (rotate_is_proven(v->state))
                return;
        rotate_say_unproven(&item, r->m->now_ms, &words);
        sheet_say(r->sheet, v->state == ROTATE_WAITING || v->state == ROTATE_AT_WORK ? ROLE_WARN : ROLE_BAD, "%s",
                  bytes_text(&words));
}

static void draw(const struct model *m, struct sheet *s)
{
        struct rotate_count c = rotations_count(m);
        CLEANUP_BYTES struct bytes scope = BYTES_NONE, proven = BYTES_NONE, verdict = BYTES_NONE,
                                   progress = BYTES_NONE;
        struct reporting r = {m, s};

        if (c.n == 0) {
                sheet_say(s, ROLE_PLAIN,
                          "There is nothing to report: no rotation is due, under way or ended lately.");
                return;
        }
        rotations_say_scope(m, &scope);
        sheet_say(s, ROLE_DIM, "%s", bytes_text(&scope));
        rotate_say_proven(&c, &proven);
        rotate_say_verdict(&c, &verdict);
        sheet_say(s, verdict.n ? ROLE_PLAIN : ROLE_GOOD, "%s", bytes_text(&proven));
        rotations_each(m, say_rest, &r);
        if (verdict.n)
                sheet_say(s, ROLE_BAD, "%s.", bytes_text(&verdict));
        if (rotate_count_unfinished(&c) == 0)
                return;
        rotate_say_progress(&c, &progress);
        sheet_say(s, ROLE_WARN, "It is not over: %s.", bytes_text(&progress));
}

const struct screen screen_report = {
        .title = "Report",
        .draw = draw,
};
