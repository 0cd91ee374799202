#include "tests/unit/support/world.h"
#include <criterion/criterion.h>
#include <string.h>

/* Two rosters, one following the other, and who signs the second. */
struct chain {
        struct world *w;
        struct roster *old, *next;
};

static struct roster *make(const struct world *w, uint64_t number, const struct hash *previous, const char *from,
                           const char *to)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct roster *r = NULL;

        world_roster_yaml(w, number, previous, &yaml);
        if (from)
                text_replace(&yaml, from, to);
        cr_assert_eq(roster_parse(bytes_span(&yaml), &r), OK, "%s", err_reason());
        return r;
}

static struct chain chain_new(uint64_t number, const char *from, const char *to)
{
        struct chain c = {.w = world_new()};

        c.old = make(c.w, 1, NULL, NULL, NULL);
        c.next = make(c.w, number, &c.old->id, from, to);
        return c;
}

static void chain_done(struct chain *c)
{
        roster_free(c->old);
        roster_free(c->next);
        world_free(c->w);
}

#define CLEANUP_CHAIN __attribute__((cleanup(chain_done)))

/* Signers as words with spaces between. */
static enum err follows(const struct world *w, const struct roster *old, const struct roster *next,
                        const char *signers, const char *ret_by[])
{
        CLEANUP_FREE char *words = mem_text(signers);
        struct key keys[SIGNATURES_MAX];
        char *rest = words, *word;
        size_t n = 0;

        while ((word = strsep(&rest, " ")))
                keys[n++] = world_keys(w, word)->signs;
        return roster_follows(old, next, keys, n, ret_by);
}

