#include "broker/events.h"
#include "base/clock.h"
#include <inttypes.h>
#include <stdarg.h>

/* A roster may hold more and longer handles than any page needs. */
#define PEOPLE_MAX   32u
#define CONTACTS_MAX 8u
#define PEOPLE_BYTES (16u * 1024u)

void event_done(struct event *e)
{
        bytes_done(&e->text);
}

void event_key(struct event *e, const char *format, ...)
{
        va_list list;
        va_start(list, format);
        vsnprintf(e->dedup_key, sizeof e->dedup_key, format, list);
        va_end(list);
}

/* ---- writing ---- */

static void add_text(struct bytes *to, const char *key, const char *text)
{
        if (!text)
                return;
        bytes_printf(to, ",\"%s\":", key);
        bytes_add_json(to, span_text(text));
}

static void add_int(struct bytes *to, const char *key, int64_t value)
{
        bytes_printf(to, ",\"%s\":%" PRId64, key, value);
}

static void add_hash(struct bytes *to, const char *key, const struct hash *h)
{
        char hex[HASH_HEX + 1];
        hash_to_hex(h, hex);
        add_text(to, key, hex);
}

static void add_request(const struct request_view *r, const struct roster *roster, struct bytes *to)
{
        const struct emergency *emergency = roster_emergency(roster, r->emergency);
        const struct policy *policy =
                roster_credential(roster, r->credential) ? roster_policy_of(roster, r->credential) : NULL;
        bytes_printf(to, ",\"request\":\"R%" PRIu64 "\"", r->n);
        add_hash(to, "request_id", &r->id);
        add_text(to, "requester", r->requester);
        add_text(to, "emergency", r->emergency);
        add_text(to, "emergency_means", emergency ? emergency->means : NULL);
        if (policy && policy->share_reasons)
                add_text(to, "reason", r->reason);
        add_int(to, "approvals", r->approvals);
        add_int(to, "threshold", r->threshold);
        add_int(to, "spent", r->approvals_ever);
        add_int(to, "expires_at", r->expires_at_ms);
        if (r->access_until_ms)
                add_int(to, "access_until", r->access_until_ms);
        if (r->end == END_OFFLINE)
                bytes_add_text(to, ",\"offline\":true");
        if (r->is_dark)
                bytes_add_text(to, ",\"dark\":true");
}

/* What to type next. The code is not among it: that comes from the requester, by voice. */
static void add_commands(const struct request_view *r, struct bytes *to)
{
        if (r->state == REQUEST_ENDED)
                return;
        bytes_printf(to, ",\"to_approve\":\"breakglass approve R%" PRIu64 "\"", r->n);
        bytes_printf(to, ",\"to_refuse\":\"breakglass deny R%" PRIu64 "\"", r->n);
        if (r->state != REQUEST_OPENED)
                return;
        if (r->has_incident) {
                CLEANUP_BYTES struct bytes close = BYTES_NONE;
                bytes_printf(&close, "breakglass close %s", r->incident);
                add_text(to, "to_close", bytes_text(&close));
        } else {
                bytes_printf(to, ",\"to_close\":\"breakglass close R%" PRIu64 "\"", r->n);
        }
}

/* Their handles, so that a channel can call them by the name they have there. */
static void add_person(const struct person *p, bool is_first, struct bytes *to)
{
        bytes_printf(to, "%s{\"name\":", is_first ? "" : ",");
        bytes_add_json(to, span_text(p->name));
        bytes_add_text(to, ",\"contact\":{");
        for (size_t i = 0; i < p->n_contacts && i < CONTACTS_MAX; i++) {
                if (i)
                        bytes_add_byte(to, ',');
                bytes_add_json(to, span_text(p->contacts[i].channel));
                bytes_add_byte(to, ':');
                bytes_add_json(to, span_text(p->contacts[i].address));
        }
        bytes_add_text(to, "}}");
}

