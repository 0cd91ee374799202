/* The hook for an ACL user of a Redis server (6 or newer).
 *
 * The server keeps the SHA-256 of a password, and takes it as such: the plaintext is sent only to log in. One `ACL
 * SETUSER name resetpass #HASH` takes the new one and drops all others in one step; `ACL SAVE` or `CONFIG REWRITE`
 * makes it durable. The handle is `sha256:DIGEST-OF-THE-STORED-HASH@RUN-ID@CONNECTION-NUMBER`: connections of that
 * run of the server with a lower number began before the change. */
#include "base/clock.h"
#include "rotators/hooks/redis_link.h"
#include "rotators/hooks/single.h"
#include <sodium.h>
#include <string.h>

#define STEP_TIMEOUT_MS (30 * SECOND_MS)
#define DIGEST_TEXT     (7u + HASH_HEX) /* "sha256:" and the digits */
#define RUN_ID          40u

static const char description[] =
        "{\"hook\":\"redis\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"user\"],\"optional\":[\"socket\",\"host\",\"port\",\"admin_user\","
        "\"admin_password_file\",\"plaintext_network\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

struct redis {
        struct bytes socket, host, user, admin_user;
        struct secret admin_password; /* NUL-ended; empty: the admin user has none */
        int port;
        int64_t timeout_ms;
};

/* ---- configuration ---- */

/* hiredis has no TLS here: a password that crosses a network in the clear is no secret. */
MUST_CHECK static enum err check_network(const struct hook_input *in, const struct redis *r)
{
        CLEANUP_BYTES struct bytes allowed = BYTES_NONE;
        static const char *const loopback[] = {"127.0.0.1", "::1", "localhost"};
        enum err e = hook_config(in, "plaintext_network", "no", &allowed);
        bool is_safe = r->socket.n > 0 || span_is(bytes_span(&allowed), "yes");
        for (size_t i = 0; i < COUNT_OF(loopback); i++)
                is_safe |= span_is(bytes_span(&r->host), loopback[i]);
        if (e == OK && !is_safe)
                e = err_because(ERR_CONFIG, "config: `host`: passwords would cross the network in the clear; use a "
                                            "socket or a tunnel that ends on loopback (`plaintext_network: yes` "
                                            "where the network itself is private)");
        return e;
}

MUST_CHECK static enum err read_config(const struct hook_input *in, struct redis *ret)
{
        static const char *const known[] = {
                "socket", "host", "port", "user", "admin_user", "admin_password_file", "plaintext_network",
                "field",  NULL};
        CLEANUP_BYTES struct bytes port = BYTES_NONE;
        enum err e;
        if ((e = hook_config_check(in, known)) != OK)
                return e;
        if ((e = hook_config(in, "user", NULL, &ret->user)) != OK)
                return e;
        if ((e = hook_config(in, "admin_user", "default", &ret->admin_user)) != OK)
                return e;
        if ((e = hook_config(in, "socket", "", &ret->socket)) != OK)
                return e;
        if ((e = hook_config(in, "host", "127.0.0.1", &ret->host)) != OK)
                return e;
        if ((e = hook_config(in, "port", "6379", &port)) != OK)
                return e;
        ret->port = atoi(bytes_text(&port));
        if (ret->port < 1 || ret->port > 65535)
                return err_because(ERR_CONFIG, "config: `port` is no port");
        if (ret->user.n == 0 || strpbrk(bytes_text(&ret->user), " \t\r\n"))
                return err_because(ERR_CONFIG, "config: `user` is no name of an ACL user");
        if (span_equal(bytes_span(&ret->user), bytes_span(&ret->admin_user)))
                return err_because(ERR_CONFIG, "config: `admin_user` must not be the user that is rotated");
        ret->timeout_ms = hook_time_left_ms(in, STEP_TIMEOUT_MS);
        if ((e = check_network(in, ret)) != OK)
                return e;
        return hook_config_secret(in, "admin_password_file", &ret->admin_password);
}

static void redis_done(struct redis *r)
{
        bytes_done(&r->socket);
        bytes_done(&r->host);
        bytes_done(&r->user);
        bytes_done(&r->admin_user);
        secret_wipe(&r->admin_password);
}

/* ---- connections ---- */

MUST_CHECK static bool open_link(const struct redis *r, struct redis_link *ret, struct hook_answer *a)
{
        const struct redis_target t = {.socket = r->socket.n ? bytes_text(&r->socket) : NULL,
                                       .host = bytes_text(&r->host),
                                       .port = r->port,
                                       .timeout_ms = r->timeout_ms};
        bool is_open = redis_link_open(&t, ret);
        if (!is_open)
                hook_fail(a, PLUGIN_TRY_AGAIN, "the server is not reachable");
        return is_open;
}

