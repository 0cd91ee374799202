#include "broker/broker.h"
#include "base/file.h"
#include "base/log.h"
#include "broker/api.h"
#include "broker/exporter.h"
#include "broker/lock.h"
#include "broker/outbox.h"
#include "broker/page_route.h"
#include "broker/tls.h"
#include "broker/waiters.h"
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define DRAIN_MS INT64_C(10000)

/* ---- what every part asks ---- */

struct config *broker_config(struct broker *b)
{
        pthread_mutex_lock(&b->config_lock);
        struct config *c = config_keep(b->config);
        pthread_mutex_unlock(&b->config_lock);
        return c;
}

int64_t broker_monotonic(const struct broker *b)
{
        return b->clock->monotonic_ms(b->clock->context);
}

void broker_fail(struct broker *b, enum err e)
{
        int none = 0;
        if (atomic_compare_exchange_strong(&b->exit_code, &none, err_exit(e)))
                log_event(LOG_LEVEL_ERROR, "broker.failed", F_TEXT("error", err_word(e)),
                          F_TEXT("why", err_reason()));
        kill(getpid(), SIGTERM); /* the main thread stops everything in order */
}

/* ---- what the book calls ---- */

static struct config *config_of(void *context)
{
        return broker_config(context);
}

static void exports_of(void *context, struct export_view *ret)
{
        const struct broker *b = context;
        exporter_view(b->exporter, ret);
}

static void on_published(void *context, uint64_t size)
{
        struct broker *b = context;
        waiters_grown(b->waiters, size);
}

static void on_paged(void *context)
{
        struct broker *b = context;
        outbox_kick(b->outbox);
}

static void on_failed(void *context, enum err e)
{
        broker_fail(context, e);
}

/* ---- opening ---- */

static enum err load_keys(struct broker *b)
{
        enum err e = signing_key_load(b->config->sign_key, &b->keys[0]);
        if (e != OK)
                return e;
        b->n_keys = 1;
        if (!b->config->sign_next_key)
                return OK;
        if ((e = signing_key_load(b->config->sign_next_key, &b->keys[1])) == OK)
                b->n_keys = 2;
        return e;
}

static enum err open_store(struct broker *b)
{
        CLEANUP_FREE char *path = path_join(b->config->state, STORE_FILE);
        enum err e = store_open(path, STORE_WRITE, &b->store);
        return e == ERR_NO_ENTRY
                       ? err_because(ERR_CORRUPT_STORE, "%s is not there; `breakglassd init` makes it", path)
                       : e;
}

static enum err open_book(struct broker *b, bool is_clock_accepted)
{
        struct book_setup setup = {.store = b->store,
                                   .clock = b->clock,
                                   .keys = b->keys,
                                   .n_keys = b->n_keys,
                                   .is_clock_accepted = is_clock_accepted,
                                   .config = config_of,
                                   .exports = exports_of,
                                   .published = on_published,
                                   .paged = on_paged,
                                   .failed = on_failed,
                                   .context = b};
        return book_open(&setup, &b->book);
}

enum err broker_open(struct broker *b, const char *config_path, bool is_clock_accepted)
{
        enum err e;
        pthread_mutex_init(&b->config_lock, NULL);
        b->lock_fd = -1;
        b->clock = &clock_system;
        b->started_ms = clock_now_ms();
        b->config_path = mem_text(config_path);
        b->sessions = sessions_new();
        b->limits = limits_new();
        b->waiters = waiters_new();
        if ((e = config_read(config_path, &b->config)) != OK || (e = load_keys(b)) != OK ||
            (e = state_lock(b->config, &b->lock_fd)) != OK || (e = open_store(b)) != OK)
                return e;
        return open_book(b, is_clock_accepted);
}

/* ---- listening ---- */

static enum err start_unix(struct broker *b, char **ret)
{
        struct listener l = {.unix_path = b->config->unix_path,
                             .unix_mode = b->config->unix_mode,
                             .routes = api_routes,
                             .n_routes = api_routes_n,
                             .threads = (unsigned)b->config->limits.threads};
        return b->config->unix_path ? server_start(b, &l, &b->api_unix, ret) : OK;
}

