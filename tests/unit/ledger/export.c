/* Exports: signed lines, the checkpoint, and the blobs of every live version. */
#include "quorum/export.h"
#include "base/file.h"
#include "quorum/admit.h"
#include "tests/unit/ledger/fold.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PG_BLOBS 4u /* a ciphertext and three shares */

struct vault {
        struct world *w;
        struct sealed_version v1;
        struct bytes log, note, blobs;
        struct bytes file; /* all of it */
};

static void sign_head(struct world *w, const char *by, uint64_t size, const struct hash *root, struct bytes *ret)
{
        struct checkpoint c = {.installation = w->installation, .size = size, .root = *root};
        cr_assert_eq(checkpoint_sign(&c, &world_keys(w, by)->sign, ret), OK);
}

static void write_log(const struct world *w, struct bytes *ret)
{
        for (size_t i = 0; i < w->n_lines; i++) {
                bytes_add_span(ret, world_line(w, i));
                bytes_add_byte(ret, '\n');
        }
}

static struct span blob_of(const struct sealed_version *v, const struct hash *id)
{
        struct hash h = hash_of(bytes_span(&v->ciphertext));
        if (hash_equal(&h, id))
                return bytes_span(&v->ciphertext);
        for (unsigned i = 0; i < v->fields.n_shares; i++)
                if (hash_equal(&v->fields.shares[i].sha256, id))
                        return bytes_span(&v->share_file[i]);
        abort(); /* a test asks only for its own */
}

static void write_blobs(const struct sealed_version *v, struct bytes *ret)
{
        struct hash ids[PG_BLOBS];
        ids[0] = v->fields.ciphertext_sha256;
        for (unsigned i = 0; i < 3; i++)
                ids[i + 1] = v->fields.shares[i].sha256;
        for (unsigned a = 0; a < PG_BLOBS; a++) { /* ascending */
                unsigned least = a;
                for (unsigned b = a; b < PG_BLOBS; b++)
                        if (memcmp(ids[b].b, ids[least].b, HASH_BYTES) < 0)
                                least = b;
                struct hash h = ids[least];
                ids[least] = ids[a];
                ids[a] = h;
                export_write_blob(&h, blob_of(v, &h), ret);
        }
}

static void bind(struct vault *x)
{
        bytes_clear(&x->file);
        bytes_add_span(&x->file, bytes_span(&x->log));
        bytes_add_text(&x->file, "\n");
        bytes_add_span(&x->file, bytes_span(&x->note));
        bytes_add_text(&x->file, "\n");
        bytes_add_span(&x->file, bytes_span(&x->blobs));
}

static struct vault *vault_new(void)
{
        struct vault *x = mem_new(1, sizeof *x);
        x->w = world_new();
        world_genesis(x->w);
        struct statement s = world_version(x->w, PG, 1, NULL, "alice", &x->v1);
        world_append(x->w, &s);
        struct hash v1 = world_last_id(x->w);
        s = world_request(x->w, "erin", PG, &v1, NULL);
        world_append(x->w, &s);
        struct hash r = world_last_id(x->w);
        s = world_approval(x->w, "alice", &r, &v1, 1);
        world_append(x->w, &s);
        write_log(x->w, &x->log);
        struct hash root = frontier_root(&x->w->log);
        sign_head(x->w, "broker", x->w->log.size, &root, &x->note);
        write_blobs(&x->v1, &x->blobs);
        bind(x);
        return x;
}

static void vault_free(struct vault **x)
{
        world_free((*x)->w);
        sealed_version_done(&(*x)->v1);
        bytes_done(&(*x)->log);
        bytes_done(&(*x)->note);
        bytes_done(&(*x)->blobs);
        bytes_done(&(*x)->file);
        free(*x);
}
#define CLEANUP_VAULT __attribute__((cleanup(vault_free)))

static enum err verify(struct span file, bool want_blobs, struct export_verdict *ret)
{
        struct export_job job = {.want_blobs = want_blobs};
        return export_verify(file, &job, ret, NULL);
}

static void count_blob(void *context, const struct hash *sha256, struct span blob)
{
        struct hash h = hash_of(blob);
        cr_assert(hash_equal(&h, sha256));
        ++*(unsigned *)context;
}

