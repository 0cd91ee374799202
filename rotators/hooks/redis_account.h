/* A user of a Redis server whose password is rotated: where it lives, who may change it, and the acts on it. */
#pragma once
#include "rotators/hooks/redis_link.h"
#include "rotators/hooks/single.h"

struct redis_account {
        struct bytes socket, host, ca_file, user, admin_user;
        struct secret admin_password; /* NUL-ended; empty: the admin user has none */
        int port;
        bool uses_tls;
        int64_t timeout_ms;
};

/* ---- redis_account.c ---- */
/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err redis_account_read(const struct hook_input *in, struct redis_account *ret);
void redis_account_done(struct redis_account *r);
/* A connection of the admin user; false with an answer. */
MUST_CHECK bool redis_account_open(const struct redis_account *r, struct redis_link *ret, struct hook_answer *a);
/* What an answer other than REDIS_DONE means where nothing was to be changed. */
void redis_account_fail(const struct redis_link *l, enum redis_answer got, const char *what, struct hook_answer *a);

/* The acts of a target with one value (self is a struct redis_account). */
bool redis_account_try(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a);
/* ---- redis_user.c ---- */
bool redis_account_check(void *self, struct hook_answer *a);
bool redis_account_set(void *self, const struct hook_field *value, struct hook_answer *a);
bool redis_account_save(void *self, struct hook_answer *a);
/* ---- redis_sessions.c ---- */
bool redis_account_end_sessions(void *self, const char *handle, struct hook_answer *a);
/* ---- redis_handle.c ---- */
void redis_account_handle(void *self, struct hook_answer *a);
bool redis_account_is_as_set(void *self, const char *handle);
/* run_id changes with every start of the server, and connection numbers begin anew with it. */
#define REDIS_RUN_ID 40u
bool redis_account_run_id(struct redis_link *admin, struct bytes *ret);
/* The element behind a name in a flat list of names and values, or NULL. */
const redisReply *redis_account_pair(const redisReply *list, const char *name);
/* What the server says of the user; false with an answer. */
MUST_CHECK bool redis_account_user(const struct redis_account *r, struct redis_link *admin, redisReply **ret,
                                   struct hook_answer *a);
