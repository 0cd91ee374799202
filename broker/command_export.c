#include "base/file.h"
#include "broker/commands.h"
#include "broker/config.h"
#include "broker/keys.h"
#include "broker/store.h"
#include "quorum/admit.h"
#include "quorum/checkpoint.h"
#include "quorum/export.h"
#include <string.h>

/* Everything that is exported is verified on the way: a backup of damage is none. */

static enum err add_log(struct store *s, struct ledger *l, struct bytes *out)
{
        uint64_t size, next = 0;
        enum err e = store_size(s, &size);
        if (e == OK)
                e = store_read_lines(s, 0, size, SIZE_MAX, out, &next);
        for (size_t start = 0; e == OK && start < out->n;) {
                const unsigned char *end = memchr(out->p + start, '\n', out->n - start);
                e = admit_line(l, span_of(out->p + start, (size_t)(end - out->p) - start), false, NULL);
                start = (size_t)(end - out->p) + 1;
        }
        return e == OK || e == ERR_NOT_DURABLE || e == ERR_IO ? e : ERR_CORRUPT_STORE;
}

static enum err add_checkpoint(const struct config *c, const struct ledger *l, struct bytes *out)
{
        struct checkpoint head = {*ledger_installation(l), ledger_size(l), ledger_root(l)};
        const char *paths[] = {c->sign_key, c->sign_next_key};
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

static enum err add_blobs(struct store *s, const struct ledger *l, struct bytes *out)
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
                export_write_blob(&sha256, bytes_span(&blob), out);
        }
        return OK;
}

static enum err export(const struct config *c, const char *out_path) {
        CLEANUP_BYTES struct bytes out = BYTES_NONE; CLEANUP_FREE char *path = path_join(c->state, STORE_FILE);
        struct store *store = NULL; struct ledger *l = ledger_new();
        enum err e = store_open(path, STORE_READ, &store); if (e == OK && (e = add_log(store, l, &out)) == OK){
                bytes_add_byte(&out, '\n');
                e = ledger_size(l) ? add_checkpoint(c, l, &out) : err_because(ERR_CORRUPT_STORE, "the log is empty");}
if (e == OK)
{
        bytes_add_byte(&out, '\n');
        e = add_blobs(store, l, &out);
}
if (e == OK)
        e = file_write(out_path, 0600, bytes_span(&out));
if (e == OK)
        printf("%llu entries exported to %s\n", (unsigned long long)ledger_size(l), out_path);
ledger_free(l);
store_close(store);
return e;
}

int command_export(const char *config_path, const char *out_path)
{
        struct config *c = NULL;
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = export(c, out_path);
        config_drop(c);
        return e == OK ? EXIT_OK : command_failed((int)e);
}
