#include "broker/page_route.h"
#include "tests/unit/ledger/fold.h"
#include <string.h>

#define NOTIFY "notify: {channels: {slack: {domain: slack}, pagerduty: {domain: pagerduty}}}"
static const char base[] = "state: /nowhere\nlisten: {unix: /nowhere/a}\nkeys: {sign: /nowhere/k}\n"
                           "channels: {slack: {program: /bin/true}, leads: {program: /bin/true}, "
                           "mail: {program: /bin/true, events: [requested, closed, ready]}}\n";

struct setting {
        struct fold *fold;
        struct config *config;
        struct hash request;
        const char *told; /* " slack mail " */
};

static void setting_done(struct setting *s)
{
        fold_free(s->fold);
        config_drop(s->config);
}

#define CLEANUP_SETTING __attribute__((cleanup(setting_done)))

static struct setting setting_of(const char *notify)
{
        struct setting s = {.fold = fold_new(), .told = ""};
        if (notify)
                fold_next_roster(s.fold, NOTIFY, notify);
        cr_assert_eq(config_parse(span_text(base), &s.config), OK, "%s", err_reason());
        s.request = fold_request(s.fold, "erin", fold_version(s.fold, PG));
        return s;
}

static bool is_told(void *context, const char *channel)
{
        const struct setting *s = context;
        char padded[80];
        snprintf(padded, sizeof padded, " %s ", channel);
        return strstr(s->told, padded) != NULL;
}

/* "slack mail~": ~ is quiet; then the people behind a colon. */
static const char *go(struct setting *s, struct event *e)
{
        static char text[512];
        const struct page_route_memory memory = {is_told, s};
        CLEANUP_PAGE_ROUTE struct page_route r;
        page_route_of(e, s->fold->ledger, s->config, &memory, &r);
        *text = '\0';
        for (size_t i = 0; i < r.n; i++)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s ", r.to[i].channel->name,
                         r.to[i].is_quiet ? "~" : "");
        strcat(text, ":");
        for (size_t i = 0; i < r.people.n; i++)
                snprintf(text + strlen(text), sizeof text - strlen(text), " %s", r.people.name[i]);
        event_done(e);
        return text;
}

static struct request_view see(struct setting *s)
{
        return fold_see(s->fold, s->request);
}

#define ROUTED                                                                                                       \
        "notify: {channels: {slack: {}, leads: {}, gone: {}, mail: {}}, receivers: {sre: {channels: [leads], "       \
        "people: [dave]}}, route: {receiver: slack, routes: [{match: {kind: [opened]}, receiver: gone}, "            \
        "{match: {kind: denied}, receiver: []}, {match: {kind: notifier-down}, receiver: slack}]}}"

