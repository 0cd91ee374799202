#include "quorum/admit.h"
#include "tests/unit/support/world.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

/* A world whose genesis is said, its roster, and a signed cancel of erin's. */
struct scene {
        struct world *w;
        struct roster *roster;
        struct envelope envelope;
};

static struct scene scene_new(void)
{
        struct scene s = {.w = world_new()};
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct statement cancel;

        world_genesis(s.w);
        world_roster_yaml(s.w, 1, NULL, &yaml);
        cr_assert_eq(roster_parse(bytes_span(&yaml), &s.roster), OK);
        cancel = world_say_as(s.w, STATEMENT_CANCEL, "erin");
        cancel.cancel.request = hash_of(span_text("a request"));
        world_envelope(s.w, &cancel, &s.envelope);
        return s;
}

static void scene_done(struct scene *s)
{
        envelope_done(&s->envelope);
        roster_free(s->roster);
        world_free(s->w);
}

#define CLEANUP_SCENE __attribute__((cleanup(scene_done)))

static enum err admit(const struct roster *roster, const struct envelope *e)
{
        struct statement *s = NULL;
        enum err error = admit_statement(roster, e, &s);

        cr_expect_eq(error == OK, s != NULL);
        statement_free(s);
        return error;
}

Test(admit, a_signed_statement_comes_in)
{
        CLEANUP_SCENE struct scene s = scene_new();
        struct statement *cancel = NULL;

        cr_assert_eq(admit_statement(s.roster, &s.envelope, &cancel), OK, "%s", err_reason());
        cr_expect_str_eq(cancel->by[0], "erin");
        cr_expect_eq(cancel->type, STATEMENT_CANCEL);
        statement_free(cancel);
}

Test(admit, every_flipped_bit_of_a_signature_or_payload_is_refused)
{
        CLEANUP_SCENE struct scene s = scene_new();
        struct bytes *const parts[] = {&s.envelope.signatures[0], &s.envelope.payload};

        for (size_t part = 0; part < COUNT_OF(parts); part++)
                for (size_t bit = 0; bit < 8 * parts[part]->n; bit++) {
                        parts[part]->p[bit / 8] ^= (unsigned char)(1u << bit % 8);
                        cr_expect_eq(admit(s.roster, &s.envelope), ERR_AUTH, "part %zu, bit %zu", part, bit);
                        parts[part]->p[bit / 8] ^= (unsigned char)(1u << bit % 8);
                }
        cr_expect_eq(admit(s.roster, &s.envelope), OK);
}

Test(admit, a_signature_cut_anywhere_is_refused)
{
        CLEANUP_SCENE struct scene s = scene_new();
        struct bytes *blob = &s.envelope.signatures[0];

        for (size_t n = blob->n; n-- > 0;) {
                blob->n = n;
                cr_expect_eq(admit(s.roster, &s.envelope), ERR_AUTH);
        }
}

/* S + L still fulfils the equation of a careless verifier. */
Test(admit, a_malleated_signature_is_refused)
{
        static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
        CLEANUP_SCENE struct scene s = scene_new();
        struct bytes *blob = &s.envelope.signatures[0];
        unsigned carry = 0;

        for (unsigned i = 0; i < 32; i++) {
                unsigned sum = blob->p[blob->n - 32 + i] + order[i] + carry;

                blob->p[blob->n - 32 + i] = (unsigned char)sum;
                carry = sum >> 8;
        }
        cr_expect_eq(carry, 0);
        cr_expect_eq(admit(s.roster, &s.envelope), ERR_AUTH);
}

static struct span payload_of(const struct scene *s)
{
        return bytes_span(&s->envelope.payload);
}

Test(admit, a_stranger_and_a_bad_signature_look_the_same)
{
        CLEANUP_SCENE struct scene s = scene_new();
        CLEANUP_ENVELOPE struct envelope stranger = {0};
        char first[400];

        world_envelope_of(s.w, STATEMENT_CANCEL, payload_of(&s), (const char *const[]){"mallory", NULL}, &stranger);
        cr_expect_eq(admit(s.roster, &stranger), ERR_AUTH);
        snprintf(first, sizeof(first), "%s", err_reason());
        s.envelope.payload.p[10] ^= 1;
        cr_expect_eq(admit(s.roster, &s.envelope), ERR_AUTH);
        cr_expect_str_eq(err_reason(), first);
        cr_expect_eq(admit(NULL, &s.envelope), ERR_AUTH, "before there is a roster");
}

