/* The hook for the password of a Unix account, on this host or over SSH.
 *
 * The hash is made here with crypt(3), the system's own tool puts it in place (`chpasswd -e`): the plaintext reaches
 * neither. Whether a value is the one in force is found out as pam_unix does, by crypt(3) against the shadow file.
 * The handle is the digest of the stored hash. */
#include "base/spawn.h"
#include "rotators/hooks/single.h"
#include "rotators/hooks/ssh_run.h"
#include <crypt.h>
#include <sodium.h>
#include <string.h>

#define SHELL       "/bin/sh"
#define DONE        "breakglass: done\n"
#define EXIT_TOOL   43                /* chpasswd failed: nothing was changed */
#define EXIT_SHADOW 41                /* the shadow file cannot be read */
#define IS_LOCKED   "try again later" /* chpasswd, while somebody (perhaps killed) holds the locks */

static const char description[] =
        "{\"hook\":\"unix-password\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"user\"],\"optional\":[\"host\",\"port\",\"host_key\",\"admin_user\","
        "\"admin_key_file\",\"root\",\"method\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

struct unix_account {
        struct bytes user, admin_user, admin_key_file, root, method;
        bool is_remote;
        struct ssh_host host; /* where is_remote */
        int64_t timeout_ms;
};

/* ---- configuration ---- */

MUST_CHECK static enum err read_remote(const struct hook_input *in, struct unix_account *ret)
{
        enum err e;
        ret->is_remote = json_object_get(in->config, "host") != NULL;
        if (!ret->is_remote)
                return OK;
        if ((e = hook_config(in, "admin_user", "root", &ret->admin_user)) != OK)
                return e;
        if ((e = hook_config(in, "admin_key_file", NULL, &ret->admin_key_file)) != OK)
                return e;
        if (!ssh_is_plain(bytes_text(&ret->admin_user)) || bytes_text(&ret->admin_key_file)[0] != '/' ||
            !ssh_is_plain(bytes_text(&ret->admin_key_file)))
                return err_because(ERR_CONFIG, "config: `admin_user` or `admin_key_file` is malformed");
        return ssh_host_read(in, &ret->host);
}

MUST_CHECK static enum err read_config(const struct hook_input *in, struct unix_account *ret)
{
        static const char *const known[] = {"user",           "host", "port",   "host_key", "admin_user",
                                            "admin_key_file", "root", "method", "field",    NULL};
        enum err e;
        if ((e = hook_config_check(in, known)) != OK)
                return e;
        if ((e = hook_config(in, "user", NULL, &ret->user)) != OK)
                return e;
        if ((e = hook_config(in, "root", "", &ret->root)) != OK)
                return e;
        if ((e = hook_config(in, "method", "yescrypt", &ret->method)) != OK)
                return e;
        if (!ssh_is_plain(bytes_text(&ret->user)) || strpbrk(bytes_text(&ret->user), "/:."))
                return err_because(ERR_CONFIG, "config: `user` is no account's name");
        if (ret->root.n > 0 && (bytes_text(&ret->root)[0] != '/' || !ssh_is_plain(bytes_text(&ret->root))))
                return err_because(ERR_CONFIG, "config: `root` must be an absolute path without spaces");
        if (!span_is(bytes_span(&ret->method), "yescrypt") && !span_is(bytes_span(&ret->method), "sha512"))
                return err_because(ERR_CONFIG, "config: `method` is yescrypt or sha512");
        ret->timeout_ms = hook_time_left_ms(in, 30 * INT64_C(1000));
        return read_remote(in, ret);
}

static void account_done(struct unix_account *u)
{
        struct bytes *all[] = {&u->user, &u->admin_user, &u->admin_key_file, &u->root, &u->method};
        for (size_t i = 0; i < COUNT_OF(all); i++)
                bytes_done(all[i]);
        ssh_host_done(&u->host);
}

/* ---- scripts: one function on stdin, so that what is cut off on its way is not run at all ---- */

MUST_CHECK static enum err run_here(const struct unix_account *u, struct span script, struct ssh_ran *ret)
{
        static const char *const argv[] = {"sh", "-s", NULL};
        CLEANUP_FREE char *shell = realpath(SHELL, NULL); /* mostly a link, which spawn_run() does not follow */
        const struct spawn_job job = {.path = shell ? shell : SHELL,
                                      .argv = argv,
                                      .input = script,
                                      .timeout_ms = u->timeout_ms,
                                      .stays_in_group = true};
        struct spawn_result ran = {0};
        enum err e = spawn_run(&job, &ran);
        if (e == OK) {
                ret->outcome = ran.timed_out || ran.exit_code >= 128 ? SSH_LOST : SSH_RAN;
                ret->exit_code = ran.exit_code;
                bytes_add_span(&ret->out, bytes_span(&ran.out));
                text_escape(span_of(ran.err.p, ran.err.n < 200 ? ran.err.n : 200), &ret->why);
        }
        spawn_result_done(&ran);
        return e;
}

