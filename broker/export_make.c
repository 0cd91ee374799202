#include "broker/export_make.h"
#include "base/file.h"
#include "broker/export_folder.h"
#include "quorum/export.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

const char *const export_result_words[] = {"failed", "written", "unchanged", "young", "busy", NULL};

static void keep_why(enum err e, struct export_outcome *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_printf(&text, "%s: %s", err_word(e), *err_reason() ? err_reason() : err_sentence(e));
        snprintf(ret->why, sizeof ret->why, "%s", bytes_text(&text));
}

/* ---- whether a file is a whole export of this installation ---- */

/* From its first byte, as the disk has it and not as we remember it. */
static enum err verify(const struct export_order *order, int fd, uint64_t known_size, struct export_verdict *ret)
{
        const struct export_job job = {.genesis = &order->installation,
                                       .want_blobs = true,
                                       .known_size = known_size,
                                       .known_root = known_size ? &order->root : NULL};
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        if (lseek(fd, 0, SEEK_SET) != 0)
                return err_because(ERR_IO, "reading it again: %s", strerror(errno));
        return export_verify_stream(fd, &job, ret, NULL);
}

static void note_good(int fd, const struct export_verdict *v, enum export_result result, struct export_outcome *ret)
{
        struct stat st = {0};
        (void)fstat(fd, &st);
        ret->bytes = (uint64_t)st.st_size;
        ret->root = v->root;
        ret->result = result;
}

static bool is_of_all_entries(const struct export_order *order, const struct export_name *newest)
{
        return newest->stamp.entries == order->entries;
}

static bool is_young(const struct export_order *order, const struct export_name *newest)
{
        return order->young_ms && newest->stamp.at_ms > order->at_ms - order->young_ms;
}

/* Whether the newest export that is there will do; one that does not hold is said and never counts. */
static bool will_do(const struct export_order *order, const struct export_folder *f, const struct export_name *newest,
                    struct export_outcome *ret)
{
        CLEANUP_FD int fd = -1;
        struct export_verdict v = {0};
        const bool is_same = is_of_all_entries(order, newest);
        if (!is_same && !is_young(order, newest))
                return false;
        enum err e = export_folder_read(f, newest->text, &fd);
        if (e == OK)
                e = verify(order, fd, is_same ? order->entries : 0, &v);
        if (e == OK && v.entries != newest->stamp.entries)
                e = err_because(ERR_CORRUPT_LOG, "it has not as many entries as its name says");
        if (e != OK) {
                memcpy(ret->damaged, newest->text, sizeof ret->damaged);
                return false;
        }
        ret->name = *newest;
        note_good(fd, &v, is_same ? EXPORT_UNCHANGED : EXPORT_YOUNG, ret);
        return true;
}

static enum err find_newest(const struct export_order *order, const struct export_folder *f, bool *ret_will_do,
                            struct export_outcome *ret)
{
        CLEANUP_FREE struct export_name *names = NULL;
        size_t n;
        enum err e = export_folder_list(f, &order->installation, &names, &n);
        const struct export_name *newest = e == OK ? export_names_newest(names, n, order->at_ms) : NULL;
        *ret_will_do = newest && will_do(order, f, newest, ret);
        return e;
}

/* ---- a new one ---- */

static enum err write_whole(const struct export_order *order, int fd, struct export_verdict *ret)
{
        uint64_t entries;
        enum err e = vault_export_write(&order->from, fd, &entries);
        if (e == OK && fsync(fd) != 0)
                e = err_because(ERR_IO, "fsync: %s", strerror(errno));
        if (e == OK)
                e = verify(order, fd, order->entries, ret);
        return e;
}

static enum err write_new(const struct export_order *order, const struct export_folder *f, struct export_outcome *ret)
{
        CLEANUP_FD int fd = -1;
        struct export_verdict v = {0};
        enum err e = export_folder_begin(f, &fd);
        if (e != OK)
                return e;
        if ((e = write_whole(order, fd, &v)) == OK) {
                export_name_write(order->name, &order->installation, order->at_ms, v.entries, &ret->name);
                e = export_folder_finish(f, &ret->name);
        }
        if (e == OK)
                note_good(fd, &v, EXPORT_WRITTEN, ret);
        else
                export_folder_abandon(f);
        return e;
}

/* ---- all ---- */

void export_make(const struct export_order *order, struct export_outcome *ret)
{
        CLEANUP_EXPORT_FOLDER struct export_folder f = EXPORT_FOLDER_NONE;
        bool is_there = false;
        *ret = (struct export_outcome){0};
        enum err e = export_folder_open(order->folder, &f);
        if (e == OK)
                e = find_newest(order, &f, &is_there, ret);
        if (e == OK && !is_there)
                e = write_new(order, &f, ret);
        if (e != OK)
                ret->result = e == ERR_IN_USE ? EXPORT_BUSY : EXPORT_FAILED;
        else
                e = export_folder_prune(&f, &order->installation, order->keep, ret->name.text, &ret->pruned);
        if (e != OK)
                keep_why(e, ret);
}