Test(admit, a_signature_is_good_for_its_own_type_only)
{
        CLEANUP_SCENE struct scene s = scene_new();

        for (unsigned t = STATEMENT_VERSION; t < STATEMENT_COUNT; t++) {
                s.envelope.type = (enum statement_type)t;
                snprintf(s.envelope.type_word, sizeof(s.envelope.type_word), "%s",
                         statement_type_word(s.envelope.type));
                cr_expect_eq(admit(s.roster, &s.envelope), t == STATEMENT_CANCEL ? OK : ERR_AUTH);
        }
        /* signed for `open`, but the payload says `cancel` */
        CLEANUP_ENVELOPE struct envelope other = {0};
        world_envelope_of(s.w, STATEMENT_OPEN, payload_of(&s), (const char *const[]){"erin", NULL}, &other);
        cr_expect_eq(admit(s.roster, &other), ERR_BAD_STATEMENT);
}

Test(admit, by_is_who_signed)
{
        CLEANUP_SCENE struct scene s = scene_new();
        static const char *const signers[][3] = {{"frank", NULL}, {"broker", NULL}, {"rot-1", NULL}};

        for (size_t i = 0; i < COUNT_OF(signers); i++) {
                CLEANUP_ENVELOPE struct envelope other = {0};

                world_envelope_of(s.w, STATEMENT_CANCEL, payload_of(&s), signers[i], &other);
                cr_expect_eq(admit(s.roster, &other), ERR_BAD_STATEMENT, "%s", signers[i][0]);
        }
}

Test(admit, broker_and_rotator_sign_too)
{
        CLEANUP_SCENE struct scene s = scene_new();
        struct statement close = world_say_as(s.w, STATEMENT_CLOSE, "broker"),
                         claim = world_say_as(s.w, STATEMENT_ROTATION, "rot-1");
        CLEANUP_ENVELOPE struct envelope closing = {0}, claiming = {0};

        close.close.request = hash_of(span_text("a request"));
        close.close.why = CLOSE_EXPIRED;
        claim.rotation.version = hash_of(span_text("a version"));
        claim.rotation.until_ms = 5;
        world_envelope(s.w, &close, &closing);
        world_envelope(s.w, &claim, &claiming);
        cr_expect_eq(admit(s.roster, &closing), OK, "%s", err_reason());
        cr_expect_eq(admit(s.roster, &claiming), OK, "%s", err_reason());
}

Test(admit, only_a_roster_has_several_signatures)
{
        CLEANUP_SCENE struct scene s = scene_new();

        world_sign(s.w, "frank", &s.envelope);
        cr_expect_eq(admit(s.roster, &s.envelope), ERR_BAD_STATEMENT);
        s.envelope.signatures[1].p[s.envelope.signatures[1].n - 40] ^= 1;
        cr_expect_eq(admit(s.roster, &s.envelope), ERR_AUTH, "signatures come first");
}

Test(admit, what_is_unknown_wants_an_upgrade_once_it_is_signed)
{
        CLEANUP_SCENE struct scene s = scene_new();
        CLEANUP_ENVELOPE struct envelope unknown = {.type = STATEMENT_UNKNOWN, .type_word = "reshare"}, later = {0};

        bytes_add_text(&unknown.payload, "whatever");
        world_sign(s.w, "erin", &unknown);
        cr_expect_eq(admit(s.roster, &unknown), ERR_UPGRADE);
        unknown.payload.p[0] ^= 1;
        cr_expect_eq(admit(s.roster, &unknown), ERR_AUTH);
        world_envelope_of(s.w, STATEMENT_CANCEL, span_text("{\"v\":2,\"words\":\"of tomorrow\"}"),
                          (const char *const[]){"erin", NULL}, &later);
        cr_expect_eq(admit(s.roster, &later), ERR_UPGRADE);
}

