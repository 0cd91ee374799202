#include "tests/unit/support/world.h"
#include "tui/cmd_roster.h"
#include <criterion/criterion.h>
#include <string.h>

static struct world *w;
static struct bytes told;

static void begin(void)
{
        w = world_new();
}

static void end(void)
{
        world_free(w);
        bytes_done(&told);
}

TestSuite(roster, .init = begin, .fini = end);

static void take(void *context, const char *sentence)
{
        (void)context;
        bytes_add_text(&told, sentence);
        bytes_add_byte(&told, '\n');
}

static struct roster *parse(struct span yaml)
{
        struct roster *r = NULL;

        cr_assert_eq(roster_parse(yaml, &r), OK, "%s\n%.*s", err_reason(), (int)yaml.n, (const char *)yaml.p);
        return r;
}

/* The difference that replacing one text of the world's roster makes. */
static const char *difference(const char *from, const char *to)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE, b = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &a);
        world_roster_yaml(w, 1, NULL, &b);
        text_replace(&b, from, to);
        struct roster *old = parse(bytes_span(&a)), *now = parse(bytes_span(&b));

        bytes_clear(&told);
        roster_diff(old, now, take, NULL);
        roster_free(old);
        roster_free(now);
        return bytes_text(&told);
}

Test(roster, the_same_roster_differs_in_nothing)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &a);
        struct roster *r = parse(bytes_span(&a));

        roster_diff(r, r, take, NULL);
        cr_assert_eq(told.n, 0, "%s", bytes_text(&told));
        roster_free(r);
}

Test(roster, a_first_one_names_everybody)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &a);
        struct roster *r = parse(bytes_span(&a));

        roster_diff(NULL, r, take, NULL);
        for (size_t i = 0; i < r->n_people; i++)
                cr_assert(strstr(bytes_text(&told), r->people[i].name), "%s", r->people[i].name);
        cr_assert(strstr(bytes_text(&told), "prod/postgres/root"));
        roster_free(r);
}

Test(roster, changes_are_told_in_words)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &yaml);
        cr_log_info("%s", bytes_text(&yaml));
        cr_assert(strstr(difference("holders: [alice, bob, carol]", "holders: [alice, bob, dave]"),
                         "policy prod-db, holders: adds dave; REMOVES carol\n"),
                  "%s", bytes_text(&told));
        cr_assert(
                strstr(difference("requesters: [erin, frank]", "requesters: [erin]"), "requesters: REMOVES frank\n"),
                "%s", bytes_text(&told));
        cr_assert(strstr(difference("admins: {need: 2", "admins: {need: 3"),
                         "admins, signatures needed: 2 becomes 3\n"),
                  "%s", bytes_text(&told));
}

Test(roster, another_key_of_a_person_shouts)
{
        CLEANUP_BYTES struct bytes from = BYTES_NONE, to = BYTES_NONE;

        bytes_add_text(&from, world_signs(w, "bob"));
        bytes_add_text(&to, world_signs(w, "mallory"));
        cr_assert(strstr(difference(bytes_text(&from), bytes_text(&to)), "person bob: ANOTHER signing key"), "%s",
                  bytes_text(&told));
}

/* ---- starting and going on ---- */

static void add_line(struct texts *lines, const char *name)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;

        identity_roster_line(world_keys(w, name), name, &line);
        lines->text[lines->n++] = mem_text(bytes_text(&line));
}

Test(roster, the_starter_is_a_whole_roster_once_it_has_keys)
{
        static const char *const names[] = {"alice", "bob", "carol", "erin", "frank"};

        /* With one person only nobody is left to ask. */
        for (size_t n = 2; n <= COUNT_OF(names); n++) {
                CLEANUP_BYTES struct bytes yaml = BYTES_NONE, broker = BYTES_NONE;
                struct texts lines = {0};

                for (size_t i = 0; i < n; i++)
                        add_line(&lines, names[i]);
                bytes_printf(&broker, "  broker: {signs: %s}", world_signs(w, "broker"));
                roster_template("acme-prod", bytes_text(&broker), &lines, &yaml);
                struct roster *r = parse(bytes_span(&yaml));

                cr_assert_str_eq(r->name, "acme-prod");
                cr_assert_eq(r->number, 1);
                cr_assert_not(r->has_previous);
                roster_free(r);
        }
}

Test(roster, an_empty_starter_says_where_the_keys_belong)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct roster *r = NULL;

        roster_template("acme-prod", NULL, &(struct texts){0}, &yaml);
        cr_assert_neq(roster_parse(bytes_span(&yaml), &r), OK);
        cr_assert(strstr(bytes_text(&yaml), "PUT-THE-KEY-HERE"));
}

Test(roster, the_next_one_follows_the_present_one)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE, b = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &a);
        struct roster *old = parse(bytes_span(&a));

        cr_assert_eq(roster_next_text(old, &b), OK);
        struct roster *next = parse(bytes_span(&b));
        const struct key signers[] = {world_keys(w, "alice")->signs, world_keys(w, "bob")->signs};

        cr_assert_eq(roster_follows(old, next, signers, 2, NULL), OK);
        roster_diff(old, next, take, NULL);
        cr_assert_eq(told.n, 0, "%s", bytes_text(&told));
        roster_free(old);
        roster_free(next);
}

/* ---- signatures ---- */

Test(roster, signatures_are_counted_by_admin_and_a_bad_one_is_named)
{
        static const char *const who[] = {"alice", "erin", "bob", NULL};
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        CLEANUP_ENVELOPE struct envelope e = {0};
        struct key signers[SIGNATURES_MAX];

        world_roster_yaml(w, 1, NULL, &yaml);
        world_envelope_of(w, STATEMENT_ROSTER, bytes_span(&yaml), who, &e);
        struct roster *r = parse(bytes_span(&yaml));

        cr_assert_eq(roster_signers(&e, signers), OK);
        cr_assert_eq(roster_count_admins(r, signers, 3), 2);
        signers[2] = signers[0]; /* the same person twice is one */
        cr_assert_eq(roster_count_admins(r, signers, 3), 1);
        e.signatures[1].p[e.signatures[1].n - 1] ^= 1;
        cr_assert_eq(roster_signers(&e, signers), ERR_AUTH);
        cr_assert(strstr(err_reason(), "signature 2"));
        roster_free(r);
}
