#include "base/clock.h"
#include "base/file.h"
#include "broker/commands.h"
#include "broker/config.h"
#include "broker/keys.h"
#include "broker/store.h"
#include "quorum/admit.h"
#include "quorum/export.h"
#include <string.h>

/* A new store from a vault export. A client's own, longer copy of the log may give back what came after the export;
 * the sealed parts of versions made since then are in neither, and are named. */

#define EXPORT_MAX (2048u * 1024u * 1024u)

struct blob_copy {
        struct hash sha256;
        struct bytes bytes;
};

struct vault {
        struct bytes file, log_file; /* log_file: empty when there is no later log */
        struct bytes roster_line;    /* what comes behind them; empty when no new roster was given */
        size_t n_blobs;
        struct blob_copy *blobs; /* ascending, as the export has them */
        struct ledger *ledger;   /* of the longer log and the line behind it */
};

static void vault_done(struct vault *v)
{
        for (size_t i = 0; i < v->n_blobs; i++)
                bytes_done(&v->blobs[i].bytes);
        free(v->blobs);
        bytes_done(&v->file);
        bytes_done(&v->log_file);
        bytes_done(&v->roster_line);
        ledger_free(v->ledger);
}

static void keep_blob(void *context, const struct hash *sha256, struct span blob)
{
        struct vault *v = context;
        v->blobs = mem_grow(v->blobs, v->n_blobs + 1, sizeof *v->blobs);
        v->blobs[v->n_blobs] = (struct blob_copy){.sha256 = *sha256, .bytes = BYTES_NONE};
        bytes_add_span(&v->blobs[v->n_blobs++].bytes, blob);
}

/* ---- reading, with every check of `log verify` ---- */

static enum err read_later_log(struct vault *v, const char *path, const struct hash *genesis)
{
        struct export_verdict verdict;
        const struct hash root = ledger_root(v->ledger);
        const struct export_job job = {.genesis = genesis, .known_size = ledger_size(v->ledger), .known_root = &root};
        struct ledger *longer = NULL;
        enum err e = file_read(path, EXPORT_MAX, &v->log_file);
        if (e == OK)
                e = export_verify(bytes_span(&v->log_file), &job, &verdict, &longer);
        if (e != OK)
                return e;
        ledger_free(v->ledger);
        v->ledger = longer;
        return OK;
}

static enum err read_vault(struct vault *v, const struct restore_from *from)
{
        struct export_verdict verdict;
        struct hash genesis;
        const struct hash *pin = from->genesis ? &genesis : NULL;
        if (pin && hash_from_hex(span_text(from->genesis), &genesis) != OK)
                return err_because(ERR_USAGE, "--genesis wants the 64 hex digits of the genesis roster's SHA-256");
        const struct export_job job = {.genesis = pin, .want_blobs = true, .on_blob = keep_blob, .context = v};
        enum err e = file_read(from->vault, EXPORT_MAX, &v->file);
        if (e == OK)
                e = export_verify(bytes_span(&v->file), &job, &verdict, &v->ledger);
        return e == OK && from->log ? read_later_log(v, from->log, pin ? pin : ledger_installation(v->ledger)) : e;
}

/* The next roster, by every rule that a running broker has for it. */
static enum err read_roster(struct vault *v, const char *path)
{
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        struct statement *s = NULL;
        const int64_t now = clock_now_ms(), last = ledger_last_at(v->ledger);
        enum err e = command_read_envelope(path, &envelope);
        if (e == OK && envelope.type != STATEMENT_ROSTER)
                e = err_because(ERR_BAD_ROSTER, "this is no roster statement");
        if (e == OK)
                e = admit_statement(ledger_roster(v->ledger), &envelope, &s);
        statement_free(s);
        if (e != OK)
                return e;
        line_write(ledger_size(v->ledger), now > last ? now : last, &envelope, &v->roster_line);
        return admit_line(v->ledger, bytes_span(&v->roster_line), false, NULL);
}

static enum err check_key(const struct config *c, const struct ledger *l)
{
        struct signing_key key = {.key = SECRET_NONE};
        enum err e = signing_key_load(c->sign_key, &key);
        if (e == OK && !key_equal(&key.public, &ledger_roster(l)->broker_signs))
                e = err_because(ERR_BAD_KEY, "the roster in force names another broker.signs: give its key file as "
                                             "keys: sign, or with --roster "
                                             "a next roster that names this one");
        signing_key_wipe(&key);
        return e;
}

