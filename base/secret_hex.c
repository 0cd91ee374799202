#include "base/secret.h"

/* All ones when a < b, for a and b below 2^31. */
static unsigned below_mask(unsigned a, unsigned b)
{
        return 0u - ((a - b) >> 31);
}

void secret_hex_encode(const unsigned char *p, size_t n, unsigned char *ret)
{
        for (size_t i = 0; i < 2 * n; i++) {
                unsigned v = i % 2 ? p[i / 2] & 15u : p[i / 2] >> 4;
                ret[i] = (unsigned char)('0' + v + (~below_mask(v, 10) & ('a' - '0' - 10)));
        }
}

enum err secret_hex_decode(const unsigned char *hex, unsigned char *ret, size_t len)
{
        unsigned bad = 0;
        for (size_t i = 0; i < 2 * len; i++) {
                unsigned c = hex[i];
                unsigned is_digit = ~below_mask(c, '0') & below_mask(c, '9' + 1);
                unsigned is_letter = ~below_mask(c, 'a') & below_mask(c, 'f' + 1);
                unsigned v = (is_digit & (c - '0')) | (is_letter & (c - 'a' + 10));
                bad |= ~(is_digit | is_letter);
                ret[i / 2] = (unsigned char)(i % 2 ? ret[i / 2] | v : v << 4);
        }
        return secret_verdict((int)bad) == 0 ? OK : err_because(ERR_RANGE, "not lower-case hex");
}
