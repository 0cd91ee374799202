#include "rotators/hooks/pg_role.h"
#include "base/clock.h"
#include <sodium.h>
#include <string.h>
#include <time.h>

#define STEP_TIMEOUT_MS     (30 * SECOND_MS)
#define SESSIONS_ROUNDS_MAX 20
#define DIGEST_TEXT         (7u + HASH_HEX) /* "sha256:" and the digits */

static const char *const config_keys[] = {
        "host",    "port",    "dbname",     "role",       "roles",        "admin_user", "admin_password_file",
        "sslmode", "ca_file", "login_host", "login_port", "login_dbname", "field",      NULL};

enum err pg_role_read(const struct hook_input *in, const char *name, struct pg_role *ret)
{
        const char *not_ours = name ? "role" : "roles";
        enum err e;
        if (json_object_get(in->config, not_ours))
                return err_because(ERR_CONFIG, "config: unknown key `%s`", not_ours);
        if ((e = hook_config_check(in, config_keys)) != OK)
                return e;
        const struct {
                const char *key, *fallback;
                struct bytes *to;
        } texts[] = {
                {"host", NULL, &ret->host},
                {"port", "5432", &ret->port},
                {"dbname", "postgres", &ret->dbname},
                {"role", name, &ret->role},
                {"admin_user", NULL, &ret->admin_user},
                {"sslmode", "", &ret->sslmode},
                {"ca_file", "", &ret->ca_file},
        };
        for (size_t i = 0; i < COUNT_OF(texts); i++)
                if ((e = hook_config(in, texts[i].key, texts[i].fallback, texts[i].to)) != OK)
                        return e;
        if ((e = hook_config(in, "login_host", bytes_text(&ret->host), &ret->login_host)) != OK)
                return e;
        if ((e = hook_config(in, "login_port", bytes_text(&ret->port), &ret->login_port)) != OK)
                return e;
        if ((e = hook_config(in, "login_dbname", bytes_text(&ret->dbname), &ret->login_dbname)) != OK)
                return e;
        if (span_equal(bytes_span(&ret->role), bytes_span(&ret->admin_user)))
                return err_because(ERR_CONFIG, "config: `admin_user` must not be the role that is rotated");
        ret->takes_turns = name != NULL;
        ret->timeout_ms = hook_time_left_ms(in, STEP_TIMEOUT_MS);
        return hook_config_secret(in, "admin_password_file", &ret->admin_password);
}

void pg_role_done(struct pg_role *r)
{
        struct bytes *all[] = {&r->host,    &r->port,    &r->dbname,     &r->role,       &r->admin_user,
                               &r->sslmode, &r->ca_file, &r->login_host, &r->login_port, &r->login_dbname};
        for (size_t i = 0; i < COUNT_OF(all); i++)
                bytes_done(all[i]);
        secret_wipe(&r->admin_password);
}

void pg_role_open_link(const struct pg_role *r, struct pg_target *t, struct pg_link *ret)
{
        t->sslmode = r->sslmode.n ? bytes_text(&r->sslmode) : NULL;
        t->sslrootcert = r->ca_file.n ? bytes_text(&r->ca_file) : NULL;
        t->timeout_ms = r->timeout_ms;
        pg_link_open(t, ret);
}

bool pg_role_try(const struct pg_role *r, const struct hook_field *password, enum pg_login *ret,
                 struct hook_answer *a)
{
        struct pg_target t = {.host = bytes_text(&r->login_host),
                              .port = bytes_text(&r->login_port),
                              .dbname = bytes_text(&r->login_dbname),
                              .user = bytes_text(&r->role),
                              .password = (const char *)password->value};
        CLEANUP_PG_LINK struct pg_link link = {0};
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        pg_role_open_link(r, &t, &link);
        *ret = link.login;
        if (link.login == PG_IN || link.login == PG_WRONG_PASSWORD)
                return true;
        pg_link_say(&link, &why);
        if (link.login == PG_IN_WITHOUT_PASSWORD)
                hook_fail(a, PLUGIN_MISCONFIGURED,
                          "the server lets the role in without asking for its password "
                          "(pg_hba.conf): nothing can be proven; see `login_host`");
        else
                hook_fail(a, link.login == PG_UNREACHABLE ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "the role's login: %s",
                          bytes_text(&why));
        return false;
}

/* A question: whatever goes wrong, nothing was changed. */
MUST_CHECK static bool ask(const struct pg_role *r, struct pg_link *admin, const char *sql, const char *second,
                           PGresult **ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        const char *params[2] = {bytes_text(&r->role), second};
        enum pg_answer got = pg_ask(admin, sql, second ? 2 : 1, params, ret);
        if (got == PG_DONE)
                return true;
        pg_link_say(admin, &why);
        hook_fail(a, got == PG_LOST ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "%s", bytes_text(&why));
        return false;
}

bool pg_role_check(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a)
{
        static const char sql[] = "SELECT rolcanlogin, coalesce(rolvaliduntil > now(), true), "
                                  "(SELECT rolsuper OR (rolcreaterole AND NOT t.rolsuper) FROM pg_roles "
                                  "WHERE rolname = current_user) FROM pg_roles t WHERE rolname = $1";
        static const char *const faults[] = {"the role has no LOGIN",
                                             "the role's password has a VALID UNTIL that is over",
                                             "the admin role may not change this role (SUPERUSER or CREATEROLE)"};
        PGresult *row = NULL;
        if (!ask(r, admin, sql, NULL, &row, a))
                return false;
        const char *fault = PQntuples(row) == 1 ? NULL : "there is no such role";
        for (int i = r->takes_turns ? 1 : 0; !fault && i < (int)COUNT_OF(faults); i++)
                if (strcmp(PQgetvalue(row, 0, i), "t") != 0)
                        fault = faults[i];
        PQclear(row);
        if (fault)
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", fault);
        return !fault;
}

