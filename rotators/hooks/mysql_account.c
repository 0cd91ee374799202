#include "rotators/hooks/mysql_account.h"
#include "base/clock.h"
#include "rotators/hooks/mysql_verifier.h"
#include <mysqld_error.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define STEP_TIMEOUT_MS     (30 * SECOND_MS)
#define SESSIONS_ROUNDS_MAX 20
#define SAME_START_S        2
#define DIGEST_TEXT         (7u + HASH_HEX) /* "sha256:" and the digits */
#define NATIVE              "mysql_native_password"
#define ED25519             "ed25519"

enum err mysql_account_read(const struct hook_input *in, struct mysql_account *ret)
{
        static const char *const known[] = {
                "socket",  "host",  "port", "user", "user_host", "admin_user", "admin_password_file",
                "ca_file", "field", NULL};
        CLEANUP_BYTES struct bytes port = BYTES_NONE;
        enum err e;
        if ((e = hook_config_check(in, known)) != OK)
                return e;
        const struct hook_text texts[] = {
                {"socket", "", &ret->socket},
                {"host", "127.0.0.1", &ret->host},
                {"port", "3306", &port},
                {"user", NULL, &ret->user},
                {"user_host", "%", &ret->user_host},
                {"admin_user", NULL, &ret->admin_user},
                {"ca_file", "", &ret->ca_file},
        };
        if ((e = hook_config_texts(in, texts, COUNT_OF(texts))) != OK)
                return e;
        ret->port = (unsigned)atoi(bytes_text(&port));
        if (ret->port < 1 || ret->port > 65535)
                return err_because(ERR_CONFIG, "config: `port` is no port");
        if (span_equal(bytes_span(&ret->user), bytes_span(&ret->admin_user)))
                return err_because(ERR_CONFIG, "config: `admin_user` must not be the user that is rotated");
        ret->timeout_ms = hook_time_left_ms(in, STEP_TIMEOUT_MS);
        return hook_config_secret(in, "admin_password_file", &ret->admin_password);
}

void mysql_account_done(struct mysql_account *m)
{
        struct bytes *all[] = {&m->socket, &m->host, &m->ca_file, &m->user, &m->user_host, &m->admin_user};
        for (size_t i = 0; i < COUNT_OF(all); i++)
                bytes_done(all[i]);
        secret_wipe(&m->admin_password);
}

/* ---- connections ---- */

static enum mysql_login open_link(const struct mysql_account *m, const struct bytes *user, const void *password,
                                  struct mysql_link *ret)
{
        const struct mysql_target t = {.socket = m->socket.n ? bytes_text(&m->socket) : NULL,
                                       .host = bytes_text(&m->host),
                                       .port = m->port,
                                       .ca_file = m->ca_file.n ? bytes_text(&m->ca_file) : NULL,
                                       .user = bytes_text(user),
                                       .password = password,
                                       .timeout_ms = m->timeout_ms};
        return mysql_link_open(&t, ret);
}

/* A failure that changed nothing. */
static void fail(const struct mysql_link *l, bool will_pass, const char *what, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        mysql_link_say(l, &why);
        hook_fail(a, will_pass ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "%s: %s", what, bytes_text(&why));
}

MUST_CHECK static bool open_admin(const struct mysql_account *m, struct mysql_link *ret, struct hook_answer *a)
{
        enum mysql_login login = open_link(m, &m->admin_user, m->admin_password.bytes, ret);
        if (login != MYSQL_IN)
                fail(ret, login == MYSQL_UNREACHABLE, "the admin user's login", a);
        return login == MYSQL_IN;
}

bool mysql_account_try(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a)
{
        const struct mysql_account *m = self;
        CLEANUP_MYSQL_LINK struct mysql_link link = {0};
        enum mysql_login login = open_link(m, &m->user, value->value, &link);
        bool is_known = login == MYSQL_IN || login == MYSQL_WRONG_PASSWORD;
        *ret_is_in = login == MYSQL_IN;
        if (!is_known)
                fail(&link, login == MYSQL_UNREACHABLE, "the user's login", a);
        return is_known;
}

MUST_CHECK static bool ask(struct mysql_link *admin, const char *sql, MYSQL_RES **ret, struct hook_answer *a)
{
        enum mysql_answer got = mysql_ask(admin, sql, ret);
        if (got != MYSQL_DONE)
                fail(admin, got == MYSQL_LOST, "the server", a);
        return got == MYSQL_DONE;
}

/* ---- the stored account ---- */

/* ` FROM mysql.global_priv WHERE …` of this account. */
static void write_where(const struct mysql_account *m, struct mysql_link *admin, struct bytes *sql)
{
        bytes_add_text(sql, " FROM mysql.global_priv WHERE User = ");
        mysql_link_quote(admin, bytes_span(&m->user), sql);
        bytes_add_text(sql, " AND Host = ");
        mysql_link_quote(admin, bytes_span(&m->user_host), sql);
}

