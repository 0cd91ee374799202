/* The C2SP age testkit, when it is there: BREAKGLASS_VECTORS, or shared/vectors beside a folder above the source. */
#include "base/file.h"
#include "quorum/age.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>
#include <zlib.h>

#define LIMIT (32u * 1024u * 1024u)

static char *find_vectors(void)
{
        const char *given = getenv("BREAKGLASS_VECTORS");
        if (given)
                return path_join(given, "age");
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "%s", SOURCE_ROOT);
        for (char *slash; (slash = strrchr(folder, '/')); *slash = '\0') {
                char *path = path_join(folder, "shared/vectors/age");
                if (file_exists(path))
                        return path;
                free(path);
        }
        return NULL;
}

struct vector {
        char expect[32], payload[65], identity[80], passphrase[64];
        bool is_armored, is_compressed;
        struct span body;
};

static void take(const char *line, const char *name, char *ret, size_t room)
{
        size_t n = strlen(name);
        if (strncmp(line, name, n) == 0 && !*ret)
                snprintf(ret, room, "%s", line + n);
}

/* Headers up to the first empty line. */
static struct vector vector_read(const struct bytes *raw)
{
        struct vector v = {.expect = ""};
        const char *at = (const char *)raw->p, *end;
        for (; (end = strchr(at, '\n')) && end != at; at = end + 1) {
                CLEANUP_FREE char *line = mem_text_n(at, (size_t)(end - at));
                take(line, "expect: ", v.expect, sizeof v.expect);
                take(line, "payload: ", v.payload, sizeof v.payload);
                take(line, "identity: ", v.identity, sizeof v.identity);
                take(line, "passphrase: ", v.passphrase, sizeof v.passphrase);
                v.is_armored |= strcmp(line, "armored: yes") == 0;
                v.is_compressed |= strcmp(line, "compressed: zlib") == 0;
        }
        cr_assert(end);
        size_t head = (size_t)(end + 1 - (const char *)raw->p);
        v.body = span_of(raw->p + head, raw->n - head);
        return v;
}

static void inflate_into(struct span packed, struct bytes *ret)
{
        CLEANUP_FREE unsigned char *out = mem_new(1, LIMIT);
        uLongf n = LIMIT;
        cr_assert_eq(uncompress(out, &n, packed.p, packed.n), Z_OK);
        bytes_add(ret, out, n);
}

static enum err open_vector(const struct vector *v, struct span file, struct secret *ret)
{
        CLEANUP_BYTES struct bytes binary = BYTES_NONE;
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        if (v->is_armored) {
                enum err e = age_dearmor(file, &binary);
                if (e != OK)
                        return e;
                file = bytes_span(&binary);
        }
        if (!v->identity[0]) {
                cr_assert_eq(secret_copy(v->passphrase, strlen(v->passphrase), &key), OK);
                return age_open_passphrase(&key, file, 1, AGE_SCRYPT_LOG_N_MAX, LIMIT, ret);
        }
        cr_assert_eq(age_secret_from_text((const unsigned char *)v->identity, strlen(v->identity), &key), OK);
        return age_open(&key, file, AGE_ANY_STANZAS, LIMIT, ret);
}

/* Which of the testkit's outcomes an error and its reason are. */
static const char *outcome(enum err e)
{
        const char *why = err_reason();
        if (e == OK)
                return "success";
        if (strncmp(why, "armor:", 6) == 0)
                return "armor failure";
        if (strncmp(why, "payload:", 8) == 0)
                return "payload failure";
        if (strncmp(why, "header: its MAC", 15) == 0)
                return "HMAC failure";
        if (strncmp(why, "header:", 7) == 0)
                return "header failure";
        if (strncmp(why, "not ", 4) == 0)
                return "no match";
        return why;
}

static void check_vector(const char *folder, const char *name)
{
        CLEANUP_FREE char *path = path_join(folder, name);
        CLEANUP_BYTES struct bytes raw = BYTES_NONE, inflated = BYTES_NONE;
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        cr_assert_eq(file_read(path, LIMIT, &raw), OK, "%s", path);
        struct vector v = vector_read(&raw);
        struct span file = v.body;
        if (v.is_compressed) {
                inflate_into(v.body, &inflated);
                file = bytes_span(&inflated);
        }
        err_forget();
        enum err e = open_vector(&v, file, &got);
        cr_expect_str_eq(outcome(e), v.expect, "%s: %s", name, err_reason());
        if (e == OK) {
                struct hash h = hash_of(span_of(got.bytes, got.len));
                char hex[HASH_HEX + 1];
                hash_to_hex(&h, hex);
                cr_expect_str_eq(hex, v.payload, "%s", name);
        } else {
                cr_expect_null(got.bytes, "%s released bytes", name);
        }
}

Test(age_vectors, every_file_of_the_testkit_has_its_expected_outcome)
{
        CLEANUP_FREE char *folder = find_vectors();
        DIR *d = folder ? opendir(folder) : NULL;
        if (!d)
                cr_skip("the age testkit is not here: set BREAKGLASS_VECTORS to the folder that holds `age/`");
        unsigned n = 0;
        for (struct dirent *entry; (entry = readdir(d)); n++)
                if (entry->d_name[0] != '.')
                        check_vector(folder, entry->d_name);
        closedir(d);
        cr_expect_gt(n, 40);
}
