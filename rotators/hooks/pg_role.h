/* A role of a PostgreSQL server whose password is rotated: where it lives, who may change it, and the acts on it. */
#pragma once
#include "rotators/hooks/hook.h"
#include "rotators/hooks/pg_link.h"

struct pg_role {
        struct bytes host, port, dbname, role, admin_user, sslmode, ca_file;
        struct bytes login_host, login_port, login_dbname; /* where the role itself logs in */
        struct secret admin_password;                      /* NUL-ended; empty: peer or certificate */
        bool takes_turns; /* with another role: it need not be able to log in now, and gets that with its password */
        int64_t timeout_ms;
};

/* name NULL: the one of config `role`; otherwise one of config `roles`. Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err pg_role_read(const struct hook_input *in, const char *name, struct pg_role *ret);
void pg_role_done(struct pg_role *r);

/* Connects somebody to the role's server; the target's TLS and time limit are the role's. */
void pg_role_open_link(const struct pg_role *r, struct pg_target *t, struct pg_link *ret);

/* ---- pg_admin.c ---- */
/* The admin's session, tried before it is handed out; NULL with an answer. It is kept for the next request that wants
 * the same one, for a few seconds. */
MUST_CHECK struct pg_link *pg_admin_open(const struct pg_role *r, struct hook_answer *a);
void pg_admin_close(void);

/* ---- pg_role.c ---- */
/* Each is false with an answer when it did not succeed. */
/* A fresh login of the role itself: PG_IN or PG_WRONG_PASSWORD; anything else is an answer. */
MUST_CHECK bool pg_role_try(const struct pg_role *r, const struct hook_field *password, enum pg_login *ret,
                            struct hook_answer *a);
MUST_CHECK bool pg_role_check(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a);
MUST_CHECK bool pg_role_set(const struct pg_role *r, struct pg_link *admin, const struct hook_field *password,
                            struct hook_answer *a);
/* Takes password and right to log in away, both durably. */
MUST_CHECK bool pg_role_shut(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a);
/* Whether it may log in now. */
MUST_CHECK bool pg_role_is_open(const struct pg_role *r, struct pg_link *admin, bool *ret, struct hook_answer *a);
/* Ends the role's sessions that began before the handle's time (all when there is none) and waits until they are
 * gone. Sessions begun with the new password stay. */
MUST_CHECK bool pg_role_end_sessions(const struct pg_role *r, struct pg_link *admin, const char *handle,
                                     struct hook_answer *a);
/* The handle of what the server stores now; left empty where the admin may not read verifiers. */
void pg_role_handle(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a);
/* Whether the server still stores the verifier of this handle. */
bool pg_role_is_as_set(const struct pg_role *r, struct pg_link *admin, const char *handle);