MUST_CHECK static bool run_script(const struct unix_account *u, struct span script, bool changes, struct ssh_ran *ret,
                                  struct hook_answer *a)
{
        enum err e = u->is_remote ? ssh_run(&u->host, bytes_text(&u->admin_user), bytes_text(&u->admin_key_file),
                                            NULL, "exec sh -s", script, ret)
                                  : run_here(u, script, ret);
        size_t n = strlen(DONE);
        if (e != OK)
                hook_fail(a, PLUGIN_TRY_AGAIN, "%s", err_reason());
        else if (ret->outcome == SSH_LOST && changes)
                hook_fail(a, PLUGIN_UNKNOWN, "it broke off while the password was being changed");
        else if (ret->outcome != SSH_RAN)
                ssh_fail(ret, "the admin's login", a);
        else if (ret->exit_code != 0 || ret->out.n < n || memcmp(ret->out.p + ret->out.n - n, DONE, n) != 0)
                hook_fail(a, strstr(bytes_text(&ret->why), IS_LOCKED) ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "%s: %s",
                          ret->exit_code == EXIT_SHADOW ? "the shadow file cannot be read" : "chpasswd",
                          bytes_text(&ret->why));
        else
                return true;
        return false;
}

/* The stored hash; empty where there is no such account. */
MUST_CHECK static bool read_hash(const struct unix_account *u, struct bytes *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        bytes_printf(&script,
                     "main() {\ngrep '^%s:' %s/etc/shadow | cut -d: -f2; [ -r %s/etc/shadow ] || exit %d\n"
                     "printf '"
                     "breakglass: done"
                     "\\n'\n}\nmain\n",
                     bytes_text(&u->user), bytes_text(&u->root), bytes_text(&u->root), EXIT_SHADOW);
        bool is_read = run_script(u, bytes_span(&script), false, &ran, a);
        if (is_read && ran.out.n > strlen(DONE)) /* the newline before it too */
                bytes_add(ret, ran.out.p, ran.out.n - strlen(DONE) - 1);
        ssh_ran_done(&ran);
        return is_read;
}

/* ---- the acts ---- */

static bool check(void *self, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes hash = BYTES_NONE;
        if (!read_hash(self, &hash, a))
                return false;
        char first = bytes_text(&hash)[0];
        if (first == '$')
                return true;
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
        bytes_printf(
                &script,
                "main() {\nchpasswd -e %s %s <<'EOF' || exit %d\n%s:%s\nEOF\nprintf 'breakglass: done\\n'\n}\nmain\n",
                u->root.n ? "-R" : "", bytes_text(&u->root), EXIT_TOOL, bytes_text(&u->user), hash);
        bool is_set = run_script(u, bytes_span(&script), true, &ran, a);
        ssh_ran_done(&ran);
        return is_set;
}

static bool try_login(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a)
{
        CLEANUP_SECRET struct secret room = SECRET_NONE;
        CLEANUP_BYTES struct bytes stored = BYTES_NONE;
        if (!read_hash(self, &stored, a))
                return false;
        const char *hash = bytes_text(&stored)[0] == '$' ? hash_with(&room, value, bytes_text(&stored)) : NULL;
        *ret_is_in = hash && strlen(hash) == stored.n && sodium_memcmp(hash, stored.p, stored.n) == 0;
        return true;
}

static bool write_digest(const struct unix_account *u, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes stored = BYTES_NONE;
        struct hook_answer ignored = {0};
        bool is_there = read_hash(u, &stored, &ignored) && stored.n > 0;
        struct hash digest = hash_of(bytes_span(&stored));
        hook_answer_done(&ignored);
        if (!is_there)
                return false;
        bytes_add_text(ret, "sha256:");
        bytes_add_hex(ret, digest.b, sizeof digest.b);
        return true;
}

static void take_handle(void *self, struct hook_answer *a)
{
        bytes_clear(&a->handle);
        (void)write_digest(self, &a->handle);
}

static bool is_as_set(void *self, const char *handle)
{
        CLEANUP_BYTES struct bytes digest = BYTES_NONE;
        return write_digest(self, &digest) && span_is(bytes_span(&digest), handle);
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct unix_account account = {.is_remote = false};
        const struct single_target target = {.self = &account,
                                             .check = check,
                                             .set = set,
                                             .try_login = try_login,
                                             .take_handle = take_handle,
                                             .is_as_set = is_as_set};
        enum err e = read_config(in, &account);
        if (e == OK)
                single_run(&target, step, in, a);
        else
                hook_fail(a, e == ERR_IO ? PLUGIN_TRY_AGAIN : PLUGIN_MISCONFIGURED, "%s", err_reason());
        account_done(&account);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "unix-password", .description = description, .run = run};
        return hook_main(&hook, argc, argv);
}
