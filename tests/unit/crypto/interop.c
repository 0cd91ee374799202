/* What we write, the stock programs read, and the other way round: age, age-keygen, ssh-keygen. */
#include "base/file.h"
#include "quorum/identity.h"
#include "quorum/sshsig.h"
#include "quorum/version.h"
#include <criterion/criterion.h>
#include <pty.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>

#define PASSPHRASE "correct horse battery"

/* A private folder in which commands are run. */
static char folder[64];

static void arrive(void)
{
        snprintf(folder, sizeof folder, "/tmp/interop-XXXXXX");
        cr_assert(mkdtemp(folder));
}

static void leave(void)
{
        CLEANUP_BYTES struct bytes command = BYTES_NONE;
        bytes_printf(&command, "rm -rf %s", folder);
        cr_expect_eq(system(bytes_text(&command)), 0);
}

static bool have(const char *program)
{
        CLEANUP_BYTES struct bytes command = BYTES_NONE;
        bytes_printf(&command, "command -v %s >/dev/null 2>&1", program);
        return system(bytes_text(&command)) == 0;
}

#define NEEDS(program)                                                                                               \
        if (!have(program))                                                                                          \
        cr_skip("%s is not installed", program)

static bool run(const char *shell)
{
        CLEANUP_BYTES struct bytes command = BYTES_NONE;
        bytes_printf(&command, "cd %s && { %s ; } >stdout 2>stderr", folder, shell);
        return system(bytes_text(&command)) == 0;
}

/* Types the passphrase whenever the program asks for one on its terminal. */
static bool run_on_terminal(const char *shell)
{
        CLEANUP_BYTES struct bytes said = BYTES_NONE;
        int terminal, status;
        pid_t child = forkpty(&terminal, NULL, NULL, NULL);
        cr_assert(child >= 0);
        if (child == 0) {
                if (chdir(folder) == 0)
                        execl("/bin/sh", "sh", "-c", shell, (char *)NULL);
                _exit(127);
        }
        char piece[256];
        ssize_t n;
        while ((n = read(terminal, piece, sizeof piece)) > 0) {
                bytes_add(&said, piece, (size_t)n);
                if (said.n >= 2 && memcmp(said.p + said.n - 2, ": ", 2) == 0 &&
                    strstr(bytes_text(&said), "assphrase")) {
                        cr_assert_eq(fd_write_all(terminal, PASSPHRASE "\n", strlen(PASSPHRASE) + 1), OK);
                        bytes_clear(&said);
                }
        }
        close(terminal);
        cr_assert_eq(waitpid(child, &status, 0), child);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void put(const char *name, struct span content)
{
        CLEANUP_FREE char *path = path_join(folder, name);
        cr_assert_eq(file_write(path, 0600, content), OK);
}

static struct bytes get(const char *name)
{
        CLEANUP_FREE char *path = path_join(folder, name);
        struct bytes content = BYTES_NONE;
        cr_assert_eq(file_read(path, 1u << 20, &content), OK, "%s", path);
        return content;
}

static bool file_is(const char *name, struct span want)
{
        CLEANUP_BYTES struct bytes got = get(name);
        return span_equal(bytes_span(&got), want);
}

static void save_identity(const struct identity *i, const char *name, bool is_wrapped)
{
        CLEANUP_FREE char *path = path_join(folder, name);
        CLEANUP_SECRET struct secret passphrase = SECRET_NONE;
        cr_assert_eq(secret_copy(PASSPHRASE, strlen(PASSPHRASE), &passphrase), OK);
        cr_assert_eq(identity_save(i, path, is_wrapped ? &passphrase : NULL, AGE_SCRYPT_LOG_N_MIN, false), OK);
}

Test(interop, stock_age_opens_what_we_sealed, .init = arrive, .fini = leave)
{
        NEEDS("age");
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_FREE unsigned char *plain = mem_new(1, 200000);
        static const size_t lengths[] = {0, 1, 65536, 200000};
        randombytes_buf(plain, 200000);
        cr_assert_eq(identity_new(&i), OK);
        save_identity(&i, "id", false);
        for (size_t k = 0; k < COUNT_OF(lengths); k++) {
                CLEANUP_BYTES struct bytes file = BYTES_NONE, text = BYTES_NONE;
                cr_assert_eq(age_seal(&i.opens, span_of(plain, lengths[k]), &file), OK);
                put("sealed", bytes_span(&file));
                cr_assert(run("age -d -i id sealed >opened"), "%zu", lengths[k]);
                cr_expect(file_is("opened", span_of(plain, lengths[k])), "%zu", lengths[k]);
                age_armor(bytes_span(&file), &text);
                put("armored", bytes_span(&text));
                cr_assert(run("age -d -i id armored >opened"), "%zu", lengths[k]);
                cr_expect(file_is("opened", span_of(plain, lengths[k])), "%zu", lengths[k]);
        }
}

Test(interop, we_open_what_stock_age_sealed, .init = arrive, .fini = leave)
{
        NEEDS("age");
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE}, other = {.sign = SECRET_NONE};
        CLEANUP_BYTES struct bytes command = BYTES_NONE;
        CLEANUP_FREE unsigned char *plain = mem_new(1, 200000);
        char one[AGE_PUBLIC_TEXT], two[AGE_PUBLIC_TEXT];
        randombytes_buf(plain, 200000);
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(identity_new(&other), OK);
        open_key_format(&i.opens, one);
        open_key_format(&other.opens, two);
        put("plain", span_of(plain, 200000));
        bytes_printf(&command, "age -r %s -o alone plain && age -r %s -r %s -a -o both plain", one, two, one);
        cr_assert(run(bytes_text(&command)));

        CLEANUP_BYTES struct bytes alone = get("alone"), armored = get("both"), both = BYTES_NONE;
        CLEANUP_SECRET struct secret a = SECRET_NONE, b = SECRET_NONE;
        cr_assert_eq(age_open(&i.open, bytes_span(&alone), AGE_ONE_STANZA, 200000, &a), OK);
        cr_expect(span_equal(span_of(a.bytes, a.len), span_of(plain, 200000)));
        cr_assert_eq(age_dearmor(bytes_span(&armored), &both), OK);
        cr_assert_eq(age_open(&i.open, bytes_span(&both), AGE_ANY_STANZAS, 200000, &b), OK);
        cr_expect(secret_equal(&a, &b));
}

