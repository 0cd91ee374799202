/* The hook for the password of a Unix account, on this host or over SSH.
 *
 * The hash is made here with crypt(3), the system's own tool puts it in place (`chpasswd -e`): the plaintext reaches
 * neither. Whether a value is the one in force is found out as pam_unix does, by crypt(3) against the shadow file.
 * The handle is `sha256:DIGEST-OF-THE-STORED-HASH@MOMENT`: sessions that began at that moment (sessions.h) or before
 * it came in by an older password. */
#include "rotators/hooks/sessions.h"
#include "rotators/hooks/single.h"
#include <crypt.h>
#include <sodium.h>
#include <string.h>

#define STEP_TIMEOUT_MS (30 * INT64_C(1000))
#define EXIT_TOOL       43                /* chpasswd failed: nothing was changed */
#define EXIT_SHADOW     41                /* the shadow file cannot be read */
#define IS_LOCKED       "try again later" /* chpasswd, while somebody (perhaps killed) holds the locks */
#define DIGEST_TEXT     (7u + HASH_HEX)   /* "sha256:" and the digits */

static const char description[] =
        "{\"hook\":\"unix-password\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"user\"],\"optional\":[\"host\",\"port\",\"host_key\",\"admin_user\","
        "\"admin_key_file\",\"root\",\"method\",\"end_sessions\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

struct unix_account {
        struct bytes user, admin_user, admin_key_file, root, method;
        struct ssh_host host;
        bool ends_sessions;
        struct host_script script; /* runs as root: over there, or here */
};

/* ---- configuration ---- */

MUST_CHECK static enum err read_remote(const struct hook_input *in, struct unix_account *ret)
{
        const struct hook_text texts[] = {{"admin_user", "root", &ret->admin_user},
                                          {"admin_key_file", NULL, &ret->admin_key_file}};
        enum err e;
        if (!json_object_get(in->config, "host"))
                return OK;
        if ((e = hook_config_texts(in, texts, COUNT_OF(texts))) != OK)
                return e;
        if (!ssh_is_plain(bytes_text(&ret->admin_user)) || bytes_text(&ret->admin_key_file)[0] != '/' ||
            !ssh_is_plain(bytes_text(&ret->admin_key_file)))
                return err_because(ERR_CONFIG, "config: `admin_user` or `admin_key_file` is malformed");
        ret->script.host = &ret->host;
        ret->script.admin_user = bytes_text(&ret->admin_user);
        ret->script.admin_key_file = bytes_text(&ret->admin_key_file);
        ret->script.shell = "exec sh -s";
        return ssh_host_read(in, &ret->host);
}

MUST_CHECK static enum err read_config(const struct hook_input *in, struct unix_account *ret)
{
        static const char *const known[] = {"user",         "host",           "port", "host_key",
                                            "admin_user",   "admin_key_file", "root", "method",
                                            "end_sessions", "field",          NULL};
        const struct hook_text texts[] = {
                {"user", NULL, &ret->user}, {"root", "", &ret->root}, {"method", "yescrypt", &ret->method}};
        enum err e;
        if ((e = hook_config_check(in, known)) != OK)
                return e;
        if ((e = hook_config_texts(in, texts, COUNT_OF(texts))) != OK)
                return e;
        if ((e = hook_config_yes(in, "end_sessions", true, &ret->ends_sessions)) != OK)
                return e;
        if (!ssh_is_plain(bytes_text(&ret->user)) || strpbrk(bytes_text(&ret->user), "/:."))
                return err_because(ERR_CONFIG, "config: `user` is no account's name");
        if (ret->root.n > 0 && (bytes_text(&ret->root)[0] != '/' || !ssh_is_plain(bytes_text(&ret->root))))
                return err_because(ERR_CONFIG, "config: `root` must be an absolute path without spaces");
        if (!span_is(bytes_span(&ret->method), "yescrypt") && !span_is(bytes_span(&ret->method), "sha512"))
                return err_because(ERR_CONFIG, "config: `method` is yescrypt or sha512");
        ret->script.timeout_ms = hook_time_left_ms(in, STEP_TIMEOUT_MS);
        return read_remote(in, ret);
}

static void account_done(struct unix_account *u)
{
        struct bytes *all[] = {&u->user, &u->admin_user, &u->admin_key_file, &u->root, &u->method};
        for (size_t i = 0; i < COUNT_OF(all); i++)
                bytes_done(all[i]);
        ssh_host_done(&u->host);
}

/* ---- scripts ---- */

MUST_CHECK static bool run_script(const struct unix_account *u, const struct bytes *script, bool changes,
                                  struct ssh_ran *ret, struct hook_answer *a)
{
        if (!host_script_run(&u->script, script, changes, ret, a))
                return false;
        if (ret->exit_code != 0)
                hook_fail(a, strstr(bytes_text(&ret->why), IS_LOCKED) ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "%s: %s",
                          ret->exit_code == EXIT_SHADOW ? "the shadow file cannot be read" : "chpasswd",
                          bytes_text(&ret->why));
        return ret->exit_code == 0;
}