static void warn_of_pin(struct broker *b, const char *pin)
{
        struct published *now = book_now(b->book);
        const char *named = now->roster->roster->broker_tls;
        if (!named || strcmp(named, pin) != 0)
                log_event(LOG_LEVEL_WARNING, "tls.unpinned",
                          F_TEXT("why", "the roster does not name this TLS key: no client will connect by TLS"),
                          F_TEXT("pin", pin));
        published_drop(now);
}

static enum err start_tls(struct broker *b, char **ret)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        CLEANUP_BYTES struct bytes cert = BYTES_NONE;
        char pin[TLS_PIN_TEXT], host[64];
        unsigned port;
        struct listener l = {.address = b->config->tls_address,
                             .routes = api_routes,
                             .n_routes = api_routes_n,
                             .threads = (unsigned)b->config->limits.threads};
        enum err e;
        if (!b->config->tls_address)
                return OK;
        if ((e = tls_load(b->config->tls_key, b->config->tls_cert, &key, &cert)) != OK ||
            (e = tls_pin(bytes_text(&cert), pin)) != OK)
                return e;
        l.tls_key = (const char *)key.bytes;
        l.tls_cert = bytes_text(&cert);
        if ((e = server_start(b, &l, &b->api_tls, ret)) != OK || (e = config_address(*ret, host, &port)) != OK ||
            (e = tls_try(host, port, pin)) != OK)
                return e;
        warn_of_pin(b, pin);
        return OK;
}

static enum err start_admin(struct broker *b, char **ret)
{
        const char *at = b->config->admin;
        if (!at)
                return OK;
        struct listener l = {.unix_path = *at == '/' ? at : NULL,
                             .unix_mode = b->config->unix_mode,
                             .address = at,
                             .routes = admin_routes,
                             .n_routes = admin_routes_n,
                             .threads = 1};
        return server_start(b, &l, &b->admin, ret);
}

static void add_address(struct bytes *json, const char *key, const char *address)
{
        if (!address)
                return;
        bytes_printf(json, "%s\"%s\":", json->n ? "," : "{", key);
        bytes_add_json(json, span_text(address));
        log_event(LOG_LEVEL_NOTICE, "listener.opened", F_TEXT("listener", key), F_TEXT("address", address));
}

/* STATE/listen.json: where we really listen, for tools that let us choose the port. */
static void tell_addresses(struct broker *b, const char *unix_at, const char *tls_at, const char *admin_at)
{
        CLEANUP_BYTES struct bytes json = BYTES_NONE;
        CLEANUP_FREE char *path = path_join(b->config->state, "listen.json");
        add_address(&json, "unix", unix_at);
        add_address(&json, "tls", tls_at);
        add_address(&json, "admin", admin_at);
        bytes_printf(&json, ",\"pid\":%d}\n", (int)getpid());
        /* On a full disk the broker still answers whoever reads. */
        if (file_write_volatile(path, 0644, bytes_span(&json)) != OK)
                log_event(LOG_LEVEL_WARNING, "listener.untold", F_TEXT("why", err_reason()));
}

static enum err start_listeners(struct broker *b)
{
        CLEANUP_FREE char *unix_at = NULL;
        CLEANUP_FREE char *tls_at = NULL;
        CLEANUP_FREE char *admin_at = NULL;
        enum err e;
        if ((e = start_unix(b, &unix_at)) != OK || (e = start_tls(b, &tls_at)) != OK ||
            (e = start_admin(b, &admin_at)) != OK)
                return e;
        tell_addresses(b, unix_at, tls_at, admin_at);
        return OK;
}

/* A channel that the roster's people were told of, and that no page can go to. */
/* A start is worth more than a notifier: what may not be run is not run, and the other channels say so. */
static void warn_of_channels(struct broker *b)
{
        struct config *config = broker_config(b);
        enum err e = config_check_programs(config);
        if (e != OK)
                log_event(LOG_LEVEL_ERROR, "channel.unsafe", F_TEXT("error", err_word(e)),
                          F_TEXT("why", err_reason()));
        struct published *now = book_now(b->book);
        page_route_warn(now->roster->roster, config);
        published_drop(now);
        config_drop(config);
}

/* ---- beside the work: deadlines, and everything verified once more ---- */

#define TICK_US 200000