Test(interop, passphrase_files_open_both_ways, .init = arrive, .fini = leave)
{
        NEEDS("age");
        CLEANUP_SECRET struct secret passphrase = SECRET_NONE, got = SECRET_NONE;
        CLEANUP_BYTES struct bytes ours = BYTES_NONE;
        cr_assert_eq(secret_copy(PASSPHRASE, strlen(PASSPHRASE), &passphrase), OK);
        cr_assert_eq(age_seal_passphrase(&passphrase, 10, span_text("hunter2"), &ours), OK);
        put("ours", bytes_span(&ours));
        cr_assert(run_on_terminal("age -d -o opened ours"));
        cr_expect(file_is("opened", span_text("hunter2")));

        cr_assert(run_on_terminal("age -p -o theirs opened"));
        CLEANUP_BYTES struct bytes theirs = get("theirs");
        unsigned log_n;
        cr_assert_eq(age_passphrase_log_n(bytes_span(&theirs), &log_n), OK);
        cr_assert_eq(age_open_passphrase(&passphrase, bytes_span(&theirs), AGE_SCRYPT_LOG_N_MIN, AGE_SCRYPT_LOG_N_MAX,
                                         100, &got),
                     OK, "scrypt 2^%u", log_n);
        cr_expect(span_equal(span_of(got.bytes, got.len), span_text("hunter2")));
}

Test(interop, stock_age_takes_a_wrapped_identity, .init = arrive, .fini = leave)
{
        NEEDS("age");
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_assert_eq(identity_new(&i), OK);
        save_identity(&i, "id", true);
        cr_assert_eq(age_seal(&i.opens, span_text("hunter2"), &file), OK);
        put("sealed", bytes_span(&file));
        cr_assert(run_on_terminal("age -d -i id -o opened sealed"));
        cr_expect(file_is("opened", span_text("hunter2")));
}

Test(interop, keys_mean_the_same_to_age_keygen, .init = arrive, .fini = leave)
{
        NEEDS("age-keygen");
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_BYTES struct bytes want = BYTES_NONE;
        char opens[AGE_PUBLIC_TEXT];
        cr_assert_eq(identity_new(&i), OK);
        save_identity(&i, "id", false);
        open_key_format(&i.opens, opens);
        bytes_printf(&want, "%s\n", opens);
        cr_assert(run("age-keygen -y id >public"));
        cr_expect(file_is("public", bytes_span(&want)));

        cr_assert(run("age-keygen -o theirs && grep AGE-SECRET theirs >secret && age-keygen -y theirs >public"));
        CLEANUP_BYTES struct bytes secret = get("secret"), public = get("public");
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        struct key derived, read;
        cr_assert_eq(age_secret_from_text(secret.p, secret.n - 1, &key), OK);
        cr_assert_eq(age_public_of(&key, &derived), OK);
        cr_assert_eq(open_key_parse(span_of(public.p, public.n - 1), &read), OK);
        cr_expect(key_equal(&derived, &read));
}

