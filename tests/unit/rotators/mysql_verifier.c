/* The linker hands the verifiers' calls of gnutls_hash_fast() and secret_wipe_stack() to us first: meson.build. */
#include "rotators/hooks/mysql_verifier.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <string.h>

int __real_gnutls_hash_fast(gnutls_digest_algorithm_t kind, const void *from, size_t n, void *ret);
int __wrap_gnutls_hash_fast(gnutls_digest_algorithm_t kind, const void *from, size_t n, void *ret);

static const void *outputs[4];
static size_t n_outputs;
static size_t n_outputs_when_wiped;

int __wrap_gnutls_hash_fast(gnutls_digest_algorithm_t kind, const void *from, size_t n, void *ret)
{
        int failed = __real_gnutls_hash_fast(kind, from, n, ret);
        outputs[n_outputs++ % COUNT_OF(outputs)] = ret;
        return failed;
}

void __real_secret_wipe_stack(void);
void __wrap_secret_wipe_stack(void);

void __wrap_secret_wipe_stack(void)
{
        n_outputs_when_wiped = n_outputs;
        __real_secret_wipe_stack();
}

static struct hook_field field_of(const struct secret *value)
{
        return (struct hook_field){.name = "password", .value = value->bytes, .len = value->len - 1};
}

static struct secret value_of(const char *text)
{
        struct secret value = SECRET_NONE;
        cr_assert_eq(secret_copy(text, strlen(text) + 1, &value), OK);
        return value;
}

/* The mapping's flags say `lo` where it is locked. */
static bool is_locked(const void *p)
{
        CLEANUP_STDIO FILE *maps = fopen("/proc/self/smaps", "re");
        char line[512];
        bool is_here = false;
        cr_assert(maps);
        while (fgets(line, sizeof line, maps)) {
                uintptr_t from, to;
                if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
                        is_here = (uintptr_t)p >= from && (uintptr_t)p < to;
                else if (is_here && !strncmp(line, "VmFlags:", 8))
                        return strstr(line, " lo") != NULL;
        }
        return false;
}

Test(mysql_verifier, both_kinds_are_as_the_server_makes_them)
{
        CLEANUP_SECRET struct secret value = value_of("password");
        CLEANUP_BYTES struct bytes native = BYTES_NONE, modern = BYTES_NONE;
        const struct hook_field field = field_of(&value);
        cr_assert_eq(mysql_verifier_native(&field, &native), OK);
        cr_expect_str_eq(bytes_text(&native), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
        cr_assert_eq(mysql_verifier_ed25519(&field, &modern), OK);
        cr_expect_str_eq(bytes_text(&modern), "RBIiSdwSgBldhFZLFzRCTTc1Q0pRJ3pFZudlQ78k40o");
}

Test(mysql_verifier, what_a_login_needs_is_in_locked_memory_alone)
{
        CLEANUP_SECRET struct secret value = value_of("hunter2 and more");
        CLEANUP_BYTES struct bytes ret = BYTES_NONE;
        const struct hook_field field = field_of(&value);
        int here;
        cr_assert_eq(mysql_verifier_native(&field, &ret), OK);
        cr_assert_eq(n_outputs, 2u);
        cr_expect(!is_locked(&here), "the stack is not");
        if (HAS_ASAN) /* which locks nothing, whoever asks */
                return;
        cr_expect(is_locked(field.value));
        cr_expect(is_locked(outputs[0]));
}

/* The hash keeps what it is given in its own frame. */
Test(mysql_verifier, the_stack_is_wiped_when_both_are_made)
{
        CLEANUP_SECRET struct secret value = value_of("hunter2 and more");
        CLEANUP_BYTES struct bytes ret = BYTES_NONE;
        const struct hook_field field = field_of(&value);
        cr_assert_eq(mysql_verifier_native(&field, &ret), OK);
        cr_expect_eq(n_outputs_when_wiped, 2u);
}
