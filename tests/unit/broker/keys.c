#include "broker/keys.h"
#include "base/file.h"
#include "broker/tls.h"
#include "tests/unit/base/folder.h"
#include <sodium.h>
#include <string.h>

static void init(void)
{
        cr_assert(sodium_init() >= 0);
        folder_make();
}

Test(keys, what_was_made_is_loaded_again, .init = init, .fini = folder_remove)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE, cert = BYTES_NONE;
        struct signing_key k = {.key = SECRET_NONE};
        char text[SIGN_KEY_TEXT], pin[TLS_PIN_TEXT];
        struct stat st;
        cr_assert_eq(keys_make(in_folder("keys"), &line), OK, "%s", err_reason());
        cr_assert_eq(signing_key_load(in_folder("keys/sign"), &k), OK, "%s", err_reason());
        sign_key_format(&k.public, text);
        cr_expect(strstr(bytes_text(&line), text), "the printed key is the one in the file");
        cr_assert_eq(file_read(in_folder("keys/tls_cert.pem"), 65536, &cert), OK);
        cr_assert_eq(tls_pin(bytes_text(&cert), pin), OK);
        cr_expect(strstr(bytes_text(&line), pin));
        cr_expect(stat(in_folder("keys/sign"), &st) == 0 && (st.st_mode & 0777) == 0600);
        cr_expect(stat(in_folder("keys/tls_key.pem"), &st) == 0 && (st.st_mode & 0777) == 0600);
        signing_key_wipe(&k);
}

Test(keys, existing_keys_are_never_overwritten, .init = init, .fini = folder_remove)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        const char *sign = put_file("sign", 0600, "mine", 4);
        cr_expect_eq(keys_make(folder, &line), ERR_DUPLICATE);
        cr_expect_not(file_exists(in_folder("tls_key.pem")), "and nothing is half made");
        unlink(sign);
        put_file("tls_cert.pem", 0600, "mine", 4);
        cr_expect_eq(keys_make(folder, &line), ERR_DUPLICATE);
        cr_expect_not(file_exists(sign));
}

Test(keys, a_damaged_or_readable_file_is_refused, .init = init, .fini = folder_remove)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE, good = BYTES_NONE;
        struct signing_key k = {.key = SECRET_NONE};
        cr_assert_eq(keys_make(in_folder("keys"), &line), OK);
        cr_assert_eq(file_read(in_folder("keys/sign"), 4096, &good), OK);
        for (size_t n = 0; n + 1 < good.n; n++)
                cr_expect_eq(signing_key_load(put_file("cut", 0600, good.p, n), &k), ERR_BAD_KEY, "%zu bytes", n);
        good.p[good.n - 3] = 'x';
        cr_expect_eq(signing_key_load(put_file("hex", 0600, good.p, good.n), &k), ERR_BAD_KEY);
        cr_expect_eq(signing_key_load(put_file("open", 0644, good.p, good.n), &k), ERR_UNSAFE_FILE);
        cr_expect_eq(signing_key_load(in_folder("none"), &k), ERR_NO_ENTRY);
}
