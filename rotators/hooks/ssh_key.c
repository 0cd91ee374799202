/* The hook for an SSH key pair (Ed25519) of an account on a host.
 *
 * Two slots: `set` adds the new public key to the account's authorized_keys beside the old one, `revoke` takes the
 * old one out. Only public keys travel; to log in with a private key it stays in our locked memory, and `ssh` asks an
 * agent of ours for signatures. The handle is the key's fingerprint. */
#include "rotators/hooks/ssh_lines.h"
#include <sodium.h>
#include <string.h>

#define DROP_MAX 16u

static const char description[] =
        "{\"hook\":\"ssh-key\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"slots\":2,"
        "\"config\":{\"required\":[\"host\",\"host_key\",\"user\",\"admin_user\",\"admin_key_file\"],\"optional\":"
        "[\"port\",\"authorized_keys\",\"options\",\"end_sessions\",\"field\"]},"
        "\"value\":{\"kind\":\"ssh-ed25519\",\"field\":\"private_key\"}}";

struct rotation {
        struct ssh_account account;
        struct ssh_key pending, opened; /* opened: blob.n 0 when it was not handed over */
        char fingerprint[SSH_FINGERPRINT_MAX], old[SSH_FINGERPRINT_MAX]; /* old: of what was handed over, or "" */
};

/* ---- input ---- */

MUST_CHECK static enum err read_key(const struct hook_input *in, const struct hook_fields *fields,
                                    struct ssh_key *ret, char ret_fingerprint[SSH_FINGERPRINT_MAX])
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE;
        enum err e = hook_config(in, "field", "private_key", &name);
        const struct hook_field *f = e == OK ? hook_field(fields, bytes_text(&name)) : NULL;
        if (!f)
                return e;
        if ((e = ssh_key_read(f, ret)) == OK)
                ssh_key_fingerprint(bytes_span(&ret->blob), ret_fingerprint);
        return e;
}

/* An old key that we cannot read was made by others: it is found by its handle or its tag. */
MUST_CHECK static enum err read_all(const struct hook_input *in, bool needs_pending, struct rotation *ret)
{
        enum err e;
        if ((e = ssh_account_read(in, &ret->account)) != OK)
                return e;
        if (needs_pending && (e = read_key(in, &in->pending, &ret->pending, ret->fingerprint)) != OK)
                return err_because(ERR_CONFIG, "the pending field `private_key` is no OpenSSH private key");
        if (needs_pending && ret->pending.private.len == 0)
                return err_because(ERR_CONFIG, "the pending field `private_key` must be an unencrypted Ed25519 key");
        e = read_key(in, &in->opened, &ret->opened, ret->old);
        return e == ERR_BAD_CONTAINER ? OK : e;
}

static void rotation_done(struct rotation *r)
{
        ssh_account_done(&r->account);
        ssh_key_done(&r->pending);
        ssh_key_done(&r->opened);
}

/* ---- logging in ---- */

MUST_CHECK static bool try_login(const struct rotation *r, const struct ssh_key *key, bool *ret_is_in,
                                 struct hook_answer *a)
{
        struct ssh_ran ran = {0};
        enum err e =
                ssh_run(&r->account.host, bytes_text(&r->account.user), NULL, key, "exit 0", span_of("", 0), &ran);
        bool is_known = e == OK && (ran.outcome == SSH_RAN || ran.outcome == SSH_DENIED);
        *ret_is_in = is_known && ran.outcome == SSH_RAN; /* whatever its shell made of `exit 0` */
        if (e != OK)
                hook_fail(a, PLUGIN_TRY_AGAIN, "ssh: %s", err_reason());
        else if (!is_known)
                ssh_fail(&ran, "the account's login", a);
        ssh_ran_done(&ran);
        return is_known;
}

static void test(const struct rotation *r, struct hook_answer *a)
{
        bool is_in = false;
        if (!try_login(r, &r->pending, &is_in, a))
                return;
        if (is_in)
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "the host refuses the new key");
}

/* ---- which lines ---- */

static bool has_tag(const struct rotation *r, const struct ssh_line *line)
{
        return span_equal(line->comment, bytes_span(&r->account.tag));
}

static bool is_listed(struct span file, const char *fingerprint)
{
        struct ssh_line line;
        while (ssh_line_next(&file, &line))
                if (line.base64.n > 0 && !strcmp(line.fingerprint, fingerprint))
                        return true;
        return false;
}

/* The only line with our tag, as long as there is one only. */
static bool find_tagged(const struct rotation *r, struct span file, char ret[SSH_FINGERPRINT_MAX])
{
        struct ssh_line line;
        size_t n = 0;
        while (ssh_line_next(&file, &line))
                if (line.base64.n > 0 && has_tag(r, &line) && n++ == 0)
                        memcpy(ret, line.fingerprint, SSH_FINGERPRINT_MAX);
        return n == 1;
}

