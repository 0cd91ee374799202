/* A private folder of one test, removed at its end. */
#pragma once
#include "base/bytes.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

static char folder[64];

static UNUSED void folder_make(void)
{
        snprintf(folder, sizeof(folder), "/tmp/breakglass-test-XXXXXX");
        cr_assert(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
        return remove(path);
}

static UNUSED void folder_remove(void)
{
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* FOLDER/NAME in one of a few turns of static room. */
static UNUSED const char *in_folder(const char *name)
{
        static char room[8][256];
        static unsigned turn;
        char *path = room[turn++ % COUNT_OF(room)];

        snprintf(path, sizeof(room[0]), "%s/%s", folder, name);
        return path;
}

static UNUSED const char *put_file(const char *name, mode_t mode, const void *content, size_t n)
{
        const char *path = in_folder(name);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        cr_assert(fd >= 0 && write(fd, content, n) == (ssize_t)n && fchmod(fd, mode) == 0);
        return path;
}
