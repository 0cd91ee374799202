/* A role of a PostgreSQL server whose password is rotated: where it lives, who may change it, and the acts on it. */
#pragma once
#include "rotators/hooks/hook.h"
#include "rotators/hooks/pg_link.h"

struct pg_role {
        struct bytes host, port, dbname, role, admin_user, sslmode, ca_file;
        struct bytes login_host, login_port, login_dbname; /* where the role itself logs in */
        struct secret admin_password;                      /* NUL-ended; empty: peer or certificate */
        int64_t timeout_ms;
};

/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err pg_role_read(const struct hook_input *in, struct pg_role *ret);
void pg_role_done(struct pg_role *r);
void pg_role_open_admin(const struct pg_role *r, struct pg_link *ret);
/* A fresh connection of the role itself with this password. */
void pg_role_open_login(const struct pg_role *r, const struct hook_field *password, struct pg_link *ret);

/* Each is false with an answer when it did not succeed. */
MUST_CHECK bool pg_role_check(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a);
MUST_CHECK bool pg_role_set(const struct pg_role *r, struct pg_link *admin, const struct hook_field *password,
                            struct hook_answer *a);
/* Ends the role's sessions that began before the handle's time (all when there is none) and waits until they are
 * gone. Sessions begun with the new password stay. */
MUST_CHECK bool pg_role_end_sessions(const struct pg_role *r, struct pg_link *admin, const char *handle,
                                     struct hook_answer *a);
/* The handle of what the server stores now; left empty where the admin may not read verifiers. */
void pg_role_handle(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a);
/* Whether the server still stores the verifier of this handle. */
bool pg_role_is_as_set(const struct pg_role *r, struct pg_link *admin, const char *handle);
