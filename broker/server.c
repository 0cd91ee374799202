#include "broker/server.h"
#include "base/log.h"
#include "broker/peers.h"
#include "broker/socket.h"
#include "broker/tls.h"
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECTION_MEMORY 32768u
#define BODY_SMALL        65536u
#define IDLE_TIMEOUT_S    120u /* ours come first: this is a net below the net */

struct server {
        struct broker *broker;
        const struct route *routes;
        size_t n_routes;
        struct MHD_Daemon *daemon;
        struct peers *peers;
        int fd;
        char *unix_path;
        atomic_int n_calls;
};

/* ---- answers ---- */

static void set_response(struct call *c, unsigned status, const char *content_type, struct MHD_Response *r)
{
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
        MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        if (c->response)
                MHD_destroy_response(c->response);
        c->response = r;
        c->status = status;
}

void call_answer(struct call *c, unsigned status, const char *content_type, struct bytes *body)
{
        struct MHD_Response *r = MHD_create_response_from_buffer(body->n, body->p, MHD_RESPMEM_MUST_FREE);
        if (!r)
                abort();
        *body = BYTES_NONE;
        set_response(c, status, content_type, r);
}

void call_refuse(struct call *c, enum err e, int64_t retry_after_ms)
{
        struct bytes body = BYTES_NONE;
        enum err said = err_is_public(e) ? e : ERR_INTERNAL;
        bytes_printf(&body, "{\"error\":\"%s\",\"message\":", err_word(said));
        bytes_add_json(&body, span_text(err_sentence(said)));
        bytes_add_text(&body, "}\n");
        call_answer(c, (unsigned)err_http(said), "application/json", &body);
        if (said == ERR_AUTH)
                MHD_add_response_header(c->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        if (said == ERR_RATE || said == ERR_NOT_DURABLE || said == ERR_SHUTTING_DOWN || said == ERR_RESTORED) {
                char seconds[24];
                snprintf(seconds, sizeof seconds, "%lld", (long long)(retry_after_ms / SECOND_MS + 1));
                MHD_add_response_header(c->response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
        }
        if (said != e)
                log_event(LOG_LEVEL_ERROR, "call.failed", F_TEXT("route", c->route ? c->route->path : ""),
                          F_TEXT("error", err_word(e)), F_TEXT("why", err_reason()));
}

static enum MHD_Result send_answer(struct call *c)
{
        struct config *config = broker_config(c->broker);
        int64_t deadline = broker_monotonic(c->broker) + config->limits.answer_deadline_ms;
        config_drop(config);
        if (!c->response)
                call_refuse(c, ERR_INTERNAL, 0);
        unsigned class = c->status / 100;
        c->broker->n_answers[class < 6 ? class : 0]++;
        peers_set_deadline(c->server->peers, c->peer, deadline);
        return MHD_queue_response(c->connection, c->status, c->response);
}

/* ---- what a route asks ---- */

const char *call_query(const struct call *c, const char *key)
{
        return MHD_lookup_connection_value(c->connection, MHD_GET_ARGUMENT_KIND, key);
}

const char *call_header(const struct call *c, const char *name)
{
        return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

const char *call_peer(const struct call *c)
{
        return c->peer->who;
}

void call_suspend(struct call *c, void (*resume)(struct call *c))
{
        c->resume = resume;
        c->is_suspended = true;
        MHD_suspend_connection(c->connection);
}

void call_wake(struct call *c)
{
        MHD_resume_connection(c->connection);
}

/* ---- one call ---- */

static const struct route *find_route(const struct server *s, const char *method, const char *url)
{
        for (size_t i = 0; i < s->n_routes; i++) {
                const struct route *r = &s->routes[i];
                size_t n = strlen(r->path);
                if (!strcmp(method, r->method) && !strncmp(url, r->path, n) && (r->is_prefix || !url[n]))
                        return r;
        }
        return NULL;
}

/* The body must be announced, so that nothing is read of one that is too large. SIZE_MAX: it is not. */
static size_t announced(const struct call *c)
{
        const char *length = call_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
        if (call_header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) || (length && strlen(length) > 15))
                return SIZE_MAX;
        return length ? strtoull(length, NULL, 10) : 0;
}

/* Small bodies, and so every approval and opening, always find room. */
static enum err admit_body(struct call *c, size_t max)
{
        size_t n = announced(c);
        if (n > max)
                return ERR_TOO_LARGE;
        return n <= BODY_SMALL || peers_reserve(c->server->peers, c->peer, n) ? OK : ERR_RATE;
}

static size_t body_max(const struct call *c)
{
        struct config *config = broker_config(c->broker);
        size_t max = (size_t)config->limits.body_bytes;
        config_drop(config);
        if (c->route && c->route->body_max && c->route->body_max < max)
                max = c->route->body_max;
        return max;
}

static enum MHD_Result begin_call(struct server *s, struct MHD_Connection *connection, const char *url,
                                  const char *method, void **ret)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct call *c = mem_new(1, sizeof *c);
        c->broker = s->broker;
        c->server = s;
        c->connection = connection;
        c->peer = info->socket_context;
        c->route = find_route(s, method, url);
        c->tail = mem_text(c->route ? url + strlen(c->route->path) : "");
        s->n_calls++;
        *ret = c;
        enum err e = admit_body(c, body_max(c));
        if (e == OK && !c->route)
                e = ERR_NOT_FOUND;
        if (e != OK)
                call_refuse(c, e, SECOND_MS);
        return c->response ? send_answer(c) : MHD_YES;
}

static enum err sign_in(struct call *c)
{
        const char *header = call_header(c, MHD_HTTP_HEADER_AUTHORIZATION);
        if (!header || strncmp(header, "Bearer ", 7) != 0)
                return ERR_AUTH;
        enum err e =
                sessions_find(c->broker->sessions, span_text(header + 7), broker_monotonic(c->broker), &c->session);
        if (e != OK)
                return e;
        /* The roster of the moment decides, not that of the sign-in. */
        struct published *now = book_now(c->broker->book);
        const struct person *p = roster_person(now->roster->roster, c->session.name);
        if (!p || !key_equal(&p->signs, &c->session.signs))
                e = ERR_AUTH;
        published_drop(now);
        return e;
}

static void run(struct call *c)
{
        peers_set_deadline(c->server->peers, c->peer, INT64_MAX);
        c->has_begun = true;
        err_forget();
        enum err e = c->route->is_signed_in ? sign_in(c) : OK;
        if (e != OK)
                call_refuse(c, e, 0);
        else
                c->route->handle(c);
}

static enum MHD_Result take_body(struct call *c, const char *data, size_t *n)
{
        if (c->body.n + *n > body_max(c)) /* more than was announced: not possible in HTTP, but cheap to be sure */
                return MHD_NO;
        bytes_add(&c->body, data, *n);
        *n = 0;
        return MHD_YES;
}

static enum MHD_Result on_call(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *data, size_t *n, void **state)
{
        struct call *c = *state;
        if (!c)
                return begin_call(context, connection, url, method, state);
        if (*n)
                return take_body(c, data, n);
        if (!c->has_begun) {
                run(c);
        } else if (c->is_suspended) {
                c->is_suspended = false;
                c->resume(c);
        }
        return c->is_suspended ? MHD_YES : send_answer(c);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
        struct server *s = context;
        struct call *c = *state;
        if (!c)
                return;
        if (c->response)
                MHD_destroy_response(c->response);
        if (c->state_free)
                c->state_free(c->state);
        if (c->peer) {
                peers_reserve(s->peers, c->peer, 0);
                struct config *config = broker_config(s->broker);
                peers_set_deadline(s->peers, c->peer,
                                   broker_monotonic(s->broker) + config->limits.request_deadline_ms);
                config_drop(config);
        }
        bytes_done(&c->body);
        free(c->tail);
        free(c);
        *state = NULL;
        s->n_calls--;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode what)
{
        struct server *s = context;
        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                if (*state)
                        peers_remove(s->peers, *state);
                *state = NULL;
                return;
        }
        const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *address =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        struct config *config = broker_config(s->broker);
        *state = peers_add(s->peers, fd->connect_fd, address ? address->client_addr : NULL,
                           broker_monotonic(s->broker) + config->limits.request_deadline_ms,
                           (unsigned)config->limits.connections_per_caller);
        config_drop(config);
        s->broker->n_accepted++;
}

