#include "rotators/hook_test.h"
#include "base/clock.h"
#include "rotators/hook_test_ask.h"
#include "rotators/hook_test_input.h"
#include "rotators/hook_test_values.h"
#include <string.h>
#include <time.h>

#define KILLS     6
#define SET_TRIES 5

/* ---- saying ---- */

static bool is_ok(const struct told *told, const char *evidence)
{
        return told->result.exit == PLUGIN_OK && (!evidence || !strcmp(told->result.evidence, evidence));
}

static const char *describe_told(const struct told *told, struct bytes *ret)
{
        bytes_clear(ret);
        if (told->has_ended_late)
                bytes_add_text(ret, "it was killed");
        else if (told->result.has_leaked)
                bytes_add_text(ret, "it printed a value");
        else
                bytes_printf(ret, "it exits %d", told->exit_code);
        if (*told->result.evidence)
                bytes_printf(ret, ", evidence `%s`", told->result.evidence);
        if (told->result.why.n)
                bytes_printf(ret, " (%s)", bytes_text(&told->result.why));
        return bytes_text(ret);
}

/* Asks twice; both must be ok with this evidence (NULL: any). ret_last may be NULL. */
MUST_CHECK static enum err must_twice(struct hook_test *t, const struct ask *a, const char *evidence,
                                      const char *sentence, bool *ret_held, struct told *ret_last)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        CLEANUP_TOLD struct told one = {0}, two = {0};
        enum err e;
        if ((e = hook_test_ask(t, a, &one)) != OK || (e = hook_test_ask(t, a, &two)) != OK)
                return e;
        bool first = is_ok(&one, evidence), second = is_ok(&two, evidence);
        describe_told(first ? &two : &one, &why);
        bytes_add_text(&why, first ? " the second time" : "");
        hook_test_say(t, first && second, sentence, bytes_text(&why));
        if (ret_held)
                *ret_held = first && second;
        if (ret_last) {
                *ret_last = two;
                two = (struct told){0};
        }
        return OK;
}

/* Asks once; must not be ok, and must not leave it open. */
MUST_CHECK static enum err must_fail(struct hook_test *t, const struct ask *a, const char *sentence)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        CLEANUP_TOLD struct told told = {0};
        enum err e = hook_test_ask(t, a, &told);
        if (e == OK)
                hook_test_say(t, told.result.exit != PLUGIN_OK && told.result.exit != PLUGIN_UNKNOWN, sentence,
                              describe_told(&told, &why));
        return e;
}

/* ---- the story ---- */

MUST_CHECK static enum err sets(struct hook_test *t, struct values *v, bool *ret)
{
        CLEANUP_TOLD struct told told = {0};
        struct ask a = values_ask("set", v);
        enum err e = must_twice(t, &a, NULL, "`set` can be repeated with the same value", ret, &told);
        if (e != OK || !*ret)
                return e;
        values_keep_handle(v, &told);
        a = values_ask("test", v);
        if ((e = must_twice(t, &a, "works", "`test` says that the value works, twice", ret, NULL)) != OK)
                return e;
        a = values_ask("reconcile", v);
        return must_twice(t, &a, "pending", "`reconcile` says that it is in force, twice", NULL, NULL);
}

MUST_CHECK static enum err sets_first(struct hook_test *t, struct values *v, bool *ret)
{
        enum err e = values_next(t, v);
        if (e == OK)
                e = sets(t, v, ret);
        values_take(v);
        return e;
}

/* Values that the target makes are never strange to it. */
MUST_CHECK static enum err tells_apart(struct hook_test *t, struct values *v)
{
        enum err e;
        if (t->hook->can_prepare)
                return OK;
        if ((e = values_stranger(t, v)) != OK)
                return e;
        if ((e = must_fail(t, &(struct ask){.step = "test", .pending = &v->stranger},
                           "`test` fails for a value that was never set")) != OK)
                return e;
        if ((e = must_twice(t, &(struct ask){.step = "reconcile", .pending = &v->stranger}, "other",
                            "`reconcile` says that another one is in force, twice", NULL, NULL)) != OK)
                return e;
        return must_fail(t, &(struct ask){.step = "revoke", .pending = &v->stranger, .opened = &v->current},
                         "`revoke` proves nothing while the new value does not work");
}

static bool is_old_evidence(const char *evidence)
{
        return !strcmp(evidence, "refused") || !strcmp(evidence, "replaced") || !strcmp(evidence, "unproven");
}

/* Without the old value in hand nothing can be said to have been refused. */
MUST_CHECK static enum err claims_nothing(struct hook_test *t, const struct values *v)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        CLEANUP_TOLD struct told told = {0};
        struct ask a = values_ask("revoke", v);
        enum err e = hook_test_ask(t, &a, &told);
        if (e != OK)
                return e;
        bool is_lie = is_ok(&told, NULL) &&
                      (!strcmp(told.result.evidence, "refused") || !is_old_evidence(told.result.evidence));
        hook_test_say(t, !is_lie, "`revoke` without the old value does not claim that it was refused",
                      describe_told(&told, &why));
        return OK;
}