/* ---- writing ---- */

static enum err put_log(struct store *s, const struct vault *v)
{
        struct span rest = v->log_file.n ? bytes_span(&v->log_file) : bytes_span(&v->file);
        enum err e = OK;
        const uint64_t n_copied = ledger_size(v->ledger) - (v->roster_line.n ? 1 : 0);
        for (uint64_t n = 0; e == OK && n < n_copied; n++) {
                const unsigned char *end = memchr(rest.p, '\n', rest.n);
                size_t len = (size_t)(end - rest.p);
                const struct hash id = ledger_id_at(v->ledger, n);
                e = store_append(s, n, &id, span_of(rest.p, len));
                rest = span_of(end + 1, rest.n - len - 1);
        }
        if (e != OK || !v->roster_line.n)
                return e;
        const struct hash id = ledger_id_at(v->ledger, n_copied);
        return store_append(s, n_copied, &id, bytes_span(&v->roster_line));
}

static int by_hash(const void *key, const void *element)
{
        return memcmp(key, &((const struct blob_copy *)element)->sha256, HASH_BYTES);
}

static enum err put_blob(struct store *s, const struct vault *v, enum blob_kind kind, const struct hash *version,
                         const struct hash *sha256, bool *ret_is_missing)
{
        const struct blob_copy *b =
                v->n_blobs ? bsearch(sha256, v->blobs, v->n_blobs, sizeof *v->blobs, by_hash) : NULL;
        if (b)
                return store_put_blob(s, kind, version, sha256, bytes_span(&b->bytes));
        *ret_is_missing = true;
        return OK;
}

static enum err put_version(struct store *s, const struct vault *v, const struct version_view *view)
{
        bool is_missing = false;
        enum err e = put_blob(s, v, BLOB_CIPHERTEXT, &view->id, &view->fields->ciphertext_sha256, &is_missing);
        for (unsigned i = 0; i < view->fields->n_shares && e == OK; i++)
                e = put_blob(s, v, BLOB_SHARE, &view->id, &view->fields->shares[i].sha256, &is_missing);
        if (e == OK && is_missing)
                printf("missing: the sealed parts of %s version %llu were made after this export; seal or rotate it "
                       "anew\n",
                       view->fields->credential, (unsigned long long)view->fields->number);
        return e;
}

static enum err put_versions(struct store *s, const struct vault *v)
{
        enum err e = OK;
        for (size_t i = 0; i < ledger_versions(v->ledger) && e == OK; i++) {
                struct version_view view;
                ledger_version_at(v->ledger, i, &view);
                if (!view.is_retired &&
                    (view.state == VERSION_CURRENT || view.state == VERSION_PENDING || view.state == VERSION_SEALED))
                        e = put_version(s, v, &view);
        }
        return e;
}

static enum err fill_store(struct store *s, void *context)
{
        const struct vault *v = context;
        enum err e = put_log(s, v);
        return e == OK ? put_versions(s, v) : e;
}

static enum err write_store(const struct config *c, struct vault *v)
{
        CLEANUP_FREE char *path = path_join(c->state, STORE_FILE);
        enum err e = file_make_folder(c->state, 0700);
        return e == OK ? store_create(path, fill_store, v) : e;
}

int command_restore(const char *config_path, const struct restore_from *from)
{
        struct config *c = NULL;
        struct vault v = {.file = BYTES_NONE, .log_file = BYTES_NONE, .roster_line = BYTES_NONE};
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = read_vault(&v, from);
        if (e == OK && from->roster)
                e = read_roster(&v, from->roster);
        if (e == OK)
                e = check_key(c, v.ledger);
        if (e == OK)
                e = write_store(c, &v);
        if (e == OK) {
                char hex[HASH_HEX + 1];
                hash_to_hex(ledger_installation(v.ledger), hex);
                printf("installation: %s\nrestored: %llu entries, %zu sealed parts\n", hex,
                       (unsigned long long)ledger_size(v.ledger), v.n_blobs);
        }
        vault_done(&v);
        config_drop(c);
        return e == OK ? EXIT_OK : command_failed((int)e);
}
