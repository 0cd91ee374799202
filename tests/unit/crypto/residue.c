/* After a whole opening, no secret of it lies anywhere in this process but in locked memory. */
#include "base/file.h"
#include "quorum/identity.h"
#include "quorum/sshsig.h"
#include "quorum/version.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

#define VALUE       "a planted value that is easy to find"
#define FRAGMENT    8u
#define MAPPING_MAX (64u * 1024u * 1024u)
#define LOCKED_MAX  8192u /* a piece of locked memory is a page or two, between guard pages */

static struct {
        const char *name;
        struct secret copy;
} planted[16];
static size_t n_planted;

static void plant(const char *name, const unsigned char *bytes, size_t n)
{
        planted[n_planted].name = name;
        cr_assert_eq(secret_copy(bytes, n, &planted[n_planted++].copy), OK);
}

/* Seals under 1 of 1, moves the share to the requester, opens, signs, and saves and loads the identity. All that it
 * held is wiped again when it returns. */
static __attribute__((noinline)) void open_once(const char *folder)
{
        CLEANUP_IDENTITY struct identity holder = {.sign = SECRET_NONE}, loaded = {.sign = SECRET_NONE};
        CLEANUP_SECRET struct secret reply = SECRET_NONE, own = SECRET_NONE, sent = SECRET_NONE, key = SECRET_NONE,
                                     passphrase = SECRET_NONE, value = SECRET_NONE;
        CLEANUP_DOCUMENT struct document sealed, opened;
        CLEANUP_BYTES struct bytes file = BYTES_NONE, blob = BYTES_NONE;
        CLEANUP_FREE char *path = path_join(folder, "id");
        struct key reply_to;
        const struct hash request = {{7}};
        struct version_fields about = {.credential = "db", .number = 1, .policy = "p", .need = 1, .is_initial = true};
        struct sealed_version v;

        cr_assert_eq(identity_new(&holder), OK);
        cr_assert_eq(age_new_identity(&reply), OK);
        cr_assert_eq(age_public_of(&reply, &reply_to), OK);
        cr_assert_eq(secret_new(strlen(VALUE), &value), OK);
        for (size_t i = 0; i < value.len; i++) /* the literal would be found */
                value.bytes[i] = (unsigned char)(VALUE[i] ^ 0x15);
        const struct document_field f = {.name = "password", .value = value.bytes, .len = value.len};
        cr_assert_eq(document_build("db", 1, &f, 1, &sealed), OK);
        const struct version_holder alice = {"alice", holder.opens};
        cr_assert_eq(version_seal(&about, &alice, 1, &sealed, &v), OK);
        cr_assert_eq(version_open_share(&v.fields, "alice", bytes_span(&v.share_file[0]), &holder.open, &own), OK);
        cr_assert_eq(version_reseal_share(&v.fields, 1, &own, &request, &reply_to, &file), OK);
        cr_assert_eq(version_open_resealed(&v.fields, 1, &request, bytes_span(&file), &reply, &sent), OK);
        cr_assert_eq(version_combine(&v.fields, (const unsigned[]){1}, &sent, &key), OK);
        cr_assert_eq(version_open_document(&v.fields, bytes_span(&v.ciphertext), &key, &opened), OK);
        cr_assert_eq(identity_sign(&holder, STATEMENT_REQUEST, span_text("{}"), &blob), OK);
        cr_assert_eq(age_new_identity(&passphrase), OK);
        cr_assert_eq(identity_save(&holder, path, &passphrase, AGE_SCRYPT_LOG_N_MIN, false), OK);
        cr_assert_eq(identity_load(path, &passphrase, &loaded), OK);
        unlink(path);

        plant("signing seed", holder.sign.bytes, 32);
        plant("opening key", holder.open.bytes, 32);
        plant("one-time key", reply.bytes, reply.len);
        plant("share", own.bytes, own.len);
        plant("version key", key.bytes, key.len);
        plant("value", value.bytes, value.len);
        plant("passphrase", passphrase.bytes, passphrase.len);
        sealed_version_done(&v);
}

/* A copy of the mapping, so that what is found can't be a find of the search itself. */
static size_t fragments_in(int memory, uintptr_t from, size_t n, unsigned char *room, const char *where)
{
        size_t found = 0;
        ssize_t got = n <= MAPPING_MAX ? pread(memory, room, n, (off_t)from) : -1;
        if (got <= 0)
                return 0;
        for (size_t i = 0; i < n_planted; i++)
                for (size_t at = 0; at + FRAGMENT <= planted[i].copy.len; at++)
                        if (memmem(room, (size_t)got, planted[i].copy.bytes + at, FRAGMENT)) {
                                found++;
                                if (where)
                                        cr_expect(false, "%s, byte %zu, in %s", planted[i].name, at, where);
                        }
        return found;
}

Test(residue, nothing_secret_is_left_outside_locked_memory)
{
        char folder[] = "/tmp/residue-XXXXXX", line[512];
        cr_assert(mkdtemp(folder));
        open_once(folder);
        rmdir(folder);

        unsigned char *room = mmap(NULL, MAPPING_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert_neq(room, MAP_FAILED);
        CLEANUP_FD int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        CLEANUP_STDIO FILE *maps = fopen("/proc/self/maps", "re");
        size_t in_locked = 0;
        cr_assert(memory >= 0 && maps);
        while (fgets(line, sizeof line, maps)) {
                uintptr_t from, to;
                char mode[5];
                cr_assert_eq(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &from, &to, mode), 3);
                bool is_ours = (uintptr_t)room >= from && (uintptr_t)room < to;
                bool is_locked = to - from <= LOCKED_MAX && !strchr(line, '[') && !strchr(line, '/');
                if (mode[0] == 'r' && mode[1] == 'w' && !is_ours)
                        in_locked += fragments_in(memory, from, to - from, room, is_locked ? NULL : line);
        }
        cr_expect_gt(in_locked, 100, "the search finds what is there");
}