MUST_CHECK static enum err revokes(struct hook_test *t, const struct values *v, bool *ret)
{
        CLEANUP_TOLD struct told told = {0};
        struct ask a = values_ask("revoke", v);
        a.opened = &v->current;
        enum err e = must_twice(t, &a, NULL, "`revoke` ends the old value, twice", ret, &told);
        if (e != OK)
                return e;
        hook_test_say(t, !*ret || is_old_evidence(told.result.evidence), "and says refused, replaced or unproven",
                      told.result.evidence);
        a = (struct ask){.step = "test", .pending = &v->current};
        if ((e = must_fail(t, &a, "the old value is dead afterwards")) != OK)
                return e;
        a = values_ask("revoke", v);
        a.opened = &v->next;
        if ((e = must_fail(t, &a, "`revoke` does not call a value dead that works")) != OK)
                return e;
        a = values_ask("test", v);
        return must_twice(t, &a, "works", "and the new value still works", NULL, NULL);
}

/* From one value to the next, to the end. */
MUST_CHECK static enum err rotates(struct hook_test *t, struct values *v, bool *ret)
{
        const struct ask old = {.step = "test", .pending = &v->current};
        enum err e;
        if ((e = values_next(t, v)) != OK || (e = sets(t, v, ret)) != OK || !*ret)
                return e;
        if (t->hook->slots == 2 &&
            (e = must_twice(t, &old, "works", "the old value works beside it until `revoke`", NULL, NULL)) != OK)
                return e;
        if ((e = claims_nothing(t, v)) != OK || (e = revokes(t, v, ret)) != OK)
                return e;
        values_take(v);
        return OK;
}

/* ---- kills ---- */

struct kill {
        struct values *v;
        int64_t after_ms;
        struct bytes why; /* what went wrong; empty: nothing */
};

MUST_CHECK static enum err asks_ok(struct hook_test *t, const char *step, const struct document *value,
                                   const char *evidence, bool *ret)
{
        CLEANUP_TOLD struct told told = {0};
        enum err e = hook_test_ask(t, &(struct ask){.step = step, .pending = value}, &told);
        *ret = e == OK && is_ok(&told, evidence);
        return e;
}

/* A target may go on for a moment with what a killed hook has asked for: two looks that differ are taken again. */
MUST_CHECK static enum err reconciles(struct hook_test *t, struct kill *k)
{
        bool is_pending = false, is_other = false, works = false;
        enum err e = OK;
        for (int look = 0; e == OK && look < 3; look++) {
                if ((e = asks_ok(t, "reconcile", &k->v->next, "pending", &is_pending)) == OK && !is_pending)
                        e = asks_ok(t, "reconcile", &k->v->next, "other", &is_other);
                if (e == OK)
                        e = asks_ok(t, "test", &k->v->next, "works", &works);
                if (e != OK || is_pending == works)
                        break;
        }
        if (e == OK && is_pending == is_other)
                bytes_add_text(&k->why, "`reconcile` says neither `pending` nor `other`; ");
        else if (e == OK && is_pending != works)
                bytes_printf(&k->why, "`reconcile` says `%s`, but `test` says the contrary; ",
                             is_pending ? "pending" : "other");
        if (e == OK && !works)
                e = asks_ok(t, "test", &k->v->current, "works", &works);
        if (e == OK && !works)
                bytes_add_text(&k->why, "neither the old nor the new value works; ");
        return e;
}

/* `set` as a rotator repeats it: what a killed tool left locked may want a moment (75). */
MUST_CHECK static enum err sets_again(struct hook_test *t, const struct ask *a, struct told *ret)
{
        enum err e = hook_test_ask(t, a, ret);
        for (int try = 1; e == OK && ret->result.exit == PLUGIN_TRY_AGAIN && try < SET_TRIES; try++) {
                const struct timespec pause = {.tv_sec = try};
                nanosleep(&pause, NULL);
                told_done(ret);
                *ret = (struct told){0};
                e = hook_test_ask(t, a, ret);
        }
        return e;
}

/* As a rotator does it: killed, looked into, set again, tested, and the old one revoked. */
MUST_CHECK static enum err kill_once(struct hook_test *t, struct kill *k)
{
        CLEANUP_TOLD struct told killed = {0}, set = {0}, revoked = {0};
        bool works = false;
        enum err e;
        if ((e = values_next(t, k->v)) != OK)
                return e;
        struct ask a = values_ask("set", k->v);
        a.kill_after_ms = k->after_ms;
        if ((e = hook_test_ask(t, &a, &killed)) != OK || (e = reconciles(t, k)) != OK)
                return e;
        a.kill_after_ms = 0;
        if ((e = sets_again(t, &a, &set)) != OK || (e = asks_ok(t, "test", &k->v->next, "works", &works)) != OK)
                return e;
        if (!is_ok(&set, NULL) || !works) {
                CLEANUP_BYTES struct bytes told = BYTES_NONE;
                bytes_printf(&k->why, "afterwards `set` with the same value does not bring it into force: %s; ",
                             describe_told(&set, &told));
        }
        values_keep_handle(k->v, &set);
        a = values_ask("revoke", k->v);
        a.opened = &k->v->current;
        if ((e = hook_test_ask(t, &a, &revoked)) != OK)
                return e;
        if (!is_ok(&revoked, NULL))
                bytes_add_text(&k->why, "and then `revoke` fails; ");
        values_take(k->v);
        return OK;
}

