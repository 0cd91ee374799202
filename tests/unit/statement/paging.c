#include "quorum/paging.h"
#include "tests/unit/support/world.h"
#include <criterion/criterion.h>
#include <string.h>

#define NOTIFY "notify: {channels: {slack: {domain: slack}, pagerduty: {domain: pagerduty}}}"

static void cleanup_roster_(struct roster **r)
{
        roster_free(*r);
}

#define CLEANUP_ROSTER __attribute__((cleanup(cleanup_roster_)))

/* The world's roster with another `notify`, and these steps in prod-db. */
static struct roster *with(const char *notify, const char *escalate)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE, policy = BYTES_NONE;
        struct roster *r = NULL;

        world_roster_yaml(w, 1, NULL, &yaml);
        if (notify)
                text_replace(&yaml, NOTIFY, notify);
        bytes_printf(&policy, "prod-db: {escalate: %s, approvals: 2", escalate ? escalate : "");
        if (escalate)
                text_replace(&yaml, "prod-db: {approvals: 2", bytes_text(&policy));
        cr_assert_eq(roster_parse(bytes_span(&yaml), &r), OK, "%s", err_reason());
        return r;
}

static const char *names(const struct name_list *l)
{
        static char text[2][512];
        static unsigned turn;
        char *to = text[turn++ % 2];

        *to = '\0';
        for (size_t i = 0; i < l->n; i++)
                snprintf(to + strlen(to), sizeof(text[0]) - strlen(to), "%s%s", i ? " " : "", l->name[i]);
        return to;
}

static const char routed[] =
        "notify:\n"
        "  channels: {slack: {domain: slack}, pagerduty: {domain: pagerduty}, mail: {}, sms: {domain: sms}}\n"
        "  receivers:\n"
        "    sre-leads: {channels: [pagerduty], people: [carol, dave]}\n"
        "    bosses: {people: [grace]}\n"
        "  route:\n"
        "    receiver: slack\n"
        "    routes:\n"
        "      - {match: {severity: critical}, receiver: [sms, sre-leads], continue: true}\n"
        "      - {match: {policy: prod-db, kind: [opened, requested]}, receiver: slack}\n"
        "      - {match: {policy: prod-db, kind: opened}, receiver: mail}\n"
        "      - {match: {credential: prod/web/key}, receiver: bosses}\n"
        "      - {match: {kind: heartbeat}, receiver: []}";

static const struct {
        struct paging_about about;
        const char *channels, *people;
        bool is_everybody;
} routes[] = {
        {{"opened", "critical", "prod-db", "prod/postgres/root"}, "sms pagerduty slack", "carol dave", false},
        {{"requested", "warning", "prod-db", "prod/postgres/root"}, "slack", "", false},
        {{"denied", "critical", "prod-db", "prod/postgres/root"}, "sms pagerduty", "carol dave", false},
        {{"approved", "info", "prod-db", "prod/postgres/root"}, "slack", "", false},
        {{"opened", "critical", "web", "prod/web/key"}, "sms pagerduty", "carol dave grace", false},
        {{"requested", "warning", "web", "prod/web/key"}, "", "grace", true},
        {{"heartbeat", "info", NULL, NULL}, "", "", false},
        {{"roster-changed", "warning", NULL, NULL}, "slack", "", false},
};

Test(paging, the_first_route_that_matches_says_where_to_and_continue_goes_on)
{
        CLEANUP_ROSTER struct roster *r = with(routed, NULL);

        cr_assert(r->paging, "%s", r->paging_error);
        for (size_t i = 0; i < COUNT_OF(routes); i++) {
                CLEANUP_TARGETS struct paging_targets t = {0};

                paging_route_to(r, &routes[i].about, &t);
                cr_expect_str_eq(names(&t.channels), routes[i].channels, "row %zu: %s", i, names(&t.channels));
                cr_expect_str_eq(names(&t.people), routes[i].people, "row %zu: %s", i, names(&t.people));
                cr_expect_eq(paging_is_everybody(&t), routes[i].is_everybody, "row %zu", i);
        }
}

Test(paging, without_routes_everybody_is_paged)
{
        static const char *const notifies[] = {NULL, "", "notify: {}", "notify: {channels: {slack: {}}}",
                                               "notify: {route: {routes: []}}"};
        const struct paging_about about = {"opened", "critical", "prod-db", "prod/postgres/root"};

        for (size_t i = 0; i < COUNT_OF(notifies); i++) {
                CLEANUP_ROSTER struct roster *r = with(notifies[i], NULL);
                CLEANUP_TARGETS struct paging_targets t = {0};

                cr_assert(r->paging, "%s", r->paging_error);
                paging_route_to(r, &about, &t);
                cr_expect(paging_is_everybody(&t), "row %zu", i);
        }
}

