#include "quorum/roster.h"
#include "quorum/paging.h"
#include "tests/unit/support/world.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

static void cleanup_roster_(struct roster **r)
{
        roster_free(*r);
}

#define CLEANUP_ROSTER __attribute__((cleanup(cleanup_roster_)))

static struct roster *parse_ok(const struct bytes *yaml)
{
        struct roster *r = NULL;

        cr_assert_eq(roster_parse(bytes_span(yaml), &r), OK, "%s", err_reason());
        return r;
}

/* The world's roster with one text replaced. */
static struct roster *parse_with(const char *from, const char *to)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &yaml);
        if (from)
                text_replace(&yaml, from, to);
        return parse_ok(&yaml);
}

Test(roster, everything_written_is_there)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct hash id;

        world_roster_yaml(w, 1, NULL, &yaml);
        id = hash_of(bytes_span(&yaml));
        CLEANUP_ROSTER struct roster *r = parse_ok(&yaml);
        const struct person *alice = roster_person(r, "alice"), *rot = roster_person(r, "rot-1");
        const struct policy *p = roster_policy(r, "prod-db");
        const struct credential *c = roster_credential(r, "prod/postgres/root");

        cr_assert(hash_equal(&r->id, &id));
        cr_assert(r->number == 1 && !r->has_previous && strcmp(r->name, "acme-prod") == 0);
        cr_assert(key_equal(&r->broker_signs, &world_keys(w, "broker")->signs));
        cr_assert(r->admins_need == 2 && r->admins.n == 3 && roster_is_admin(r, "carol") &&
                  !roster_is_admin(r, "dave"));
        cr_assert(r->n_people == 8 && !alice->is_rotator && rot->is_rotator);
        cr_assert(key_equal(&alice->opens, &world_keys(w, "alice")->opens));
        cr_assert_str_eq(alice->opens_text, world_opens(w, "alice"));
        cr_assert_str_eq(alice->team, "sre");
        cr_assert(alice->n_contacts == 1 && strcmp(alice->contacts[0].address, "U0123") == 0);
        cr_assert(p->approvals == 2 && p->holders.n == 3 && strcmp(p->holders.name[2], "carol") == 0);
        cr_assert(p->request_for_ms == 1800000 && p->open_for_ms == 3600000);
        cr_assert(p->postmortem_within_ms == 5 * 86400000LL && !p->postmortem_blocks && !p->page_needs_acceptance);
        cr_assert(name_list_has(&p->rotators, "rot-1") && !p->allow_single && !p->holders_may_request);
        cr_assert_str_eq(c->hook, "postgres");
        cr_assert_str_eq(bytes_text(&c->hook_config), "{\"role\":\"breakglass\",\"host\":\"db1\"}");
        cr_assert_eq(roster_policy_of(r, "prod/postgres/root"), p);
        cr_assert(roster_emergency(r, "E1")->needs_incident && !roster_emergency(r, "E2")->needs_incident);
        cr_assert_null(roster_credential(r, "prod/web/key")->hook);
        cr_assert_str_eq(bytes_text(&roster_credential(r, "prod/web/key")->hook_config), "{}");
        cr_assert(r->notify && r->paging && r->paging->n_channels == 2);
}

Test(roster, strangers_are_not_found)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_ROSTER struct roster *r = parse_with(NULL, NULL);

        cr_assert_null(roster_person(r, "mallory"));
        cr_assert_null(roster_person(r, "broker"));
        cr_assert_null(roster_person_by_signs(r, &world_keys(w, "mallory")->signs));
        cr_assert_null(roster_policy_of(r, "prod/other"));
        cr_assert_null(roster_emergency(r, "e1"));
        cr_assert_str_eq(roster_person_by_signs(r, &world_keys(w, "erin")->signs)->name, "erin");
}

