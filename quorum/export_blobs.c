/* Which blobs an export carries, and the one spelling of each. */
#include "quorum/export.h"
#include <string.h>

static int compare_hashes(const void *a, const void *b)
{
        return memcmp(a, b, HASH_BYTES);
}

bool export_carries(const struct version_view *v)
{
        return v->state != VERSION_REPLACED && v->state != VERSION_DROPPED;
}

static void add_blobs_of(const struct version_view *v, struct bytes *ret)
{
        if (!export_carries(v))
                return;
        bytes_add(ret, v->fields->ciphertext_sha256.b, HASH_BYTES);
        for (unsigned i = 0; i < v->fields->n_shares; i++)
                bytes_add(ret, v->fields->shares[i].sha256.b, HASH_BYTES);
}

void export_blob_list(const struct ledger *l, struct bytes *ret)
{
        struct version_view v;
        CLEANUP_BYTES struct bytes all = BYTES_NONE;
        for (size_t i = 0; i < ledger_versions(l); i++) {
                ledger_version_at(l, i, &v);
                add_blobs_of(&v, &all);
        }
        if (all.n > 0)
                qsort(all.p, all.n / HASH_BYTES, HASH_BYTES, compare_hashes);
        for (size_t i = 0; i < all.n; i += HASH_BYTES)
                if (i == 0 || memcmp(all.p + i, all.p + i - HASH_BYTES, HASH_BYTES) != 0)
                        bytes_add(ret, all.p + i, HASH_BYTES);
}

#define BLOB_HEAD   "{\"sha256\":\""
#define BLOB_MIDDLE "\",\"blob\":\""
#define BLOB_TAIL   "\"}"
#define PARTS_HEAD  "{\"parts\":"

void export_write_parts(size_t n, struct bytes *ret)
{
        bytes_printf(ret, PARTS_HEAD "%zu}\n", n);
}

void export_write_blob(const struct hash *sha256, struct span blob, struct bytes *ret)
{
        bytes_add_text(ret, BLOB_HEAD);
        bytes_add_hex(ret, sha256->b, HASH_BYTES);
        bytes_add_text(ret, BLOB_MIDDLE);
        bytes_add_base64(ret, blob);
        bytes_add_text(ret, BLOB_TAIL "\n");
}

static bool take_text(struct span *s, const char *text)
{
        size_t n = strlen(text);
        if (s->n < n || memcmp(s->p, text, n) != 0)
                return false;
        s->p += n;
        s->n -= n;
        return true;
}

bool export_has_some_blobs(struct span blobs)
{
        return take_text(&blobs, PARTS_HEAD);
}

bool export_read_blob(struct span line, struct hash *ret_sha256, struct bytes *ret_blob)
{
        const size_t tail = strlen(BLOB_TAIL);
        if (!take_text(&line, BLOB_HEAD) || line.n < HASH_HEX ||
            hash_from_hex(span_of(line.p, HASH_HEX), ret_sha256) != OK)
                return false;
        line = span_of(line.p + HASH_HEX, line.n - HASH_HEX);
        if (!take_text(&line, BLOB_MIDDLE) || line.n < tail || memcmp(line.p + line.n - tail, BLOB_TAIL, tail) != 0)
                return false;
        return base64_decode(span_of(line.p, line.n - tail), ret_blob) == OK;
}

bool export_read_parts(struct span line, size_t *ret_n)
{
        size_t n = 0, digits = 0;
        if (!take_text(&line, PARTS_HEAD))
                return false;
        for (; line.n > 1 && *line.p >= '0' && *line.p <= '9' && digits < 9; digits++) {
                n = n * 10 + (size_t)(*line.p - '0');
                line = span_of(line.p + 1, line.n - 1);
        }
        *ret_n = n;
        return digits > 0 && span_is(line, "}");
}
