#include "broker/lock.h"
#include "base/file.h"
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum err state_lock(const struct config *c, int *ret_fd)
{
        CLEANUP_FREE char *path = path_join(c->state, "lock");
        CLEANUP_FD int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return err_because(ERR_CONFIG, "%s can't be made; is `state` there and ours?", path);
        if (flock(fd, LOCK_EX | LOCK_NB) != 0)
                return err_because(ERR_CONFIG, "another broker runs on this state");
        *ret_fd = fd;
        fd = -1;
        return OK;
}