Test(export, a_vaults_export_verifies)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        struct ledger *l = NULL;
        unsigned blobs = 0;
        struct export_job job = {
                .genesis = &x->w->installation, .want_blobs = true, .on_blob = count_blob, .context = &blobs};
        cr_assert_eq(export_verify(bytes_span(&x->file), &job, &v, &l), OK, "%s", err_reason());
        cr_assert_eq(v.entries, 4);
        cr_assert(v.is_anchored);
        cr_assert_eq(v.blobs, PG_BLOBS);
        cr_assert_eq(blobs, PG_BLOBS);
        cr_assert(hash_equal(&v.installation, &x->w->installation));
        struct hash root = frontier_root(&x->w->log);
        cr_assert(hash_equal(&v.root, &root));
        cr_assert_eq(ledger_size(l), 4);
        ledger_free(l);
}

Test(export, of_the_log_alone_ends_with_its_checkpoint)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        size_t n = x->log.n + 1 + x->note.n;
        cr_assert_eq(verify(span_of(x->file.p, n), false, &v), OK, "%s", err_reason());
        cr_assert(v.is_anchored);
        cr_assert_eq(verify(bytes_span(&x->file), false, &v), OK, "blobs are checked where there are any");
        cr_assert_eq(v.blobs, PG_BLOBS);
        cr_assert_eq(verify(span_of(x->file.p, n), true, &v), ERR_CORRUPT_LOG, "a vault's export has its separator");
}

Test(export, a_log_without_a_checkpoint_is_consistent_but_not_anchored)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        cr_assert_eq(verify(bytes_span(&x->log), false, &v), OK);
        cr_assert_eq(v.entries, 4);
        cr_assert(!v.is_anchored);
        cr_assert_eq(verify(bytes_span(&x->log), true, &v), ERR_CORRUPT_LOG);
}

Test(export, a_cut_tail_is_found_by_who_knows_a_later_head)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        struct hash root = frontier_root(&x->w->log);
        size_t n = x->log.n - world_line(x->w, 3).n - 1;
        struct export_job job = {.known_size = 4, .known_root = &root};
        cr_assert_eq(verify(span_of(x->log.p, n), false, &v), OK);
        cr_assert_eq(v.entries, 3);
        cr_assert_eq(export_verify(span_of(x->log.p, n), &job, &v, NULL), ERR_CORRUPT_LOG);
        cr_assert(strstr(err_reason(), "cut"));
        cr_assert_eq(export_verify(bytes_span(&x->log), &job, &v, NULL), OK);
}

Test(export, a_fork_prints_both_heads)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        struct hash other = hash_of(span_text("another history"));
        struct export_job job = {.known_size = 3, .known_root = &other};
        char hex[HASH_HEX + 1];
        cr_assert_eq(export_verify(bytes_span(&x->file), &job, &v, NULL), ERR_CORRUPT_LOG);
        hash_to_hex(&other, hex);
        cr_assert(strstr(err_reason(), hex), "%s", err_reason());
        struct frontier f = {0};
        for (size_t i = 0; i < 3; i++) {
                struct hash leaf = tree_leaf(world_line(x->w, i));
                frontier_add(&f, &leaf);
        }
        struct hash ours = frontier_root(&f);
        hash_to_hex(&ours, hex);
        cr_assert(strstr(err_reason(), hex), "%s", err_reason());
        cr_assert(strstr(err_reason(), "fork"));
}

Test(export, of_another_installation_than_the_pinned_one_is_refused)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        struct hash pin = hash_of(span_text("elsewhere"));
        struct export_job job = {.genesis = &pin};
        cr_assert_eq(export_verify(bytes_span(&x->log), &job, &v, NULL), ERR_CORRUPT_LOG);
        cr_assert(strstr(err_reason(), "pinned"), "%s", err_reason());
        job.genesis = &x->w->installation;
        cr_assert_eq(export_verify(bytes_span(&x->log), &job, &v, NULL), OK);
}

Test(export, a_checkpoint_by_another_key_or_of_another_root_or_size_is_refused)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        struct hash root = frontier_root(&x->w->log), wrong = hash_of(span_text("wrong"));
        const struct {
                const char *by;
                uint64_t size;
                const struct hash *root;
        } rows[] = {{"mallory", 4, &root}, {"broker", 4, &wrong}, {"broker", 5, &root}, {"broker", 3, &root}};
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                bytes_clear(&x->note);
                sign_head(x->w, rows[i].by, rows[i].size, rows[i].root, &x->note);
                bind(x);
                cr_assert_eq(verify(bytes_span(&x->file), false, &v), ERR_CORRUPT_LOG, "row %zu", i);
        }
}

