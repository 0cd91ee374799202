#include "base/clock.h"
#include "base/log.h"
#include "broker/exporter_internal.h"
#include <string.h>

const char *const export_trouble_words[EXPORT_TROUBLES] = {"making", "overdue", "handing-over"};

static void set_trouble(struct exporter *x, enum export_trouble t, const char *why)
{
        x->view.trouble[t].standing = why ? EXPORT_TROUBLED : EXPORT_FINE;
        snprintf(x->view.trouble[t].why, sizeof x->view.trouble[t].why, "%s", why ? why : "");
}

/* ---- one export ---- */

/* A young one that is not of this log (of another history, before the broker was restored) is not to be relied on. */
static bool is_of_our_log(struct exporter *x, const struct export_outcome *o)
{
        const uint64_t n = o->name.stamp.entries;
        const struct ledger *l = book_read(x->broker->book);
        bool is_ours = n <= ledger_size(l);
        if (is_ours) {
                const struct hash root = ledger_root_at(l, n);
                is_ours = hash_equal(&root, &o->root);
        }
        book_read_done(x->broker->book);
        return is_ours;
}

static void say_outcome(const struct export_outcome *o)
{
        CLEANUP_BYTES struct bytes event = BYTES_NONE;
        if (*o->damaged)
                log_event(LOG_LEVEL_ERROR, "export.damaged", F_TEXT("file", o->damaged),
                          F_TEXT("why", "it no longer verifies: see to the disk"));
        bytes_printf(&event, "export.%s", export_result_words[o->result]);
        log_event(*o->why ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, bytes_text(&event), F_TEXT("file", o->name.text),
                  F_INT("entries", (int64_t)o->name.stamp.entries), F_INT("bytes", (int64_t)o->bytes),
                  F_INT("pruned", (int64_t)o->pruned), F_TEXT("why", o->why));
}

static void take_good(struct exporter *x, const struct export_order *order, const struct export_outcome *o,
                      int64_t started_ms)
{
        const int64_t at_ms = o->result == EXPORT_YOUNG ? o->name.stamp.at_ms : order->at_ms;
        const bool is_new = strcmp(o->name.text, x->handed_over) != 0;
        x->newest = o->name;
        export_schedule_good(&x->schedule, started_ms - (order->at_ms - at_ms), is_new, broker_monotonic(x->broker));
        x->view.last_at_ms = at_ms;
        x->view.entries = o->name.stamp.entries;
        x->view.bytes = o->bytes;
        x->view.written += o->result == EXPORT_WRITTEN;
        /* A folder that can't be pruned fills its disk some day. */
        set_trouble(x, EXPORT_TROUBLE_MAKING, *o->why ? o->why : NULL);
}

static void take_failed(struct exporter *x, const struct export_outcome *o)
{
        export_schedule_failed(&x->schedule, broker_monotonic(x->broker));
        x->view.failures++;
        set_trouble(x, EXPORT_TROUBLE_MAKING, o->why);
}

void exporter_take_outcome(struct exporter *x, const struct export_order *order, const struct export_outcome *o,
                           int64_t started_ms)
{
        const bool is_foreign = o->result == EXPORT_YOUNG && !is_of_our_log(x, o);
        say_outcome(o);
        pthread_mutex_lock(&x->lock);
        if (is_foreign)
                export_schedule_distrust(&x->schedule);
        else if (o->result == EXPORT_FAILED)
                take_failed(x, o);
        else if (o->result == EXPORT_BUSY)
                export_schedule_busy(&x->schedule, broker_monotonic(x->broker));
        else
                take_good(x, order, o, started_ms);
        pthread_mutex_unlock(&x->lock);
}

/* ---- handing it over ---- */

void exporter_take_handed(struct exporter *x, const struct export_handed *h)
{
        const bool is_accepted = h->what == DELIVERY_ACCEPTED;
        log_event(is_accepted ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
                  is_accepted ? "export.handed_over" : "export.not_handed_over", F_TEXT("file", x->newest.text),
                  F_TEXT("result", delivery_words[h->what]), F_TEXT("detail", h->detail));
        pthread_mutex_lock(&x->lock);
        export_schedule_handed_over(&x->schedule, h->what, h->was_killed, broker_monotonic(x->broker));
        x->view.handed_over += is_accepted;
        x->view.hand_over_failures += !is_accepted;
        if (is_accepted)
                set_trouble(x, EXPORT_TROUBLE_HANDING_OVER, NULL);
        else if (export_schedule_is_hand_over_failing(&x->schedule))
                set_trouble(x, EXPORT_TROUBLE_HANDING_OVER, h->detail);
        pthread_mutex_unlock(&x->lock);
        if (is_accepted)
                memcpy(x->handed_over, x->newest.text, sizeof x->handed_over);
}

/* ---- for others to look at ---- */

static void judge_age(struct exporter *x, int64_t now_ms)
{
        char age[DURATION_TEXT], why[64];
        if (!export_schedule_is_overdue(&x->schedule, now_ms)) {
                if (x->schedule.has_looked)
                        set_trouble(x, EXPORT_TROUBLE_OVERDUE, NULL);
                return;
        }
        duration_for_people(now_ms - x->schedule.good_ms, age);
        snprintf(why, sizeof why, "none was good for %s", age);
        set_trouble(x, EXPORT_TROUBLE_OVERDUE, why);
}

void exporter_view(struct exporter *x, struct export_view *ret)
{
        pthread_mutex_lock(&x->lock);
        if (x->schedule.every_ms)
                judge_age(x, broker_monotonic(x->broker));
        *ret = x->view;
        pthread_mutex_unlock(&x->lock);
}
