#include "rotators/hooks/ssh_agent.h"
#include "base/file.h"
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A message is its length (32 bits, big-endian), a number that says which, and what belongs to it. */
#define ASK_IDENTITIES 11
#define SAY_IDENTITIES 12
#define ASK_SIGNATURE  13
#define SAY_SIGNATURE  14
#define SAY_FAILURE    5
#define MESSAGE_MAX    16384u
#define PATIENCE_MS    60000
#define KIND           "ssh-ed25519"

static void add_number(struct bytes *b, size_t n)
{
        for (int shift = 24; shift >= 0; shift -= 8)
                bytes_add_byte(b, (unsigned char)(n >> shift));
}

static void add_text(struct bytes *b, struct span text)
{
        add_number(b, text.n);
        bytes_add_span(b, text);
}

static size_t number_at(const unsigned char *p)
{
        return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* ---- answers ---- */

static void answer_identities(const struct ssh_key *key, struct bytes *ret)
{
        bytes_add_byte(ret, SAY_IDENTITIES);
        add_number(ret, 1);
        add_text(ret, bytes_span(&key->blob));
        add_text(ret, span_text("breakglass"));
}

/* key | data | flags: signs whatever it is given with the one key that there is. */
static bool answer_signature(const struct ssh_key *key, struct span asked, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes inner = BYTES_NONE;
        unsigned char signature[crypto_sign_BYTES];
        if (asked.n < 4 || number_at(asked.p) != key->blob.n || asked.n < 8 + key->blob.n ||
            memcmp(asked.p + 4, key->blob.p, key->blob.n) != 0)
                return false;
        struct span data = span_of(asked.p + 8 + key->blob.n, asked.n - 8 - key->blob.n);
        size_t n = number_at(data.p - 4);
        if (n > data.n)
                return false;
        int failed = crypto_sign_detached(signature, NULL, data.p, n, key->private.bytes);
        secret_wipe_stack();
        if (failed)
                return false;
        add_text(&inner, span_text(KIND));
        add_text(&inner, span_of(signature, sizeof signature));
        bytes_add_byte(ret, SAY_SIGNATURE);
        add_text(ret, bytes_span(&inner));
        return true;
}

static void answer(const struct ssh_key *key, struct span message, struct bytes *ret)
{
        struct span rest = span_of(message.p + 1, message.n - 1);
        if (message.p[0] == ASK_IDENTITIES)
                answer_identities(key, ret);
        else if (message.p[0] != ASK_SIGNATURE || !answer_signature(key, rest, ret))
                bytes_add_byte(ret, SAY_FAILURE);
}

/* ---- connections ---- */

static bool wait_readable(const struct ssh_agent *a, int fd)
{
        struct pollfd fds[] = {{fd, POLLIN, 0}, {a->wake[0], POLLIN, 0}};
        return poll(fds, 2, PATIENCE_MS) > 0 && !fds[1].revents && fds[0].revents;
}

static bool read_all(const struct ssh_agent *a, int fd, unsigned char *to, size_t n)
{
        for (size_t got = 0; got < n;) {
                ssize_t one = wait_readable(a, fd) ? read(fd, to + got, n - got) : -1;
                if (one <= 0)
                        return false;
                got += (size_t)one;
        }
        return true;
}

static bool serve_one(const struct ssh_agent *a, int fd)
{
        CLEANUP_BYTES struct bytes said = BYTES_NONE, framed = BYTES_NONE;
        unsigned char head[4];
        if (!read_all(a, fd, head, sizeof head))
                return false;
        size_t n = number_at(head);
        if (n < 1 || n > MESSAGE_MAX)
                return false;
        CLEANUP_FREE unsigned char *message = mem_new(n, 1);
        if (!read_all(a, fd, message, n))
                return false;
        answer(a->key, span_of(message, n), &said);
        add_text(&framed, bytes_span(&said));
        return send(fd, framed.p, framed.n, MSG_NOSIGNAL) == (ssize_t)framed.n;
}

static void *serve(void *context)
{
        const struct ssh_agent *a = context;
        while (wait_readable(a, a->listener)) {
                CLEANUP_FD int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);
                while (fd >= 0 && serve_one(a, fd))
                        ;
        }
        return NULL;
}

enum err ssh_agent_start(const char *socket_path, const struct ssh_key *key, struct ssh_agent *ret)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        *ret = (struct ssh_agent){.key = key, .listener = -1, .wake = {-1, -1}};
        if (strlen(socket_path) >= sizeof address.sun_path || key->private.len == 0)
                return err_because(ERR_IO, "no agent for this key");
        memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
        ret->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (ret->listener < 0 || bind(ret->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
            listen(ret->listener, 4) != 0 || pipe2(ret->wake, O_CLOEXEC) != 0 ||
            pthread_create(&ret->thread, NULL, serve, ret) != 0) {
                ssh_agent_stop(ret);
                return err_because(ERR_IO, "the agent's socket could not be made");
        }
        ret->is_running = true;
        return OK;
}

void ssh_agent_stop(struct ssh_agent *a)
{
        int *all[] = {&a->listener, &a->wake[0], &a->wake[1]};
        if (a->is_running && fd_write_all(a->wake[1], "", 1) == OK)
                pthread_join(a->thread, NULL);
        for (size_t i = 0; i < COUNT_OF(all); i++) {
                if (*all[i] >= 0)
                        close(*all[i]);
                *all[i] = -1;
        }
        a->is_running = false;
}