Test(export, a_checkpoint_before_the_end_leaves_the_tail_unanchored)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        struct frontier f = {0};
        for (size_t i = 0; i < 3; i++) {
                struct hash leaf = tree_leaf(world_line(x->w, i));
                frontier_add(&f, &leaf);
        }
        struct hash root = frontier_root(&f);
        bytes_clear(&x->note);
        sign_head(x->w, "broker", 3, &root, &x->note);
        bind(x);
        cr_assert_eq(verify(bytes_span(&x->file), false, &v), OK, "%s", err_reason());
        cr_assert(!v.is_anchored);
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG);
}

/* Line by line from the world, with some put in another order. */
static void reorder(struct vault *x, const size_t order[], size_t n)
{
        bytes_clear(&x->log);
        for (size_t i = 0; i < n; i++) {
                bytes_add_span(&x->log, world_line(x->w, order[i]));
                bytes_add_byte(&x->log, '\n');
        }
}

Test(export, entries_deleted_swapped_or_doubled_are_found_where_they_are)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        static const struct {
                size_t order[5], n, first_bad;
        } rows[] = {{{0, 2, 3}, 3, 1}, {{0, 2, 1, 3}, 4, 1}, {{0, 1, 1, 2, 3}, 5, 2}, {{1, 2, 3}, 3, 0}};
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                reorder(x, rows[i].order, rows[i].n);
                cr_assert_eq(verify(bytes_span(&x->log), false, &v), ERR_CORRUPT_LOG, "row %zu", i);
                cr_assert_eq(v.first_bad, rows[i].first_bad, "row %zu: %lu", i, v.first_bad);
        }
}

/* Each of the thousands of looks verifies signatures: every byte only in a soak, a sample of them always. */
Test(export, changed_or_cut_at_any_byte_is_refused)
{
        const bool is_soak = getenv("BREAKGLASS_SOAK") != NULL;
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        for (size_t i = 0; i < x->file.n; i += is_soak ? 1 : 61) {
                x->file.p[i] ^= 1;
                enum err e = verify(bytes_span(&x->file), true, &v);
                cr_assert(e == ERR_CORRUPT_LOG, "byte %zu: %s", i, err_word(e));
                x->file.p[i] ^= 1;
        }
        for (size_t n = 0; n < x->file.n; n += is_soak ? 1 : 211)
                cr_assert_eq(verify(span_of(x->file.p, n), true, &v), ERR_CORRUPT_LOG, "cut at %zu", n);
}

/* Through a pipe, so that no part of it can be looked at twice. */
static enum err verify_piped(struct span file, struct export_verdict *ret)
{
        const struct export_job job = {.want_blobs = true};
        int ends[2];
        cr_assert_eq(pipe(ends), 0);
        pid_t writer = fork();
        if (writer == 0) {
                signal(SIGPIPE, SIG_DFL);
                (void)!close(ends[0]);
                _exit(fd_write_all(ends[1], file.p, file.n) == OK ? 0 : 1);
        }
        close(ends[1]);
        enum err e = export_verify_stream(ends[0], &job, ret, NULL);
        close(ends[0]);
        waitpid(writer, NULL, 0);
        return e;
}

Test(export, is_verified_from_a_pipe_as_from_memory)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict piped, held;
        cr_assert_eq(verify_piped(bytes_span(&x->file), &piped), OK, "%s", err_reason());
        cr_assert_eq(verify(bytes_span(&x->file), true, &held), OK);
        cr_assert_eq(piped.entries, held.entries);
        cr_assert_eq(piped.blobs, held.blobs);
        cr_assert(piped.is_anchored);
        cr_assert(hash_equal(&piped.root, &held.root));
        for (size_t i = 7; i < x->file.n; i += x->file.n / 40) {
                x->file.p[i] ^= 1;
                cr_assert_eq(verify_piped(bytes_span(&x->file), &piped), ERR_CORRUPT_LOG, "byte %zu", i);
                x->file.p[i] ^= 1;
                cr_assert_eq(verify_piped(span_of(x->file.p, i), &piped), ERR_CORRUPT_LOG, "cut at %zu", i);
        }
}

