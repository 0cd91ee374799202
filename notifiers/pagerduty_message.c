#include "notifiers/pagerduty_message.h"
#include "base/clock.h"
#include <string.h>

/* What an alert is about, and so its key: the request's asking, that nobody answers it, its opening, the credential's
 * rotation, a channel of pages, what of the exports is in trouble, or just this event. */
enum subject { NOTHING = 0, ASKING, ESCALATION, OPENING, ROTATION, CHANNEL, EXPORTS, EVENT };

struct step {
        enum subject subject;
        enum pagerduty_action action;
};

struct plan {
        const char *kind, *severity; /* severity: NULL where the event's own counts */
        struct step step[PAGERDUTY_CALLS_MAX];
};

static const struct plan plans[] = {
        {"requested", NULL, {{ASKING, PAGERDUTY_TRIGGER}}},
        {"approved", NULL, {{ASKING, PAGERDUTY_TRIGGER}}},      /* adds to the open alert, wakes nobody twice */
        {"escalated", NULL, {{ESCALATION, PAGERDUTY_TRIGGER}}}, /* an alert that is acknowledged wakes nobody again */
        {"unanswered", "critical", {{ESCALATION, PAGERDUTY_TRIGGER}}},
        {"ready", NULL, {{ASKING, PAGERDUTY_ACKNOWLEDGE}, {ESCALATION, PAGERDUTY_RESOLVE}}},
        {"opened", "critical", {{OPENING, PAGERDUTY_TRIGGER}}},
        {"closed", NULL, {{OPENING, PAGERDUTY_ACKNOWLEDGE}}},
        {"rotated", NULL, {{ASKING, PAGERDUTY_RESOLVE}, {OPENING, PAGERDUTY_RESOLVE}, {ROTATION, PAGERDUTY_RESOLVE}}},
        {"rotation-failed", "critical", {{ROTATION, PAGERDUTY_TRIGGER}}},
        {"rotation-due", NULL, {{ROTATION, PAGERDUTY_TRIGGER}}},
        {"denied", NULL, {{ASKING, PAGERDUTY_TRIGGER}}},
        {"notifier-down", NULL, {{CHANNEL, PAGERDUTY_TRIGGER}}},
        {"notifier-up", NULL, {{CHANNEL, PAGERDUTY_RESOLVE}}},
        {"export-failed", NULL, {{EXPORTS, PAGERDUTY_TRIGGER}}},
        {"export-recovered", NULL, {{EXPORTS, PAGERDUTY_RESOLVE}}},
        {"heartbeat", "info", {{EVENT, PAGERDUTY_TRIGGER}, {EVENT, PAGERDUTY_RESOLVE}}},
};

/* Ended without an opening: nobody needs to act on the request any more; but where shares were spent on it, the
 * credential is to be rotated, and the alert stays until that is proven. */
static const struct plan ended = {NULL, NULL, {{ASKING, PAGERDUTY_RESOLVE}, {ESCALATION, PAGERDUTY_RESOLVE}}};
static const struct plan ended_spent = {
        NULL, NULL, {{ASKING, PAGERDUTY_ACKNOWLEDGE}, {ESCALATION, PAGERDUTY_RESOLVE}}};
static const struct plan any_other = {NULL, NULL, {{EVENT, PAGERDUTY_TRIGGER}}};

/* By a last denial, too, unless somebody finds it suspicious: then somebody has to look. */
static bool has_ended_unopened(const struct delivery *d)
{
        const char *severity = event_text(d, "severity");
        bool is_suspicious = severity && !strcmp(severity, "critical");
        bool is_end = event_is(d, "closed") || event_is(d, "expired") ||
                      (event_is(d, "denied") && json_is_true(json_object_get(d->event, "ended")) && !is_suspicious);
        return is_end && event_text(d, "request_id") && event_int(d, "access_until") == 0;
}

static const struct plan *plan_of(const struct delivery *d)
{
        if (has_ended_unopened(d))
                return event_int(d, "spent") > 0 ? &ended_spent : &ended;
        for (size_t i = 0; i < COUNT_OF(plans); i++)
                if (event_is(d, plans[i].kind))
                        return &plans[i];
        return &any_other;
}

static const char *severity_of(const struct delivery *d)
{
        static const char *const known[] = {"critical", "error", "warning", "info"};
        const char *says = event_text(d, "severity");
        for (size_t i = 0; says && i < COUNT_OF(known); i++)
                if (!strcmp(known[i], says))
                        return known[i];
        return "error"; /* an event that does not say is not one to sleep through */
}