Test(roster, policies_have_more_keys)
{
        CLEANUP_ROSTER struct roster *r = parse_with(
                "request_for: 15m", "request_for: 15m, allow_single: \"true\", holders_may_request: true, "
                                    "share_reasons: true, postmortem: block, page_before_open: accepted, "
                                    "escalate: [{after: 5m, to: bob}], rotate_every: 90d, hours: {mon: any}, "
                                    "value: {length: \"40\", alphabet: abc}, from: [10.0.0.0/8, \"fe80::/10\", "
                                    "192.0.2.1]");
        const struct policy *p = roster_policy(r, "web");

        cr_assert(p->allow_single && p->holders_may_request && p->share_reasons && p->postmortem_blocks &&
                  p->page_needs_acceptance);
        cr_assert(p->rotate_every_ms == 90 * 86400000LL && p->value_length == 40 && p->from.n == 3);
        cr_assert_str_eq(p->value_alphabet, "abc");
        cr_assert(p->postmortem_within_ms == POSTMORTEM_WITHIN_DEFAULT_MS);
}

Test(roster, hook_config_keeps_plain_kinds)
{
        CLEANUP_ROSTER struct roster *r = parse_with(
                "config: {role: breakglass, host: db1}",
                "config: {a: true, b: \"true\", c: 17, d: \"17\", e: 017, f: -1, g: 1.5, h: [x, {i: false}], "
                "j: \"q\\\"\\n\", k: 9007199254740992, l: {}, m: 0}");

        cr_assert_str_eq(
                bytes_text(&roster_credential(r, "prod/postgres/root")->hook_config),
                "{\"a\":true,\"b\":\"true\",\"c\":17,\"d\":\"17\",\"e\":\"017\",\"f\":\"-1\",\"g\":\"1.5\","
                "\"h\":[\"x\",{\"i\":false}],\"j\":\"q\\\"\\n\",\"k\":\"9007199254740992\",\"l\":{},\"m\":0}");
}

Test(roster, a_single_approval_can_be_allowed)
{
        CLEANUP_ROSTER struct roster *r = parse_with("approvals: 3,", "approvals: 1, allow_single: true,");

        cr_assert_eq(roster_policy(r, "web")->approvals, 1);
}

Test(roster, only_people_admins_and_the_head_must_be_there)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;

        bytes_printf(&yaml, "roster: 1\nname: small\nprevious: none\nbroker: {signs: %s}\n",
                     world_signs(w, "broker"));
        bytes_printf(&yaml, "admins: {need: 1, people: [alice]}\npeople: {alice: {signs: %s, opens: %s}}\n",
                     world_signs(w, "alice"), world_opens(w, "alice"));
        CLEANUP_ROSTER struct roster *r = parse_ok(&yaml);

        cr_assert(r->n_people == 1 && r->n_policies == 0 && r->n_credentials == 0 && !r->notify);
        cr_assert_null(roster_credential(r, "x"));
}

#define A_PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

Test(roster, the_broker_may_be_pinned)
{
        CLEANUP_ROSTER struct roster *r = parse_with("broker: {", "broker: {tls: " A_PIN ", ");

        cr_assert_str_eq(r->broker_tls, A_PIN);
}

