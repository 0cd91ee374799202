/* Exports: the log as JSONL, its checkpoint, and (of a vault) the sealed shares and ciphertexts, in one
 * self-verifying file.
 *
 *   LINE\n … \n CHECKPOINT \n {"sha256":…,"blob":…}\n …          (docs/protocol.md, Export)
 *
 * A client that gives back what a broker lost has only some of the blobs, and says how many: {"parts":N}\n before
 * them. */
#pragma once
#include "quorum/checkpoint.h"
#include "quorum/ledger.h"

struct export_verdict {
        uint64_t entries;   /* that hold */
        uint64_t first_bad; /* the entry (or, behind the log, the blob line) where it stopped */
        struct hash installation, root;
        bool is_anchored; /* a checkpoint with a good signature covers the whole log */
        uint64_t blobs;
};

/* Verifies a whole export held in memory. genesis: the pin, or NULL (then ret->installation is what the file itself
 * claims). want_blobs: a vault export must carry exactly the blobs of every current, pending and sealed version;
 * without, it may carry none, all, or some that are announced. known_size/known_root: a later head known from
 * elsewhere, 0/NULL when none: a shorter log is then an error. progress may be NULL. ret_ledger may be NULL; else the
 * folded state is handed over. on_blob may be NULL; called for each blob whose hash holds. Errors: ERR_CORRUPT_LOG
 * (9), ERR_BAD_LOG (4), ERR_UPGRADE (1), with the entry in the reason; ret is filled in as far as it came. */
struct export_job {
        const struct hash *genesis;
        bool want_blobs;
        uint64_t known_size;
        const struct hash *known_root;
        void (*progress)(void *context, uint64_t entries);
        void (*on_blob)(void *context, const struct hash *sha256, struct span blob);
        /* Where in the file an entry lies that holds, and the line of a blob whose hash holds; either may be NULL. */
        void (*on_line)(void *context, uint64_t at, struct span line);
        void (*on_place)(void *context, const struct hash *sha256, uint64_t at, size_t n);
        void *context;
};
MUST_CHECK enum err export_verify(struct span file, const struct export_job *job, struct export_verdict *ret,
                                  struct ledger **ret_ledger);
/* The same, read from a descriptor to its end, of any size: what it holds at a time is one line (≤ LINE_MAX_BYTES)
 * and the folded state. Errors also: ERR_IO. */
MUST_CHECK enum err export_verify_stream(int fd, const struct export_job *job, struct export_verdict *ret,
                                         struct ledger **ret_ledger);
/* Whether a vault export carries this version's blobs: all but what was replaced or dropped, also of a retired
 * credential. Whoever keeps a store must keep them. */
bool export_carries(const struct version_view *v);
/* The ids of blobs that a vault export carries now, ascending, each once. ret: hashes appended, 32 bytes each. */
void export_blob_list(const struct ledger *l, struct bytes *ret);
void export_write_blob(const struct hash *sha256, struct span blob, struct bytes *ret);
/* A blob's line without its newline, in the one spelling; the blob is appended. Whether its hash holds is the
 * caller's to see. */
bool export_read_blob(struct span line, struct hash *ret_sha256, struct bytes *ret_blob);
/* What stands before n blobs, ascending, that are only some of them. */
void export_write_parts(size_t n, struct bytes *ret);
/* Whether what stands where the blobs begin says so. */
#define EXPORT_PARTS_PEEK 16u /* so many bytes of it tell */
bool export_has_some_blobs(struct span blobs);
/* {"parts":NUMBER}: how many, so that a cut is seen. */
bool export_read_parts(struct span line, size_t *ret_n);
