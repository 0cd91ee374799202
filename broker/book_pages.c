#include "broker/book_internal.h"
#include "broker/events.h"
#include <inttypes.h>
#include <string.h>

#define REMIND_URGENT_MS (15 * MINUTE_MS)
#define REMIND_DAILY_MS  DAY_MS
#define LOOK_EACH_MS     (30 * SECOND_MS)
#define HOOK_MEMORY_MS   (7 * DAY_MS)
#define TOLD_MEMORY_MS   (30 * DAY_MS)

static void page(struct book *b, struct event *e)
{
        book_page(b, e);
        event_done(e);
}

/* ---- the request that a page is about, so that it says who, what and until when ---- */

/* The one of an incident that was opened last. */
static bool request_of_incident(const struct book *b, const char *incident, int64_t at_ms, struct request_view *ret)
{
        bool has = false;
        for (size_t i = 0; i < ledger_requests(b->ledger); i++) {
                struct request_view r;
                ledger_request_at(b->ledger, i, at_ms, &r);
                if (strcmp(r.incident, incident) != 0 || !r.opened_at_ms)
                        continue;
                has = true;
                *ret = r;
        }
        return has;
}

/* The last one that a share of the version left its holder for. */
static bool request_of_version(const struct book *b, const struct hash *version, int64_t at_ms,
                               struct request_view *ret)
{
        bool has = false;
        for (size_t i = 0; i < ledger_requests(b->ledger); i++) {
                struct request_view r;
                ledger_request_at(b->ledger, i, at_ms, &r);
                if (!hash_equal(&r.version, version) || !r.approvals_ever)
                        continue;
                has = true;
                *ret = r;
        }
        return has;
}

/* ---- rotations ---- */

static void begin_version(const struct version_view *v, const char *kind, const char *severity, int64_t at_ms,
                          struct event *ret)
{
        *ret = (struct event){
                .kind = kind, .severity = severity, .at_ms = at_ms, .credential = v->fields->credential};
}

static void key_of_version(struct event *e, const struct version_view *v, int64_t more)
{
        char id[HASH_HEX + 1];
        hash_to_hex(&v->id, id);
        event_key(e, "%s/%s/%" PRId64, e->kind, id, more);
}

static void page_failed(struct book *b, const struct statement *s, const struct version_view *v, int64_t at_ms)
{
        static const char *const steps[] = {"claim", "set", "test", "promoted", "revoke", "done"};
        struct request_view r;
        struct event e;
        begin_version(v, "rotation-failed", "critical", at_ms, &e);
        if (request_of_version(b, &v->id, at_ms, &r))
                e.request = &r;
        e.who = s->by[0];
        key_of_version(&e, v, (int64_t)ledger_size(b->ledger));
        if (s->rotation.step == STEP_DONE)
                bytes_printf(&e.text, "%s was rotated, but version %" PRIu64 " is not proven dead",
                             v->fields->credential, v->fields->number);
        else
                bytes_printf(&e.text, "rotation of %s: step `%s` %s", v->fields->credential, steps[s->rotation.step],
                             s->rotation.outcome == OUTCOME_FAILED ? "failed" : "has an unknown outcome");
        page(b, &e);
}

static void page_rotated(struct book *b, const struct version_view *v, const struct request_view *r, const char *who,
                         int64_t at_ms)
{
        struct event e;
        begin_version(v, "rotated", "info", at_ms, &e);
        e.who = who;
        e.request = r;
        key_of_version(&e, v, r ? (int64_t)r->n : 0);
        bytes_printf(&e.text, "%s was rotated: version %" PRIu64 " is proven dead", v->fields->credential,
                     v->fields->number);
        page(b, &e);
}

/* One for each request that this rotation settles, so that every alert of theirs is resolved. */
static void page_done(struct book *b, const struct version_view *v, const char *who, int64_t at_ms)
{
        bool has_request = false;
        for (size_t i = 0; i < ledger_requests(b->ledger); i++) {
                struct request_view r;
                ledger_request_at(b->ledger, i, at_ms, &r);
                if (!hash_equal(&r.version, &v->id) || (!r.approvals_ever && !r.opened_at_ms))
                        continue;
                has_request = true;
                page_rotated(b, v, &r, who, at_ms);
        }
        if (!has_request)
                page_rotated(b, v, NULL, who, at_ms);
}

void page_rotation(struct book *b, const struct statement *s, const struct version_view *v, int64_t at_ms)
{
        bool is_bad = s->rotation.outcome == OUTCOME_FAILED || s->rotation.outcome == OUTCOME_UNKNOWN;
        if (s->rotation.step == STEP_DONE && s->rotation.old != OLD_UNPROVEN)
                page_done(b, v, s->by[0], at_ms);
        else if (s->rotation.step == STEP_DONE || is_bad)
                page_failed(b, s, v, at_ms);
}