/* What stands in the world's roster, what takes its place, and where the refusal points. */
static const struct {
        const char *from, *to;
        enum err e;
        const char *reason;
} refused[] = {
        {"roster: 1", "roster: 0", ERR_BAD_ROSTER, "line 1, column 9: a whole number"},
        {"roster: 1", "roster: 01", ERR_BAD_ROSTER, "line 1, column 9: a whole number"},
        {"roster: 1", "rooster: 1", ERR_BAD_ROSTER, "`roster` is missing"},
        {"name: acme-prod\n", "", ERR_BAD_ROSTER, "`name` is missing"},
        {"name: acme-prod", "name: Acme", ERR_BAD_ROSTER, "line 2, column 7: `Acme` is not a valid name"},
        {"name: acme-prod", "name: a..b", ERR_BAD_ROSTER, "not a valid name"},
        {"previous: none", "previous: nothing", ERR_BAD_ROSTER, "line 3, column 11: `none` or the id"},
        {"previous: none\n", "", ERR_BAD_ROSTER, "`previous` is missing"},
        {"broker: {signs: ", "broker: {tls: none, signs: ", ERR_BAD_ROSTER, "sha256//"},
        {"broker: {signs: ", "broker: {tls: sha256//AAAA, signs: ", ERR_BAD_ROSTER, "sha256//"},
        {"broker: {signs: ssh-ed25519", "broker: {signs: ssh-rsa", ERR_BAD_KEY, "line 4, column 17: not a key"},
        {"broker: {signs: ", "broker: {host: db, signs: ", ERR_BAD_ROSTER, "line 4, column 10: unknown key `host`"},
        {"need: 2, people: [alice", "need: 4, people: [alice", ERR_BAD_ROSTER,
         "line 5, column 16: more than there are"},
        {"need: 2, people: [alice", "need: 0, people: [alice", ERR_BAD_ROSTER, "a whole number"},
        {"people: [alice, bob, carol]}\np", "people: [alice, bob, zoe]}\np", ERR_BAD_ROSTER, "`zoe` is not a person"},
        {"people: [alice, bob, carol]}\np", "people: [alice, bob, bob]}\np", ERR_BAD_ROSTER, "`bob` stands twice"},
        {"people: [alice, bob, carol]}\np", "people: [alice, bob, rot-1]}\np", ERR_BAD_ROSTER,
         "`rot-1` is not a person"},
        {"people: [alice, bob, carol]}\np", "people: alice}\np", ERR_BAD_ROSTER, "a list of at most"},
        {"  grace: {", "  broker: {", ERR_BAD_ROSTER, "`broker` is not a valid name"},
        {"  grace: {", "  none: {", ERR_BAD_ROSTER, "`none` is not a valid name"},
        {"  grace: {", "  Grace: {", ERR_BAD_ROSTER, "line 13, column 3: `Grace` is not a valid name"},
        {"  grace: {",
         "  gr\xD0\xB0"
         "ce: {",
         ERR_BAD_ROSTER, "is not a valid name"}, /* a Cyrillic a */
        {"  grace: {", "  ../grace: {", ERR_BAD_ROSTER, "is not a valid name"},
        {"  grace: {", "  a..b: {", ERR_BAD_ROSTER, "is not a valid name"},
        {"  grace: {", "  rot-1: {", ERR_BAD_ROSTER, "line 15, column 10: `rot-1` is a person already"},
        {"  grace: {", "  grace: 17\n  heidi: {", ERR_BAD_ROSTER, "a map was expected"},
        {"team: db", "teem: db", ERR_BAD_ROSTER, "line 8, column"},
        {"team: db", "team: \"\"", ERR_BAD_ROSTER, "0 characters where 1 to 500"},
        {"team: db", "team: [db]", ERR_BAD_ROSTER, "a text was expected"},
        {"contact: {slack: U0123}", "contact: U0123", ERR_BAD_ROSTER, "a map was expected"},
        {"means: A drill", "needs: a ticket, means: A drill", ERR_BAD_ROSTER, "only `incident` can be needed"},
        {"means: A drill", "example: x", ERR_BAD_ROSTER, "`means` is missing"},
        {"  E2: {", "  E 2: {", ERR_BAD_ROSTER, "`E 2` is not a valid name"},
        {"approvals: 2", "approvals: 0", ERR_BAD_ROSTER, "a whole number from 1 to 32"},
        {"approvals: 2", "approvals: 1", ERR_BAD_ROSTER, "a single approval only with `allow_single: true`"},
        {"approvals: 2", "approvals: 4", ERR_BAD_ROSTER, "more approvals than holders"},
        {"approvals: 2", "approvals: 33", ERR_BAD_ROSTER, "a whole number from 1 to 32"},
        {"approvals: 2, ", "", ERR_BAD_ROSTER, "`approvals` is missing"},
        {"holders: [alice, bob, carol],", "holders: [],", ERR_BAD_ROSTER, "more approvals than holders"},
        {"holders: [alice, bob, carol],", "holders: [alice, bob, bob],", ERR_BAD_ROSTER, "`bob` stands twice"},
        {"holders: [alice, bob, carol],", "holders: [alice, rot-1, bob],", ERR_BAD_ROSTER, "`rot-1` is not a person"},
        {"requesters: [erin, frank]", "requesters: [erin, broker]", ERR_BAD_ROSTER, "`broker` is not a person"},
        {"emergencies: [E1, E2]", "emergencies: [E1, e2]", ERR_BAD_ROSTER, "`e2` is not an emergency"},
        {"rotators: [rot-1]", "rotators: [alice]", ERR_BAD_ROSTER, "`alice` is not a rotator"},
        {"request_for: 30m", "request_for: 0m", ERR_BAD_ROSTER, "a duration such as"},
        {"request_for: 30m, ", "", ERR_BAD_ROSTER, "`request_for` is missing"},
        {"open_for: 1h, ", "", ERR_BAD_ROSTER, "`open_for` is missing"},
        {"open_for: 1h", "open_for: 1h, allow_single: yes", ERR_BAD_ROSTER, "true or false"},
        {"open_for: 1h", "open_for: 1h, postmortem: ask", ERR_BAD_ROSTER, "`record` or `block`"},
        {"open_for: 1h", "open_for: 1h, page_before_open: no", ERR_BAD_ROSTER, "`durable` or `accepted`"},
        {"open_for: 1h", "open_for: 1h, from: [10.0.0.0/33]", ERR_BAD_ROSTER, "not a network"},
        {"open_for: 1h", "open_for: 1h, from: [10.0.0]", ERR_BAD_ROSTER, "not a network"},
        {"open_for: 1h", "open_for: 1h, from: [\"10.0.0.0/\"]", ERR_BAD_ROSTER, "not a network"},
        {"open_for: 1h", "open_for: 1h, from: [\"::/129\"]", ERR_BAD_ROSTER, "not a network"},
        {"open_for: 1h", "open_for: 1h, value: {length: 0}", ERR_BAD_ROSTER, "a whole number from 1"},
        {"open_for: 1h", "open_for: 1h, value: {size: 20}", ERR_BAD_ROSTER, "unknown key `size`"},
        {"open_for: 1h", "open_for: 1h, colour: red", ERR_BAD_ROSTER, "line 20, column"},
        {"policy: web", "policy: wep", ERR_BAD_ROSTER, "`wep` is not a policy"},
        {"policy: web, ", "", ERR_BAD_ROSTER, "`policy` is missing"},
        {"policy: web, sealers: [dave]", "policy: web", ERR_BAD_ROSTER, "`sealers` is missing"},
        {"sealers: [dave]", "sealers: [rot-1]", ERR_BAD_ROSTER, "`rot-1` is not a person"},
        {"  prod/web/key: {", "  \"x; rm -rf /\": {", ERR_BAD_ROSTER, "is not a valid name"},
        {"  prod/web/key: {", "  ../../etc: {", ERR_BAD_ROSTER, "is not a valid name"},
        {"  prod/web/key: {", "  -oProxyCommand=x: {", ERR_BAD_ROSTER, "is not a valid name"},
        {"tags: [db]", "tags: [db, db]", ERR_BAD_ROSTER, "`db` stands twice"},
        {"hook: postgres", "hook: ../postgres", ERR_BAD_ROSTER, "is not the name of a hook"},
        {"hook: postgres", "hook: a/postgres", ERR_BAD_ROSTER, "is not the name of a hook"},
        {"rotate: {hook: postgres, ", "rotate: {", ERR_BAD_ROSTER, "`hook` is missing"},
        {"config: {role: breakglass, host: db1}", "config: [role]", ERR_BAD_ROSTER, "a map was expected"},
        {"notify: {", "extra: {", ERR_BAD_ROSTER, "line 25, column 1: unknown key `extra`"},
        {"notify: {channels: {slack: {domain: slack}", "notify: {channels: {slack: *x", ERR_BAD_ROSTER, "line 25"},
};

