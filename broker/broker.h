/* The running broker: its parts, started in this order and stopped in the other. */
#pragma once
#include "broker/book.h"
#include "broker/limits.h"
#include "broker/session.h"
#include <pthread.h>

struct server;
struct outbox;
struct exporter;
struct waiters;

struct broker {
        pthread_mutex_t config_lock;
        struct config *config;
        char *config_path;
        const struct clock_source *clock;
        struct signing_key keys[2];
        size_t n_keys;
        struct store *store;
        struct book *book;
        struct sessions *sessions;
        struct limits *limits;
        struct outbox *outbox;
        struct exporter *exporter;
        struct waiters *waiters;
        struct server *api_unix, *api_tls, *admin;
        int lock_fd;
        pthread_t sweeper, verifier;
        bool has_threads;
        atomic_bool is_stopping, is_sweeper_ending;
        atomic_int exit_code;                          /* why it ends, if not by a signal */
        atomic_uint_fast64_t n_accepted, n_answers[6]; /* by status class: index 2 counts 2xx, … */
        int64_t started_ms;
};

struct config *broker_config(struct broker *b); /* a reference: config_drop() */
int64_t broker_monotonic(const struct broker *b);
/* The process must end with this code: said once, from any thread. */
void broker_fail(struct broker *b, enum err e);

/* Errors: ERR_CONFIG, ERR_CORRUPT_STORE, ERR_CLOCK, ERR_BAD_KEY, ERR_UNSAFE_FILE, ERR_MEMORY, ERR_IO. */
MUST_CHECK enum err broker_open(struct broker *b, const char *config_path, bool is_clock_accepted);
MUST_CHECK enum err broker_start(struct broker *b);
void broker_reload(struct broker *b);
void broker_stop(struct broker *b);
void broker_close(struct broker *b);