/* No address of ours needs an escape, so none means anything: "/v1/about%00" is not "/v1/about". */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
        return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format, va_list list)
{
        char text[300];
        vsnprintf(text, sizeof text, format, list);
        log_event(LOG_LEVEL_DEBUG, "http.noted", F_TEXT("text", text));
}

/* ---- life ---- */

static enum err start_daemon(struct server *s, const struct listener *l)
{
        struct config *config = broker_config(s->broker);
        struct MHD_OptionItem options[16];
        size_t n = 0;
        unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG;
        /* The logger comes first, so that it hears of the others. */
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, s};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, s->fd, NULL};
        options[n++] =
                (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, (intptr_t)config->limits.connections, NULL};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, NULL};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, s};
        options[n++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s};
        if (l->threads > 1)
                options[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)l->threads, NULL};
        if (l->tls_key) {
                flags |= MHD_USE_TLS;
                options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)l->tls_key};
                options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)l->tls_cert};
                options[n++] =
                        (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES};
        }
        options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
        config_drop(config);
        s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_call, s, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
        return s->daemon ? OK : err_because(ERR_CONFIG, "the listener could not start; is the TLS pair whole?");
}

enum err server_start(struct broker *b, const struct listener *l, struct server **ret, char **ret_address)
{
        struct server *s = mem_new(1, sizeof *s);
        s->broker = b;
        s->routes = l->routes;
        s->n_routes = l->n_routes;
        s->peers = peers_new();
        s->fd = -1;
        enum err e = l->unix_path ? socket_listen_unix(l->unix_path, l->unix_mode, &s->fd)
                                  : socket_listen_tcp(l->address, &s->fd, ret_address);
        if (e == OK && l->unix_path) {
                s->unix_path = mem_text(l->unix_path);
                *ret_address = mem_text(l->unix_path);
        }
        if (e == OK)
                e = start_daemon(s, l);
        *ret = s;
        if (e != OK) {
                server_stop(s, 0);
                *ret = NULL;
        }
        return e;
}

void server_sweep(struct server *s, int64_t now_ms)
{
        peers_sweep(s->peers, now_ms);
}

unsigned server_connections(struct server *s)
{
        return peers_count(s->peers);
}

void server_quiesce(struct server *s)
{
        if (s->daemon && MHD_quiesce_daemon(s->daemon) != MHD_INVALID_SOCKET)
                shutdown(s->fd, SHUT_RDWR);
        if (s->unix_path)
                unlink(s->unix_path);
}

void server_stop(struct server *s, int64_t wait_ms)
{
        if (!s)
                return;
        for (int64_t waited = 0; s->n_calls > 0 && waited < wait_ms; waited += 5)
                usleep(5000);
        if (s->daemon)
                MHD_stop_daemon(s->daemon);
        if (s->fd >= 0)
                close(s->fd);
        peers_free(s->peers);
        free(s->unix_path);
        free(s);
}