Test(roster, each_rule_refuses_and_points)
{
        for (size_t i = 0; i < COUNT_OF(refused); i++) {
                CLEANUP_WORLD struct world *w = world_new();
                CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
                struct roster *r = NULL;
                enum err e;

                world_roster_yaml(w, 1, NULL, &yaml);
                text_replace(&yaml, refused[i].from, refused[i].to);
                e = roster_parse(bytes_span(&yaml), &r);
                cr_expect_eq(e, refused[i].e, "%s: %s (%s)", refused[i].to, err_word(e), err_reason());
                cr_expect(strstr(err_reason(), refused[i].reason), "%s: %s", refused[i].to, err_reason());
                cr_expect(strncmp(err_reason(), "line ", 5) == 0, "%s: %s", refused[i].to, err_reason());
                cr_expect_null(r);
        }
}

static enum err parse_replacing(const char *who, const char *key_of_whom, bool is_signing, const char *text)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        CLEANUP_FREE char *from = mem_text(is_signing ? world_signs(w, who) : world_opens(w, who));
        struct roster *r = NULL;
        enum err e;

        world_roster_yaml(w, 1, NULL, &yaml);
        if (!text)
                text = is_signing ? world_signs(w, key_of_whom) : world_opens(w, key_of_whom);
        text_replace(&yaml, from, text);
        e = roster_parse(bytes_span(&yaml), &r);
        roster_free(r);
        return e;
}