Test(page_route, an_event_goes_where_the_routes_say_and_to_whom_it_concerns)
{
        CLEANUP_SETTING struct setting s = setting_of(ROUTED);
        struct request_view r = see(&s);
        struct event e;
        event_requested(&r, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack : alice bob carol");
        event_ready(&r, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack : erin");
}

Test(page_route, without_routes_it_goes_to_every_channel_that_wants_it)
{
        static const char *const notifies[] = {NULL, "notify: whoever", "notify: {}"};
        for (size_t i = 0; i < COUNT_OF(notifies); i++) {
                CLEANUP_SETTING struct setting s = setting_of(notifies[i]);
                struct request_view r = see(&s);
                struct event e;
                event_requested(&r, 1, &e);
                cr_expect_str_eq(go(&s, &e), "slack leads mail : alice bob carol", "row %zu", i);
        }
}

Test(page_route, an_opening_is_never_paged_to_nobody)
{
        CLEANUP_SETTING struct setting s = setting_of(ROUTED);
        struct request_view r = see(&s);
        struct event e;
        event_opened(&r, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack leads : alice bob carol erin", "its channel is not configured");
        CLEANUP_SETTING struct setting none = setting_of("notify: {route: {receiver: []}}");
        r = see(&none);
        event_opened(&r, 1, &e);
        cr_expect_str_eq(go(&none, &e), "slack leads : alice bob carol erin", "not even on purpose");
        event_requested(&r, 1, &e);
        cr_expect_str_eq(go(&none, &e), ": alice bob carol", "other kinds may be kept quiet on purpose");
        for (size_t i = 0; i < s.config->n_channels; i++) {
                s.config->channels[i].n_events = 1;
                s.config->channels[i].events = s.config->channels[2].events;
        }
        r = see(&s);
        event_opened(&r, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack leads mail : alice bob carol erin", "even where no channel wants it");
        for (size_t i = 0; i < 2; i++)
                s.config->channels[i].n_events = 0, s.config->channels[i].events = NULL;
        s.config->channels[2].n_events = 3;
}

Test(page_route, what_is_no_longer_needed_goes_quietly_to_those_who_were_told)
{
        CLEANUP_SETTING struct setting s = setting_of(ROUTED);
        expect(s.fold, OK, fold_cancel(s.fold, "erin", s.request));
        struct request_view r = see(&s);
        struct event e;
        s.told = " leads ";
        event_ended(&r, "erin", 1, &e);
        cr_expect_str_eq(go(&s, &e), "leads~ : erin");
        s.told = "";
        event_ended(&r, "erin", 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack : erin", "nobody is known to have been told");
}

Test(page_route, what_follows_up_goes_quietly_beyond_its_route)
{
        CLEANUP_SETTING struct setting s = setting_of(ROUTED);
        struct request_view r = see(&s);
        struct event e;
        s.told = " leads mail ";
        event_ready(&r, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack leads~ mail~ : erin");
        event_unanswered(&r, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack leads : alice bob carol erin", "mail's configuration doesn't want it");
        event_requested(&r, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack : alice bob carol", "no follow-up");
}

Test(page_route, an_escalation_goes_where_its_step_says)
{
        static const char *const one[] = {"sre"}, *const two[] = {"carol", "grace"};
        const struct escalation_step by_receiver = {120000, {1, (const char **)one}},
                                     by_people = {120000, {2, (const char **)two}}, nobody = {120000, {0, NULL}};
        CLEANUP_SETTING struct setting s = setting_of(ROUTED);
        struct request_view r = see(&s);
        struct event e;
        event_escalated(&r, &by_receiver, 1, &e);
        cr_expect_str_eq(go(&s, &e), "leads : dave");
        event_escalated(&r, &by_people, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack : carol grace", "by the channels of the asking");
        event_escalated(&r, &nobody, 1, &e);
        cr_expect_str_eq(go(&s, &e), "slack : alice bob carol", "whoever was asked, again");
}

Test(page_route, a_dead_channel_is_told_by_the_others)
{
        CLEANUP_SETTING struct setting s = setting_of(ROUTED);
        struct event e = {.kind = "notifier-down", .severity = "error", .not_by = "slack"};
        cr_expect_str_eq(go(&s, &e), "leads : alice bob carol", "its route names just the dead one");
        e = (struct event){.kind = "notifier-down", .severity = "error", .not_by = "leads"};
        cr_expect_str_eq(go(&s, &e), "slack : alice bob carol");
}

Test(page_route, an_incident_concerns_every_policy_that_was_asked_in_it)
{
        CLEANUP_SETTING struct setting s = setting_of(
                "notify: {channels: {slack: {}, leads: {}, mail: {}}, route: {routes: [{match: {policy: web}, "
                "receiver: leads}, {match: {policy: prod-db}, receiver: slack}]}}");
        struct request_view r = see(&s);
        struct event e = {
                .kind = "postmortem-due", .severity = "warning", .incident = r.incident, .is_of_incident = true};
        cr_expect_str_eq(go(&s, &e), "slack :");
        e = (struct event){.kind = "rotation-due", .severity = "warning", .credential = WEB};
        cr_expect_str_eq(go(&s, &e), "leads : dave");
        e = (struct event){.kind = "heartbeat", .severity = "info"};
        cr_expect_str_eq(go(&s, &e), "slack leads :");
}
