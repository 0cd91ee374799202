#include "base/clock.h"
#include "rotators/hooks/pg_role.h"
#include <string.h>

#define LOCK_TIMEOUT_MS 5000
#define KEPT_MOST_MS    (10 * SECOND_MS) /* whom the server would let in now is asked anew after that */

static struct {
        struct pg_link link;
        struct bytes where; /* whom it connects to what; the password apart */
        struct secret password;
        int64_t opened_ms;
} kept;

void pg_admin_close(void)
{
        pg_link_done(&kept.link);
        kept.link = (struct pg_link){0};
        bytes_done(&kept.where);
        secret_wipe(&kept.password);
}

static void write_where(const struct pg_role *r, struct bytes *ret)
{
        const struct bytes *all[] = {&r->host, &r->port, &r->dbname, &r->admin_user, &r->sslmode, &r->ca_file};
        for (size_t i = 0; i < COUNT_OF(all); i++) {
                bytes_add_span(ret, bytes_span(all[i]));
                bytes_add_byte(ret, 0);
        }
}

static bool is_in(const struct pg_link *l)
{
        return l->login == PG_IN || l->login == PG_IN_WITHOUT_PASSWORD;
}

/* Its own limits in a session that works. synchronous_commit: what we report as set must survive a crash of the
 * server. */
MUST_CHECK static bool set_limits(const struct pg_role *r)
{
        char limit[160];
        snprintf(limit, sizeof limit,
                 "SET statement_timeout = %lld; SET lock_timeout = %d; SET synchronous_commit = on; "
                 "SET search_path = pg_catalog",
                 (long long)r->timeout_ms, LOCK_TIMEOUT_MS);
        PGresult *done = PQexec(kept.link.conn, limit);
        bool is_set = PQresultStatus(done) == PGRES_COMMAND_OK;
        PQclear(done);
        return is_set;
}

static bool is_wanted(const struct pg_role *r, const struct bytes *where)
{
        return kept.link.conn && is_in(&kept.link) && span_equal(bytes_span(where), bytes_span(&kept.where)) &&
               secret_equal(&kept.password, &r->admin_password) &&
               clock_monotonic_ms() - kept.opened_ms < KEPT_MOST_MS &&
               PQtransactionStatus(kept.link.conn) == PQTRANS_IDLE;
}

MUST_CHECK static enum err open_new(const struct pg_role *r, const struct bytes *where)
{
        struct pg_target t = {.host = bytes_text(&r->host),
                              .port = bytes_text(&r->port),
                              .dbname = bytes_text(&r->dbname),
                              .user = bytes_text(&r->admin_user),
                              .password = (const char *)r->admin_password.bytes};
        enum err e = OK;
        pg_admin_close();
        if (r->admin_password.len)
                e = secret_copy(r->admin_password.bytes, r->admin_password.len, &kept.password);
        if (e != OK)
                return e;
        bytes_add_span(&kept.where, bytes_span(where));
        kept.opened_ms = clock_monotonic_ms();
        pg_role_open_link(r, &t, &kept.link);
        if (is_in(&kept.link) && !set_limits(r))
                kept.link.login = PG_UNREACHABLE;
        return OK;
}

struct pg_link *pg_admin_open(const struct pg_role *r, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE, where = BYTES_NONE;
        write_where(r, &where);
        if (is_wanted(r, &where) && set_limits(r))
                return &kept.link;
        enum err e = open_new(r, &where);
        if (e == OK && is_in(&kept.link))
                return &kept.link;
        if (e == OK)
                pg_link_say(&kept.link, &why);
        enum plugin_exit exit = kept.link.login == PG_UNREACHABLE ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED;
        hook_fail(a, exit, "the admin role's login: %s", e == OK ? bytes_text(&why) : err_sentence(e));
        return NULL;
}
