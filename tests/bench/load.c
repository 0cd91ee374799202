/* The load generator.
 *
 *   load roster 'broker: {…}' FILE     writes the signed genesis roster of its world
 *   load drive ADDRESS                 seals the version, then obeys lines on stdin:
 *     approve ADDRESS CLIENTS REQUESTS   so many clients send every holder's approval of so many new requests
 *     end
 *
 * Each line is answered by one of JSON: {"accepted":…,"seconds":…,"line":BYTES,"blob":BYTES}. */
#include "base/file.h"
#include "base/json.h"
#include "tests/bench/load_http.h"
#include "tests/bench/load_world.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CLIENTS_MAX 64u

static void say(struct load_connection *c, struct bytes *body)
{
        CLEANUP_BYTES struct bytes request = BYTES_NONE, answer = BYTES_NONE;
        struct span s = bytes_span(body);
        load_request("/v1/statements", NULL, &s, &request);
        if (load_call(c, bytes_span(&request), &answer) != 200)
                load_fail("refused", bytes_text(&answer));
        bytes_clear(body);
}

static void ask_genesis(struct load_connection *c, struct load_world *w)
{
        CLEANUP_BYTES struct bytes request = BYTES_NONE, answer = BYTES_NONE;
        load_request("/v1/about", NULL, NULL, &request);
        if (load_call(c, bytes_span(&request), &answer) != 200)
                load_fail("about", bytes_text(&answer));
        CLEANUP_JSON json_t *about = json_loads(bytes_text(&answer), 0, NULL);
        const char *line = json_string_value(json_array_get(json_object_get(about, "rosters"), 0));
        if (!line)
                load_fail("about", "no roster");
        load_world_begin(w, span_text(line));
}

/* Every holder approves a first request, one after the other: from then on each has spent a share, and the order of
 * all later approvals does not matter. */
static void begin(struct load_connection *c, struct load_world *w)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct hash request;
        struct key reply;
        ask_genesis(c, w);
        load_say_version(w, &body);
        say(c, &body);
        load_say_request(w, &body, &request, &reply);
        say(c, &body);
        for (unsigned h = 0; h < HOLDERS; h++) {
                load_say_approval(w, h, &request, &reply, &body, NULL, NULL);
                say(c, &body);
        }
}

/* ---- many clients ---- */

struct client {
        pthread_t thread;
        pthread_barrier_t *start;
        struct load_connection *connection;
        struct bytes *requests; /* ready-made HTTP */
        size_t n;
};

static void *be_client(void *context)
{
        struct client *c = context;
        CLEANUP_BYTES struct bytes answer = BYTES_NONE;
        pthread_barrier_wait(c->start);
        for (size_t i = 0; i < c->n; i++)
                if (load_call(c->connection, bytes_span(&c->requests[i]), &answer) != 200)
                        load_fail("refused", bytes_text(&answer));
        return NULL;
}

struct round {
        unsigned n_clients;
        struct client client[CLIENTS_MAX];
        size_t line, blob;
};

/* Each client speaks for some of the holders. */
static void prepare(struct load_world *w, struct load_connection *c, unsigned n_requests, struct round *r)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        size_t room = (size_t)n_requests * HOLDERS;
        for (unsigned k = 0; k < r->n_clients; k++)
                r->client[k].requests = mem_new(room, sizeof(struct bytes));
        for (unsigned i = 0; i < n_requests; i++) {
                struct hash request;
                struct key reply;
                load_say_request(w, &body, &request, &reply);
                say(c, &body);
                for (unsigned h = 0; h < HOLDERS; h++) {
                        struct client *to = &r->client[h % r->n_clients];
                        load_say_approval(w, h, &request, &reply, &body, &r->line, &r->blob);
                        struct span s = bytes_span(&body);
                        load_request("/v1/statements", NULL, &s, &to->requests[to->n++]);
                        bytes_clear(&body);
                }
        }
}

static double now_s(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double run(struct round *r, const char *address)
{
        pthread_barrier_t start;
        pthread_barrier_init(&start, NULL, r->n_clients + 1);
        for (unsigned k = 0; k < r->n_clients; k++) {
                r->client[k].start = &start;
                r->client[k].connection = load_connect(address);
                if (pthread_create(&r->client[k].thread, NULL, be_client, &r->client[k]) != 0)
                        load_fail("thread", "none");
        }
        pthread_barrier_wait(&start);
        double began = now_s();
        for (unsigned k = 0; k < r->n_clients; k++)
                pthread_join(r->client[k].thread, NULL);
        double took = now_s() - began;
        pthread_barrier_destroy(&start);
        return took;
}

static void approve(struct load_world *w, struct load_connection *c, const char *address, unsigned n_clients,
                    unsigned n_requests)
{
        struct round *r = mem_new(1, sizeof *r);
        size_t accepted = 0;
        if (n_clients < 1 || n_clients > CLIENTS_MAX || n_clients > HOLDERS)
                load_fail("clients", "1 to 32");
        r->n_clients = n_clients;
        prepare(w, c, n_requests, r);
        double seconds = run(r, address);
        for (unsigned k = 0; k < n_clients; k++) {
                accepted += r->client[k].n;
                for (size_t i = 0; i < r->client[k].n; i++)
                        bytes_done(&r->client[k].requests[i]);
                free(r->client[k].requests);
                load_disconnect(r->client[k].connection);
        }
        printf("{\"accepted\":%zu,\"seconds\":%.6f,\"line\":%zu,\"blob\":%zu}\n", accepted, seconds, r->line,
               r->blob);
        fflush(stdout);
        free(r);
}

static void drive(const char *address)
{
        struct load_world *w = load_world_new();
        struct load_connection *c = load_connect(address);
        char text[512], where[400];
        unsigned n_clients, n_requests;
        begin(c, w);
        puts("{}");
        fflush(stdout);
        while (fgets(text, sizeof text, stdin) && strcmp(text, "end\n") != 0) {
                if (sscanf(text, "approve %399s %u %u", where, &n_clients, &n_requests) != 3)
                        load_fail("not understood", text);
                approve(w, c, where, n_clients, n_requests);
        }
        load_disconnect(c);
}

static void write_roster(const char *broker, const char *path)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE, json = BYTES_NONE;
        const struct load_world *w = load_world_new();
        load_world_roster(w, broker, &yaml);
        load_world_sign_roster(w, bytes_span(&yaml), &json);
        if (file_write(path, 0600, bytes_span(&json)) != OK)
                load_fail(path, err_reason());
}

int main(int argc, char **argv)
{
        if (argc == 4 && !strcmp(argv[1], "roster")) {
                write_roster(argv[2], argv[3]);
        } else if (argc == 3 && !strcmp(argv[1], "drive")) {
                drive(argv[2]);
        } else {
                fprintf(stderr, "usage: load roster BROKER-LINE FILE | load drive ADDRESS\n");
                return 2;
        }
        return 0;
}
