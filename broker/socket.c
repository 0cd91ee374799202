#include "broker/socket.h"
#include "broker/config.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 1024

static enum err fail(int fd, const char *what)
{
        enum err e = err_because(ERR_CONFIG, "%s: %s", what, strerror(errno));
        if (fd >= 0)
                close(fd);
        return e;
}

/* Removes what a dead broker left behind; anything else stays and makes bind() fail. */
static void remove_stale(const char *path, const struct sockaddr_un *to)
{
        struct stat st;
        if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
                return;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno == ECONNREFUSED)
                unlink(path);
        if (fd >= 0)
                close(fd);
}

enum err socket_listen_unix(const char *path, unsigned mode, int *ret)
{
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        if (strlen(path) >= sizeof to.sun_path)
                return err_because(ERR_CONFIG, "the socket's path is too long");
        memcpy(to.sun_path, path, strlen(path) + 1);
        remove_stale(path, &to);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return fail(fd, "socket");
        /* The mode is there before anybody can connect: nobody listens yet. */
        if (bind(fd, (struct sockaddr *)&to, sizeof to) != 0 || chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0)
                return fail(fd, path);
        *ret = fd;
        return OK;
}

static enum err real_address(int fd, char **ret)
{
        struct sockaddr_storage at;
        socklen_t n = sizeof at;
        char host[INET6_ADDRSTRLEN] = "";
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        if (getsockname(fd, (struct sockaddr *)&at, &n) != 0)
                return ERR_CONFIG;
        if (at.ss_family == AF_INET) {
                struct sockaddr_in *v4 = (struct sockaddr_in *)&at;
                bytes_printf(&text, "%s:%u", inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host),
                             ntohs(v4->sin_port));
        } else {
                struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&at;
                bytes_printf(&text, "[%s]:%u", inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host),
                             ntohs(v6->sin6_port));
        }
        *ret = mem_text(bytes_text(&text));
        return OK;
}

enum err socket_listen_tcp(const char *address, int *ret, char **ret_address)
{
        char host[64];
        unsigned port;
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        } to = {0};
        enum err e = config_address(address, host, &port);
        if (e != OK)
                return e;
        bool is_v4 = inet_pton(AF_INET, host, &to.v4.sin_addr) == 1;
        if (is_v4) {
                to.v4.sin_family = AF_INET;
                to.v4.sin_port = htons((uint16_t)port);
        } else {
                inet_pton(AF_INET6, host, &to.v6.sin6_addr);
                to.v6.sin6_family = AF_INET6;
                to.v6.sin6_port = htons((uint16_t)port);
        }
        int one = 1, fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return fail(fd, "socket");
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, &to.any, is_v4 ? sizeof to.v4 : sizeof to.v6) != 0 || listen(fd, BACKLOG) != 0)
                return fail(fd, address);
        if ((e = real_address(fd, ret_address)) != OK)
                close(fd);
        else
                *ret = fd;
        return e;
}