Test(export, has_no_line_longer_than_any)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct export_verdict v;
        for (size_t i = 0; i < LINE_MAX_BYTES / 16 + 2; i++)
                bytes_add_text(&file, "0123456789abcdef");
        cr_assert_eq(verify_piped(bytes_span(&file), &v), ERR_CORRUPT_LOG);
        cr_assert(strstr(err_reason(), "longer than any line"), "%s", err_reason());
}

Test(export, the_note_and_the_separators_are_exact)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        size_t end = x->log.n + 1 + x->note.n + 1 + 300;
        for (size_t i = x->log.n - 1; i < end && i < x->file.n; i++) {
                x->file.p[i] ^= 1;
                cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG, "byte %zu", i);
                x->file.p[i] ^= 1;
        }
}

Test(export, blobs_missing_added_or_out_of_order_are_refused)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        CLEANUP_BYTES struct bytes all = BYTES_NONE;
        struct span first =
                span_of(x->blobs.p, (size_t)((unsigned char *)memchr(x->blobs.p, '\n', x->blobs.n) + 1 - x->blobs.p));
        struct hash extra = hash_of(span_text("extra"));
        bytes_add_span(&all, bytes_span(&x->blobs));

        x->blobs.n -= first.n; /* whatever its length: the end is cut */
        bind(x);
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG);

        bytes_clear(&x->blobs);
        bytes_add(&x->blobs, all.p + first.n, all.n - first.n);
        bind(x);
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG, "the first is missing");
        cr_assert_eq(v.blobs, 0);
        cr_assert_eq(v.first_bad, 0);

        bytes_clear(&x->blobs);
        bytes_add(&x->blobs, all.p, first.n);
        bytes_add(&x->blobs, all.p, all.n);
        bind(x);
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG, "the first comes twice");
        cr_assert_eq(v.first_bad, 1);

        bytes_clear(&x->blobs);
        bytes_add(&x->blobs, all.p + first.n, all.n - first.n);
        bytes_add(&x->blobs, all.p, first.n);
        bind(x);
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG, "the first comes last");

        bytes_clear(&x->blobs);
        bytes_add_span(&x->blobs, bytes_span(&all));
        export_write_blob(&extra, span_text("extra"), &x->blobs);
        bind(x);
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG, "one too many");
}

Test(export, lists_the_blobs_of_current_pending_and_sealed_versions)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes list = BYTES_NONE;
        struct hash v1 = fold_version(f, PG), sealed = fold_version(f, PG), v2 = fold_pending(f, v1);
        export_blob_list(f->ledger, &list);
        cr_assert_eq(list.n, 3 * PG_BLOBS * HASH_BYTES);
        for (size_t i = HASH_BYTES; i < list.n; i += HASH_BYTES)
                cr_assert_lt(memcmp(list.p + i - HASH_BYTES, list.p + i, HASH_BYTES), 0, "ascending");
        struct statement same = fold_initial(f, "alice", PG);
        same.version.ciphertext_sha256 = fold_see_version(f, v1).fields->ciphertext_sha256;
        expect(f, OK, same);
        bytes_clear(&list);
        export_blob_list(f->ledger, &list);
        cr_assert_eq(list.n, (4 * PG_BLOBS - 1) * HASH_BYTES, "each once");
        fold_promote(f, v1, v2); /* v1 replaced, the sealed ones dropped */
        bytes_clear(&list);
        export_blob_list(f->ledger, &list);
        cr_assert_eq(list.n, PG_BLOBS * HASH_BYTES);
        cr_assert_eq(fold_see_version(f, sealed).state, VERSION_DROPPED);
}

/* Signed and in order, but against a rule: a wrong log, not a damaged one. */
Test(export, a_broken_rule_is_told_from_damage)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        struct hash v1 = x->w->ids[1];
        struct statement s = world_request(x->w, "grace", PG, &v1, NULL);
        world_append(x->w, &s);
        bytes_clear(&x->log);
        write_log(x->w, &x->log);
        cr_assert_eq(verify(bytes_span(&x->log), false, &v), ERR_BAD_LOG);
        cr_assert_eq(v.first_bad, 4);
        cr_assert(strstr(err_reason(), "not-allowed"), "%s", err_reason());
}

