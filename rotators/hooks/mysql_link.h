/* One connection to a MariaDB server within a time limit, over its own client library, and what its failure means.
 *
 * The library keeps its own copy of a password (unlocked memory that it frees): a hook's libraries are exempt from
 * the rule of locked memory, by name. A server's words are reduced to error numbers. */
#pragma once
#include "base/bytes.h"
#include "rotators/hooks/hook.h"
#include <mysql.h>

struct mysql_target {
        const char *socket; /* or NULL */
        const char *host;
        unsigned port;
        const char *ca_file; /* or NULL: the system's */
        const char *user, *password;
        int64_t timeout_ms;
};

enum mysql_login {
        MYSQL_UNREACHABLE = 0, /* nothing is known: network, TLS, a server that starts, too many connections */
        MYSQL_IN,
        MYSQL_WRONG_PASSWORD, /* 1045 */
        MYSQL_NOT_ALLOWED,    /* other final refusals that say nothing about the password */
};

struct mysql_link {
        MYSQL *conn;
        unsigned number; /* of the last error, 0: none */
};

#define CLEANUP_MYSQL_LINK __attribute__((cleanup(mysql_link_done)))

/* Over a network the server must prove its name by TLS; nobody is ever sent a password in the clear. */
enum mysql_login mysql_link_open(const struct mysql_target *t, struct mysql_link *ret);
void mysql_link_done(struct mysql_link *l);
/* "1045: the password was refused", … */
void mysql_link_say(const struct mysql_link *l, struct bytes *ret);

enum mysql_answer {
        MYSQL_LOST = 0, /* no answer: it may have been done */
        MYSQL_DONE,
        MYSQL_NO, /* the server said no, with l->number */
};
/* Runs one statement. ret (or NULL) gets its rows, to be freed with mysql_free_result(); NULL where it has none. */
MUST_CHECK enum mysql_answer mysql_ask(struct mysql_link *l, const char *sql, MYSQL_RES **ret);
/* 'TEXT' with what must be escaped. */
void mysql_link_quote(struct mysql_link *l, struct span text, struct bytes *ret);