/* Plugin, stored verifier, whether there are other ways in, whether it is locked; one row or none. */
MUST_CHECK static bool read_account(const struct mysql_account *m, struct mysql_link *admin, MYSQL_RES **ret,
                                    struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes sql = BYTES_NONE;
        bytes_add_text(&sql, "SELECT JSON_VALUE(Priv, '$.plugin'), JSON_VALUE(Priv, '$.authentication_string'), "
                             "JSON_EXISTS(Priv, '$.auth_or'), COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0)");
        write_where(m, admin, &sql);
        return ask(admin, bytes_text(&sql), ret, a);
}

static const char *fault_of(MYSQL_ROW row)
{
        if (!row)
                return "there is no such account (`user`, `user_host`)";
        if (!row[0] || (strcmp(row[0], NATIVE) != 0 && strcmp(row[0], ED25519) != 0))
                return "the account logs in by neither mysql_native_password nor ed25519";
        if (row[2] && strcmp(row[2], "0") != 0)
                return "the account has other ways to log in beside its password";
        if (!row[3] || (strcmp(row[3], "0") != 0 && strcmp(row[3], "false") != 0))
                return "the account is locked";
        return NULL;
}

/* The account's plugin; false with an answer where it cannot be rotated. */
MUST_CHECK static bool find_plugin(const struct mysql_account *m, struct mysql_link *admin, bool *ret_is_native,
                                   struct hook_answer *a)
{
        MYSQL_RES *rows = NULL;
        if (!read_account(m, admin, &rows, a))
                return false;
        MYSQL_ROW row = mysql_fetch_row(rows);
        const char *fault = fault_of(row);
        *ret_is_native = !fault && !strcmp(row[0], NATIVE);
        mysql_free_result(rows);
        if (fault)
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", fault);
        return !fault;
}

bool mysql_account_check(void *self, struct hook_answer *a)
{
        static const char sql[] = "SELECT COUNT(DISTINCT PRIVILEGE_TYPE) FROM information_schema.USER_PRIVILEGES "
                                  "WHERE PRIVILEGE_TYPE IN "
                                  "('CREATE USER', 'PROCESS', 'CONNECTION ADMIN') AND "
                                  "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";
        const struct mysql_account *m = self;
        CLEANUP_MYSQL_LINK struct mysql_link admin = {0};
        MYSQL_RES *rows = NULL;
        bool is_native = false;
        if (!open_admin(m, &admin, a) || !find_plugin(m, &admin, &is_native, a) || !ask(&admin, sql, &rows, a))
                return false;
        MYSQL_ROW row = mysql_fetch_row(rows);
        bool may = row && row[0] && !strcmp(row[0], "3");
        mysql_free_result(rows);
        if (!may)
                hook_fail(a, PLUGIN_REFUSED, "the admin user needs CREATE USER, PROCESS and CONNECTION ADMIN");
        return may;
}

/* ---- set ---- */

bool mysql_account_set(void *self, const struct hook_field *value, struct hook_answer *a)
{
        const struct mysql_account *m = self;
        CLEANUP_MYSQL_LINK struct mysql_link admin = {0};
        CLEANUP_BYTES struct bytes sql = BYTES_NONE, verifier = BYTES_NONE, why = BYTES_NONE;
        bool is_native = false;
        if (!open_admin(m, &admin, a) || !find_plugin(m, &admin, &is_native, a))
                return false;
        if ((is_native ? mysql_verifier_native(value, &verifier) : mysql_verifier_ed25519(value, &verifier)) != OK) {
                hook_fail(a, PLUGIN_FAILED, "the verifier could not be made");
                return false;
        }
        bytes_add_text(&sql, "ALTER USER ");
        mysql_link_quote(&admin, bytes_span(&m->user), &sql);
        bytes_add_byte(&sql, '@');
        mysql_link_quote(&admin, bytes_span(&m->user_host), &sql);
        bytes_printf(&sql, " IDENTIFIED VIA %s USING '%s'", is_native ? NATIVE : ED25519, bytes_text(&verifier));
        enum mysql_answer got = mysql_ask(&admin, bytes_text(&sql), NULL);
        mysql_link_say(&admin, &why);
        if (got == MYSQL_LOST)
                hook_fail(a, PLUGIN_UNKNOWN, "the connection broke while the password was being changed");
        else if (got == MYSQL_NO)
                hook_fail(a, admin.number == ER_OPTION_PREVENTS_STATEMENT ? PLUGIN_MISCONFIGURED : PLUGIN_REFUSED,
                          "ALTER USER: %s", bytes_text(&why));
        return got == MYSQL_DONE;
}

/* ---- handle ---- */