static void add_people(const struct name_list *people, const struct roster *roster, struct bytes *to)
{
        size_t n = 0;
        bytes_add_text(to, ",\"to\":[");
        for (size_t i = 0; i < people->n && n < PEOPLE_MAX; i++) {
                const struct person *p = roster_person(roster, people->name[i]);
                if (p && to->n < PEOPLE_BYTES)
                        add_person(p, n++ == 0, to);
        }
        bytes_add_byte(to, ']');
}

static void add_credential(const char *name, const struct roster *roster, struct bytes *to)
{
        const struct credential *c = name ? roster_credential(roster, name) : NULL;
        add_text(to, "credential", name);
        add_text(to, "opens_what", c ? c->opens_what : NULL);
}

void event_write(const struct event *e, const struct ledger *l, const struct name_list *people, bool is_quiet,
                 struct bytes *ret)
{
        const struct roster *roster = ledger_roster(l);
        const struct request_view *r = e->request;
        struct hash root = ledger_root(l);
        char hex[HASH_HEX + 1];
        bytes_printf(ret, "{\"kind\":\"%s\"", e->kind);
        add_text(ret, "dedup_key", e->dedup_key);
        add_text(ret, "text", bytes_text(&e->text));
        add_text(ret, "severity", e->severity);
        add_int(ret, "at", e->at_ms);
        add_hash(ret, "installation", ledger_installation(l));
        add_text(ret, "name", roster->name);
        add_text(ret, "who", e->who);
        add_credential(e->credential ? e->credential : r ? r->credential : NULL, roster, ret);
        add_text(ret, "incident", e->incident ? e->incident : r ? r->incident : NULL);
        if (r) {
                add_request(r, roster, ret);
                add_commands(r, ret);
        }
        if (r && r->state == REQUEST_ENDED)
                bytes_add_text(ret, ",\"ended\":true");
        add_text(ret, "channel", e->not_by);
        add_text(ret, "exports", e->exports);
        if (is_quiet)
                bytes_add_text(ret, ",\"quiet\":true");
        add_people(people, roster, ret);
        hash_to_hex(&root, hex);
        bytes_printf(ret, ",\"head\":{\"size\":%" PRIu64 ",\"root\":\"%s\"}}", ledger_size(l), hex);
}

/* ---- events of a request ---- */

static void begin(const struct request_view *r, const char *kind, const char *severity, const char *who,
                  int64_t at_ms, struct event *ret)
{
        *ret = (struct event){.kind = kind, .severity = severity, .at_ms = at_ms, .who = who, .request = r};
}

/* KIND/REQUEST-ID[/WHAT] */
static void key_of_request(struct event *e, const struct hash *what)
{
        char id[HASH_HEX + 1], more[HASH_HEX + 1] = "";
        hash_to_hex(&e->request->id, id);
        if (what)
                hash_to_hex(what, more);
        event_key(e, "%s/%s%s%s", e->kind, id, what ? "/" : "", more);
}

void event_requested(const struct request_view *r, int64_t at_ms, struct event *ret)
{
        begin(r, "requested", "warning", r->requester, at_ms, ret);
        key_of_request(ret, NULL);
        bytes_printf(&ret->text, "%s asks for %s (R%" PRIu64 ", emergency %s, incident %s); %u approvals are needed",
                     r->requester, r->credential, r->n, r->emergency, r->incident, r->threshold);
}

void event_escalated(const struct request_view *r, const struct escalation_step *step, int64_t at_ms,
                     struct event *ret)
{
        char id[HASH_HEX + 1], waited[DURATION_TEXT];
        begin(r, "escalated", "error", r->requester, at_ms, ret);
        ret->to = &step->to;
        hash_to_hex(&r->id, id);
        event_key(ret, "escalated/%s/%" PRId64, id, step->after_ms);
        bytes_printf(&ret->text,
                     "%s still waits for %s (R%" PRIu64 ", emergency %s, incident %s): %u of %u approvals after %s",
                     r->requester, r->credential, r->n, r->emergency, r->incident, r->approvals, r->threshold,
                     duration_for_people(at_ms - r->at_ms, waited));
}

