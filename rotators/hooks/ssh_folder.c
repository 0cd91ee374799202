#include "rotators/hooks/ssh_folder.h"
#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define PLACE  "/tmp"
#define PREFIX "breakglass-ssh-"
#define SOCKET "agent"
#define TRIES  8

/* -1 where it is not a folder of ours. */
static int open_own(const char *path)
{
        struct stat st;
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid())) {
                close(fd);
                fd = -1;
        }
        return fd;
}

static void remove_both(const char *path)
{
        CLEANUP_FREE char *socket = path_join(path, SOCKET);
        unlink(socket);
        rmdir(path);
}

static void sweep(void)
{
        DIR *place = opendir(PLACE);
        for (struct dirent *entry; place && (entry = readdir(place));) {
                if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
                        continue;
                CLEANUP_FREE char *path = path_join(PLACE, entry->d_name);
                CLEANUP_FD int fd = open_own(path);
                if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
                        remove_both(path);
        }
        if (place)
                closedir(place);
}

/* False where another sweep came between making and locking it. */
static bool make(struct ssh_folder *ret)
{
        char path[] = PLACE "/" PREFIX "XXXXXX";
        struct stat st;
        if (!mkdtemp(path))
                return false;
        int fd = open_own(path);
        if (fd < 0 || flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0 || st.st_nlink == 0) {
                if (fd >= 0)
                        close(fd);
                rmdir(path);
                return false;
        }
        ret->fd = fd;
        bytes_add_text(&ret->path, path);
        bytes_printf(&ret->socket, "%s/" SOCKET, path);
        return true;
}

enum err ssh_folder_open(struct ssh_folder *ret)
{
        *ret = SSH_FOLDER_NONE;
        sweep();
        for (int i = 0; i < TRIES; i++)
                if (make(ret))
                        return OK;
        return err_because(ERR_IO, "no private folder could be made in " PLACE);
}

void ssh_folder_close(struct ssh_folder *f)
{
        if (f->fd >= 0) {
                remove_both(bytes_text(&f->path));
                close(f->fd);
        }
        bytes_done(&f->path);
        bytes_done(&f->socket);
        f->fd = -1;
}
