#include "quorum/code.h"
#include <criterion/criterion.h>
#include <string.h>

/* python3: h = sha256(b"breakglass/code" + bytes(range(32))).digest(); first 40 bits in Crockford base32 */
Test(code, it_is_the_one_that_another_implementation_computes)
{
        struct hash id;
        char text[CODE_TEXT];
        for (unsigned i = 0; i < HASH_BYTES; i++)
                id.b[i] = (unsigned char)i;
        code_of(&id, text);
        cr_expect_str_eq(text, "D076-CVVY");
}

Test(code, a_person_may_type_it_carelessly)
{
        /* every spelling of the code of this id, which holds a 0 and a 1 */
        struct hash id = {{0}};
        char code[CODE_TEXT], typed[64];
        do {
                for (unsigned i = 0; i < HASH_BYTES && ++id.b[i] == 0; i++)
                        ;
                code_of(&id, code);
        } while (!strchr(code, '0') || !strchr(code, '1'));

        cr_expect(code_matches(&id, code));
        snprintf(typed, sizeof typed, " %.4s %s ", code, code + 5);
        cr_expect(code_matches(&id, typed));
        for (size_t i = 0; i < sizeof code; i++) /* lower case, o for 0, l for 1 */
                typed[i] = code[i] == '0'                     ? 'o'
                           : code[i] == '1'                   ? 'l'
                           : code[i] >= 'A' && code[i] <= 'Z' ? (char)(code[i] + 32)
                                                              : code[i];
        cr_expect(code_matches(&id, typed));
        for (size_t i = 0; i < sizeof code; i++)
                typed[i] = code[i] == '0' ? 'O' : code[i] == '1' ? 'I' : code[i];
        cr_expect(code_matches(&id, typed));
}

Test(code, anything_else_never_matches)
{
        struct hash id = {{7}}, other = {{8}};
        char code[CODE_TEXT], typed[64];
        code_of(&id, code);
        cr_expect(!code_matches(&other, code));
        cr_expect(!code_matches(&id, ""));
        cr_expect(!code_matches(&id, "y"));
        cr_expect(!code_matches(&id, "\n"));
        snprintf(typed, sizeof typed, "%s0", code);
        cr_expect(!code_matches(&id, typed));
        snprintf(typed, sizeof typed, "%.8s", code);
        cr_expect(!code_matches(&id, typed));
        snprintf(typed, sizeof typed, "%s\n", code);
        cr_expect(!code_matches(&id, typed));
        for (size_t i = 0; i < strlen(code); i++) {
                memcpy(typed, code, sizeof code);
                typed[i] = typed[i] == 'Z' ? 'Y' : 'Z';
                cr_expect(!code_matches(&id, typed), "%s", typed);
                typed[i] = 'U'; /* not in the alphabet */
                cr_expect(!code_matches(&id, typed), "%s", typed);
        }
}