/* What an operation left below the caller's frame, before anything else runs there. */
#define BELOW 16384u
static unsigned char below[BELOW];

static __attribute__((noinline)) bool leaves(int memory, const struct secret *needle)
{
        uintptr_t here = (uintptr_t)__builtin_frame_address(0);
        if (pread(memory, below, BELOW, (off_t)(here - BELOW)) != (ssize_t)BELOW)
                return true;
        bool found = false;
        for (size_t at = 0; at + FRAGMENT <= needle->len; at++)
                found |= memmem(below, BELOW, needle->bytes + at, FRAGMENT) != NULL;
        return found;
}

/* A scalar as multiplication takes it apart: 64 signed digits of radix 16. */
static struct secret digits_of(const unsigned char scalar[SCALAR_BYTES])
{
        struct secret digits;
        int carry = 0;
        cr_assert_eq(secret_new((size_t)2 * SCALAR_BYTES, &digits), OK);
        for (unsigned i = 0; i < 2 * SCALAR_BYTES; i++) {
                int digit = (i % 2 ? scalar[i / 2] >> 4 : scalar[i / 2] & 15) + carry;
                carry = i + 1 < 2 * SCALAR_BYTES ? (digit + 8) >> 4 : 0;
                digits.bytes[i] = (unsigned char)(digit - carry * 16);
        }
        return digits;
}

Test(residue, sharing_leaves_nothing_on_the_stack)
{
        CLEANUP_FD int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        CLEANUP_SECRET struct secret s = SECRET_NONE, shares = SECRET_NONE, again = SECRET_NONE;
        CLEANUP_SECRET struct secret digits = SECRET_NONE;
        point_bytes commitments[1];
        enum err split, verify, join;
        cr_assert_eq(share_new_secret(&s), OK);
        digits = digits_of(s.bytes);
        split = share_split(&s, 1, 1, &shares, commitments);
        cr_expect(!leaves(memory, &s) && !leaves(memory, &digits), "after splitting");
        verify = share_verify(1, shares.bytes, commitments, 1);
        cr_expect(!leaves(memory, &s) && !leaves(memory, &digits), "after verifying");
        join = share_combine((const unsigned[]){1}, &shares, 1, commitments[0], &again);
        cr_expect(!leaves(memory, &s) && !leaves(memory, &digits), "after combining");
        cr_assert(split == OK && verify == OK && join == OK);
}

/* The clamped scalar that an Ed25519 seed stands for, and an X25519 identity. */
Test(residue, keys_leave_nothing_on_the_stack)
{
        CLEANUP_FD int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        CLEANUP_SECRET struct secret key = SECRET_NONE, clamped = SECRET_NONE, digits = SECRET_NONE;
        CLEANUP_SECRET struct secret opened = SECRET_NONE;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct key public;
        enum err derive, open;
        cr_assert_eq(age_new_identity(&key), OK);
        cr_assert_eq(secret_copy(key.bytes, key.len, &clamped), OK);
        clamped.bytes[0] &= 248;
        clamped.bytes[31] = (clamped.bytes[31] & 127) | 64;
        digits = digits_of(clamped.bytes);
        derive = age_public_of(&key, &public);
        cr_expect(!leaves(memory, &clamped) && !leaves(memory, &digits), "after deriving the public key");
        cr_assert_eq(age_seal(&public, span_text("x"), &file), OK);
        open = age_open(&key, bytes_span(&file), AGE_ONE_STANZA, 10, &opened);
        cr_expect(!leaves(memory, &clamped) && !leaves(memory, &digits), "after opening");
        cr_assert(derive == OK && open == OK);
}

/* Ed25519's nonce is SHA-512(prefix ‖ message) mod L: who finds it has the key. */
Test(residue, signing_leaves_no_nonce_on_the_stack)
{
        static const char message[] = "SSHSIG\0\0\0\002ns\0\0\0\0\0\0\0\006sha512\0\0\0\100";
        CLEANUP_FD int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_SECRET struct secret nonce = SECRET_NONE, digits = SECRET_NONE;
        CLEANUP_BYTES struct bytes input = BYTES_NONE, blob = BYTES_NONE;
        unsigned char hash[64], reduced[32];
        cr_assert_eq(identity_new(&i), OK);
        crypto_hash_sha512(hash, i.sign.bytes, 32);
        bytes_add(&input, hash + 32, 32);
        crypto_hash_sha512(hash, (const unsigned char *)"text", 4);
        bytes_add(&input, message, sizeof message - 1);
        bytes_add(&input, hash, 64);
        crypto_hash_sha512(hash, input.p, input.n);
        crypto_core_ed25519_scalar_reduce(reduced, hash);
        cr_assert_eq(secret_copy(reduced, 32, &nonce), OK);
        digits = digits_of(reduced);
        enum err e = sshsig_sign(&i.sign, "ns", span_text("text"), &blob);
        cr_expect(!leaves(memory, &nonce) && !leaves(memory, &digits));
        cr_assert_eq(e, OK);

        unsigned char point[32]; /* that it is the nonce: R = nonce·B */
        cr_assert_eq(crypto_scalarmult_ed25519_base_noclamp(point, reduced), 0);
        cr_expect_arr_eq(point, blob.p + blob.n - 64, 32);
}
