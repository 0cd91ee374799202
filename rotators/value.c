#include "rotators/value.h"
#include <math.h>
#include <sodium.h>
#include <string.h>

enum err value_check(const struct value_rules *r)
{
        size_t n = strlen(r->alphabet);
        for (size_t i = 0; i < n; i++) {
                if (r->alphabet[i] <= ' ' || r->alphabet[i] > '~')
                        return err_because(ERR_CONFIG,
                                           "value: the alphabet may hold printable ASCII characters only");
                if (strchr(r->alphabet + i + 1, r->alphabet[i]))
                        return err_because(ERR_CONFIG, "value: the alphabet holds a character twice");
        }
        if (r->length > VALUE_LENGTH_MAX)
                return err_because(ERR_CONFIG, "value: longer than %u characters", VALUE_LENGTH_MAX);
        if (n == 0 || r->length * log2((double)n) < VALUE_BITS_MIN)
                return err_because(ERR_CONFIG, "value: %u characters of %zu kinds can be guessed; make it longer",
                                   r->length, n);
        return OK;
}

enum err value_new(const struct value_rules *r, struct secret *ret)
{
        enum err e;
        if ((e = value_check(r)) != OK)
                return e;
        if ((e = secret_new(r->length, ret)) != OK)
                return e;
        for (unsigned i = 0; i < r->length; i++)
                ret->bytes[i] = (unsigned char)r->alphabet[randombytes_uniform((uint32_t)strlen(r->alphabet))];
        return OK;
}