Test(roster_chain, a_genesis_is_number_one_without_a_previous)
{
        CLEANUP_WORLD struct world *w = world_new();
        struct hash other = hash_of(span_text("other"));
        struct roster *good = make(w, 1, NULL, NULL, NULL), *second = make(w, 2, &other, NULL, NULL),
                      *with_previous = make(w, 1, &other, NULL, NULL);

        cr_expect_eq(follows(w, NULL, good, "alice bob", NULL), OK);
        cr_expect_eq(follows(w, NULL, good, "alice", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(w, NULL, good, "alice alice", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(w, NULL, good, "alice dave", NULL), ERR_AUTH);
        cr_expect_eq(follows(w, NULL, second, "alice bob", NULL), ERR_ROSTER_GAP);
        cr_expect_eq(follows(w, NULL, with_previous, "alice bob", NULL), ERR_BAD_ROSTER);
        roster_free(good);
        roster_free(second);
        roster_free(with_previous);
}

Test(roster_chain, signers_are_counted_by_distinct_person_and_key)
{
        CLEANUP_CHAIN struct chain c = chain_new(2, "means: A drill", "means: An exercise");
        const char *by[SIGNATURES_MAX] = {NULL};

        cr_expect_eq(follows(c.w, c.old, c.next, "carol alice", by), OK);
        cr_expect_str_eq(by[0], "carol");
        cr_expect_str_eq(by[1], "alice");
        cr_expect_eq(follows(c.w, c.old, c.next, "alice", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(c.w, c.old, c.next, "alice alice", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(c.w, c.old, c.next, "alice bob mallory", NULL), ERR_AUTH);
        cr_expect_eq(follows(c.w, c.old, c.next, "alice bob broker", NULL), ERR_AUTH);
        cr_expect_eq(follows(c.w, c.old, c.next, "alice bob dave", NULL), ERR_AUTH, "a person, but no admin");
        cr_expect_eq(follows(c.w, c.old, c.next, "alice bob rot-1", NULL), ERR_AUTH);
}

Test(roster_chain, numbers_go_up_by_one)
{
        CLEANUP_CHAIN struct chain gap = chain_new(3, NULL, NULL);
        CLEANUP_CHAIN struct chain fork = chain_new(1, "means: A drill", "means: An exercise");
        CLEANUP_CHAIN struct chain good = chain_new(2, NULL, NULL);
        struct hash other = hash_of(span_text("other"));
        struct roster *stray = make(good.w, 2, &other, NULL, NULL), *rootless = make(good.w, 2, NULL, NULL, NULL);

        cr_expect_eq(follows(gap.w, gap.old, gap.next, "alice bob", NULL), ERR_ROSTER_GAP);
        cr_expect_eq(follows(fork.w, fork.old, fork.next, "alice bob", NULL), ERR_ROSTER_FORK);
        cr_expect_eq(follows(good.w, good.next, good.old, "alice bob", NULL), ERR_ROSTER_ROLLBACK);
        cr_expect_eq(follows(good.w, good.old, good.old, "alice bob", NULL), ERR_ROSTER_ROLLBACK, "the same again");
        cr_expect_eq(follows(good.w, good.old, stray, "alice bob", NULL), ERR_ROSTER_FORK);
        cr_expect_eq(follows(good.w, good.old, rootless, "alice bob", NULL), ERR_ROSTER_FORK);
        roster_free(stray);
        roster_free(rootless);
}

Test(roster_chain, both_thresholds_count)
{
        /* carol goes, dave comes */
        CLEANUP_CHAIN struct chain c = chain_new(2, "admins: {need: 2, people: [alice, bob, carol]}",
                                                 "admins: {need: 2, people: [alice, dave, erin]}");

        cr_expect_eq(follows(c.w, c.old, c.next, "dave erin", NULL), ERR_THRESHOLD, "only by the new");
        cr_expect_eq(follows(c.w, c.old, c.next, "bob carol", NULL), ERR_THRESHOLD, "only by the old");
        cr_expect_eq(follows(c.w, c.old, c.next, "alice bob", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(c.w, c.old, c.next, "alice dave", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(c.w, c.old, c.next, "alice carol dave", NULL), OK, "a removed admin counts for the old");
}

Test(roster_chain, a_raised_need_holds_at_once)
{
        CLEANUP_CHAIN struct chain c = chain_new(2, "admins: {need: 2", "admins: {need: 3");

        cr_expect_eq(follows(c.w, c.old, c.next, "alice bob", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(c.w, c.old, c.next, "alice bob carol", NULL), OK);
}

/* grace's key of the next roster is bob's of this one, or they swap keys. */
static struct roster *with_keys(const struct world *w, const struct hash *previous, const char *bobs,
                                const char *carols)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        CLEANUP_FREE char *bob = mem_text(world_signs(w, "bob")), *carol = mem_text(world_signs(w, "carol"));
        CLEANUP_FREE char *first = mem_text(world_signs(w, bobs)), *second = mem_text(world_signs(w, carols));
        struct roster *r = NULL;

        world_roster_yaml(w, 2, previous, &yaml);
        text_replace(&yaml, bob, "FIRST");
        text_replace(&yaml, carol, "SECOND");
        text_replace(&yaml, "FIRST", first);
        text_replace(&yaml, "SECOND", second);
        cr_assert_eq(roster_parse(bytes_span(&yaml), &r), OK, "%s", err_reason());
        return r;
}

Test(roster_chain, each_roster_counts_with_its_own_keys)
{
        CLEANUP_WORLD struct world *w = world_new();
        struct roster *old = make(w, 1, NULL, NULL, NULL);
        struct roster *swapped = with_keys(w, &old->id, "carol", "bob"),
                      *renewed = with_keys(w, &old->id, "mallory", "carol");

        cr_expect_eq(follows(w, old, swapped, "bob carol", NULL), OK, "two persons in both, whoever is who");
        cr_expect_eq(follows(w, old, swapped, "bob bob", NULL), ERR_THRESHOLD, "one key under two names");
        /* bob's new key is what the world calls mallory's: one person with two keys is one person in each */
        cr_expect_eq(follows(w, old, renewed, "bob mallory", NULL), ERR_THRESHOLD);
        cr_expect_eq(follows(w, old, renewed, "bob mallory alice", NULL), OK);
        cr_expect_eq(follows(w, old, renewed, "mallory alice", NULL), ERR_THRESHOLD, "the old one knows alice alone");
        roster_free(old);
        roster_free(swapped);
        roster_free(renewed);
}
