#include "rotators/job.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define JOB_MAX_BYTES  4096u
#define HANDLE_MAX     200u
#define FILE_MODE      0600
#define FOLDER_MODE    0700
#define VALUE_FILE_MAX (DOCUMENT_MAX + 65536u)

static char *job_path(const struct jobs *j, const struct hash *old_version)
{
        char hex[HASH_HEX + 1], name[HASH_HEX + 6];
        hash_to_hex(old_version, hex);
        snprintf(name, sizeof name, "%s.json", hex);
        return path_join(j->folder, name);
}

/* ---- reading ---- */

MUST_CHECK static enum err parse_job(json_t *object, struct job *ret)
{
        struct json_fields f;
        json_fields_begin(&f, object);
        json_take_hash(&f, "old", &ret->old_version);
        const char *recipient = json_take_text(&f, "recipient", 0, AGE_PUBLIC_TEXT - 1);
        const char *handle = json_take_text(&f, "handle", 0, HANDLE_MAX);
        const char *old_handle = json_take_text_if(&f, "old_handle", 0, HANDLE_MAX);
        ret->rejections = (unsigned)json_take_int(&f, "rejections", 0, 1000);
        ret->is_rejected = json_take_bool(&f, "is_rejected");
        enum err e = json_fields_end(&f);
        if (e == OK && *recipient) { /* it becomes a file's name: nothing but a public key will do */
                struct key k;
                e = open_key_parse(span_text(recipient), &k);
        }
        if (e != OK)
                return e;
        snprintf(ret->recipient, sizeof ret->recipient, "%s", recipient);
        bytes_add_text(&ret->handle, handle);
        bytes_add_text(&ret->old_handle, old_handle ? old_handle : "");
        return OK;
}

MUST_CHECK static enum err read_job(struct jobs *j, const char *name)
{
        CLEANUP_FREE char *path = path_join(j->folder, name);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_JSON json_t *object = NULL;
        struct hash none = {0};
        enum err e;
        if ((e = file_check_private(path)) != OK)
                return e;
        if ((e = file_read(path, JOB_MAX_BYTES, &text)) != OK)
                return e;
        struct job *job = jobs_add(j, &none);
        if ((e = json_read(bytes_span(&text), 2, &object)) == OK)
                e = parse_job(object, job);
        return e == OK ? OK : err_because(ERR_CORRUPT_STORE, "%s is damaged", path);
}

static bool is_job_name(const char *name)
{
        return strlen(name) == HASH_HEX + 5 && !strcmp(name + HASH_HEX, ".json");
}

MUST_CHECK static enum err read_all(struct jobs *j)
{
        DIR *folder = opendir(j->folder);
        enum err e = OK;
        if (!folder)
                return err_because(ERR_IO, "%s: %s", j->folder, strerror(errno));
        for (const struct dirent *d; e == OK && (d = readdir(folder));)
                if (is_job_name(d->d_name))
                        e = read_job(j, d->d_name);
        closedir(folder);
        return e;
}

enum err jobs_open(const char *state, struct jobs *ret)
{
        enum err e;
        *ret = (struct jobs){.folder = path_join(state, "rotations"), .pending_folder = path_join(state, "pending")};
        if ((e = file_make_folder(ret->folder, FOLDER_MODE)) == OK)
                e = file_make_folder(ret->pending_folder, FOLDER_MODE);
        if (e == OK)
                e = read_all(ret);
        if (e != OK)
                jobs_close(ret);
        return e;
}

static void job_free(struct job *job)
{
        bytes_done(&job->handle);
        bytes_done(&job->old_handle);
        free(job);
}

void jobs_close(struct jobs *j)
{
        for (size_t i = 0; i < j->n; i++)
                job_free(j->job[i]);
        for (size_t i = 0; i < j->n_removed; i++)
                free(j->removed[i]);
        file_batch_drop(&j->unsaved);
        free(j->removed);
        free(j->job);
        free(j->folder);
        free(j->pending_folder);
        *j = (struct jobs){0};
}

/* ---- the list ---- */

struct job *jobs_find(const struct jobs *j, const struct hash *old_version)
{
        for (size_t i = 0; i < j->n; i++)
                if (hash_equal(&j->job[i]->old_version, old_version))
                        return j->job[i];
        return NULL;
}

struct job *jobs_add(struct jobs *j, const struct hash *old_version)
{
        struct job *job = mem_new(1, sizeof *job);
        job->old_version = *old_version;
        j->job = mem_grow(j->job, j->n + 1, sizeof(struct job *));
        j->job[j->n++] = job;
        return job;
}

enum err job_save(struct jobs *j, const struct job *job)
{
        CLEANUP_FREE char *path = job_path(j, &job->old_version);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_add_text(&text, "{\"old\":\"");
        bytes_add_hex(&text, job->old_version.b, HASH_BYTES);
        bytes_printf(&text, "\",\"recipient\":\"%s\",\"handle\":", job->recipient);
        bytes_add_json(&text, bytes_span(&job->handle));
        bytes_add_text(&text, ",\"old_handle\":");
        bytes_add_json(&text, bytes_span(&job->old_handle));
        bytes_printf(&text, ",\"rejections\":%u,\"is_rejected\":%s}\n", job->rejections,
                     job->is_rejected ? "true" : "false");
        return file_batch_add(&j->unsaved, path, FILE_MODE, bytes_span(&text));
}