/* ALTER ROLE takes no parameters: role and verifier are quoted by libpq. verifier NULL: none any more. */
MUST_CHECK static bool write_alter(const struct pg_role *r, struct pg_link *admin, const char *what,
                                   const char *verifier, struct bytes *ret)
{
        char *role = PQescapeIdentifier(admin->conn, (const char *)r->role.p, r->role.n);
        char *literal = verifier ? PQescapeLiteral(admin->conn, verifier, strlen(verifier)) : NULL;
        bool is_good = role && (literal || !verifier);
        if (is_good)
                bytes_printf(ret, "ALTER ROLE %s %s %s", role, what, literal ? literal : "NULL");
        PQfreemem(role);
        PQfreemem(literal);
        return is_good;
}

MUST_CHECK static bool alter(struct pg_link *admin, const struct bytes *sql, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        enum pg_answer got = pg_do(admin, bytes_text(sql));
        if (got == PG_DONE)
                return true;
        pg_link_say(admin, &why);
        if (got == PG_LOST)
                hook_fail(a, PLUGIN_UNKNOWN, "the connection broke while the password was being changed");
        else
                hook_fail(a, strcmp(admin->sqlstate, "42501") ? PLUGIN_FAILED : PLUGIN_REFUSED, "%s",
                          bytes_text(&why));
        a->is_value_rejected = got == PG_REFUSED && !strcmp(admin->sqlstate, "22023");
        return false;
}

bool pg_role_set(const struct pg_role *r, struct pg_link *admin, const struct hook_field *password,
                 struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes sql = BYTES_NONE;
        char *verifier = PQencryptPasswordConn(admin->conn, (const char *)password->value, bytes_text(&r->role),
                                               "scram-sha-256");
        bool is_ready =
                verifier && write_alter(r, admin, r->takes_turns ? "LOGIN PASSWORD" : "PASSWORD", verifier, &sql);
        PQfreemem(verifier);
        if (!is_ready)
                hook_fail(a, PLUGIN_FAILED, "the verifier could not be made");
        return is_ready && alter(admin, &sql, a);
}

bool pg_role_shut(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes sql = BYTES_NONE;
        if (write_alter(r, admin, "NOLOGIN PASSWORD", NULL, &sql))
                return alter(admin, &sql, a);
        hook_fail(a, PLUGIN_FAILED, "the role's name could not be quoted");
        return false;
}

bool pg_role_is_open(const struct pg_role *r, struct pg_link *admin, bool *ret, struct hook_answer *a)
{
        PGresult *row = NULL;
        if (!ask(r, admin, "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", NULL, &row, a))
                return false;
        *ret = PQntuples(row) != 1 || strcmp(PQgetvalue(row, 0, 0), "f") != 0;
        PQclear(row);
        return true;
}

static bool write_digest(const struct pg_role *r, struct pg_link *admin, struct bytes *ret, struct bytes *ret_now)
{
        const char *params[1] = {bytes_text(&r->role)};
        PGresult *row = NULL;
        if (pg_ask(admin,
                   "SELECT rolpassword, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM pg_authid "
                   "WHERE rolname = $1",
                   1, params, &row) != PG_DONE)
                return false;
        bool is_there = PQntuples(row) == 1 && !PQgetisnull(row, 0, 0);
        if (is_there) {
                struct hash digest = hash_of(span_text(PQgetvalue(row, 0, 0)));
                bytes_add_text(ret, "sha256:");
                bytes_add_hex(ret, digest.b, sizeof digest.b);
                bytes_add_text(ret_now, PQgetvalue(row, 0, 1));
        }
        PQclear(row);
        return is_there;
}

void pg_role_handle(const struct pg_role *r, struct pg_link *admin, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes now = BYTES_NONE;
        bytes_clear(&a->handle);
        if (write_digest(r, admin, &a->handle, &now))
                bytes_printf(&a->handle, "@%s", bytes_text(&now));
}

bool pg_role_is_as_set(const struct pg_role *r, struct pg_link *admin, const char *handle)
{
        CLEANUP_BYTES struct bytes digest = BYTES_NONE, now = BYTES_NONE;
        return handle && strlen(handle) >= DIGEST_TEXT && write_digest(r, admin, &digest, &now) &&
               !memcmp(handle, digest.p, DIGEST_TEXT);
}

/* The server's time in the handle, or the end of time. */
static const char *set_at(const char *handle)
{
        const char *at = handle ? strchr(handle, '@') : NULL;
        bool is_number = at && at[1] && strspn(at + 1, "0123456789") == strlen(at + 1) && strlen(at + 1) <= 17;
        return is_number ? at + 1 : "99999999999999999";
}

bool pg_role_end_sessions(const struct pg_role *r, struct pg_link *admin, const char *handle, struct hook_answer *a)
{
        static const char sql[] =
                "SELECT count(*), count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE usename = $1 AND extract(epoch FROM backend_start) * 1000000 < $2::bigint";
        const struct timespec pause = {0, 50 * 1000 * 1000};
        bool is_gone = false;
        for (int round = 0; !is_gone && round < SESSIONS_ROUNDS_MAX; round++) {
                PGresult *row = NULL;
                if (round > 0)
                        nanosleep(&pause, NULL); /* a backend ends at its next chance, not at our word */
                if (!ask(r, admin, sql, set_at(handle), &row, a))
                        return false;
                is_gone = PQntuples(row) == 1 && !strcmp(PQgetvalue(row, 0, 0), "0");
                PQclear(row);
        }
        if (!is_gone)
                hook_fail(a, PLUGIN_TRY_AGAIN, "sessions with the old password are still there");
        return is_gone;
}