Test(paging, names_stand_for_receivers_then_channels_then_people)
{
        CLEANUP_ROSTER struct roster *r = with(
                "notify: {channels: {carol: {}, slack: {}}, receivers: {dave: {channels: [slack], people: [bob]}}}",
                "[{after: 2m, to: [carol, dave, alice]}]");
        CLEANUP_TARGETS struct paging_targets t = {0};

        cr_assert(r->paging, "%s", r->paging_error);
        const struct escalation *e = paging_escalation(r, "prod-db");

        cr_assert(e && e->n == 1 && e->step[0].after_ms == 120000);
        cr_assert_null(paging_escalation(r, "web"));
        paging_resolve(r, &e->step[0].to, &t);
        cr_expect_str_eq(names(&t.channels), "carol slack");
        cr_expect_str_eq(names(&t.people), "bob alice");
}

/* What the ledger takes and programs can't go by. */
static const struct {
        const char *notify, *escalate, *error;
} misfits[] = {
        {"notify: ops", NULL, "line 25, column 1: a map was expected"},
        {"notify: {slack: {channel: ops}}", NULL, "unknown key `slack`"},
        {"notify: {channels: [slack]}", NULL, "a map was expected"},
        {"notify: {channels: {Slack: {}}}", NULL, "`Slack` is no channel's name"},
        {"notify: {channels: {slack: {host: a}}}", NULL, "unknown key `host`"},
        {"notify: {channels: {slack: {domain: [a]}}}", NULL, "a word was expected"},
        {"notify: {channels: {a: {}}, receivers: {a: {people: [bob]}}}", NULL, "`a` is a channel already"},
        {"notify: {channels: {a: {}}, receivers: {b: {channels: [c]}}}", NULL,
         "`c` is not one of `notify`'s channels"},
        {"notify: {receivers: {b: {people: [mallory]}}}", NULL, "`mallory` is not a person"},
        {"notify: {receivers: {b: {people: [rot-1]}}}", NULL, "`rot-1` is not a person"},
        {"notify: {receivers: {b: {}}}", NULL, "a receiver has `channels`, `people` or both"},
        {"notify: {route: {receiver: nobody}}", NULL, "`nobody` is not a receiver or channel"},
        {"notify: {route: {receiver: bob}}", NULL, "`bob` is not a receiver or channel"},
        {"notify: {route: {group_by: [x]}}", NULL, "unknown key `group_by`"},
        {"notify: {route: {routes: {a: b}}}", NULL, "a list of routes was expected"},
        {"notify: {channels: {a: {}}, route: {routes: [{match: {kind: opened}}]}}", NULL, "`receiver` is missing"},
        {"notify: {channels: {a: {}}, route: {routes: [{match: {kind: broken}, receiver: a}]}}", NULL,
         "`broken` is not a kind of event"},
        {"notify: {channels: {a: {}}, route: {routes: [{match: {severity: high}, receiver: a}]}}", NULL,
         "`high` is not critical"},
        {"notify: {channels: {a: {}}, route: {routes: [{match: {policy: x}, receiver: a}]}}", NULL,
         "`x` is not a policy"},
        {"notify: {channels: {a: {}}, route: {routes: [{match: {credential: x}, receiver: a}]}}", NULL,
         "`x` is not a credential"},
        {"notify: {channels: {a: {}}, route: {routes: [{match: {team: x}, receiver: a}]}}", NULL,
         "unknown key `team`"},
        {"notify: {channels: {a: {}}, route: {routes: [{continue: yes, receiver: a}]}}", NULL, "`true` or `false`"},
        {"notify: {channels: {a: {}}, route: {receiver: {b: c}}}", NULL, "a name or a list of names was expected"},
        {"notify: {channels: {a: {}}, route: {receiver: [[a]]}}", NULL, "a name was expected"},
        {NULL, "{after: 2m, to: bob}", "`escalate` is a list"},
        {NULL, "[{to: bob}]", "`after` is a duration"},
        {NULL, "[{after: soon, to: bob}]", "`after` is a duration"},
        {NULL, "[{after: 2m}]", "`to` is missing"},
        {NULL, "[{after: 2m, to: mallory}]", "`mallory` is not a person"},
        {NULL, "[{after: 2m, to: bob, by: sms}]", "unknown key `by`"},
        {NULL, "[{after: 2m, to: bob}, {after: 2m, to: carol}]", "longer than the step before"},
};