Test(admit, a_roster_brings_its_signers_along)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        CLEANUP_ENVELOPE struct envelope good = {0}, thin = {0}, stranger = {0};
        struct statement *s = NULL;

        world_roster_yaml(w, 1, NULL, &yaml);
        world_envelope_of(w, STATEMENT_ROSTER, bytes_span(&yaml), (const char *const[]){"bob", "alice", NULL}, &good);
        world_envelope_of(w, STATEMENT_ROSTER, bytes_span(&yaml), (const char *const[]){"bob", NULL}, &thin);
        world_envelope_of(w, STATEMENT_ROSTER, bytes_span(&yaml), (const char *const[]){"bob", "mallory", NULL},
                          &stranger);
        cr_assert_eq(admit_statement(NULL, &good, &s), OK, "%s", err_reason());
        cr_expect_eq(s->n_by, 2);
        cr_expect_str_eq(s->by[0], "bob");
        cr_expect_str_eq(s->by[1], "alice");
        cr_expect_eq(admit(s->new_roster, &good), ERR_ROSTER_ROLLBACK, "a second time");
        statement_free(s);
        cr_expect_eq(admit(NULL, &thin), ERR_THRESHOLD);
        cr_expect_eq(admit(NULL, &stranger), ERR_AUTH);
        good.signatures[1].p[good.signatures[1].n - 1] ^= 1;
        cr_expect_eq(admit(NULL, &good), ERR_AUTH, "one bad signature among enough");
}

/* ---- lines ---- */

struct replay {
        struct world *w;
        struct ledger *l;
};

static struct replay replay_new(void)
{
        struct replay r = {world_new(), ledger_new()};

        cr_assert_eq(admit_line(r.l, world_genesis(r.w), false, NULL), OK, "%s", err_reason());
        return r;
}

static void replay_done(struct replay *r)
{
        ledger_free(r->l);
        world_free(r->w);
}

#define CLEANUP_REPLAY __attribute__((cleanup(replay_done)))

/* Admits what is the next line; nothing may change when it is refused. */
static enum err next(struct replay *r, struct span line)
{
        uint64_t size = ledger_size(r->l);
        struct hash root = ledger_root(r->l), after;
        enum err e = admit_line(r->l, line, false, NULL);

        after = ledger_root(r->l);
        cr_expect_eq(ledger_size(r->l), e == OK ? size + 1 : size);
        cr_expect_eq(hash_equal(&root, &after), e != OK);
        return e;
}

static bool says(const char *what)
{
        return strstr(err_reason(), what) != NULL;
}

static struct statement request_of(struct replay *r, struct sealed_version *sealed)
{
        struct statement version = world_version(r->w, "prod/postgres/root", 1, NULL, "alice", sealed);
        struct hash id;

        cr_assert_eq(next(r, world_append(r->w, &version)), OK, "%s", err_reason());
        id = world_last_id(r->w);
        return world_request(r->w, "erin", "prod/postgres/root", &id, NULL);
}

Test(admit_line, a_log_replays_with_and_without_trust)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        struct sealed_version sealed = {0};
        struct statement request = request_of(&r, &sealed), *kept = NULL;
        struct ledger *trusted = ledger_new();
        struct hash root, again;

        cr_expect_eq(admit_line(r.l, world_append(r.w, &request), false, &kept), OK, "%s", err_reason());
        cr_expect_str_eq(kept->request.credential, "prod/postgres/root");
        statement_free(kept);
        for (size_t n = 0; n < r.w->n_lines; n++)
                cr_assert_eq(admit_line(trusted, world_line(r.w, n), true, NULL), OK, "%s", err_reason());
        root = ledger_root(r.l);
        again = ledger_root(trusted);
        cr_expect(hash_equal(&root, &again));
        ledger_free(trusted);
        sealed_version_done(&sealed);
}

Test(admit_line, a_log_begins_with_a_roster)
{
        CLEANUP_WORLD struct world *w = world_new();
        struct ledger *l = ledger_new();
        struct statement hold = world_say_as(w, STATEMENT_HOLD, "erin");

        hold.hold.incident = "INC-7";
        cr_expect_eq(admit_line(l, world_append(w, &hold), false, NULL), ERR_CORRUPT_LOG);
        ledger_free(l);
}