void event_unanswered(const struct request_view *r, int64_t at_ms, struct event *ret)
{
        char waited[DURATION_TEXT];
        begin(r, "unanswered", "critical", r->requester, at_ms, ret);
        key_of_request(ret, NULL);
        bytes_printf(&ret->text,
                     "NOBODY ANSWERS: %s has waited %s for %s (R%" PRIu64
                     ", emergency %s, incident %s) and has %u of %u approvals; everybody was paged: call them",
                     r->requester, duration_for_people(at_ms - r->at_ms, waited), r->credential, r->n, r->emergency,
                     r->incident, r->approvals, r->threshold);
}

void event_approved(const struct request_view *r, const char *who, const struct hash *statement, int64_t at_ms,
                    struct event *ret)
{
        begin(r, "approved", "info", who, at_ms, ret);
        key_of_request(ret, statement);
        bytes_printf(&ret->text, "%s approved %s's request for %s (R%" PRIu64 "): %u of %u", who, r->requester,
                     r->credential, r->n, r->approvals, r->threshold);
}

void event_ready(const struct request_view *r, int64_t at_ms, struct event *ret)
{
        begin(r, "ready", "warning", r->requester, at_ms, ret);
        key_of_request(ret, NULL);
        bytes_printf(&ret->text, "%s can now open %s (R%" PRIu64 ", incident %s)", r->requester, r->credential, r->n,
                     r->incident);
}

void event_opened(const struct request_view *r, int64_t at_ms, struct event *ret)
{
        begin(r, "opened", "critical", r->requester, at_ms, ret);
        key_of_request(ret, NULL);
        ret->is_urgent = true;
        if (r->end == END_OFFLINE) {
                bytes_printf(&ret->text,
                             "GLASS BROKEN OFFLINE: %s had opened %s without the broker (R%" PRIu64
                             ", emergency %s, incident %s), nobody knows when; %u approvals were brought along",
                             r->requester, r->credential, r->n, r->emergency, r->incident, r->approvals_ever);
                return;
        }
        bytes_printf(&ret->text, "GLASS BROKEN: %s opened %s (R%" PRIu64 ", emergency %s, incident %s)%s",
                     r->requester, r->credential, r->n, r->emergency, r->incident,
                     r->is_dark ? " without an accepted page" : "");
}

void event_denied(const struct request_view *r, const char *who, bool is_suspicious, const struct hash *statement,
                  int64_t at_ms, struct event *ret)
{
        begin(r, "denied", is_suspicious ? "critical" : "warning", who, at_ms, ret);
        key_of_request(ret, statement);
        bytes_printf(&ret->text, "%s denied %s's request for %s (R%" PRIu64 ")%s%s", who, r->requester, r->credential,
                     r->n, is_suspicious ? " as suspicious" : "",
                     r->state == REQUEST_ENDED ? "; not enough approvals are possible any more" : "");
}

static const char *how_it_ended(enum request_end end)
{
        switch (end) {
        case END_NONE: return "has ended";
        case END_DENIED: return "was denied";
        case END_CANCELLED: return "was cancelled";
        case END_DONE: return "was closed";
        case END_TIME: return "was closed: its time is over";
        case END_WEBHOOK: return "was closed: the incident is resolved";
        case END_EXPIRED: return "expired unopened";
        case END_OFFLINE: return "was opened offline";
        case END_RETIRED: return "ended: its credential was retired";
        }
        return "has ended";
}

void event_ended(const struct request_view *r, const char *who, int64_t at_ms, struct event *ret)
{
        bool is_expired = r->end == END_EXPIRED;
        begin(r, is_expired ? "expired" : "closed", "info", who, at_ms, ret);
        key_of_request(ret, NULL);
        bytes_printf(&ret->text, "%s's request for %s (R%" PRIu64 ", incident %s) %s", r->requester, r->credential,
                     r->n, r->incident, how_it_ended(r->end));
}