/* What is in use: what was handed over, what was known before, or our only line. */
static void check(const struct rotation *r, const struct hook_input *in, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        char tagged[SSH_FINGERPRINT_MAX] = "";
        if (!ssh_lines_read(&r->account, &file, a) ||
            (r->account.ends_sessions && !ssh_account_sees_sessions(&r->account, a)))
                return;
        hook_ok(a, NULL);
        if (*r->old && is_listed(bytes_span(&file), r->old))
                bytes_add_text(&a->handle, r->old);
        else if (in->old_handle && is_listed(bytes_span(&file), in->old_handle))
                bytes_add_text(&a->handle, in->old_handle);
        else if (find_tagged(r, bytes_span(&file), tagged))
                bytes_add_text(&a->handle, tagged);
}

static void set(const struct rotation *r, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes base64 = BYTES_NONE;
        bytes_add_base64(&base64, bytes_span(&r->pending.blob));
        if (!ssh_lines_change(&r->account, NULL, 0, bytes_span(&base64), a))
                return;
        hook_ok(a, NULL);
        bytes_add_text(&a->handle, r->fingerprint);
}

/* ---- the end of the old one ---- */

/* The old key, by any of its names, and every other line with our tag: a new key that was given up. */
static bool is_old(const struct rotation *r, const struct hook_input *in, const struct ssh_line *line)
{
        if (line->base64.n == 0 || !strcmp(line->fingerprint, r->fingerprint))
                return false;
        return (*r->old && !strcmp(line->fingerprint, r->old)) ||
               (in->old_handle && !strcmp(line->fingerprint, in->old_handle)) || has_tag(r, line);
}

MUST_CHECK static bool drop_old(const struct rotation *r, const struct hook_input *in, size_t *ret_n,
                                struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct span drop[DROP_MAX], rest;
        struct ssh_line line;
        if (!ssh_lines_read(&r->account, &file, a))
                return false;
        rest = bytes_span(&file);
        while (*ret_n < DROP_MAX && ssh_line_next(&rest, &line))
                if (is_old(r, in, &line))
                        drop[(*ret_n)++] = line.base64;
        return *ret_n == 0 || ssh_lines_change(&r->account, drop, *ret_n, span_of(NULL, 0), a);
}

/* The file's last change is the end of the old key, or comes after it. Until then sessions began with either key, and
 * which of them let a session in is known to the host's log alone: all of those end. */
MUST_CHECK static bool end_sessions(const struct rotation *r, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes moment = BYTES_NONE;
        if (!r->account.ends_sessions)
                return true;
        return ssh_lines_changed_at(&r->account, &moment, a) &&
               ssh_account_end_sessions(&r->account, bytes_text(&moment), a);
}

/* With the old key in hand it is tried. Without, it has to be known which it was, and to be gone, with its sessions.
 */
static void prove_dead(const struct rotation *r, const struct hook_input *in, size_t n_dropped, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        const char *old = *r->old ? r->old : in->old_handle;
        bool is_in = false;
        if (r->opened.private.len > 0) {
                if (!try_login(r, &r->opened, &is_in, a))
                        return;
                if (is_in)
                        hook_fail(a, PLUGIN_FAILED, "the old key still logs in: another file or rule lets it in");
                else
                        hook_ok(a, "refused");
                return;
        }
        if (!ssh_lines_read(&r->account, &file, a))
                return;
        bool is_gone = old ? !is_listed(bytes_span(&file), old) : n_dropped > 0;
        hook_ok(a, is_gone && r->account.ends_sessions ? "replaced" : "unproven");
}

static void revoke_old(const struct rotation *r, const struct hook_input *in, struct hook_answer *a)
{
        size_t n_dropped = 0;
        test(r, a); /* a host that refuses everything proves nothing about the old key */
        if (a->exit == PLUGIN_OK && span_equal(bytes_span(&r->pending.blob), bytes_span(&r->opened.blob)))
                hook_fail(a, PLUGIN_FAILED, "the old key is the new one");
        if (a->exit != PLUGIN_OK || !drop_old(r, in, &n_dropped, a) || !end_sessions(r, a))
                return;
        prove_dead(r, in, n_dropped, a);
        if (a->exit == PLUGIN_OK)
                bytes_add_text(&a->handle, r->fingerprint);
}

static void reconcile(const struct rotation *r, struct hook_answer *a)
{
        bool is_in = false;
        if (!try_login(r, &r->pending, &is_in, a))
                return;
        hook_ok(a, is_in ? "pending" : "other");
        if (is_in)
                bytes_add_text(&a->handle, r->fingerprint);
}

static void run_step(enum hook_step step, const struct rotation *r, const struct hook_input *in,
                     struct hook_answer *a)
{
        switch (step) {
        case HOOK_CHECK: check(r, in, a); break;
        case HOOK_SET: set(r, a); break;
        case HOOK_TEST: test(r, a); break;
        case HOOK_REVOKE: revoke_old(r, in, a); break;
        case HOOK_RECONCILE: reconcile(r, a); break;
        case HOOK_PREPARE:
        case HOOK_STEPS: break;
        }
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct rotation r = {0};
        enum err e = read_all(in, step != HOOK_CHECK, &r);
        if (e == OK)
                run_step(step, &r, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        rotation_done(&r);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "ssh-key", .description = description, .run = run};
        return hook_main(&hook, argc, argv);
}