static void *sweep_loop(void *context)
{
        struct broker *b = context;
        while (!b->is_sweeper_ending) {
                int64_t now = broker_monotonic(b);
                struct server *servers[] = {b->api_unix, b->api_tls, b->admin};
                for (size_t i = 0; i < COUNT_OF(servers); i++)
                        if (servers[i])
                                server_sweep(servers[i], now);
                waiters_expire(b->waiters, now);
                usleep(TICK_US);
        }
        return NULL;
}

static bool goes_on(void *context)
{
        const struct broker *b = context;
        return !b->is_stopping;
}

static void *verify_once(void *context)
{
        struct broker *b = context;
        setpriority(PRIO_PROCESS, (id_t)gettid(), 19); /* whoever waits for an answer goes first */
        enum err e = book_verify(b->book, goes_on, b);
        if (e != OK)
                broker_fail(b, ERR_CORRUPT_STORE);
        else if (!b->is_stopping)
                log_event(LOG_LEVEL_INFO, "store.verified");
        malloc_trim(0);
        return NULL;
}

enum err broker_start(struct broker *b)
{
        b->outbox = outbox_start(b);     /* before the writer, which kicks it */
        b->exporter = exporter_start(b); /* the writer asks it */
        book_start(b->book);
        enum err e = start_listeners(b);
        if (pthread_create(&b->sweeper, NULL, sweep_loop, b) != 0 ||
            pthread_create(&b->verifier, NULL, verify_once, b) != 0)
                abort();
        b->has_threads = true;
        warn_of_channels(b);
        return e;
}

/* ---- reload and stop ---- */

void broker_reload(struct broker *b)
{
        struct config *fresh = NULL;
        enum err e = config_read(b->config_path, &fresh);
        if (e == OK)
                e = config_check_programs(fresh);
        if (e == OK)
                e = config_check_exports(fresh);
        if (e != OK) {
                log_event(LOG_LEVEL_ERROR, "config.refused", F_TEXT("error", err_word(e)),
                          F_TEXT("why", err_reason()));
                config_drop(fresh);
                return;
        }
        const char *fixed = config_needs_restart(b->config, fresh);
        if (fixed) {
                log_event(LOG_LEVEL_ERROR, "config.refused", F_TEXT("error", err_word(ERR_CONFIG)),
                          F_TEXT("why", "this part changes only by a restart"), F_TEXT("part", fixed));
                config_drop(fresh);
                return;
        }
        pthread_mutex_lock(&b->config_lock);
        struct config *old = b->config;
        b->config = fresh;
        pthread_mutex_unlock(&b->config_lock);
        config_drop(old);
        outbox_reload(b->outbox);
        exporter_reload(b->exporter);
        warn_of_channels(b);
        log_event(LOG_LEVEL_NOTICE, "config.reloaded");
}

/* Listeners first: nobody gets an answer after the rules stopped being in force. */
void broker_stop(struct broker *b)
{
        struct server **servers[] = {&b->api_unix, &b->api_tls, &b->admin};
        b->is_stopping = true;
        for (size_t i = 0; i < COUNT_OF(servers); i++)
                if (*servers[i])
                        server_quiesce(*servers[i]);
        waiters_close(b->waiters);
        if (b->has_threads) {
                pthread_join(b->verifier, NULL);
                b->is_sweeper_ending = true;
                pthread_join(b->sweeper, NULL);
        }
        for (size_t i = 0; i < COUNT_OF(servers); i++) {
                server_stop(*servers[i], DRAIN_MS);
                *servers[i] = NULL;
        }
        exporter_stop(b->exporter);
        outbox_stop(b->outbox);
        if (b->book)
                book_stop(b->book);
}

void broker_close(struct broker *b)
{
        outbox_free(b->outbox);
        exporter_free(b->exporter);
        book_free(b->book);
        store_close(b->store);
        for (size_t i = 0; i < COUNT_OF(b->keys); i++)
                signing_key_wipe(&b->keys[i]);
        waiters_free(b->waiters);
        sessions_free(b->sessions);
        limits_free(b->limits);
        config_drop(b->config);
        free(b->config_path);
        if (b->lock_fd >= 0)
                close(b->lock_fd);
        pthread_mutex_destroy(&b->config_lock);
}