static void note_progress(void *context, uint64_t entries)
{
        *(uint64_t *)context = entries;
}

/* A line's `at` is signed by nobody but the checkpoint: moved, it breaks a rule, and is damage all the same. */
Test(export, bytes_that_the_checkpoint_does_not_cover_are_damage_whatever_rule_they_break)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        CLEANUP_BYTES struct bytes alone = BYTES_NONE;
        struct export_verdict v;
        struct span request = world_line(x->w, 2);
        const unsigned char *line = memmem(x->log.p, x->log.n, request.p, request.n);
        size_t at = (size_t)(line - x->log.p) + strlen("{\"n\":2,\"at\":1");
        x->log.p[at] = '9';
        bind(x);
        bytes_add_span(&alone, bytes_span(&x->log));
        cr_assert_eq(verify(bytes_span(&alone), false, &v), ERR_BAD_LOG, "%s", err_reason());
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG, "%s", err_reason());
        cr_assert_eq(v.first_bad, 2);
}

Test(export, tells_how_far_it_came)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        uint64_t seen = 0;
        struct export_job job = {.progress = note_progress, .context = &seen};
        cr_assert_eq(export_verify(bytes_span(&x->log), &job, &v, NULL), OK);
        cr_assert_eq(seen, 4);
}

Test(export, of_nothing_is_refused)
{
        struct export_verdict v;
        cr_assert_eq(verify(span_text(""), false, &v), ERR_CORRUPT_LOG);
        cr_assert_eq(verify(span_text("\n"), false, &v), ERR_CORRUPT_LOG);
}

/* ---- some of the blobs: what a client gives back ---- */

static struct span nth_line(struct span text, unsigned n)
{
        for (;; n--) {
                const unsigned char *end = memchr(text.p, '\n', text.n);
                struct span line = span_of(text.p, (size_t)(end + 1 - text.p));
                if (n == 0)
                        return line;
                text = span_of(end + 1, text.n - line.n);
        }
}

/* The log, and of its blobs these lines, announced as so many. */
static void bind_some(struct vault *x, size_t announced, const unsigned which[], size_t n)
{
        bytes_clear(&x->file);
        bytes_add_span(&x->file, bytes_span(&x->log));
        bytes_add_text(&x->file, "\n");
        bytes_add_span(&x->file, bytes_span(&x->note));
        bytes_add_text(&x->file, "\n");
        export_write_parts(announced, &x->file);
        for (size_t i = 0; i < n; i++)
                bytes_add_span(&x->file, nth_line(bytes_span(&x->blobs), which[i]));
}

Test(export, may_have_some_of_the_blobs_when_it_says_so)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        const unsigned some[] = {0, 2};
        bind_some(x, 2, some, 2);
        cr_assert_eq(verify(bytes_span(&x->file), false, &v), OK, "%s", err_reason());
        cr_assert_eq(v.blobs, 2);
        cr_assert_eq(verify(bytes_span(&x->file), true, &v), ERR_CORRUPT_LOG, "it is no vault's export");
}

Test(export, with_some_of_the_blobs_is_refused_when_it_is_cut_or_disordered)
{
        CLEANUP_VAULT struct vault *x = vault_new();
        struct export_verdict v;
        static const struct {
                size_t announced, n;
                unsigned which[2];
        } bad[] = {{2, 1, {0}}, {1, 2, {0, 2}}, {2, 2, {2, 0}}, {2, 2, {0, 0}}, {0, 1, {1}}};
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                bind_some(x, bad[i].announced, bad[i].which, bad[i].n);
                cr_assert_eq(verify(bytes_span(&x->file), false, &v), ERR_CORRUPT_LOG, "row %zu", i);
        }
        bind_some(x, 2, (const unsigned[]){0, 2}, 2);
        /* Where only whole lines of the log are left there is nothing that could say that they were cut. */
        for (size_t n = x->log.n + 1; n < x->file.n; n++) {
                enum err e = verify(span_of(x->file.p, n), false, &v);
                bool is_log_alone = n == x->log.n + 1 + x->note.n;
                cr_assert_eq(e, is_log_alone ? OK : ERR_CORRUPT_LOG, "cut at %zu", n);
        }
}