/* What an answer to a question means that changes nothing. */
static void fail_ask(const struct redis_link *l, enum redis_answer got, const char *what, struct hook_answer *a)
{
        if (got == REDIS_LOST)
                hook_fail(a, PLUGIN_TRY_AGAIN, "%s: no answer", what);
        else
                hook_fail(a, redis_link_will_pass(l) ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "%s: %s", what,
                          redis_link_meaning(l));
}

MUST_CHECK static bool open_admin(const struct redis *r, struct redis_link *ret, struct hook_answer *a)
{
        const char *const words[] = {"AUTH", bytes_text(&r->admin_user), (const char *)r->admin_password.bytes};
        if (!open_link(r, ret, a))
                return false;
        if (!r->admin_password.bytes)
                return true;
        enum redis_answer got = redis_ask(ret, 3, words, NULL);
        if (got != REDIS_DONE)
                fail_ask(ret, got, "the admin user's login", a);
        return got == REDIS_DONE;
}

static bool try_login(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a)
{
        const struct redis *r = self;
        CLEANUP_REDIS_LINK struct redis_link link = {0};
        const char *const words[] = {"AUTH", bytes_text(&r->user), (const char *)value->value};
        if (!open_link(r, &link, a))
                return false;
        enum redis_answer got = redis_ask(&link, 3, words, NULL);
        bool is_known = got == REDIS_DONE || (got == REDIS_NO && !strcmp(link.word, "WRONGPASS"));
        *ret_is_in = got == REDIS_DONE;
        if (!is_known)
                fail_ask(&link, got, "the user's login", a);
        return is_known;
}

/* ---- the stored user ---- */

/* The element behind a name in a flat list of names and values, or NULL. */
static const redisReply *pair(const redisReply *list, const char *name)
{
        for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i + 1 < list->elements; i += 2)
                if (list->element[i]->str && !strcmp(list->element[i]->str, name))
                        return list->element[i + 1];
        return NULL;
}

static bool lists(const redisReply *list, const char *word)
{
        for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i < list->elements; i++)
                if (list->element[i]->str && !strcmp(list->element[i]->str, word))
                        return true;
        return false;
}

MUST_CHECK static bool get_user(const struct redis *r, struct redis_link *admin, redisReply **ret,
                                struct hook_answer *a)
{
        const char *const words[] = {"ACL", "GETUSER", bytes_text(&r->user)};
        enum redis_answer got = redis_ask(admin, 3, words, ret);
        if (got != REDIS_DONE)
                fail_ask(admin, got, "ACL GETUSER", a);
        return got == REDIS_DONE;
}

/* Whether this connection's user may run the command; ACL DRYRUN runs nothing. */
MUST_CHECK static bool may(const struct redis *r, struct redis_link *admin, int n, const char *const command[],
                           struct hook_answer *a)
{
        const char *words[8] = {"ACL", "DRYRUN", bytes_text(&r->admin_user)};
        redisReply *reply = NULL;
        for (int i = 0; i < n; i++)
                words[3 + i] = command[i];
        enum redis_answer got = redis_ask(admin, 3 + n, words, &reply);
        bool is_allowed = got == REDIS_DONE && reply->str && !strcmp(reply->str, "OK");
        if (reply)
                freeReplyObject(reply);
        if (got != REDIS_DONE)
                fail_ask(admin, got, "ACL DRYRUN", a);
        else if (!is_allowed)
                hook_fail(a, PLUGIN_REFUSED, "the admin user may not run %s %s", command[0], command[1]);
        return is_allowed;
}

static bool check(void *self, struct hook_answer *a)
{
        const struct redis *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        const char *const needed[][3] = {{"ACL", "SETUSER", bytes_text(&r->user)},
                                         {"ACL", "SAVE"},
                                         {"CONFIG", "GET", "aclfile"},
                                         {"CONFIG", "REWRITE"},
                                         {"CLIENT", "LIST"},
                                         {"CLIENT", "KILL", "x"}};
        redisReply *user = NULL;
        if (!open_admin(r, &admin, a) || !get_user(r, &admin, &user, a))
                return false;
        const char *fault = NULL;
        if (user->type != REDIS_REPLY_ARRAY)
                fault = "there is no such ACL user";
        else if (!lists(pair(user, "flags"), "on"))
                fault = "the user is off";
        else if (lists(pair(user, "flags"), "nopass"))
                fault = "the user needs no password (nopass)";
        freeReplyObject(user);
        if (fault)
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", fault);
        for (size_t i = 0; !fault && i < COUNT_OF(needed); i++)
                if (!may(r, &admin, needed[i][2] ? 3 : 2, needed[i], a))
                        return false;
        return !fault;
}

