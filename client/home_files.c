/* Files named by ids: one-time keys, outgoing statements, evidence. */
#include "base/clock.h"
#include "client/home.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_MAX     4096u
#define EVIDENCE_MAX     16u
#define LEFT_OVER_AGE_MS HOUR_MS

char *home_path_of(const struct home *h, const char *folder, const struct hash *id)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;

        bytes_printf(&path, "%s/%s/", h->path, folder);
        bytes_add_hex(&path, id->b, HASH_BYTES);
        return mem_text(bytes_text(&path));
}

/* ---- one-time keys ---- */

enum err home_keep_key(const struct home *h, const struct hash *request, const struct key *owner,
                       const struct secret *one_time)
{
        CLEANUP_FREE char *path = home_path_of(h, HOME_REQUESTS, request);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        enum err e = age_seal(owner, span_of(one_time->bytes, one_time->len), &file);

        return e != OK ? e : file_write(path, 0600, bytes_span(&file));
}

enum err home_load_key(const struct home *h, const struct hash *request, const struct secret *my_opens,
                       struct secret *ret_one_time)
{
        CLEANUP_FREE char *path = home_path_of(h, HOME_REQUESTS, request);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        enum err e;

        if ((e = file_read(path, KEY_FILE_MAX, &file)) != OK)
                return e;
        if ((e = age_open(my_opens, bytes_span(&file), AGE_ONE_STANZA, KEY_BYTES, &key)) != OK)
                return e;
        if (key.len != KEY_BYTES)
                return err_because(ERR_BAD_CONTAINER, "%s is damaged; ask anew", path);
        secret_move(ret_one_time, &key);
        return OK;
}

enum err home_drop_key(const struct home *h, const struct hash *request)
{
        CLEANUP_FREE char *path = home_path_of(h, HOME_REQUESTS, request);

        return file_exists(path) ? file_remove(path) : OK;
}

/* ---- lists ---- */

static int64_t age_of(const char *folder, const char *name)
{
        CLEANUP_FREE char *path = path_join(folder, name);
        struct stat st;

        if (lstat(path, &st) != 0)
                return 0;
        return clock_now_ms() - ((int64_t)st.st_mtim.tv_sec * SECOND_MS + st.st_mtim.tv_nsec / 1000000);
}

/* A crash between writing and renaming leaves ID.tmp-PID behind. */
static void sweep_left_over(const char *folder, const char *name)
{
        CLEANUP_FREE char *path = path_join(folder, name);

        if (strstr(name, ".tmp-") && age_of(folder, name) > LEFT_OVER_AGE_MS)
                unlink(path);
}

enum err home_list(const struct home *h, const char *folder, struct home_entry **ret, size_t *ret_n)
{
        CLEANUP_FREE char *path = path_join(h->path, folder);
        struct home_entry *list = NULL;
        size_t n = 0;
        DIR *dir = opendir(path);

        if (!dir && errno != ENOENT)
                return err_because(ERR_IO, "open %s: %s", path, strerror(errno));
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
                struct hash id;

                if (hash_from_hex(span_text(entry->d_name), &id) != OK) {
                        sweep_left_over(path, entry->d_name);
                        continue;
                }
                list = mem_grow(list, n + 1, sizeof(*list));
                list[n++] = (struct home_entry){id, age_of(path, entry->d_name)};
        }
        if (dir)
                closedir(dir);
        *ret = list;
        *ret_n = n;
        return OK;
}

/* ---- evidence ---- */

static size_t count_files(const char *folder)
{
        size_t n = 0;
        DIR *dir = opendir(folder);

        for (struct dirent *entry; dir && (entry = readdir(dir));)
                n += entry->d_name[0] != '.';
        if (dir)
                closedir(dir);
        return n;
}

static void keep(const char *folder, struct span answer)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        struct hash h = hash_of(answer);

        /* Two lies may come within a millisecond; the same one twice is one file. */
        bytes_printf(&path, "%s/%lld-", folder, (long long)clock_now_ms());
        bytes_add_hex(&path, h.b, 8);
        if (file_create(bytes_text(&path), 0600, answer) != OK)
                return;
}

void home_keep_evidence(const struct home *h, struct span answer)
{
        CLEANUP_FREE char *folder = path_join(h->path, HOME_EVIDENCE);
        CLEANUP_FREE char *reason = mem_text(err_reason());

        /* The first lies matter most; a broker that goes on lying must not fill the disk. */
        if (file_make_folder(folder, 0700) == OK && count_files(folder) < EVIDENCE_MAX)
                keep(folder, answer);
        err_because(ERR_LYING_BROKER, "%s", reason); /* what people must read is the lie, not a full disk */
}