static void page_proposed(struct book *b, const struct statement *s, int64_t at_ms)
{
        char until[TIME_TEXT];
        struct event e = {.kind = "close-proposed",
                          .severity = "warning",
                          .at_ms = at_ms,
                          .who = s->notice.channel,
                          .incident = s->notice.incident,
                          .is_of_incident = true};
        struct request_view r;
        if (request_of_incident(b, s->notice.incident, at_ms, &r))
                e.request = &r;
        event_key(&e, "close-proposed/%s/%" PRId64, s->notice.incident, s->notice.deadline_ms);
        bytes_printf(&e.text, "incident %s is called resolved: its openings close at %s unless somebody holds them",
                     s->notice.incident, time_format(s->notice.deadline_ms, until));
        page(b, &e);
}

/* By the other channels: this one's own would not arrive, or says nothing new. */
static void page_channel_health(struct book *b, const struct statement *s, int64_t at_ms)
{
        bool is_down = s->notice.outcome == NOTICE_FAILED;
        struct event e = {.kind = is_down ? "notifier-down" : "notifier-up",
                          .severity = is_down ? "error" : "info",
                          .at_ms = at_ms,
                          .not_by = s->notice.channel};
        event_key(&e, "%s/%s/%" PRId64, e.kind, s->notice.channel, at_ms);
        if (is_down)
                bytes_printf(&e.text, "pages by %s keep failing: look at its notifier", s->notice.channel);
        else
                bytes_printf(&e.text, "pages by %s arrive again", s->notice.channel);
        if (is_down && s->notice.detail)
                bytes_printf(&e.text, " (%s)", s->notice.detail);
        page(b, &e);
}

void page_notice(struct book *b, const struct statement *s, bool is_outcome, int64_t at_ms)
{
        if (s->notice.outcome == NOTICE_PROPOSED_CLOSE)
                page_proposed(b, s, at_ms);
        else if (!is_outcome) /* the outcome of a page must never page: that would never end */
                page_channel_health(b, s, at_ms);
}

/* ---- what is said again until it is done ---- */

/* Whether this is to be said now. */
static bool is_time(struct book *b, const char *key, int64_t now, int64_t each_ms)
{
        bool is_new = false;
        return book_begin(b) && book_kept(b, store_remember(b->setup.store, key, now, each_ms, &is_new)) && is_new;
}

struct reminder {
        const char *about, *kind, *severity;
        int64_t each_ms;
};

static void remind_version(struct book *b, const struct version_view *v, const struct reminder *m, int64_t now,
                           const char *what)
{
        char id[HASH_HEX + 1], key[128];
        struct event e;
        hash_to_hex(&v->id, id);
        snprintf(key, sizeof key, "remind/%s/%s", m->about, id);
        if (!is_time(b, key, now, m->each_ms))
                return;
        struct request_view r;
        begin_version(v, m->kind, m->severity, now, &e);
        if (request_of_version(b, &v->id, now, &r)) {
                e.request = &r;
                e.who = r.requester;
        }
        key_of_version(&e, v, now);
        bytes_printf(&e.text, "%s: version %" PRIu64 " %s", v->fields->credential, v->fields->number, what);
        page(b, &e);
}

static const char *what_is_due(enum rotation_reason why)
{
        switch (why) {
        case NOT_DUE: return "is due for rotation";
        case DUE_SPENT: return "was broken open and waits for its rotation";
        case DUE_OUTDATED: return "no longer fits its policy and waits for its rotation";
        case DUE_ORDERED: return "is to be rotated by order and is not yet";
        case DUE_AGE: return "is older than its policy allows and waits for its rotation";
        }
        return "is due for rotation";
}

/* The new one is sealed, and too few could open it: who has to move is said as soon as it is so. */
static bool waits_for_custody(const struct book *b, const struct rotation_view *r, int64_t now, struct bytes *ret)
{
        struct version_view pending;
        if (!r->has_pending || r->set != OUTCOME_NONE || r->has_fresh_custody ||
            !ledger_version_by_id(b->ledger, &r->pending, &pending))
                return false;
        bytes_printf(ret, "; the new one waits until %u holders have proven their shares, still to come: ",
                     pending.fields->need);
        ledger_custody_wanted(b->ledger, &pending, now, ret);
        bytes_add_text(ret, " (`breakglass inbox`)");
        return true;
}