/* ---- handle ---- */

/* The SHA-256 that the server stores, where it stores exactly one; hashed once more it names it in public. */
static bool write_digest(const struct redis *r, struct redis_link *admin, struct bytes *ret)
{
        struct hook_answer ignored = {0};
        redisReply *user = NULL;
        bool is_there = get_user(r, admin, &user, &ignored);
        const redisReply *stored = is_there ? pair(user, "passwords") : NULL;
        bool is_one = stored && stored->type == REDIS_REPLY_ARRAY && stored->elements == 1 && stored->element[0]->str;
        if (is_one) {
                struct hash digest = hash_of(span_text(stored->element[0]->str));
                bytes_add_text(ret, "sha256:");
                bytes_add_hex(ret, digest.b, sizeof digest.b);
        }
        if (user)
                freeReplyObject(user);
        hook_answer_done(&ignored);
        return is_one;
}

/* run_id changes with every start of the server, and connection numbers begin anew with it. */
static bool write_run_id(struct redis_link *admin, struct bytes *ret)
{
        static const char *const words[] = {"INFO", "server"};
        redisReply *info = NULL;
        bool is_there = redis_ask(admin, 2, words, &info) == REDIS_DONE;
        const char *at = is_there && info->str ? strstr(info->str, "\nrun_id:") : NULL;
        bool is_good = at && strspn(at + 8, "0123456789abcdef") == RUN_ID;
        if (is_good)
                bytes_add(ret, at + 8, RUN_ID);
        if (info)
                freeReplyObject(info);
        return is_good;
}

static bool write_number(struct redis_link *admin, struct bytes *ret)
{
        static const char *const words[] = {"CLIENT", "ID"};
        redisReply *reply = NULL;
        bool is_there = redis_ask(admin, 2, words, &reply) == REDIS_DONE && reply->type == REDIS_REPLY_INTEGER;
        if (is_there)
                bytes_printf(ret, "%lld", reply->integer);
        if (reply)
                freeReplyObject(reply);
        return is_there;
}

/* On a fresh connection, whose number is higher than all that began before. */
static void take_handle(void *self, struct hook_answer *a)
{
        const struct redis *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        CLEANUP_BYTES struct bytes handle = BYTES_NONE;
        struct hook_answer ignored = {0};
        bool is_whole = open_admin(r, &admin, &ignored) && write_digest(r, &admin, &handle);
        bytes_add_byte(&handle, '@');
        is_whole = is_whole && write_run_id(&admin, &handle);
        bytes_add_byte(&handle, '@');
        is_whole = is_whole && write_number(&admin, &handle);
        bytes_clear(&a->handle);
        if (is_whole)
                bytes_add_span(&a->handle, bytes_span(&handle));
        hook_answer_done(&ignored);
}

static bool is_as_set(void *self, const char *handle)
{
        const struct redis *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        CLEANUP_BYTES struct bytes digest = BYTES_NONE;
        struct hook_answer ignored = {0};
        bool is_same = strlen(handle) >= DIGEST_TEXT && open_admin(r, &admin, &ignored) &&
                       write_digest(r, &admin, &digest) && !memcmp(handle, digest.p, DIGEST_TEXT);
        hook_answer_done(&ignored);
        return is_same;
}

/* ---- set ---- */

/* A server with an ACL file keeps its users there, any other in its configuration file. */
MUST_CHECK static bool has_acl_file(struct redis_link *admin)
{
        static const char *const words[] = {"CONFIG", "GET", "aclfile"};
        redisReply *reply = NULL;
        bool is_told = redis_ask(admin, 3, words, &reply) == REDIS_DONE;
        const redisReply *path = is_told ? pair(reply, "aclfile") : NULL;
        bool has_one = path && path->str && *path->str;
        if (reply)
                freeReplyObject(reply);
        return has_one;
}

static bool save(void *self, struct hook_answer *a)
{
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        static const char *const acl[] = {"ACL", "SAVE"}, *const config[] = {"CONFIG", "REWRITE"};
        if (!open_admin(self, &admin, a))
                return false;
        bool is_saved = redis_ask(&admin, 2, has_acl_file(&admin) ? acl : config, NULL) == REDIS_DONE;
        if (!is_saved)
                hook_fail(a, PLUGIN_TRY_AGAIN,
                          "the password is in force, but the server could not save it: it needs an `aclfile` or a "
                          "configuration file that it may write");
        return is_saved;
}