Test(roster, no_key_stands_twice)
{
        cr_expect_eq(parse_replacing("grace", "mallory", true, NULL), OK);
        cr_expect_eq(parse_replacing("grace", "mallory", false, NULL), OK);
        cr_expect_eq(parse_replacing("grace", "alice", true, NULL), ERR_BAD_ROSTER);
        cr_expect_eq(parse_replacing("grace", "alice", false, NULL), ERR_BAD_ROSTER);
        cr_expect_eq(parse_replacing("grace", "broker", true, NULL), ERR_BAD_ROSTER);
        cr_expect_eq(parse_replacing("grace", "rot-1", true, NULL), ERR_BAD_ROSTER);
        cr_expect_eq(parse_replacing("rot-1", "erin", false, NULL), ERR_BAD_ROSTER);
}

Test(roster, weak_keys_are_refused)
{
        /* the identity of edwards25519, the zero of curve25519 */
        cr_expect_eq(
                parse_replacing("grace", NULL, true,
                                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                ERR_BAD_KEY);
        cr_expect_eq(parse_replacing("grace", NULL, false,
                                     "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"),
                     ERR_BAD_KEY);
        cr_expect_eq(parse_replacing("grace", NULL, false, "age1x"), ERR_BAD_KEY);
}

Test(roster, thirty_three_holders_are_too_many)
{
        CLEANUP_WORLD struct world *w = world_new();

        for (unsigned n = 32; n <= 33; n++) {
                CLEANUP_BYTES struct bytes yaml = BYTES_NONE, people = BYTES_NONE, holders = BYTES_NONE;
                struct roster *r = NULL;

                bytes_add_text(&people, "people:\n");
                bytes_add_text(&holders, "holders: [");
                for (unsigned i = 0; i < n; i++) {
                        char signs[SIGN_KEY_TEXT], opens[AGE_PUBLIC_TEXT], seed[8];
                        struct hash h;
                        struct key public_key;
                        unsigned char secret_key[64];

                        snprintf(seed, sizeof(seed), "%u", i);
                        h = hash_of(span_text(seed));
                        cr_assert_eq(crypto_sign_seed_keypair(public_key.b, secret_key, h.b), 0);
                        sign_key_format(&public_key, signs);
                        cr_assert_eq(crypto_scalarmult_base(public_key.b, h.b), 0);
                        open_key_format(&public_key, opens);
                        bytes_printf(&people, "  h%u: {signs: %s, opens: %s}\n", i, signs, opens);
                        bytes_printf(&holders, "%sh%u", i ? ", " : "", i);
                }
                bytes_add_text(&holders, "],");
                world_roster_yaml(w, 1, NULL, &yaml);
                text_replace(&yaml, "people:\n", bytes_text(&people));
                text_replace(&yaml, "holders: [alice, bob, carol],", bytes_text(&holders));
                cr_expect_eq(roster_parse(bytes_span(&yaml), &r), n == 32 ? OK : ERR_BAD_ROSTER, "%u: %s", n,
                             err_reason());
                roster_free(r);
        }
}

Test(roster, texts_have_500_characters_at_most)
{
        for (unsigned n = 500; n <= 501; n++) {
                CLEANUP_WORLD struct world *w = world_new();
                CLEANUP_BYTES struct bytes yaml = BYTES_NONE, means = BYTES_NONE;
                struct roster *r = NULL;

                bytes_add_text(&means, "means: ");
                for (unsigned i = 0; i < n; i++)
                        bytes_add_text(&means, "\xC3\xA9");
                world_roster_yaml(w, 1, NULL, &yaml);
                text_replace(&yaml, "means: A drill", bytes_text(&means));
                cr_expect_eq(roster_parse(bytes_span(&yaml), &r), n == 500 ? OK : ERR_BAD_ROSTER);
                roster_free(r);
        }
}

Test(roster, more_than_a_mebibyte_is_refused)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct roster *r = NULL;

        world_roster_yaml(w, 1, NULL, &yaml);
        bytes_add_text(&yaml, "#");
        while (yaml.n < ROSTER_MAX_BYTES)
                bytes_add_byte(&yaml, 'x');
        cr_expect_eq(roster_parse(bytes_span(&yaml), &r), OK);
        roster_free(r);
        r = NULL;
        bytes_add_byte(&yaml, 'x');
        cr_expect_eq(roster_parse(bytes_span(&yaml), &r), ERR_BAD_ROSTER);
        cr_expect_null(r);
}

