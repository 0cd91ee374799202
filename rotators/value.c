#include "rotators/value.h"
#include <math.h>
#include <sodium.h>
#include <string.h>

#define WORD_LETTERS 5u
#define WORD_BITS    16u

bool value_kind_from_word(const char *word, enum value_kind *ret)
{
        static const char *const words[VALUE_KINDS] = {"characters", "passphrase", "ssh-ed25519", "target"};
        for (unsigned i = 0; i < VALUE_KINDS; i++)
                if (!strcmp(word, words[i])) {
                        *ret = (enum value_kind)i;
                        return true;
                }
        return false;
}

/* ---- characters ---- */

/* The alphabet without what the target does not take. */
static size_t usable(const struct value_rules *r, char ret[128])
{
        size_t n = 0;
        for (const char *c = r->alphabet; *c && n < 127; c++)
                if (!r->forbidden || !strchr(r->forbidden, *c))
                        ret[n++] = *c;
        ret[n] = '\0';
        return n;
}

static enum err check_alphabet(const char *alphabet)
{
        for (const char *c = alphabet; *c; c++) {
                if (*c <= ' ' || *c > '~')
                        return err_because(ERR_CONFIG,
                                           "value: the alphabet may hold printable ASCII characters only");
                if (strchr(c + 1, *c))
                        return err_because(ERR_CONFIG, "value: the alphabet holds a character twice");
        }
        return OK;
}

static enum err check_characters(const struct value_rules *r)
{
        char letters[128];
        enum err e = check_alphabet(r->alphabet);
        if (e != OK)
                return e;
        if (r->length > VALUE_LENGTH_MAX)
                return err_because(ERR_CONFIG, "value: longer than %u characters", VALUE_LENGTH_MAX);
        size_t n = usable(r, letters);
        if (n == 0 || r->length * log2((double)n) < VALUE_BITS_MIN)
                return err_because(ERR_CONFIG, "value: %u characters of %zu kinds can be guessed; make it longer",
                                   r->length, n);
        return OK;
}

MUST_CHECK static enum err new_characters(const struct value_rules *r, struct secret *ret)
{
        char letters[128];
        size_t n = usable(r, letters);
        enum err e = secret_new(r->length, ret);
        for (unsigned i = 0; e == OK && i < r->length; i++)
                ret->bytes[i] = (unsigned char)letters[randombytes_uniform((uint32_t)n)];
        return e;
}

/* ---- passphrases ---- */

static enum err check_passphrase(const struct value_rules *r)
{
        if (r->words > VALUE_WORDS_MAX || r->words * WORD_BITS < VALUE_BITS_MIN)
                return err_because(ERR_CONFIG, "value: a passphrase has 4 to %u words", VALUE_WORDS_MAX);
        return OK;
}

MUST_CHECK static enum err new_passphrase(const struct value_rules *r, struct secret *ret)
{
        static const char consonants[] = "bdfghjklmnprstvz", vowels[] = "aiou"; /* 16 and 4: 4+2+4+2+4 bits */
        enum err e = secret_new((size_t)r->words * (WORD_LETTERS + 1) - 1, ret);
        for (size_t i = 0; e == OK && i < ret->len; i++) {
                size_t at = i % (WORD_LETTERS + 1);
                if (at == WORD_LETTERS)
                        ret->bytes[i] = '-';
                else
                        ret->bytes[i] = (unsigned char)(at % 2 ? vowels[randombytes_uniform(4)]
                                                               : consonants[randombytes_uniform(16)]);
        }
        return e;
}

/* ---- all ---- */

enum err value_check(const struct value_rules *r)
{
        switch (r->kind) {
        case VALUE_CHARACTERS: return check_characters(r);
        case VALUE_PASSPHRASE: return check_passphrase(r);
        case VALUE_SSH_ED25519:
        case VALUE_TARGET:
        case VALUE_KINDS: break;
        }
        return OK;
}

enum err value_new(const struct value_rules *r, struct secret *ret)
{
        enum err e = value_check(r);
        if (e != OK)
                return e;
        switch (r->kind) {
        case VALUE_CHARACTERS: return new_characters(r, ret);
        case VALUE_PASSPHRASE: return new_passphrase(r, ret);
        case VALUE_SSH_ED25519: return value_new_ssh(ret);
        case VALUE_TARGET:
        case VALUE_KINDS: break;
        }
        return err_because(ERR_CONFIG, "value: the target makes it");
}
