#include "tui/rotate_plan.h"
#include "tui/words.h"

/* ---- one ---- */

static bool is_in_trouble(const struct rotation_view *r)
{
        static const enum rotation_outcome bad[] = {OUTCOME_FAILED, OUTCOME_UNKNOWN};

        for (size_t i = 0; i < COUNT_OF(bad); i++)
                if (r->set == bad[i] || r->test == bad[i] || r->revoke == bad[i])
                        return true;
        return false;
}

static bool is_waiting(const struct rotation_view *r)
{
        return !r->is_claimed || (r->is_promoted && r->must_wait) ||
               (r->has_pending && r->set == OUTCOME_NONE && !r->has_fresh_custody);
}

enum rotate_state rotate_state_of(const struct rotation_view *r, bool is_by_hand)
{
        if (r->evidence == OLD_UNPROVEN)
                return ROTATE_UNPROVEN;
        if (r->is_done)
                return r->evidence == OLD_REFUSED ? ROTATE_REFUSED : ROTATE_REPLACED;
        if (is_by_hand)
                return ROTATE_IS_BY_HAND;
        if (is_in_trouble(r))
                return ROTATE_IN_TROUBLE;
        return is_waiting(r) ? ROTATE_WAITING : ROTATE_AT_WORK;
}

bool rotate_is_proven(enum rotate_state s)
{
        return s == ROTATE_REFUSED || s == ROTATE_REPLACED;
}

const char *rotate_state_word(enum rotate_state s)
{
        static const char *const words[ROTATE_STATES] = {"in trouble", "unproven", "by hand", "at work",
                                                         "waiting",    "refused",  "replaced"};

        return words[s];
}

/* ---- all ---- */

void rotate_count_add(struct rotate_count *c, enum rotate_state s)
{
        c->n++;
        c->of[s]++;
}

size_t rotate_count_proven(const struct rotate_count *c)
{
        return c->of[ROTATE_REFUSED] + c->of[ROTATE_REPLACED];
}

size_t rotate_count_unfinished(const struct rotate_count *c)
{
        return c->of[ROTATE_WAITING] + c->of[ROTATE_AT_WORK] + c->of[ROTATE_IN_TROUBLE];
}

void rotate_say_progress(const struct rotate_count *c, struct bytes *ret)
{
        static const enum rotate_state bad[] = {ROTATE_IN_TROUBLE, ROTATE_UNPROVEN, ROTATE_IS_BY_HAND};

        bytes_printf(ret, "%zu of %zu proven, %zu at work, %zu waiting", rotate_count_proven(c), c->n,
                     c->of[ROTATE_AT_WORK], c->of[ROTATE_WAITING]);
        for (size_t i = 0; i < COUNT_OF(bad); i++)
                if (c->of[bad[i]])
                        bytes_printf(ret, ", !! %zu %s", c->of[bad[i]], rotate_state_word(bad[i]));
}

void rotate_say_proven(const struct rotate_count *c, struct bytes *ret)
{
        bytes_printf(
                ret,
                "%zu of %zu proven: the new value works, and the old one was refused (%zu) or is replaced (%zu).",
                rotate_count_proven(c), c->n, c->of[ROTATE_REFUSED], c->of[ROTATE_REPLACED]);
}

void rotate_say_unproven(const struct rotate_item *i, int64_t now_ms, struct bytes *ret)
{
        bytes_printf(ret, "NOT PROVEN %s version %llu: %s", i->credential, (unsigned long long)i->number,
                     i->is_by_hand ? "by hand; " : "");
        rotation_standing(i->rotation, now_ms, ret);
}

void rotate_say_verdict(const struct rotate_count *c, struct bytes *ret)
{
        size_t proven = rotate_count_proven(c);

        if (proven < c->n)
                bytes_printf(ret, "%zu of %zu old values are not proven dead", c->n - proven, c->n);
}