Test(roster, every_prefix_is_read_within_its_bounds)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &yaml);
        for (size_t n = 0; n < yaml.n; n++) {
                unsigned char *exact = malloc(n ? n : 1);
                struct roster *r = NULL;
                enum err e;

                memcpy(exact, yaml.p, n);
                e = roster_parse(span_of(exact, n), &r);
                cr_expect_eq(e == OK, r != NULL);
                roster_free(r);
                free(exact);
        }
}

Test(roster, thousands_of_credentials_are_found)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE, many = BYTES_NONE;
        char name[32];

        for (unsigned i = 0; i < 5000; i++)
                bytes_printf(&many, "  many/%u: {policy: web, sealers: [dave]}\n", (i * 7919) % 5000);
        bytes_add_text(&many, "notify: {channels");
        world_roster_yaml(w, 1, NULL, &yaml);
        text_replace(&yaml, "notify: {channels", bytes_text(&many));
        CLEANUP_ROSTER struct roster *r = parse_ok(&yaml);

        for (unsigned i = 0; i < 5000; i++) {
                snprintf(name, sizeof(name), "many/%u", i);
                cr_assert_str_eq(roster_credential(r, name)->name, name);
        }
        cr_assert_null(roster_credential(r, "many/5000"));
}

static void keep(void *context, const char *sentence)
{
        bytes_add_text(context, sentence);
        bytes_add_byte(context, '\n');
}

static const struct {
        const char *from, *to, *warning;
} unwise[] = {
        {NULL, NULL, "policy web: no rotator"},
        {NULL, NULL, "credential prod/web/key: no hook"},
        {NULL, NULL, "credential prod/web/key: opens_what is missing"},
        {"admins: {need: 2", "admins: {need: 1", "admins: one admin alone"},
        {"admins: {need: 2", "admins: {need: 3", "admins: all 3 must sign"},
        {"approvals: 2", "approvals: 3", "policy prod-db: all 3 holders are needed"},
        {"approvals: 2", "approvals: 1, allow_single: true", "policy prod-db: allow_single"},
        {"team: db", "team: sre", "policy prod-db: all holders are of team sre"},
        {"requesters: [erin, frank]", "requesters: []", "policy prod-db: nobody may ask"},
        {"emergencies: [E1, E2]", "emergencies: []", "policy prod-db: no emergency"},
        {"open_for: 1h", "open_for: 1h, holders_may_request: true", "leaves 1 holders between a dishonest broker"},
        {"requesters: [erin, frank]", "requesters: [erin, bob]", "policy prod-db: bob is a holder too"},
        {"open_for: 1h", "open_for: 1h, value: {length: 8}", "policy prod-db: new values have only 8 characters"},
        {", rotators: [rot-1]", "", "its hook never runs"},
        {"sealers: [alice]", "sealers: []", "credential prod/postgres/root: nobody may seal it"},
        {"sealers: [alice]", "sealers: [erin]", "credential prod/postgres/root: erin may ask for it"},
        {"notify: {channels: {slack: {domain: slack}, pagerduty: {domain: pagerduty}}}\n", "", "notify: no channel"},
};

Test(roster, lint_says_what_is_unwise)
{
        for (size_t i = 0; i < COUNT_OF(unwise); i++) {
                CLEANUP_ROSTER struct roster *r = parse_with(unwise[i].from, unwise[i].to);
                CLEANUP_BYTES struct bytes said = BYTES_NONE, usual = BYTES_NONE;

                roster_lint(r, keep, &said);
                cr_expect(strstr(bytes_text(&said), unwise[i].warning), "%s:\n%s", unwise[i].warning,
                          bytes_text(&said));
                if (!unwise[i].from)
                        continue;
                CLEANUP_ROSTER struct roster *plain = parse_with(NULL, NULL);
                roster_lint(plain, keep, &usual);
                cr_expect_not(strstr(bytes_text(&usual), unwise[i].warning), "%s is always said", unwise[i].warning);
        }
}