/* A share and a credential as a version holds them: a person with age and twenty lines of shell can recover. */
Test(interop, stock_age_opens_a_share_and_a_credential, .init = arrive, .fini = leave)
{
        NEEDS("age");
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_DOCUMENT struct document d;
        CLEANUP_SECRET struct secret scalar = SECRET_NONE, key = SECRET_NONE, text = SECRET_NONE;
        struct document_field f = {.name = "password", .value = (const unsigned char *)"hunter2", .len = 7};
        struct version_fields about = {
                .credential = "prod/root", .number = 1, .policy = "p", .need = 1, .is_initial = true};
        struct sealed_version v;
        cr_assert_eq(identity_new(&i), OK);
        save_identity(&i, "id", false);
        cr_assert_eq(document_build("prod/root", 1, &f, 1, &d), OK);
        struct version_holder holder = {"alice", i.opens};
        cr_assert_eq(version_seal(&about, &holder, 1, &d, &v), OK);
        cr_assert_eq(version_open_share(&v.fields, "alice", bytes_span(&v.share_file[0]), &i.open, &scalar), OK);
        cr_assert_eq(version_combine(&v.fields, (const unsigned[]){1}, &scalar, &key), OK);
        cr_assert_eq(age_secret_to_text(&key, &text), OK);
        put("share", bytes_span(&v.share_file[0]));
        put("credential", bytes_span(&v.ciphertext));
        put("key", span_of(text.bytes, text.len));
        cr_assert(run("age -d -i id share | grep -q '^breakglass-share/v1 prod/root 1 age1[a-z0-9]* 1 [0-9a-f]*$'"));
        cr_assert(run("age -d -i key -o opened credential"));
        cr_expect(file_is("opened", span_of(d.raw.bytes, d.raw.len)));
        sealed_version_done(&v);
}

Test(interop, ssh_keygen_accepts_our_signature, .init = arrive, .fini = leave)
{
        NEEDS("ssh-keygen");
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_BYTES struct bytes blob = BYTES_NONE, armored = BYTES_NONE, allowed = BYTES_NONE;
        char signs[SIGN_KEY_TEXT];
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(identity_sign(&i, STATEMENT_APPROVAL, span_text("{\"v\":1}"), &blob), OK);
        sshsig_armor(bytes_span(&blob), &armored);
        sign_key_format(&i.signs, signs);
        bytes_printf(&allowed, "alice %s\n", signs);
        put("allowed", bytes_span(&allowed));
        put("payload.sig", bytes_span(&armored));
        put("payload", span_text("{\"v\":1}"));
#define VERIFY(space) "ssh-keygen -Y verify -f allowed -I alice -n " space " -s payload.sig <payload"
        cr_expect(run(VERIFY("breakglass/approval")));
        cr_expect(!run(VERIFY("breakglass/request")));
        put("payload", span_text("{\"v\":2}"));
        cr_expect(!run(VERIFY("breakglass/approval")));
}

Test(interop, we_accept_ssh_keygens_signature, .init = arrive, .fini = leave)
{
        NEEDS("ssh-keygen");
        put("payload", span_text("{\"v\":1}"));
        cr_assert(run(
                "ssh-keygen -q -t ed25519 -N '' -C someone -f key && "
                "ssh-keygen -Y sign -f key -n breakglass/request payload && "
                "grep -v -e ---- payload.sig | base64 -d >blob && cut -d' ' -f1,2 key.pub | tr -d '\\n' >public"));
        CLEANUP_BYTES struct bytes blob = get("blob"), public = get("public");
        struct key key, signer;
        cr_assert_eq(sign_key_parse(bytes_span(&public), &key), OK);
        cr_assert_eq(sshsig_signer(bytes_span(&blob), &signer), OK);
        cr_expect(key_equal(&key, &signer));
        cr_expect_eq(sshsig_verify(&key, "breakglass/request", span_text("{\"v\":1}"), bytes_span(&blob)), OK);
}
