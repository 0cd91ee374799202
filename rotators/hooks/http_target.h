/* A web API whose calls the configuration describes: each is a map
 *
 *   {method: POST, path: /v1/keys, headers: {Name: TEXT}, body: {…} or form: {…}}
 *
 * and some more keys of its own. Texts may hold the words {value} {id} {token} {mark} {credential} {idempotency_key};
 * a path none of the two that are secrets. */
#pragma once
#include "rotators/hooks/web.h"

#define HTTP_ITEMS_MAX 256u
#define HTTP_MARK_SIZE 32u

struct http_target {
        struct web web;
        struct secret token;
        char mark[HTTP_MARK_SIZE]; /* what a key of this credential is called at the target */
};

/* What the words stand for in one call. */
struct http_words {
        struct span value; /* the secret; p NULL: there is none */
        const char *id;    /* or NULL */
        bool is_probe;     /* speaks as whoever has the value, not as the admin */
};

struct http_item {
        char id[HANDLE_MAX + 1];
        bool is_marked;
};

struct http_items {
        size_t n;
        struct http_item item[HTTP_ITEMS_MAX];
};

enum http_verdict {
        HTTP_UNSURE = 0, /* neither can be said; there is an answer */
        HTTP_WORKS,      /* 2xx */
        HTTP_DEAD,       /* one of the statuses `dead`: 401 and 403 unless said otherwise */
};

struct http_hook {
        const char *const *known; /* every key but the common ones (url, token_file, …), NULL-ended */
        enum err (*check_config)(const struct http_target *t);
        void (*run_step)(enum hook_step step, const struct http_target *t, struct hook_answer *a);
};

/* A step of the hook with its configuration read, or an answer that says what is wrong with it. */
void http_run(const struct http_hook *h, enum hook_step step, const struct hook_input *in, struct hook_answer *a);
/* Whether the described call is there and well formed; `more` lists the keys of its own, NULL-ended, those that begin
 * with a "!" must be there. Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err http_check_call(const struct http_target *t, const char *name, const char *const more[]);
bool http_has(const struct http_target *t, const char *name);
/* Whether the call's texts use this word. */
bool http_uses(const struct http_target *t, const char *name, const char *word);

/* Each is false with an answer when it did not succeed. */
/* Does a described call. True for every 2xx, and for 404 and 410 where may_be_gone. */
MUST_CHECK bool http_do(const struct http_target *t, const char *name, const struct http_words *words,
                        bool may_be_gone, struct https_answer *ret, struct hook_answer *a);
/* `create`: the value and id of its answer, where its pointers `value` and `id` say. */
MUST_CHECK bool http_create(const struct http_target *t, struct secret *ret_value, struct bytes *ret_id,
                            struct hook_answer *a);
/* `list`: every item's id, and whether it bears our mark. */
MUST_CHECK bool http_list(const struct http_target *t, struct http_items *ret, struct hook_answer *a);
/* `probe` with this value. */
enum http_verdict http_probe(const struct http_target *t, struct span value, struct hook_answer *a);
/* `probe` with a value that nobody ever had must find it dead: else it proves nothing. */
MUST_CHECK bool http_probe_tells(const struct http_target *t, struct hook_answer *a);