/* SIGKILL at moments spread over the time that `set` takes. */
MUST_CHECK static enum err survives_kills(struct hook_test *t, struct values *v, int64_t set_ms)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        enum err e = OK;
        for (int i = 0; e == OK && i < KILLS; i++) {
                struct kill k = {.v = v, .after_ms = 1 + set_ms * i / (KILLS - 1)};
                e = kill_once(t, &k);
                if (k.why.n && why.n == 0)
                        bytes_printf(&why, "after %lld ms: %s", (long long)k.after_ms, bytes_text(&k.why));
                bytes_done(&k.why);
        }
        if (e == OK)
                hook_test_say(t, why.n == 0,
                              "killed in the middle of `set`, one value works, `reconcile` knows which, and `set` "
                              "can be run again",
                              bytes_text(&why));
        return e;
}

/* ---- all ---- */

struct story {
        struct hook_test *test;
        struct values values;
        bool goes_on; /* what comes next can be tried */
};

MUST_CHECK static enum err part_describe(struct story *s)
{
        return hook_test_describes(s->test, &s->goes_on);
}

MUST_CHECK static enum err part_steps(struct story *s)
{
        return hook_test_refuses_strange_steps(s->test);
}

MUST_CHECK static enum err part_check(struct story *s)
{
        return must_twice(s->test, &(struct ask){.step = "check"}, NULL, "`check` says yes, twice", &s->goes_on,
                          NULL);
}

MUST_CHECK static enum err part_keys(struct story *s)
{
        return hook_test_misses_keys(s->test);
}

MUST_CHECK static enum err part_first(struct story *s)
{
        return sets_first(s->test, &s->values, &s->goes_on);
}

MUST_CHECK static enum err part_garbage(struct story *s)
{
        return hook_test_refuses_garbage(s->test, &s->values.current);
}

MUST_CHECK static enum err part_stranger(struct story *s)
{
        return tells_apart(s->test, &s->values);
}

MUST_CHECK static enum err part_next(struct story *s)
{
        return rotates(s->test, &s->values, &s->goes_on);
}

MUST_CHECK static enum err part_kills(struct story *s)
{
        return survives_kills(s->test, &s->values, s->test->set_ms);
}

typedef enum err story_part(struct story *s);

struct parts {
        size_t n;
        story_part *const *part;
};
#define PARTS(list) ((struct parts){COUNT_OF(list), (list)})

MUST_CHECK static enum err tell_parts(struct story *s, struct parts parts, bool only_first)
{
        enum err e = OK;
        for (size_t i = 0; e == OK && s->goes_on && i < parts.n; i++) {
                e = parts.part[i](s);
                if (only_first && hook_test_is_broken(s->test))
                        s->goes_on = false;
        }
        return e;
}

/* Step by step, each in a process of its own; then the same of one that stays, where the hook can. */
MUST_CHECK static enum err tell(struct story *s, const struct hook_test_options *o)
{
        static story_part *const alone[] = {part_describe, part_steps,    part_check, part_keys, part_first,
                                            part_garbage,  part_stranger, part_next,  part_kills};
        static story_part *const served[] = {part_steps,   part_check,    part_keys, part_first,
                                             part_garbage, part_stranger, part_next, part_kills};
        static story_part *const looking[] = {part_describe, part_check}, *const looking_served[] = {part_check};
        enum err e = tell_parts(s, o->dry_run ? PARTS(looking) : PARTS(alone), o->first);
        if (e == OK && s->goes_on && s->test->hook->can_serve) {
                s->test->is_served = true;
                e = tell_parts(s, o->dry_run ? PARTS(looking_served) : PARTS(served), o->first);
                hook_test_ends_server(s->test);
                s->test->is_served = false;
        }
        if (e == OK && o->dry_run)
                puts("the rest would set new values at the target, and was not tried");
        else if (e == OK && !s->goes_on)
                puts("the rest was not tried");
        return e;
}

enum err hook_test_run(const struct hook_test_options *o)
{
        struct hook_entry hook = {.name = "hook", .program = o->program};
        struct hook_test t = {.hook = &hook, .timeout_ms = o->timeout_ms};
        struct story story = {.test = &t, .goes_on = true};
        struct values *v = &story.values;
        t.value[0] = &v->current;
        t.value[1] = &v->next;
        t.value[2] = &v->stranger;
        enum err e = config_read_hook(o->config, &hook.config);
        if (e == OK)
                e = tell(&story, o);
        if (e == OK) {
                hook_test_say_rules(&t);
                printf("%u held, %u broken\n", t.held, t.broken);
        }
        if (e == OK && t.broken > 0)
                e = err_because(ERR_HOOK, "%s breaks %u of the contract's rules", o->program, t.broken);
        hook_test_done(&t);
        values_done(v);
        hook_entry_done(&hook);
        return e;
}