enum err jobs_remove(struct jobs *j, struct job *job, bool keep_value)
{
        CLEANUP_FREE char *value = path_join(j->pending_folder, job->recipient);
        if (*job->recipient && !keep_value && unlink(value) != 0 && errno != ENOENT)
                return err_because(ERR_IO, "remove %s: %s", value, strerror(errno));
        j->removed = mem_grow(j->removed, j->n_removed + 1, sizeof(char *));
        j->removed[j->n_removed++] = job_path(j, &job->old_version);
        size_t i = 0;
        while (j->job[i] != job)
                i++;
        j->n--;
        memmove(&j->job[i], &j->job[i + 1], (j->n - i) * sizeof *j->job); /* they stay in the order of their age */
        job_free(job);
        return OK;
}

/* A note goes when its value is gone for good: a value without a note would stay for ever. One that comes back after
 * a power cut is forgotten again. */
MUST_CHECK static enum err flush_removed(struct jobs *j)
{
        enum err e = j->n_removed ? file_sync_folder(j->pending_folder) : OK;
        for (size_t i = 0; i < j->n_removed; i++) {
                if (e == OK && unlink(j->removed[i]) != 0 && errno != ENOENT)
                        e = err_because(ERR_IO, "remove %s: %s", j->removed[i], strerror(errno));
                free(j->removed[i]);
        }
        j->n_removed = 0;
        return e;
}

enum err jobs_flush(struct jobs *j)
{
        enum err e = flush_removed(j);
        return e == OK ? file_batch_commit(&j->unsaved) : e;
}

/* ---- values ---- */

enum err job_keep_value(struct jobs *j, const char *recipient, const struct document *d, const struct key *own_opens)
{
        CLEANUP_FREE char *path = path_join(j->pending_folder, recipient);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        enum err e = age_seal(own_opens, span_of(d->raw.bytes, d->raw.len), &file);
        return e == OK ? file_batch_add(&j->unsaved, path, FILE_MODE, bytes_span(&file)) : e;
}

enum err job_load_value(const struct jobs *j, const char *recipient, const struct secret *own_open,
                        const char *credential, uint64_t number, struct document *ret)
{
        CLEANUP_FREE char *path = path_join(j->pending_folder, recipient);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        CLEANUP_SECRET struct secret raw = SECRET_NONE;
        enum err e;
        if ((e = file_read(path, VALUE_FILE_MAX, &file)) != OK)
                return e;
        if ((e = age_open(own_open, bytes_span(&file), AGE_ONE_STANZA, DOCUMENT_MAX, &raw)) != OK)
                return e;
        return document_read(&raw, credential, number, ret);
}

enum err job_drop_value(const struct jobs *j, const char *recipient)
{
        CLEANUP_FREE char *path = path_join(j->pending_folder, recipient);
        return file_remove(path);
}

bool job_has_value(const struct jobs *j, const char *recipient)
{
        CLEANUP_FREE char *path = path_join(j->pending_folder, recipient);
        return *recipient && file_exists(path);
}

/* ---- after a crash ---- */

static bool is_half_written(const char *name)
{
        return strstr(name, ".tmp-") != NULL;
}

/* Calls wants() for every file and removes those it does not want. */
MUST_CHECK static enum err sweep_folder(const char *path, bool (*wants)(const void *context, const char *name),
                                        const void *context)
{
        DIR *folder = opendir(path);
        enum err e = OK;
        if (!folder)
                return err_because(ERR_IO, "%s: %s", path, strerror(errno));
        for (const struct dirent *d; e == OK && (d = readdir(folder));) {
                CLEANUP_FREE char *file = path_join(path, d->d_name);
                if (d->d_name[0] != '.' && !wants(context, d->d_name))
                        e = file_remove(file);
        }
        closedir(folder);
        return e;
}

static bool wants_note(const void *context UNUSED, const char *name)
{
        return !is_half_written(name);
}

struct sweep {
        const struct jobs *jobs;
        bool (*is_known)(const void *context, const char *recipient);
        const void *context;
};

static bool wants_value(const void *context, const char *name)
{
        const struct sweep *s = context;
        for (size_t i = 0; i < s->jobs->n; i++)
                if (!strcmp(s->jobs->job[i]->recipient, name))
                        return true;
        return !is_half_written(name) && s->is_known(s->context, name);
}

enum err jobs_sweep(const struct jobs *j, bool (*is_known)(const void *context, const char *recipient),
                    const void *context)
{
        const struct sweep s = {j, is_known, context};
        enum err e = sweep_folder(j->folder, wants_note, NULL);
        return e == OK ? sweep_folder(j->pending_folder, wants_value, &s) : e;
}
