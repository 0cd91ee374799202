/* Preloaded into a program: ends the process with SIGKILL at its Nth write to a file (pwrite, ftruncate, fsync,
 * fdatasync), before it is done. KILL_AT=N in the environment; KILL_COUNT=FILE keeps the count so far; with
 * KILL_NAMES, what changes a folder (rename, unlink) and what is sent counts too, with KILL_WRITES each write() to a
 * plain file. FLIP_AT=N: the Nth of these writes puts down one other bit than it was given, and says nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long counted;

static void count(void)
{
        long n = atomic_fetch_add(&counted, 1) + 1;
        const char *at = getenv("KILL_AT"), *file = getenv("KILL_COUNT");
        if (file) {
                int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                if (fd >= 0) {
                        dprintf(fd, "%ld\n", n);
                        close(fd);
                }
        }
        if (at && n == atol(at))
                kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
        count();
        return REAL(pwrite64)(fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
        count();
        return REAL(pwrite)(fd, p, n, at);
}

int ftruncate64(int fd, off64_t to)
{
        count();
        return REAL(ftruncate64)(fd, to);
}

int ftruncate(int fd, off_t to)
{
        count();
        return REAL(ftruncate)(fd, to);
}

int fsync(int fd)
{
        count();
        return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
        count();
        return REAL(fdatasync)(fd);
}

static void count_name(void)
{
        if (getenv("KILL_NAMES"))
                count();
}

int rename(const char *from, const char *to)
{
        count_name();
        return REAL(rename)(from, to);
}

int unlink(const char *path)
{
        count_name();
        return REAL(unlink)(path);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
        count_name();
        return REAL(renameat)(from_fd, from, to_fd, to);
}

int unlinkat(int fd, const char *path, int flags)
{
        count_name();
        return REAL(unlinkat)(fd, path, flags);
}

/* As a disk or its driver may: the file is not what it was told to be. */
static ssize_t write_flipped(int fd, const unsigned char *p, size_t n)
{
        unsigned char other = p[n / 2] ^ 1;
        ssize_t done = REAL(write)(fd, p, n);
        if (done > (ssize_t)(n / 2))
                (void)!REAL(pwrite)(fd, &other, 1, lseek(fd, 0, SEEK_CUR) - done + (ssize_t)(n / 2));
        return done;
}

ssize_t write(int fd, const void *p, size_t n)
{
        static atomic_long written;
        const char *flip = getenv("FLIP_AT");
        struct stat st;
        if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
                return REAL(write)(fd, p, n);
        if (getenv("KILL_WRITES"))
                count();
        if (flip && atomic_fetch_add(&written, 1) + 1 == atol(flip) && n > 0)
                return write_flipped(fd, p, n);
        return REAL(write)(fd, p, n);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
        count_name();
        return REAL(send)(fd, p, n, flags);
}

/* libcurl reads answers with it: the moment when something was sent and nothing is known. */
ssize_t recv(int fd, void *p, size_t n, int flags)
{
        count_name();
        return REAL(recv)(fd, p, n, flags);
}
