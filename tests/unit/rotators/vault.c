#include "rotators/hooks/vault.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <string.h>

static struct hook_field value(const char *text)
{
        return (struct hook_field){.value = (const unsigned char *)text, .len = strlen(text)};
}

Test(vault, opens_for_the_value_that_was_set_last_and_no_other)
{
        char folder[] = "/tmp/breakglass-vault-XXXXXX";
        cr_assert(mkdtemp(folder));
        CLEANUP_FREE char *path = path_join(folder, "vault");
        struct hook_field old = value("old"), new_value = value("new");
        enum vault_verdict v;
        CLEANUP_BYTES struct bytes first = BYTES_NONE, second = BYTES_NONE;
        cr_expect_eq(vault_try(path, &old, &v), ERR_NO_ENTRY);
        cr_assert_eq(vault_set(path, &old), OK);
        cr_assert_eq(vault_try(path, &old, &v), OK);
        cr_expect_eq(v, VAULT_OPENS);
        cr_assert_eq(vault_handle(path, &first), OK);
        cr_assert_eq(vault_set(path, &new_value), OK);
        cr_assert_eq(vault_try(path, &old, &v), OK);
        cr_expect_eq(v, VAULT_REFUSED);
        cr_assert_eq(vault_try(path, &new_value, &v), OK);
        cr_expect_eq(v, VAULT_OPENS);
        cr_assert_eq(vault_handle(path, &second), OK);
        cr_expect_not(span_equal(bytes_span(&first), bytes_span(&second)));
        cr_assert_eq(file_write(path, 0600, span_text("plain text\n")), OK);
        cr_expect_eq(vault_try(path, &old, &v), ERR_BAD_CONTAINER);
        cr_assert_eq(file_write(path, 0644, span_text("plain text\n")), OK);
        cr_expect_eq(vault_try(path, &old, &v), ERR_UNSAFE_FILE);
        cr_assert_eq(file_remove(path), OK);
        cr_expect_eq(rmdir(folder), 0);
}
