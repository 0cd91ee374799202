#include "base/clock.h"
#include "tests/unit/broker/desk.h"
#include <string.h>

/* A book whose log was just brought back, with one version and custody enough to rotate it. */
static struct desk *restored(struct hash *ret_version)
{
        static const char *const holders[] = {"alice", "bob"};
        struct desk *d = desk_new("channels: {ops: {program: /bin/true}}\n");
        bool is_new;
        *ret_version = desk_version(d);
        for (size_t i = 0; i < COUNT_OF(holders); i++) {
                struct statement s = desk_say(d, STATEMENT_CUSTODY, holders[i]);
                s.custody.versions = (struct hash_list){1, ret_version};
                cr_assert_eq(desk_put(d, &s), OK, "%s", err_reason());
        }
        desk_stop(d);
        cr_assert_eq(store_open(d->db, STORE_WRITE, &d->store), OK);
        cr_assert_eq(store_begin(d->store), OK);
        cr_assert_eq(store_remember(d->store, BOOK_HOLD_KEY, d->now_ms, STORE_ONCE, &is_new), OK);
        cr_assert_eq(store_commit(d->store), OK);
        cr_assert_eq(desk_reopen(d), OK);
        return d;
}

/* ---- what programs say ---- */

static void draft_proposal(const struct submission *s, struct statement *ret)
{
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = "incident.resolved";
        ret->notice.channel = "ops";
        ret->notice.outcome = NOTICE_ACCEPTED;
}

static enum err webhook(struct desk *d, struct hash *version)
{
        struct submission *s = mem_new(1, sizeof *s);
        s->draft = draft_proposal;
        s->remember_key = "hook/1";
        return desk_submit(d, s, NULL);
}

static enum err claim(struct desk *d, struct hash *version)
{
        struct statement s = desk_say(d, STATEMENT_ROTATION, "rot-1");
        s.rotation.version = *version;
        s.rotation.step = STEP_CLAIM;
        s.rotation.until_ms = d->now_ms + 10 * MINUTE_MS;
        return desk_put(d, &s);
}

static enum err custody(struct desk *d, struct hash *version)
{
        struct statement s = desk_say(d, STATEMENT_CUSTODY, "carol");
        s.custody.versions = (struct hash_list){1, version};
        return desk_put(d, &s);
}

static enum err (*const by_programs[])(struct desk *d, struct hash *version) = {webhook, claim, custody};
static const char *const words[] = {"webhook", "claim", "custody"};

static void expect_all_refused(struct desk *d, struct hash *version)
{
        const uint64_t size = desk_size(d);
        for (size_t i = 0; i < COUNT_OF(by_programs); i++)
                cr_expect_eq(by_programs[i](d, version), ERR_RESTORED, "%s", words[i]);
        cr_expect_eq(desk_size(d), size);
}

/* An opening that is closed: the version is spent and may be rotated. */
static void spend(struct desk *d, struct hash *version)
{
        struct hash r = desk_request(d, "erin", version);
        desk_approve(d, "alice", &r, version, "a");
        desk_approve(d, "bob", &r, version, "b");
        desk_open_request(d, "erin", &r);
        struct statement s = desk_say(d, STATEMENT_CLOSE, "erin");
        s.close.request = r;
        cr_assert_eq(desk_put(d, &s), OK, "%s", err_reason());
}

Test(book_hold, after_a_restore_nothing_is_taken_that_no_person_decided_on)
{
        struct hash v;
        CLEANUP_DESK struct desk *d = restored(&v);
        expect_all_refused(d, &v);
        cr_assert_eq(desk_reopen(d), OK);
        expect_all_refused(d, &v);
        desk_poke(d);
        expect_all_refused(d, &v);
}

Test(book_hold, a_persons_word_ends_it_for_good)
{
        struct hash v;
        CLEANUP_DESK struct desk *d = restored(&v);
        expect_all_refused(d, &v);
        spend(d, &v);
        cr_assert_eq(desk_reopen(d), OK);
        for (size_t i = 0; i < COUNT_OF(by_programs); i++)
                cr_expect_eq(by_programs[i](d, &v), OK, "%s: %s", words[i], err_reason());
}

/* ---- what the broker says by itself ---- */

struct own {
        struct submission submission; /* first */
        atomic_int result;            /* −1: not ended yet */
};

static void keep_result(struct submission *s)
{
        ((struct own *)s)->result = (int)s->result;
}

static struct own *submit_own(struct desk *d)
{
        struct own *o = mem_new(1, sizeof *o);
        o->submission.draft = draft_proposal;
        o->submission.done = keep_result;
        o->result = -1;
        book_submit(d->book, &o->submission);
        desk_poke(d);
        return o;
}

Test(book_hold, the_brokers_own_word_waits_and_comes_behind_the_persons)
{
        struct hash v;
        CLEANUP_DESK struct desk *d = restored(&v);
        const uint64_t size = desk_size(d);
        struct own *own = submit_own(d);
        cr_expect_eq(own->result, -1);
        cr_expect_eq(desk_size(d), size);
        desk_request(d, "erin", &v);
        desk_poke(d);
        desk_poke(d); /* it may be in the batch of the first */
        cr_expect_eq(own->result, OK);
        cr_expect_str_eq(desk_types(d, size), "request notice");
        submission_free(&own->submission);
}

Test(book_hold, at_the_end_what_waits_is_refused)
{
        struct hash v;
        CLEANUP_DESK struct desk *d = restored(&v);
        struct own *own = submit_own(d);
        desk_stop(d);
        cr_expect_eq(own->result, ERR_SHUTTING_DOWN);
        submission_free(&own->submission);
}
