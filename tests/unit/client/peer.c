#include "peer.h"
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CONNECTIONS_MAX 16u

static bool read_some(int fd, struct bytes *in)
{
        bytes_reserve(in, 65536);
        ssize_t got = read(fd, in->p + in->n, 65536);

        if (got <= 0)
                return false;
        in->n += (size_t)got;
        in->p[in->n] = '\0';
        return true;
}

static size_t header_value(const char *head, const char *name, char *ret, size_t cap)
{
        const char *at = strcasestr(head, name);

        ret[0] = '\0';
        if (!at)
                return 0;
        at += strlen(name);
        while (*at == ' ')
                at++;
        size_t n = strcspn(at, "\r\n");

        if (n >= cap)
                n = cap - 1;
        memcpy(ret, at, n);
        ret[n] = '\0';
        return n;
}

/* Reads one request; false when the other side has gone. */
static bool read_request(int fd, struct bytes *in, struct peer_request *q)
{
        char length[32], *end;
        size_t head;

        while (!in->p || !(end = strstr((char *)in->p, "\r\n\r\n")))
                if (!read_some(fd, in))
                        return false;
        head = (size_t)(end - (char *)in->p) + 4;
        *end = '\0';
        if (sscanf((char *)in->p, "%7s %255s", q->method, q->target) != 2)
                return false;
        header_value((char *)in->p, "\r\nAuthorization:", q->authorization, sizeof(q->authorization));
        header_value((char *)in->p, "\r\nContent-Length:", length, sizeof(length));
        size_t n = (size_t)strtoul(length, NULL, 10);

        while (in->n < head + n)
                if (!read_some(fd, in))
                        return false;
        q->body = span_of(in->p + head, n);
        return true;
}

static bool send_all(int fd, const void *p, size_t n)
{
        const char *at = p;

        while (n > 0) {
                ssize_t put = send(fd, at, n, MSG_NOSIGNAL);

                if (put <= 0)
                        return false;
                at += put;
                n -= (size_t)put;
        }
        return true;
}

static bool serve_one(struct peer *p, int fd)
{
        static const char zeros[65536];
        CLEANUP_BYTES struct bytes in = BYTES_NONE;
        CLEANUP_BYTES struct bytes raw = BYTES_NONE;
        struct peer_request q = {0};

        if (!read_request(fd, &in, &q))
                return false;
        p->requests++;
        switch (p->answer(p->context, &q, &raw)) {
        case PEER_HANG_UP: return false;
        case PEER_ANSWER: return send_all(fd, raw.p, raw.n);
        case PEER_ENDLESS:
                if (!send_all(fd, raw.p, raw.n))
                        return false;
                while (send_all(fd, zeros, sizeof(zeros)))
                        ;
                return false;
        }
        return false;
}

static void accept_one(struct peer *p, struct pollfd *fds, size_t *n)
{
        int fd = accept(p->listen_fd, NULL, NULL);

        if (fd < 0)
                return;
        p->connections++;
        if (*n == CONNECTIONS_MAX + 2)
                close(fd);
        else
                fds[(*n)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void *run(void *context)
{
        struct peer *p = context;
        struct pollfd fds[CONNECTIONS_MAX + 2] = {{.fd = p->stop_fd[0], .events = POLLIN},
                                                  {.fd = p->listen_fd, .events = POLLIN}};
        size_t n = 2;

        for (;;) {
                if (poll(fds, n, -1) < 0)
                        continue;
                if (fds[0].revents)
                        break;
                size_t had = n;

                if (fds[1].revents)
                        accept_one(p, fds, &n);
                for (size_t i = had; i-- > 2;) {
                        if (!fds[i].revents || serve_one(p, fds[i].fd))
                                continue;
                        close(fds[i].fd);
                        memmove(&fds[i], &fds[i + 1], (n - i - 1) * sizeof(*fds));
                        n--;
                }
        }
        for (size_t i = 2; i < n; i++)
                close(fds[i].fd);
        return NULL;
}

void peer_start(struct peer *p, peer_function answer, void *context)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};

        *p = (struct peer){.answer = answer, .context = context};
        strcpy(p->folder, "/tmp/breakglass-peer-XXXXXX");
        assert(mkdtemp(p->folder));
        snprintf(p->address, sizeof(p->address), "unix:%s/s", p->folder);
        snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", p->folder);
        p->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert(p->listen_fd >= 0);
        assert(bind(p->listen_fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(p->listen_fd, 16) == 0);
        assert(pipe(p->stop_fd) == 0);
        assert(pthread_create(&p->thread, NULL, run, p) == 0);
}

void peer_stop(struct peer *p)
{
        assert(write(p->stop_fd[1], "", 1) == 1);
        pthread_join(p->thread, NULL);
        close(p->listen_fd);
        close(p->stop_fd[0]);
        close(p->stop_fd[1]);
        unlink(p->address + 5);
        rmdir(p->folder);
}

void peer_say(struct bytes *ret_raw, int status, const char *type, struct span body)
{
        bytes_printf(ret_raw, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status, type,
                     body.n);
        bytes_add_span(ret_raw, body);
}
