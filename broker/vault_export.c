#include "broker/vault_export.h"
#include "base/file.h"
#include "broker/keys.h"
#include "broker/replay.h"
#include "broker/store.h"
#include "quorum/checkpoint.h"
#include "quorum/export.h"
#include <errno.h>
#include <string.h>

/* Everything that is exported is verified on the way: a backup of damage is none. */

/* A page of the log or one blob at a time, whatever the whole may weigh. */
#define CHUNK_BYTES (1024u * 1024u)

struct sink {
        int fd;
        struct bytes text; /* not written yet */
};

static enum err drain(struct sink *out)
{
        enum err e = fd_write_all(out->fd, out->text.p, out->text.n);
        const bool is_unread = e != OK && errno == EPIPE;
        bytes_clear(&out->text);
        return is_unread ? err_because(ERR_IO, "whoever was to read it ended before its end") : e;
}

static enum err add_log(struct store *s, struct ledger *l, struct sink *out)
{
        uint64_t size, next = 0;
        enum err e = store_size(s, &size);
        while (e == OK && next < size) {
                if ((e = store_read_lines(s, next, size, CHUNK_BYTES, &out->text, &next)) == OK &&
                    (e = replay_lines(l, bytes_span(&out->text), false)) == OK)
                        e = drain(out);
        }
        return e;
}

static enum err add_checkpoint(const struct vault_source *from, const struct ledger *l, struct bytes *out)
{
        struct checkpoint head = {*ledger_installation(l), ledger_size(l), ledger_root(l)};
        const char *paths[] = {from->sign_key, from->sign_next_key};
        enum err e = ERR_BAD_KEY;
        for (size_t i = 0; i < COUNT_OF(paths) && e == ERR_BAD_KEY && paths[i]; i++) {
                struct signing_key key = {.key = SECRET_NONE};
                e = signing_key_load(paths[i], &key);
                if (e == OK && !key_equal(&key.public, ledger_broker_key_at(l, head.size)))
                        e = err_because(ERR_BAD_KEY, "the signing key is not the roster's");
                if (e == OK)
                        e = checkpoint_sign(&head, &key.key, out);
                signing_key_wipe(&key);
        }
        return e;
}

static enum err find_sealed(struct store *s, const struct hash *sha256, struct bytes *ret)
{
        struct blob_place places[8];
        size_t n;
        enum err e = store_find_blob(s, sha256, places, COUNT_OF(places), &n);
        for (size_t i = 0; i < n && e == OK; i++)
                if (places[i].kind == BLOB_SHARE || places[i].kind == BLOB_CIPHERTEXT)
                        return store_read_blob(s, &places[i], sha256, ret);
        return e != OK ? e : err_because(ERR_CORRUPT_STORE, "a sealed blob of a live version is missing");
}

static enum err add_blobs(struct store *s, const struct ledger *l, struct sink *out)
{
        CLEANUP_BYTES struct bytes list = BYTES_NONE;
        export_blob_list(l, &list);
        for (size_t i = 0; i < list.n; i += HASH_BYTES) {
                CLEANUP_BYTES struct bytes blob = BYTES_NONE;
                struct hash sha256;
                memcpy(sha256.b, list.p + i, HASH_BYTES);
                enum err e = find_sealed(s, &sha256, &blob);
                if (e != OK)
                        return e;
                struct hash is = hash_of(bytes_span(&blob));
                if (!hash_equal(&is, &sha256))
                        return err_because(ERR_CORRUPT_STORE, "a sealed blob is damaged");
                export_write_blob(&sha256, bytes_span(&blob), &out->text);
                if ((e = drain(out)) != OK)
                        return e;
        }
        return OK;
}

static enum err write_parts(const struct vault_source *from, struct store *store, struct ledger *l, struct sink *out)
{
        enum err e = add_log(store, l, out);
        if (e != OK)
                return e;
        if (ledger_size(l) == 0)
                return err_because(ERR_CORRUPT_STORE, "the log is empty");
        bytes_add_byte(&out->text, '\n');
        if ((e = add_checkpoint(from, l, &out->text)) != OK)
                return e;
        bytes_add_byte(&out->text, '\n');
        return (e = drain(out)) == OK ? add_blobs(store, l, out) : e;
}

enum err vault_export_write(const struct vault_source *from, int fd, uint64_t *ret_entries)
{
        CLEANUP_FREE char *path = path_join(from->state, STORE_FILE);
        struct sink out = {.fd = fd, .text = BYTES_NONE};
        struct store *store = NULL;
        struct ledger *l = ledger_new();
        enum err e = store_open(path, STORE_READ, &store);
        if (e == OK)
                e = write_parts(from, store, l, &out);
        *ret_entries = ledger_size(l);
        bytes_done(&out.text);
        ledger_free(l);
        store_close(store);
        return e;
}
