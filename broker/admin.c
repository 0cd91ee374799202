#include "broker/api.h"
#include "broker/exporter.h"
#include "broker/outbox.h"
#include "broker/waiters.h"
#include <inttypes.h>

static void answer_text(struct call *c, unsigned status, const char *text)
{
        struct bytes body = BYTES_NONE;
        bytes_add_text(&body, text);
        call_answer(c, status, "text/plain; charset=utf-8", &body);
}

void admin_health(struct call *c)
{
        answer_text(c, 200, "ok\n");
}

/* Ready means: an opening would be taken now. */
void admin_ready(struct call *c)
{
        struct book_counts counts;
        book_count(c->broker->book, &counts);
        if (c->broker->is_stopping)
                answer_text(c, 503, "stopping\n");
        else if (counts.is_broken)
                answer_text(c, 503, "the log can't be written\n");
        else
                answer_text(c, 200, "ready\n");
}

/* ---- Prometheus text format ---- */

static void metric(struct bytes *to, const char *name, const char *type, const char *help)
{
        bytes_printf(to, "# HELP breakglass_%s %s\n# TYPE breakglass_%s %s\n", name, help, name, type);
}

static void number(struct bytes *to, const char *name, const char *type, const char *help, uint64_t value)
{
        metric(to, name, type, help);
        bytes_printf(to, "breakglass_%s %" PRIu64 "\n", name, value);
}

static void add_http(const struct broker *b, struct bytes *to)
{
        metric(to, "http_answers_total", "counter", "Answers by class of status.");
        for (unsigned i = 2; i < COUNT_OF(b->n_answers); i++)
                bytes_printf(to, "breakglass_http_answers_total{class=\"%uxx\"} %" PRIu64 "\n", i,
                             (uint64_t)b->n_answers[i]);
        number(to, "http_connections_accepted_total", "counter", "Connections taken.", b->n_accepted);
        number(to, "http_connections", "gauge", "Connections open now.",
               (b->api_unix ? server_connections(b->api_unix) : 0) +
                       (b->api_tls ? server_connections(b->api_tls) : 0));
        number(to, "long_polls", "gauge", "Calls that wait for the log to grow.", waiters_count(b->waiters));
}

static void add_book(struct broker *b, struct bytes *to)
{
        struct book_counts n;
        struct published *now = book_now(b->book);
        book_count(b->book, &n);
        number(to, "log_entries", "gauge", "Entries of the log.", now->size);
        number(to, "log_last_entry_seconds", "gauge", "When the last entry was made (Unix time).",
               (uint64_t)now->at_ms / 1000);
        published_drop(now);
        number(to, "commits_total", "counter", "Durable commits since the start.", n.commits);
        number(to, "statements_accepted_total", "counter", "Statements appended since the start.", n.lines);
        number(to, "statements_refused_total", "counter", "Statements refused by a rule since the start.", n.refused);
        number(to, "snapshots_total", "counter", "Snapshots saved since the start.", n.snapshots);
        number(to, "statements_queued", "gauge", "Statements waiting for the writer.", n.queued);
}

static void add_requests(struct broker *b, struct bytes *to)
{
        uint64_t open = 0, overdue = 0;
        int64_t at = book_clock(b->book);
        const struct ledger *l = book_read(b->book);
        for (size_t i = 0; i < ledger_incidents(l); i++) {
                struct incident_view v;
                ledger_incident_at(l, i, at, &v);
                open += v.live;
                overdue += v.is_overdue;
        }
        book_read_done(b->book);
        number(to, "openings", "gauge", "Openings that have not ended.", open);
        number(to, "postmortems_overdue", "gauge", "Incidents whose post-mortem is overdue.", overdue);
}

struct channel_metric {
        struct bytes *to;
        const char *name;
        size_t which;
};

static void add_channel(void *context, const struct page_channel *ch)
{
        const struct channel_metric *m = context;
        const uint64_t values[] = {ch->is_down, ch->queued, ch->accepted, ch->failures};
        bytes_printf(m->to, "breakglass_%s{channel=\"%s\"} %" PRIu64 "\n", m->name, ch->name, values[m->which]);
}

static void add_channels(struct broker *b, struct bytes *to)
{
        static const struct {
                const char *name, *type, *help;
        } metrics[] = {
                {"channel_down", "gauge", "Whether the channel's deliveries keep failing."},
                {"channel_pages_queued", "gauge", "Pages that the channel has not taken yet."},
                {"channel_accepted_total", "counter", "Deliveries accepted since the start."},
                {"channel_failures_total", "counter", "Attempts that were not accepted since the start."},
        };
        for (size_t i = 0; i < COUNT_OF(metrics); i++) {
                struct channel_metric m = {to, metrics[i].name, i};
                metric(to, metrics[i].name, metrics[i].type, metrics[i].help);
                outbox_each_channel(b->outbox, add_channel, &m);
        }
}

/* By the log: it knows also what was before the start. */
static void add_last_success(struct broker *b, struct bytes *to)
{
        struct config *config = broker_config(b);
        const struct ledger *l = book_read(b->book);
        metric(to, "channel_last_success_seconds", "gauge", "When the channel last accepted a page (Unix time).");
        for (size_t i = 0; i < ledger_channels(l); i++) {
                struct channel_view v;
                ledger_channel_at(l, i, &v);
                if (v.last_accepted_ms > 0 && config_channel(config, v.channel))
                        bytes_printf(to, "breakglass_channel_last_success_seconds{channel=\"%s\"} %" PRId64 "\n",
                                     v.channel, v.last_accepted_ms / 1000);
        }
        book_read_done(b->book);
        config_drop(config);
}

static void add_pages(struct broker *b, struct bytes *to)
{
        uint64_t n = 0;
        if (store_count_pages(b->store, &n) == OK)
                number(to, "pages_queued", "gauge", "Pages not delivered yet.", n);
        add_channels(b, to);
        add_last_success(b, to);
}

/* Of scheduled exports; nothing at all when none are configured. */
static void add_exports(struct broker *b, struct bytes *to)
{
        struct export_view v;
        exporter_view(b->exporter, &v);
        if (!v.every_ms)
                return;
        number(to, "export_every_seconds", "gauge", "How often an export is to be made.",
               (uint64_t)v.every_ms / 1000);
        if (v.last_at_ms) {
                const int64_t age_ms = book_clock(b->book) - v.last_at_ms;
                number(to, "export_age_seconds", "gauge",
                       "How long ago the last verified export held all of the log.",
                       (uint64_t)(age_ms > 0 ? age_ms : 0) / 1000);
                number(to, "export_bytes", "gauge", "Size of the last verified export.", v.bytes);
                number(to, "export_entries", "gauge", "Entries of the log in the last verified export.", v.entries);
        }
        number(to, "exports_written_total", "counter", "Exports written and verified since the start.", v.written);
        number(to, "export_failures_total", "counter", "Exports that failed since the start.", v.failures);
        if (!v.hands_over)
                return;
        number(to, "exports_handed_over_total", "counter", "Exports that the program took since the start.",
               v.handed_over);
        number(to, "export_hand_over_failures_total", "counter", "Attempts that the program did not take.",
               v.hand_over_failures);
}

void admin_metrics(struct call *c)
{
        struct bytes body = BYTES_NONE;
        struct broker *b = c->broker;
        number(&body, "start_time_seconds", "gauge", "When the broker was started (Unix time).",
               (uint64_t)b->started_ms / 1000);
        add_book(b, &body);
        add_requests(b, &body);
        add_pages(b, &body);
        add_exports(b, &body);
        add_http(b, &body);
        call_answer(c, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}
