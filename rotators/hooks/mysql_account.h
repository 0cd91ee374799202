/* An account of a MariaDB server whose password is rotated: where it lives, who may change it, and the acts on it. */
#pragma once
#include "rotators/hooks/mysql_link.h"
#include "rotators/hooks/single.h"

struct mysql_account {
        struct bytes socket, host, ca_file, user, user_host, admin_user;
        struct secret admin_password; /* NUL-ended; empty: unix_socket */
        unsigned port;
        int64_t timeout_ms;
};

/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err mysql_account_read(const struct hook_input *in, struct mysql_account *ret);
void mysql_account_done(struct mysql_account *m);
/* The acts of a target with one value (self is a struct mysql_account). */
bool mysql_account_check(void *self, struct hook_answer *a);
bool mysql_account_set(void *self, const struct hook_field *value, struct hook_answer *a);
bool mysql_account_try(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a);
bool mysql_account_end_sessions(void *self, const char *handle, struct hook_answer *a);
void mysql_account_handle(void *self, struct hook_answer *a);
bool mysql_account_is_as_set(void *self, const char *handle);
