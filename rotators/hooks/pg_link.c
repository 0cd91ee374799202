#include "rotators/hooks/pg_link.h"
#include "base/clock.h"
#include <errno.h>
#include <poll.h>
#include <string.h>

#define PARAMS_MAX 16

struct params {
        int n;
        const char *key[PARAMS_MAX + 1], *value[PARAMS_MAX + 1];
};

static void add(struct params *p, const char *key, const char *value)
{
        if (!value)
                return;
        p->key[p->n] = key;
        p->value[p->n++] = value;
}

/* Where nobody stands in between, TLS may be missing; over a network the server must prove its name. */
static const char *default_sslmode(const char *host)
{
        static const char *const loopback[] = {"127.0.0.1", "::1", "localhost"};
        if (host[0] == '/' || host[0] == '@')
                return "disable";
        for (size_t i = 0; i < COUNT_OF(loopback); i++)
                if (!strcmp(loopback[i], host))
                        return "prefer";
        return "verify-full";
}

/* Nothing is taken from the environment, ~/.pgpass, a service file or Kerberos: the configuration alone counts. */
static void fill_params(const struct pg_target *t, struct params *p)
{
        add(p, "host", t->host);
        add(p, "port", t->port);
        add(p, "dbname", t->dbname);
        add(p, "user", t->user);
        add(p, "password", t->password);
        add(p, "passfile", "/dev/null");
        add(p, "sslmode", t->sslmode ? t->sslmode : default_sslmode(t->host));
        add(p, "sslrootcert", t->sslrootcert);
        add(p, "gssencmode", "disable");
        add(p, "target_session_attrs", "read-write");
        add(p, "application_name", "breakglass-rotator");
        add(p, "client_encoding", "UTF8");
}

/* "FATAL:  28P01": the code is the last word of the terse form. */
static void read_sqlstate(struct pg_link *l)
{
        const char *said = PQerrorMessage(l->conn), *end = said + strlen(said);
        while (end > said && (end[-1] == '\n' || end[-1] == ' '))
                end--;
        if (end - said < 7 || end[-6] != ' ')
                return;
        for (const char *c = end - 5; c < end; c++)
                if (!(*c >= '0' && *c <= '9') && !(*c >= 'A' && *c <= 'Z'))
                        return;
        memcpy(l->sqlstate, end - 5, 5);
}

/* true when the poll said that something can go on before the time is up. */
static bool wait_for(PGconn *conn, PostgresPollingStatusType what, int64_t until_ms)
{
        for (;;) {
                struct pollfd fd = {PQsocket(conn), what == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0};
                int64_t left = until_ms - clock_monotonic_ms();
                if (left <= 0)
                        return false;
                int n = poll(&fd, 1, left > 60000 ? 60000 : (int)left);
                if (n > 0)
                        return true;
                if (n < 0 && errno != EINTR)
                        return false;
        }
}

static bool connect_within(struct pg_link *l, int64_t timeout_ms)
{
        int64_t until_ms = clock_monotonic_ms() + timeout_ms;
        PostgresPollingStatusType next = PGRES_POLLING_WRITING;
        if (!l->conn || PQstatus(l->conn) == CONNECTION_BAD)
                return false;
        PQsetErrorVerbosity(l->conn, PQERRORS_SQLSTATE);
        while (next != PGRES_POLLING_OK) {
                if (!wait_for(l->conn, next, until_ms))
                        return false;
                next = PQconnectPoll(l->conn);
                if (next == PGRES_POLLING_FAILED)
                        return false;
        }
        return true;
}

static enum pg_login judge_refusal(const struct pg_link *l)
{
        if (!strcmp(l->sqlstate, "28P01"))
                return PG_WRONG_PASSWORD;
        /* 28…: no such role, no rule for this client; 3D000: no such database; 42…: no right to connect. Others
         * (57P03 starting up, 53300 too many connections) pass. */
        if (!strncmp(l->sqlstate, "28", 2) || !strncmp(l->sqlstate, "3D", 2) || !strncmp(l->sqlstate, "42", 2))
                return PG_NOT_ALLOWED;
        return PG_UNREACHABLE;
}

void pg_link_open(const struct pg_target *t, struct pg_link *ret)
{
        struct params p = {0};
        *ret = (struct pg_link){0};
        fill_params(t, &p);
        ret->conn = PQconnectStartParams(p.key, p.value, 0);
        if (connect_within(ret, t->timeout_ms)) {
                ret->login = PQconnectionUsedPassword(ret->conn) ? PG_IN : PG_IN_WITHOUT_PASSWORD;
                return;
        }
        read_sqlstate(ret);
        ret->login = judge_refusal(ret);
}

void pg_link_done(struct pg_link *l)
{
        PQfinish(l->conn);
        l->conn = NULL;
}

static const char *meaning_of(const char *sqlstate)
{
        static const struct {
                const char *sqlstate, *meaning;
        } known[] = {
                {"28P01", "the password was refused"},
                {"28000", "the role or this host is not allowed to log in (pg_hba.conf, LOGIN)"},
                {"3D000", "there is no such database"},
                {"42501", "the admin role lacks the right"},
                {"42704", "there is no such role"},
                {"22023", "the server's rules refuse the value"},
                {"53300", "too many connections"},
                {"55P03", "a lock was not to be had in time"},
                {"57014", "it took too long"},
                {"57P03", "the server is starting"},
                {"25006", "the server only reads"},
        };
        for (size_t i = 0; i < COUNT_OF(known); i++)
                if (!strcmp(known[i].sqlstate, sqlstate))
                        return known[i].meaning;
        return "the server refused";
}

void pg_link_say(const struct pg_link *l, struct bytes *ret)
{
        if (*l->sqlstate)
                bytes_printf(ret, "%s: %s", l->sqlstate, meaning_of(l->sqlstate));
        else if (!l->conn)
                bytes_add_text(ret, "out of memory");
        else
                text_escape(span_text(PQerrorMessage(l->conn)), ret); /* libpq's own: host, port, errno, TLS */
        if (ret->n == 0)
                bytes_add_text(ret, "no answer in time");
}

enum pg_answer pg_ask(struct pg_link *l, const char *sql, int n, const char *const params[], PGresult **ret)
{
        PGresult *r = PQexecParams(l->conn, sql, n, NULL, params, NULL, NULL, 0);
        ExecStatusType status = PQresultStatus(r);
        const char *sqlstate = PQresultErrorField(r, PG_DIAG_SQLSTATE);
        *l->sqlstate = 0;
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
                *ret = r;
                return PG_DONE;
        }
        if (sqlstate && strlen(sqlstate) == 5)
                memcpy(l->sqlstate, sqlstate, 6);
        PQclear(r);
        /* Class 57P: the server itself is going down under us; class 08: the connection. Both leave it open what was
         * done. */
        bool is_lost = !*l->sqlstate || !strncmp(l->sqlstate, "57P", 3) || !strncmp(l->sqlstate, "08", 2);
        return is_lost || PQstatus(l->conn) == CONNECTION_BAD ? PG_LOST : PG_REFUSED;
}

enum pg_answer pg_do(struct pg_link *l, const char *sql)
{
        PGresult *r = NULL;
        enum pg_answer a = pg_ask(l, sql, 0, NULL, &r);
        PQclear(r);
        return a;
}