/* "#SHA-256", NUL-ended: a password of people's own making could be guessed from it. */
MUST_CHECK static enum err make_word(const struct hook_field *value, struct secret *ret)
{
        CLEANUP_SECRET struct secret hash = SECRET_NONE;
        enum err e;
        if ((e = secret_new(crypto_hash_sha256_BYTES, &hash)) != OK)
                return e;
        if ((e = secret_new(1 + 2 * hash.len + 1, ret)) != OK)
                return e;
        if (crypto_hash_sha256(hash.bytes, value->value, value->len) != 0)
                return ERR_INTERNAL;
        ret->bytes[0] = '#';
        secret_hex_encode(hash.bytes, hash.len, ret->bytes + 1);
        return OK;
}

static bool set(void *self, const struct hook_field *value, struct hook_answer *a)
{
        const struct redis *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        CLEANUP_SECRET struct secret word = SECRET_NONE;
        if (!open_admin(r, &admin, a))
                return false;
        if (make_word(value, &word) != OK) {
                hook_fail(a, PLUGIN_FAILED, "the hash could not be made");
                return false;
        }
        const char *const words[] = {"ACL", "SETUSER", bytes_text(&r->user), "resetpass", (const char *)word.bytes};
        enum redis_answer got = redis_ask(&admin, 5, words, NULL);
        if (got == REDIS_LOST)
                hook_fail(a, PLUGIN_UNKNOWN, "the connection broke while the password was being changed");
        else if (got == REDIS_NO)
                hook_fail(a, redis_link_will_pass(&admin) ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "ACL SETUSER: %s",
                          redis_link_meaning(&admin));
        return got == REDIS_DONE;
}

/* ---- sessions ---- */

/* The number below which a connection began before the change; the highest there is without a usable handle. */
static long long first_new(const char *handle, struct redis_link *admin)
{
        CLEANUP_BYTES struct bytes run_id = BYTES_NONE;
        const char *at = handle ? strchr(handle, '@') : NULL;
        if (!at || strlen(at) < RUN_ID + 3 || at[RUN_ID + 1] != '@' || !write_run_id(admin, &run_id))
                return INT64_MAX;
        /* Another run: the server was started after the change, with the saved new password. */
        return memcmp(at + 1, run_id.p, RUN_ID) ? 0 : atoll(at + RUN_ID + 2);
}

/* The number in "id=12 addr=… user=NAME …", or 0 when the line is about somebody else. */
static long long number_of(const char *line, size_t n, const char *user)
{
        CLEANUP_FREE char *text = mem_text_n(line, n);
        CLEANUP_BYTES struct bytes wanted = BYTES_NONE;
        bytes_printf(&wanted, " user=%s ", user);
        return strstr(text, bytes_text(&wanted)) && !strncmp(text, "id=", 3) ? atoll(text + 3) : 0;
}

MUST_CHECK static bool kill_one(struct redis_link *admin, long long number, struct hook_answer *a)
{
        char text[24];
        const char *const words[] = {"CLIENT", "KILL", "ID", text};
        snprintf(text, sizeof text, "%lld", number);
        enum redis_answer got = redis_ask(admin, 4, words, NULL); /* 0 killed: it has ended by itself */
        if (got != REDIS_DONE)
                fail_ask(admin, got, "CLIENT KILL", a);
        return got == REDIS_DONE;
}

static bool end_sessions(void *self, const char *handle, struct hook_answer *a)
{
        const struct redis *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        static const char *const words[] = {"CLIENT", "LIST"};
        redisReply *list = NULL;
        if (!open_admin(r, &admin, a))
                return false;
        enum redis_answer got = redis_ask(&admin, 2, words, &list);
        if (got != REDIS_DONE)
                fail_ask(&admin, got, "CLIENT LIST", a);
        bool is_done = got == REDIS_DONE;
        long long limit = is_done ? first_new(handle, &admin) : 0;
        for (const char *at = is_done && list->str ? list->str : ""; is_done && *at;) {
                size_t n = strcspn(at, "\n");
                long long number = number_of(at, n, bytes_text(&r->user));
                if (number > 0 && number < limit)
                        is_done = kill_one(&admin, number, a);
                at += n + (at[n] == '\n');
        }
        if (list)
                freeReplyObject(list);
        return is_done;
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct redis r = {0};
        const struct single_target target = {&r, check, set, save, try_login, end_sessions, take_handle, is_as_set};
        if (read_config(in, &r) == OK)
                single_run(&target, step, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        redis_done(&r);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "redis", .description = description, .run = run};
        return hook_main(&hook, argc, argv);
}