static void remind_due(struct book *b, const struct version_view *v, int64_t now)
{
        CLEANUP_BYTES struct bytes what = BYTES_NONE;
        struct rotation_view r;
        if (!ledger_rotation(b->ledger, &v->id, now, &r) || r.due == NOT_DUE || r.is_done)
                return;
        bool is_urgent = r.due == DUE_SPENT || r.due == DUE_ORDERED;
        struct reminder m = {"rotation-due", "rotation-due", is_urgent ? "error" : "warning",
                             is_urgent ? REMIND_URGENT_MS : REMIND_DAILY_MS};
        bytes_add_text(&what, what_is_due(r.due));
        if (waits_for_custody(b, &r, now, &what))
                m.about = "custody";
        remind_version(b, v, &m, now, bytes_text(&what));
}

/* A replaced version that nobody has proven dead: in the middle of a rotation that takes too long, or for good. */
static void remind_unproven(struct book *b, const struct version_view *v, int64_t now)
{
        struct rotation_view r;
        struct version_view current;
        if (v->evidence == OLD_REFUSED || v->evidence == OLD_REPLACED ||
            !ledger_rotation(b->ledger, &v->id, now, &r) ||
            !ledger_current_version(b->ledger, v->fields->credential, &current) ||
            now < current.current_since_ms + REMIND_URGENT_MS)
                return;
        bool is_running = r.is_promoted && !r.is_done;
        const struct reminder m = {"rotation-failed", "rotation-failed", is_running ? "critical" : "error",
                                   is_running ? REMIND_URGENT_MS : REMIND_DAILY_MS};
        remind_version(b, v, &m, now, "was replaced, but is not proven dead");
}

static void remind_versions(struct book *b, int64_t now)
{
        for (size_t i = 0; i < ledger_versions(b->ledger) && !b->is_fatal; i++) {
                struct version_view v;
                ledger_version_at(b->ledger, i, &v);
                if (v.is_retired)
                        continue;
                if (v.state == VERSION_CURRENT)
                        remind_due(b, &v, now);
                else if (v.state == VERSION_REPLACED)
                        remind_unproven(b, &v, now);
        }
}

static void remind_postmortems(struct book *b, int64_t now)
{
        for (size_t i = 0; i < ledger_incidents(b->ledger) && !b->is_fatal; i++) {
                struct incident_view v;
                char key[192];
                ledger_incident_at(b->ledger, i, now, &v);
                snprintf(key, sizeof key, "remind/postmortem-due/%s", v.incident);
                if (!v.is_overdue || !is_time(b, key, now, REMIND_DAILY_MS))
                        continue;
                struct event e = {.kind = "postmortem-due",
                                  .severity = "warning",
                                  .at_ms = now,
                                  .incident = v.incident,
                                  .is_of_incident = true};
                struct request_view r;
                if (request_of_incident(b, v.incident, now, &r)) {
                        e.request = &r;
                        e.who = r.requester;
                }
                event_key(&e, "postmortem-due/%s/%" PRId64, v.incident, now);
                bytes_printf(&e.text, "the post-mortem of incident %s is overdue", v.incident);
                page(b, &e);
        }
}

static void beat(struct book *b, int64_t now)
{
        if (!b->config->heartbeat_ms || !is_time(b, "remind/heartbeat", now, b->config->heartbeat_ms))
                return;
        struct event e = {.kind = "heartbeat", .severity = "info", .at_ms = now};
        event_key(&e, "heartbeat/%" PRId64, now);
        bytes_add_text(&e.text, "the break-glass broker is alive");
        page(b, &e);
}

/* Once for each start that went on from the log's last line instead of the machine's clock. */
static void page_clock(struct book *b, int64_t now)
{
        if (!b->time.is_frozen || b->has_paged_clock)
                return;
        struct event e = {.kind = "clock-behind", .severity = "error", .at_ms = now};
        b->has_paged_clock = true;
        event_key(&e, "clock-behind/%" PRId64, b->time.frozen_base_ms);
        bytes_add_text(&e.text,
                       "the broker was started with --accept-clock: its machine's clock is behind the log; set it");
        page(b, &e);
}

void reminders_do(struct book *b)
{
        int64_t now = book_clock(b);
        if ((now < b->next_reminder_ms && !atomic_exchange(&b->is_reminded, false)) || b->is_fatal)
                return;
        b->next_reminder_ms = now + LOOK_EACH_MS;
        if (b->config->n_channels == 0)
                return;
        remind_versions(b, now);
        remind_postmortems(b, now);
        beat(b, now);
        page_clock(b, now);
        remind_exports(b, now);
        if (book_begin(b))
                book_kept(b, store_forget(b->setup.store, "hook/", now - HOOK_MEMORY_MS));
        told_forget(b, now - TOLD_MEMORY_MS);
}