/* Every key is the same for every attempt and for every event about the same thing. */
static void write_key(const struct delivery *d, enum subject subject, char ret[PAGERDUTY_DEDUP_MAX + 1])
{
        const char *request = event_text(d, "request_id");
        const char *credential = event_text(d, "credential");
        const char *channel = event_text(d, "channel");
        const char *exports = event_text(d, "exports");
        const char *installation = event_text(d, "installation");
        const char *world = installation ? installation : "";
        size_t size = PAGERDUTY_DEDUP_MAX + 1;
        if (subject == ASKING && request)
                snprintf(ret, size, "breakglass/%s", request);
        else if (subject == ESCALATION && request)
                snprintf(ret, size, "breakglass/%s/unanswered", request);
        else if (subject == OPENING && request)
                snprintf(ret, size, "breakglass/%s/opened", request);
        else if (subject == CHANNEL && channel)
                snprintf(ret, size, "breakglass/%.64s/channel/%s", world, channel);
        else if (subject == EXPORTS && exports)
                snprintf(ret, size, "breakglass/%.64s/exports/%s", world, exports);
        else if (subject == ROTATION && credential)
                snprintf(ret, size, "breakglass/%.64s/rotation/%s", world, credential);
        else
                snprintf(ret, size, "breakglass/%s", event_text(d, "dedup_key"));
}

static bool has_key(const struct pagerduty_call calls[], size_t n, const struct pagerduty_call *c)
{
        for (size_t i = 0; i < n; i++)
                if (calls[i].action == c->action && !strcmp(calls[i].dedup_key, c->dedup_key))
                        return true;
        return false;
}

size_t pagerduty_calls(const struct delivery *d, struct pagerduty_call ret[PAGERDUTY_CALLS_MAX])
{
        const struct plan *p = plan_of(d);
        size_t n = 0;
        for (size_t i = 0; i < PAGERDUTY_CALLS_MAX && p->step[i].subject != NOTHING; i++) {
                struct pagerduty_call c = {.action = p->step[i].action,
                                           .severity = p->severity ? p->severity : severity_of(d)};
                write_key(d, p->step[i].subject, c.dedup_key);
                if (!has_key(ret, n, &c)) /* without a request, two subjects share the event's own key */
                        ret[n++] = c;
        }
        return n;
}

static void add_pair(struct bytes *ret, const char *key, const char *text)
{
        bytes_printf(ret, ",\"%s\":", key);
        bytes_add_json(ret, span_text(text));
}

static void add_details(struct bytes *ret, const struct delivery *d)
{
        struct facts f;
        facts_of(d, PAGERDUTY_SUMMARY_MAX, &f);
        bytes_add_text(ret, ",\"custom_details\":{");
        for (size_t i = 0; i < f.n; i++) {
                bytes_printf(ret, "%s\"%s\":", i ? "," : "", f.fact[i].key);
                bytes_add_json(ret, bytes_span(&f.fact[i].text));
        }
        bytes_add_byte(ret, '}');
        facts_done(&f);
}

static void add_payload(struct bytes *ret, const struct delivery *d, const char *severity)
{
        CLEANUP_BYTES struct bytes summary = BYTES_NONE, source = BYTES_NONE, component = BYTES_NONE;
        const char *name = event_text(d, "name");
        int64_t at = event_int(d, "at");
        char time[TIME_TEXT];
        words_safe(event_text(d, "text"), PAGERDUTY_SUMMARY_MAX, &summary);
        words_safe(name ? name : "breakglass", PAGERDUTY_SUMMARY_MAX, &source);
        words_safe(event_text(d, "credential"), PAGERDUTY_SUMMARY_MAX, &component);
        bytes_add_text(ret, ",\"payload\":{\"summary\":");
        bytes_add_json(ret, bytes_span(&summary));
        add_pair(ret, "source", bytes_text(&source));
        add_pair(ret, "severity", severity);
        if (at > 0)
                add_pair(ret, "timestamp", time_format(at, time));
        if (component.n)
                add_pair(ret, "component", bytes_text(&component));
        add_pair(ret, "class", event_text(d, "kind"));
        add_details(ret, d);
        bytes_add_byte(ret, '}');
}

void pagerduty_message(const struct delivery *d, const struct pagerduty_call *c, const char *routing_key,
                       struct bytes *ret)
{
        static const char *const words[] = {"trigger", "acknowledge", "resolve"};
        bytes_add_text(ret, "{\"routing_key\":");
        bytes_add_json(ret, span_text(routing_key));
        add_pair(ret, "event_action", words[c->action]);
        add_pair(ret, "dedup_key", c->dedup_key);
        if (c->action == PAGERDUTY_TRIGGER) {
                add_pair(ret, "client", "breakglass");
                add_payload(ret, d, c->severity);
        }
        bytes_add_byte(ret, '}');
}