Test(admit_line, bytes_out_of_order_are_corrupt)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        CLEANUP_BYTES struct bytes changed = BYTES_NONE;
        struct sealed_version sealed = {0};
        struct statement request = request_of(&r, &sealed);

        cr_expect_eq(next(&r, span_text("{}")), ERR_CORRUPT_LOG);
        cr_expect(says("entry 2: "), "%s", err_reason());
        cr_expect_eq(next(&r, world_line(r.w, 1)), ERR_CORRUPT_LOG, "the entry before once more");
        bytes_add_span(&changed, world_line(r.w, 1));
        text_replace(&changed, "{\"n\":1,", "{\"n\":2,");
        cr_expect_eq(next(&r, bytes_span(&changed)), ERR_CORRUPT_LOG, "the same statement twice");
        cr_expect(says("the same statement"), "%s", err_reason());
        bytes_clear(&changed);
        bytes_add_span(&changed, world_append(r.w, &request));
        text_replace(&changed, "{\"n\":2,", "{\"n\":3,");
        cr_expect_eq(next(&r, bytes_span(&changed)), ERR_CORRUPT_LOG, "one is missing");
        bytes_clear(&changed);
        bytes_add_span(&changed, world_line(r.w, 2));
        text_replace(&changed, "\"at\":1764000000000", "\"at\":1763999999999");
        cr_expect_eq(next(&r, bytes_span(&changed)), ERR_CORRUPT_LOG, "time runs back");
        cr_expect_eq(next(&r, world_line(r.w, 2)), OK, "%s", err_reason());
        sealed_version_done(&sealed);
}

Test(admit_line, a_bad_signature_is_corrupt_and_trust_does_not_look)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        struct sealed_version sealed = {0};
        struct statement request = request_of(&r, &sealed);
        CLEANUP_ENVELOPE struct envelope e = {0};

        world_envelope(r.w, &request, &e);
        e.signatures[0].p[e.signatures[0].n - 1] ^= 1;
        cr_expect_eq(next(&r, world_append_envelope(r.w, &e)), ERR_CORRUPT_LOG);
        cr_expect(says("entry 2: auth"), "%s", err_reason());
        cr_expect_eq(admit_line(r.l, world_line(r.w, 2), true, NULL), OK);
        sealed_version_done(&sealed);
}

Test(admit_line, another_installation_or_history_is_corrupt)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        struct sealed_version sealed = {0};
        struct statement request = request_of(&r, &sealed), foreign = request, forked = request, headless = request,
                         ahead = request;

        foreign.installation = hash_of(span_text("elsewhere"));
        forked.head_root = hash_of(span_text("another past"));
        headless.head_size = 0;
        ahead.head_size = 3;
        cr_expect_eq(next(&r, world_append(r.w, &foreign)), ERR_CORRUPT_LOG);
        r.w->n_lines--;
        cr_expect_eq(next(&r, world_append(r.w, &forked)), ERR_CORRUPT_LOG);
        cr_expect(says("entry 2: fork"), "%s", err_reason());
        r.w->n_lines--;
        cr_expect_eq(next(&r, world_append(r.w, &headless)), ERR_CORRUPT_LOG);
        r.w->n_lines--;
        cr_expect_eq(next(&r, world_append(r.w, &ahead)), ERR_CORRUPT_LOG);
        sealed_version_done(&sealed);
}

static enum err next_roster(struct replay *r, uint64_t number, const struct hash *previous, const char *from,
                            const char *to, const char *second_signer)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        enum err e;

        world_roster_yaml(r->w, number, previous, &yaml);
        if (from)
                text_replace(&yaml, from, to);
        e = next(r,
                 world_append_roster(r->w, bytes_span(&yaml), (const char *const[]){"alice", second_signer, NULL}));
        if (e != OK)
                r->w->n_lines--;
        return e;
}