/* The stored hash, empty where there is no such account, and the moment before it was read. */
MUST_CHECK static bool read_hash(const struct unix_account *u, struct bytes *ret, struct bytes *ret_moment,
                                 struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        bytes_printf(&script,
                     SESSIONS_NOW "[ -r %s/etc/shadow ] || exit %d\ngrep '^%s:' %s/etc/shadow | cut -d: -f2\n",
                     bytes_text(&u->root), EXIT_SHADOW, bytes_text(&u->user), bytes_text(&u->root));
        bool is_read = run_script(u, &script, false, &ran, a);
        const char *moment = bytes_text(&ran.out), *hash = strchr(moment, '\n');
        if (is_read && hash) {
                bytes_add(ret_moment, moment, (size_t)(hash - moment));
                bytes_add(ret, hash + 1, strcspn(hash + 1, "\n"));
        }
        ssh_ran_done(&ran);
        return is_read;
}

static struct sessions sessions_of(const struct unix_account *u)
{
        return (struct sessions){
                .by = &u->script, .user = bytes_text(&u->user), .root = bytes_text(&u->root), .of_terminals = true};
}

/* ---- the acts ---- */

static bool check(void *self, struct hook_answer *a)
{
        const struct unix_account *u = self;
        const struct sessions sessions = sessions_of(u);
        CLEANUP_BYTES struct bytes hash = BYTES_NONE, moment = BYTES_NONE;
        if (!read_hash(u, &hash, &moment, a))
                return false;
        char first = bytes_text(&hash)[0];
        if (first == '$')
                return !u->ends_sessions || sessions_check(&sessions, a);
        /* chpasswd would unlock it. */
        hook_fail(a, PLUGIN_MISCONFIGURED, "%s",
                  first == 0 ? "there is no such account, or it has no password" : "the account is locked");
        return false;
}

/* crypt(3) with everything that it touches of ours in locked memory; NULL on failure. setting: a hash, or a salt. */
static const char *hash_with(struct secret *room, const struct hook_field *value, const char *setting)
{
        if (secret_new(sizeof(struct crypt_data), room) != OK)
                return NULL;
        return crypt_rn((const char *)value->value, setting, room->bytes, (int)room->len);
}

static bool set(void *self, const struct hook_field *value, struct hook_answer *a)
{
        const struct unix_account *u = self;
        CLEANUP_SECRET struct secret room = SECRET_NONE;
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        char salt[CRYPT_GENSALT_OUTPUT_SIZE], noise[32];
        randombytes_buf(noise, sizeof noise);
        const char *prefix = span_is(bytes_span(&u->method), "sha512") ? "$6$" : "$y$";
        const char *setting = crypt_gensalt_rn(prefix, 0, noise, sizeof noise, salt, sizeof salt);
        const char *hash = setting ? hash_with(&room, value, setting) : NULL;
        if (!hash) {
                hook_fail(a, PLUGIN_FAILED, "the hash could not be made");
                return false;
        }
        bytes_printf(&script, "chpasswd -e %s %s <<'EOF' || exit %d\n%s:%s\nEOF\n", u->root.n ? "-R" : "",
                     bytes_text(&u->root), EXIT_TOOL, bytes_text(&u->user), hash);
        bool is_set = run_script(u, &script, true, &ran, a);
        ssh_ran_done(&ran);
        return is_set;
}

static bool try_login(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a)
{
        CLEANUP_SECRET struct secret room = SECRET_NONE;
        CLEANUP_BYTES struct bytes stored = BYTES_NONE, moment = BYTES_NONE;
        if (!read_hash(self, &stored, &moment, a))
                return false;
        const char *hash = bytes_text(&stored)[0] == '$' ? hash_with(&room, value, bytes_text(&stored)) : NULL;
        *ret_is_in = hash && strlen(hash) == stored.n && sodium_memcmp(hash, stored.p, stored.n) == 0;
        return true;
}

/* sha256:DIGEST@MOMENT */
static bool write_handle(const struct unix_account *u, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes stored = BYTES_NONE, moment = BYTES_NONE;
        struct hook_answer ignored = {0};
        bool is_there = read_hash(u, &stored, &moment, &ignored) && stored.n > 0;
        struct hash digest = hash_of(bytes_span(&stored));
        hook_answer_done(&ignored);
        if (!is_there)
                return false;
        bytes_add_text(ret, "sha256:");
        bytes_add_hex(ret, digest.b, sizeof digest.b);
        bytes_printf(ret, "@%s", bytes_text(&moment));
        return true;
}

static void take_handle(void *self, struct hook_answer *a)
{
        bytes_clear(&a->handle);
        (void)write_handle(self, &a->handle);
}

/* What is to say `replaced` also says that sessions have ended. */
static bool is_as_set(void *self, const char *handle)
{
        const struct unix_account *u = self;
        CLEANUP_BYTES struct bytes now = BYTES_NONE;
        return u->ends_sessions && strlen(handle) >= DIGEST_TEXT && write_handle(u, &now) &&
               !memcmp(handle, now.p, DIGEST_TEXT);
}

static bool end_sessions(void *self, const char *handle, struct hook_answer *a)
{
        const struct unix_account *u = self;
        const struct sessions s = sessions_of(u);
        const char *at = handle ? strchr(handle, '@') : NULL;
        return sessions_end(&s, at ? at + 1 : NULL, a);
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct unix_account account = {0};
        struct single_target target = {.self = &account,
                                       .check = check,
                                       .set = set,
                                       .try_login = try_login,
                                       .take_handle = take_handle,
                                       .is_as_set = is_as_set};
        enum err e = read_config(in, &account);
        if (account.ends_sessions)
                target.end_sessions = end_sessions;
        if (e == OK)
                single_run(&target, step, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        account_done(&account);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "unix-password", .description = description, .run = run};
        return hook_main(&hook, argc, argv);
}
