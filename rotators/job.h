/* What this machine keeps of a rotation, so that a crash at any moment loses nothing:
 *
 *   STATE/rotations/OLD-VERSION-ID.json    which pending version is ours, and what is public about it
 *   STATE/pending/RECIPIENT                the new value's document, sealed to our own `opens` key; RECIPIENT is the
 *                                          public key that the pending version itself names, so that both find each
 *                                          other whatever happened in between */
#pragma once
#include "base/file_batch.h"
#include "quorum/document.h"
#include "quorum/identity.h"
#include "rotators/engine.h"

struct job {
        struct hash old_version;
        char recipient[AGE_PUBLIC_TEXT]; /* "": no value yet */
        struct bytes handle;             /* what the target calls the value that `set` gave it; empty: not known */
        struct bytes old_handle;         /* what it called the one in use before; empty: not known */
        unsigned rejections;
        bool is_rejected;
        /* not on disk */
        enum engine_seen seen;
        int64_t not_before_ms, backoff_ms;
        bool has_told_leak;    /* a hook of it printed a secret, and people know */
        bool has_told_check;   /* that the target is out of reach, too */
        bool has_told_custody; /* that it waits for its holders */
        bool is_checked;       /* `check` was ok */
        bool is_busy;          /* a hook runs for it, or a statement is on its way */
};

struct jobs {
        char *folder, *pending_folder;
        size_t n;
        struct job **job;
        struct file_batch unsaved; /* until jobs_flush() */
        size_t n_removed;
        char **removed; /* notes whose value has gone */
};

/* Makes the folders where they are missing, reads every job. Errors: ERR_IO, ERR_CORRUPT_STORE. */
MUST_CHECK enum err jobs_open(const char *state, struct jobs *ret);
void jobs_close(struct jobs *j);                                             /* what was not flushed is lost */
struct job *jobs_find(const struct jobs *j, const struct hash *old_version); /* NULL */
struct job *jobs_add(struct jobs *j, const struct hash *old_version);        /* in memory until job_save() */
/* What is removed, and then what is saved and kept in the order of the calls, becomes durable with the next
 * jobs_flush(): before anybody else hears of it. */
MUST_CHECK enum err jobs_flush(struct jobs *j);
MUST_CHECK enum err job_save(struct jobs *j, const struct job *job);
/* Removes it from disk and memory. The value's file goes too, unless keep_value. */
MUST_CHECK enum err jobs_remove(struct jobs *j, struct job *job, bool keep_value);

MUST_CHECK enum err job_keep_value(struct jobs *j, const char *recipient, const struct document *d,
                                   const struct key *own_opens);
/* Errors: ERR_NO_ENTRY, ERR_BAD_CONTAINER, ERR_MISMATCH. */
MUST_CHECK enum err job_load_value(const struct jobs *j, const char *recipient, const struct secret *own_open,
                                   const char *credential, uint64_t number, struct document *ret);
MUST_CHECK enum err job_drop_value(const struct jobs *j, const char *recipient);
/* Removes what a crash left half made: temporary files, and values that neither a job nor (is_known) the log names,
 * which nobody but us ever knew of. */
MUST_CHECK enum err jobs_sweep(const struct jobs *j, bool (*is_known)(const void *context, const char *recipient),
                               const void *context);
bool job_has_value(const struct jobs *j, const char *recipient);