Test(admit_line, roster_gap_rollback_and_fork_are_corrupt_and_the_rest_is_against_the_rules)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        struct hash genesis = r.w->roster, other = hash_of(span_text("other"));

        cr_expect_eq(next_roster(&r, 3, &genesis, NULL, NULL, "bob"), ERR_CORRUPT_LOG);
        cr_expect(says("entry 1: roster-gap"), "%s", err_reason());
        cr_expect_eq(next_roster(&r, 2, &other, NULL, NULL, "bob"), ERR_CORRUPT_LOG);
        cr_expect(says("roster-fork"), "%s", err_reason());
        cr_expect_eq(next_roster(&r, 1, NULL, "A drill", "A trick", "bob"), ERR_CORRUPT_LOG);
        cr_expect_eq(next_roster(&r, 2, &genesis, NULL, NULL, "mallory"), ERR_CORRUPT_LOG);
        cr_expect_eq(next_roster(&r, 2, &genesis, NULL, NULL, NULL), ERR_BAD_LOG);
        cr_expect(says("entry 1: threshold"), "%s", err_reason());
        cr_expect_eq(next_roster(&r, 2, &genesis, "need: 2", "need: 0", "bob"), ERR_BAD_LOG);
        cr_expect(says("entry 1: bad-roster: line 5"), "%s", err_reason());
        cr_expect_eq(next_roster(&r, 2, &genesis, "A drill", "An exercise", "bob"), OK, "%s", err_reason());
        cr_expect_eq(next_roster(&r, 1, NULL, NULL, NULL, "bob"), ERR_CORRUPT_LOG);
}

Test(admit_line, what_is_signed_but_malformed_or_against_a_rule_is_a_bad_log)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        struct sealed_version sealed = {0};
        struct statement request = request_of(&r, &sealed), refused = request, session, stale = request;
        CLEANUP_ENVELOPE struct envelope malformed = {0};

        refused.by[0] = "grace";
        cr_expect_eq(next(&r, world_append(r.w, &refused)), ERR_BAD_LOG);
        cr_expect(says("entry 2: not-allowed"), "%s", err_reason());
        r.w->n_lines--;
        stale.roster = hash_of(span_text("an older one"));
        cr_expect_eq(next(&r, world_append(r.w, &stale)), ERR_BAD_LOG);
        cr_expect(says("entry 2: stale-roster"), "%s", err_reason());
        r.w->n_lines--;
        world_envelope_of(r.w, STATEMENT_HOLD, span_text("{\"v\":1}"), (const char *const[]){"erin", NULL},
                          &malformed);
        cr_expect_eq(next(&r, world_append_envelope(r.w, &malformed)), ERR_BAD_LOG);
        cr_expect(says("entry 2: bad-statement"), "%s", err_reason());
        r.w->n_lines--;
        session = world_say_as(r.w, STATEMENT_SESSION, "erin");
        session.head_size = request.head_size;
        session.head_root = request.head_root;
        cr_expect_eq(next(&r, world_append(r.w, &session)), ERR_BAD_LOG, "a sign-in is never logged");
        cr_expect(says("entry 2: bad-statement: a sign-in is never logged"), "%s", err_reason());
        sealed_version_done(&sealed);
}

Test(admit_line, a_newer_program_is_no_alarm)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        CLEANUP_ENVELOPE struct envelope unknown = {.type = STATEMENT_UNKNOWN, .type_word = "reshare"};

        bytes_add_text(&unknown.payload, "whatever");
        world_sign(r.w, "erin", &unknown);
        cr_expect_eq(next(&r, world_append_envelope(r.w, &unknown)), ERR_UPGRADE);
        cr_expect(says("entry 1: upgrade"), "%s", err_reason());
        r.w->n_lines--;
        unknown.payload.p[0] ^= 1;
        cr_expect_eq(next(&r, world_append_envelope(r.w, &unknown)), ERR_CORRUPT_LOG);
}

Test(admit_line, every_flipped_byte_of_a_line_is_refused)
{
        CLEANUP_REPLAY struct replay r = replay_new();
        struct statement hold = world_say_as(r.w, STATEMENT_HOLD, "erin");
        struct span line;
        unsigned admitted = 0;

        hold.hold.incident = "INC-7";
        line = world_append(r.w, &hold);
        for (size_t i = 0; i < line.n; i++) {
                unsigned char *exact = malloc(line.n);
                struct ledger *l = ledger_new();

                memcpy(exact, line.p, line.n);
                exact[i] ^= 1;
                cr_assert_eq(admit_line(l, world_line(r.w, 0), true, NULL), OK);
                admitted += admit_line(l, span_of(exact, line.n), false, NULL) == OK;
                ledger_free(l);
                free(exact);
        }
        cr_expect_leq(admitted, strlen("1764000000000"), "only the digits of at are unsigned");
}
