#include "rotators/hooks/mysql_link.h"
#include <errmsg.h>
#include <mysqld_error.h>
#include <string.h>

/* Methods by which a password leaves only as proof: no server may ask for it in the clear. */
#define SAFE_METHODS "mysql_native_password,client_ed25519"

static bool is_near(const struct mysql_target *t)
{
        static const char *const loopback[] = {"127.0.0.1", "::1", "localhost"};
        for (size_t i = 0; i < COUNT_OF(loopback); i++)
                if (!strcmp(loopback[i], t->host))
                        return true;
        return t->socket != NULL;
}

/* Nothing is taken from a my.cnf or the environment. */
static bool set_options(MYSQL *conn, const struct mysql_target *t)
{
        unsigned seconds = (unsigned)((t->timeout_ms + 999) / 1000), none = 0;
        my_bool yes = 1;
        enum mysql_protocol_type way = t->socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
        int failed = 0;
        failed |= mysql_options(conn, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
        failed |= mysql_options(conn, MYSQL_OPT_READ_TIMEOUT, &seconds);
        failed |= mysql_options(conn, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
        failed |= mysql_options(conn, MYSQL_OPT_LOCAL_INFILE, &none);
        failed |= mysql_options(conn, MYSQL_OPT_PROTOCOL, &way);
        failed |= mysql_options(conn, MARIADB_OPT_RESTRICTED_AUTH, SAFE_METHODS);
        if (is_near(t))
                return !failed;
        failed |= mysql_options(conn, MYSQL_OPT_SSL_ENFORCE, &yes);
        failed |= mysql_options(conn, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
        if (t->ca_file)
                failed |= mysql_options(conn, MYSQL_OPT_SSL_CA, t->ca_file);
        return !failed;
}

static enum mysql_login judge_refusal(unsigned number)
{
        switch (number) {
        case ER_ACCESS_DENIED_ERROR:
        case ER_ACCESS_DENIED_NO_PASSWORD_ERROR: return MYSQL_WRONG_PASSWORD;
        case ER_HOST_NOT_PRIVILEGED:
        case ER_HOST_IS_BLOCKED:
        case ER_DBACCESS_DENIED_ERROR:
        case ER_MUST_CHANGE_PASSWORD:
        case ER_MUST_CHANGE_PASSWORD_LOGIN:
        case ER_ACCOUNT_HAS_BEEN_LOCKED:
        case CR_AUTH_PLUGIN_CANNOT_LOAD: return MYSQL_NOT_ALLOWED;
        default: return MYSQL_UNREACHABLE;
        }
}

enum mysql_login mysql_link_open(const struct mysql_target *t, struct mysql_link *ret)
{
        *ret = (struct mysql_link){.conn = mysql_init(NULL)};
        if (!ret->conn || !set_options(ret->conn, t))
                return MYSQL_UNREACHABLE;
        if (mysql_real_connect(ret->conn, t->socket ? NULL : t->host, t->user, t->password, NULL, t->port, t->socket,
                               0))
                return MYSQL_IN;
        ret->number = mysql_errno(ret->conn);
        return judge_refusal(ret->number);
}

void mysql_link_done(struct mysql_link *l)
{
        if (l->conn)
                mysql_close(l->conn);
        l->conn = NULL;
}

void mysql_link_say(const struct mysql_link *l, struct bytes *ret)
{
        static const struct {
                unsigned number;
                const char *meaning;
        } known[] = {
                {ER_ACCESS_DENIED_ERROR, "the password was refused"},
                {ER_ACCESS_DENIED_NO_PASSWORD_ERROR, "the server refused the login"},
                {ER_HOST_NOT_PRIVILEGED, "no account for this host"},
                {ER_HOST_IS_BLOCKED, "the server blocks this host"},
                {ER_ACCOUNT_HAS_BEEN_LOCKED, "the account is locked"},
                {ER_MUST_CHANGE_PASSWORD_LOGIN, "the password has expired"},
                {ER_CON_COUNT_ERROR, "too many connections"},
                {ER_SPECIFIC_ACCESS_DENIED_ERROR, "the admin user lacks the right"},
                {ER_TABLEACCESS_DENIED_ERROR, "the admin user lacks the right to read mysql.global_priv"},
                {ER_CANNOT_USER, "the server could not change the account"},
                {ER_OPTION_PREVENTS_STATEMENT, "a server option forbids it (read_only, strict_password_validation)"},
                {CR_CONNECTION_ERROR, "the server is not reachable"},
                {CR_CONN_HOST_ERROR, "the server is not reachable"},
                {CR_SSL_CONNECTION_ERROR, "no trusted TLS connection"},
                {CR_SERVER_LOST, "no answer in time"},
                {CR_AUTH_PLUGIN_CANNOT_LOAD, "the server asks for the password in an unsafe way"},
        };
        for (size_t i = 0; i < COUNT_OF(known); i++)
                if (known[i].number == l->number) {
                        bytes_printf(ret, "%u: %s", l->number, known[i].meaning);
                        return;
                }
        bytes_printf(ret, "%u: the server refused", l->number);
}

enum mysql_answer mysql_ask(struct mysql_link *l, const char *sql, MYSQL_RES **ret)
{
        MYSQL_RES *rows = NULL;
        l->number = 0;
        if (mysql_query(l->conn, sql) == 0)
                rows = mysql_store_result(l->conn);
        l->number = mysql_errno(l->conn);
        if (l->number == 0 && ret)
                *ret = rows;
        else if (rows)
                mysql_free_result(rows);
        if (l->number == 0)
                return MYSQL_DONE;
        /* 2…: the client's own, the connection has gone; 1053: the server itself is going down under us. */
        bool is_lost = (l->number >= CR_MIN_ERROR && l->number < 3000) || l->number == ER_SERVER_SHUTDOWN ||
                       l->number == ER_CONNECTION_KILLED;
        return is_lost ? MYSQL_LOST : MYSQL_NO;
}

void mysql_link_quote(struct mysql_link *l, struct span text, struct bytes *ret)
{
        CLEANUP_FREE char *escaped = mem_new(2 * text.n + 1, 1);
        mysql_real_escape_string(l->conn, escaped, (const char *)text.p, text.n);
        bytes_printf(ret, "'%s'", escaped);
}
