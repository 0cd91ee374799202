/* A book at work without HTTP around it: a store in a folder of its own, a clock that the test moves, and the people
 * of support/world.h who say things to it. */
#pragma once
#include "broker/book.h"
#include "tests/unit/support/world.h"
#include <criterion/criterion.h>
#include <pthread.h>

#define PG "prod/postgres/root" /* 2 of alice, bob, carol; for erin, frank */

struct desk {
        struct world *w;
        char folder[64];
        char *db;
        struct store *store;
        struct book *book;
        struct signing_key key;
        struct config *config;
        int64_t now_ms; /* both clocks */
        atomic_uint n_published, n_paged;
        atomic_int failed;
        pthread_mutex_t exports_lock;
        struct export_view exports;
        struct hash id; /* of what was said last */
};

struct desk *desk_new(const char *channels); /* YAML of the configuration's `channels`, or NULL */
void desk_free(struct desk *d);
static inline void desk_cleanup_(struct desk **d)
{
        desk_free(*d);
}
#define CLEANUP_DESK __attribute__((cleanup(desk_cleanup_)))

/* Closes and opens the store and the book; the writer runs afterwards. */
enum err desk_reopen(struct desk *d);
void desk_stop(struct desk *d);

/* The common head, with the book's own head. */
struct statement desk_head(struct desk *d, struct statement s);
struct statement desk_say(struct desk *d, enum statement_type type, const char *by);

/* A submission as a handler would make it, admitted under the published roster. Waits for its end unless the writer
 * is not running; the result and n of the last one. */
struct submission *desk_submission(struct desk *d, const struct statement *s, const struct bytes blobs[], size_t n);
enum err desk_submit(struct desk *d, struct submission *s, uint64_t *ret_n);
enum err desk_put(struct desk *d, const struct statement *s);
enum err desk_put_blob(struct desk *d, const struct statement *s, const char *blob);
/* Something refused, so that the writer looks at its duties. */
void desk_poke(struct desk *d);

/* How the exports stand from now on. */
void desk_set_export(struct desk *d, enum export_trouble t, enum export_standing standing, const char *why);

/* The next roster with one text replaced, by alice and bob. */
void desk_next_roster(struct desk *d, const char *from, const char *to);

/* ---- stories; each ends the test when a step is refused ---- */
struct hash desk_version(struct desk *d);
struct hash desk_request(struct desk *d, const char *who, const struct hash *version);
struct statement desk_approval(struct desk *d, const char *who, const struct hash *request,
                               const struct hash *version, const char *blob);
void desk_approve(struct desk *d, const char *who, const struct hash *request, const struct hash *version,
                  const char *blob);
void desk_open_request(struct desk *d, const char *who, const struct hash *request);

uint64_t desk_size(struct desk *d);
/* The kinds of the pages in the store, in order, as "requested approved …". */
const char *desk_pages(struct desk *d);
void desk_drop_pages(struct desk *d);
/* The types of the log's lines from n on, as "roster version …". */
const char *desk_types(struct desk *d, uint64_t from);
/* Whether these bytes are anywhere in the store's files. */
bool desk_has_on_disk(struct desk *d, const char *text);