/* sha256:DIGEST-OF-THE-STORED-VERIFIER */
static bool write_digest(const struct mysql_account *m, struct mysql_link *admin, struct bytes *ret)
{
        struct hook_answer ignored = {0};
        MYSQL_RES *rows = NULL;
        bool is_there = read_account(m, admin, &rows, &ignored);
        MYSQL_ROW row = is_there ? mysql_fetch_row(rows) : NULL;
        is_there = row && row[1] && *row[1];
        if (is_there) {
                struct hash digest = hash_of(span_text(row[1]));
                bytes_add_text(ret, "sha256:");
                bytes_add_hex(ret, digest.b, sizeof digest.b);
        }
        if (rows)
                mysql_free_result(rows);
        hook_answer_done(&ignored);
        return is_there;
}

/* When the server started (s since 1970) and which number this connection has: numbers begin anew with every start.
 */
MUST_CHECK static bool find_run(struct mysql_link *admin, long long *ret_started_s, long long *ret_number)
{
        static const char sql[] = "SELECT UNIX_TIMESTAMP() - VARIABLE_VALUE, CONNECTION_ID() FROM "
                                  "information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME'";
        MYSQL_RES *rows = NULL;
        if (mysql_ask(admin, sql, &rows) != MYSQL_DONE)
                return false;
        MYSQL_ROW row = mysql_fetch_row(rows);
        bool is_there = row && row[0] && row[1];
        if (is_there) {
                *ret_started_s = atoll(row[0]);
                *ret_number = atoll(row[1]);
        }
        mysql_free_result(rows);
        return is_there;
}

/* On a fresh connection, whose number is higher than all that began before. */
void mysql_account_handle(void *self, struct hook_answer *a)
{
        const struct mysql_account *m = self;
        CLEANUP_MYSQL_LINK struct mysql_link admin = {0};
        struct hook_answer ignored = {0};
        long long started_s = 0, number = 0;
        bytes_clear(&a->handle);
        if (open_admin(m, &admin, &ignored) && find_run(&admin, &started_s, &number) &&
            write_digest(m, &admin, &a->handle))
                bytes_printf(&a->handle, "@%lld@%lld", started_s, number);
        hook_answer_done(&ignored);
}

bool mysql_account_is_as_set(void *self, const char *handle)
{
        const struct mysql_account *m = self;
        CLEANUP_MYSQL_LINK struct mysql_link admin = {0};
        CLEANUP_BYTES struct bytes digest = BYTES_NONE;
        struct hook_answer ignored = {0};
        bool is_same = strlen(handle) >= DIGEST_TEXT && open_admin(m, &admin, &ignored) &&
                       write_digest(m, &admin, &digest) && !memcmp(handle, digest.p, DIGEST_TEXT);
        hook_answer_done(&ignored);
        return is_same;
}

/* ---- sessions ---- */

/* The number below which a connection may have begun before the change. A server that was started after it has none
 * such; a start that is only nearly another one counts as the same. */
static long long first_new(const char *handle, struct mysql_link *admin)
{
        long long was_s = 0, number = 0, started_s = 0, own = 0;
        const char *at = handle ? strchr(handle, '@') : NULL;
        if (!at || sscanf(at, "@%lld@%lld", &was_s, &number) != 2 || !find_run(admin, &started_s, &own))
                return INT64_MAX;
        return started_s > was_s + SAME_START_S ? 0 : number;
}

/* Asks the server to end them; how many there still were. */
MUST_CHECK static bool kill_old(const struct mysql_account *m, struct mysql_link *admin, long long limit,
                                size_t *ret_n, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes sql = BYTES_NONE;
        MYSQL_RES *rows = NULL;
        bytes_printf(&sql, "SELECT ID FROM information_schema.PROCESSLIST WHERE ID < %lld AND USER = ", limit);
        mysql_link_quote(admin, bytes_span(&m->user), &sql);
        if (!ask(admin, bytes_text(&sql), &rows, a))
                return false;
        bool is_done = true;
        *ret_n = mysql_num_rows(rows);
        for (MYSQL_ROW row; is_done && (row = mysql_fetch_row(rows));) {
                char kill[48];
                snprintf(kill, sizeof kill, "KILL CONNECTION %lld", atoll(row[0]));
                is_done = mysql_ask(admin, kill, NULL) == MYSQL_DONE || admin->number == ER_NO_SUCH_THREAD;
        }
        mysql_free_result(rows);
        if (!is_done)
                fail(admin, false, "KILL CONNECTION", a);
        return is_done;
}

bool mysql_account_end_sessions(void *self, const char *handle, struct hook_answer *a)
{
        const struct mysql_account *m = self;
        CLEANUP_MYSQL_LINK struct mysql_link admin = {0};
        const struct timespec pause = {0, 50 * 1000 * 1000};
        size_t n = 1;
        if (!open_admin(m, &admin, a))
                return false;
        long long limit = first_new(handle, &admin);
        for (int round = 0; n > 0 && round < SESSIONS_ROUNDS_MAX; round++) {
                if (round > 0)
                        nanosleep(&pause, NULL); /* a session ends at its next chance, not at our word */
                if (!kill_old(m, &admin, limit, &n, a))
                        return false;
        }
        if (n > 0)
                hook_fail(a, PLUGIN_TRY_AGAIN, "sessions with the old password are still there");
        return n == 0;
}
