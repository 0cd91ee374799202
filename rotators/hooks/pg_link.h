/* One connection to PostgreSQL within a time limit, and what its failure means.
 *
 * libpq keeps its own copies of a password (unlocked memory that it frees): a hook's libraries are exempt from the
 * rule of locked memory, by name. Error texts are reduced to SQLSTATE codes, so that no server can make us repeat a
 * statement or a secret. */
#pragma once
#include "base/bytes.h"
#include "base/plugin.h"
#include <libpq-fe.h>

struct pg_target {
        const char *host, *port, *dbname, *user;
        const char *password;    /* or NULL: peer, certificate */
        const char *sslmode;     /* or NULL: verify-full over a network */
        const char *sslrootcert; /* or NULL */
        int64_t timeout_ms;
};

enum pg_login {
        PG_UNREACHABLE = 0, /* nothing is known: network, TLS, a server that starts, too many connections */
        PG_IN,
        PG_IN_WITHOUT_PASSWORD, /* let in, but nobody asked for the password: proves nothing */
        PG_WRONG_PASSWORD,      /* 28P01: asked for and refused */
        PG_NOT_ALLOWED,         /* 28000 and other final refusals that say nothing about the password */
};

struct pg_link {
        PGconn *conn; /* also on failure, for its error */
        enum pg_login login;
        char sqlstate[6]; /* "" when the server said none */
};

#define CLEANUP_PG_LINK __attribute__((cleanup(pg_link_done)))

/* Connects to a server that takes writes (a standby still has the old password). */
void pg_link_open(const struct pg_target *t, struct pg_link *ret);
void pg_link_done(struct pg_link *l);
/* "not reachable (…)", "28P01: wrong password", …: never anything secret. */
void pg_link_say(const struct pg_link *l, struct bytes *ret);

enum pg_answer {
        PG_LOST = 0, /* no answer: it may have been done */
        PG_DONE,
        PG_REFUSED, /* the server said no, with l->sqlstate */
};
/* Runs one statement; parameters are texts. The result is the caller's to PQclear(), NULL unless PG_DONE. */
MUST_CHECK enum pg_answer pg_ask(struct pg_link *l, const char *sql, int n, const char *const params[],
                                 PGresult **ret);
/* The same for a statement without an interesting result. */
MUST_CHECK enum pg_answer pg_do(struct pg_link *l, const char *sql);