Test(paging, what_fits_no_grammar_is_a_roster_all_the_same)
{
        for (size_t i = 0; i < COUNT_OF(misfits); i++) {
                CLEANUP_ROSTER struct roster *r = with(misfits[i].notify, misfits[i].escalate);
                CLEANUP_TARGETS struct paging_targets t = {0};
                const struct paging_about about = {"opened", "critical", "prod-db", "prod/postgres/root"};

                cr_expect_null(r->paging, "row %zu", i);
                cr_expect(r->paging_error && strstr(r->paging_error, misfits[i].error), "row %zu: %s", i,
                          r->paging_error);
                paging_route_to(r, &about, &t);
                cr_expect(paging_is_everybody(&t), "row %zu", i);
                cr_expect_null(paging_escalation(r, "prod-db"));
        }
}

Test(paging, too_many_of_anything_is_refused_without_much_work)
{
        CLEANUP_BYTES struct bytes notify = BYTES_NONE;

        bytes_add_text(&notify, "notify: {channels: {c: {}");
        for (unsigned i = 0; i < PAGING_NAMES_MAX; i++)
                bytes_printf(&notify, ", c%u: {}", i);
        bytes_add_text(&notify, "}}");
        CLEANUP_ROSTER struct roster *r = with(bytes_text(&notify), NULL);

        cr_assert_null(r->paging);
        cr_expect(strstr(r->paging_error, "more than 64"), "%s", r->paging_error);
}

/* ---- what is unwise ---- */

static void keep(void *context, const char *sentence)
{
        bytes_add_text(context, sentence);
        bytes_add_byte(context, '\n');
}

#define TWO "channels: {a: {domain: x}, b: {domain: y}}"

static const struct {
        const char *notify, *escalate, *warning;
} unwise[] = {
        {"", NULL, "notify: no channel is named"},
        {"notify: {channels: {a: {}, b: {domain: y}}}", NULL, "channel a doesn't say its `domain`"},
        {"notify: {channels: {a: {domain: x}}}", NULL, "policy prod-db: only one failure domain (x)"},
        {"notify: {channels: {a: {}, b: {}}}", NULL, "policy web: only one failure domain (not said)"},
        {"notify: {channels: {a: {domain: x}, b: {domain: x}}}", NULL, "policy web: only one failure domain (x)"},
        {"notify: {" TWO ", route: {receiver: a}}", NULL, "policy prod-db: only one failure domain (x)"},
        {"notify: {" TWO ", route: {routes: [{match: {credential: prod/web/key}, receiver: b}]}}", NULL,
         "policy web: only one failure domain (y)"},
        {"notify: {" TWO ", route: {receiver: []}}", NULL,
         "policy web: `notify` pages nobody when its glass is broken"},
        {"notify: {" TWO ", route: {routes: [{match: {kind: requested}, receiver: []}]}}", NULL,
         "policy web: `notify` pages nobody when somebody asks"},
        {NULL, NULL, "policy prod-db: no `escalate`"},
        {NULL, "[{after: 2m, to: []}]", "policy prod-db: escalate after 2m names nobody"},
        {NULL, "[{after: 30m, to: alice}]", "policy prod-db: escalate after 30m never comes"},
        {NULL, "[{after: 2m, to: [alice, bob]}]", "escalate after 2m names bob, who has no `contact`"},
        {"notify: x", NULL, "the broker pages everybody about everything"},
};

Test(paging, lint_says_what_is_unwise)
{
        CLEANUP_ROSTER struct roster *good = with(NULL, "[{after: 2m, to: [alice, slack]}]");
        CLEANUP_BYTES struct bytes usual = BYTES_NONE;

        paging_lint(good, keep, &usual);
        cr_expect_str_eq(bytes_text(&usual),
                         "policy web: no `escalate`; when nobody answers, nobody else is paged\n");
        for (size_t i = 0; i < COUNT_OF(unwise); i++) {
                CLEANUP_ROSTER struct roster *r = with(unwise[i].notify, unwise[i].escalate);
                CLEANUP_BYTES struct bytes said = BYTES_NONE;

                paging_lint(r, keep, &said);
                cr_expect(strstr(bytes_text(&said), unwise[i].warning), "row %zu: %s:\n%s", i, unwise[i].warning,
                          bytes_text(&said));
        }
}
