#include "quorum/code.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

#define CODE_CHARS 8u

static const char crockford[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void code_of(const struct hash *request, char ret[CODE_TEXT])
{
        unsigned char input[15 + HASH_BYTES];
        unsigned char hash[crypto_hash_sha256_BYTES];
        memcpy(input, "breakglass/code", 15);
        memcpy(input + 15, request->b, HASH_BYTES);
        int r = crypto_hash_sha256(hash, input, sizeof input);
        assert(r == 0);

        uint64_t bits = 0;
        for (unsigned i = 0; i < 5; i++)
                bits = (bits << 8) | hash[i];
        for (unsigned i = 0; i < CODE_CHARS; i++)
                *(ret + i + (i >= 4)) = crockford[(bits >> (35 - 5 * i)) & 31];
        ret[4] = '-';
        ret[CODE_TEXT - 1] = '\0';
}

/* The letter a person meant; 0 for none. */
static char meant(char c)
{
        if (c >= 'a' && c <= 'z')
                c = (char)(c - 'a' + 'A');
        if (c == 'O')
                return '0';
        if (c == 'I' || c == 'L')
                return '1';
        return c && strchr(crockford, c) ? c : '\0';
}

bool code_matches(const struct hash *request, const char *typed)
{
        char code[CODE_TEXT], got[CODE_CHARS];
        unsigned n = 0;
        code_of(request, code);
        for (const char *p = typed; *p; p++) {
                if (*p == ' ' || *p == '-')
                        continue;
                char c = meant(*p);
                if (!c || n == CODE_CHARS)
                        return false;
                got[n++] = c;
        }
        return n == CODE_CHARS && memcmp(got, code, 4) == 0 && memcmp(got + 4, code + 5, 4) == 0;
}
