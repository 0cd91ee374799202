#include "rotators/hooks/redis_link.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

static struct timeval time_of(int64_t ms)
{
        return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

enum tls_outcome redis_link_open(const struct redis_target *t, struct redis_link *ret)
{
        struct timeval limit = time_of(t->timeout_ms);
        *ret = (struct redis_link){.uses_tls = t->uses_tls};
        ret->conn = t->socket ? redisConnectUnixWithTimeout(t->socket, limit)
                              : redisConnectWithTimeout(t->host, t->port, limit);
        if (!ret->conn || ret->conn->err || redisSetTimeout(ret->conn, limit) != REDIS_OK)
                return TLS_AWAY;
        return t->uses_tls ? tls_open(&ret->tls, ret->conn->fd, t->host, t->ca_file, (int)t->timeout_ms) : TLS_OPEN;
}

void redis_link_done(struct redis_link *l)
{
        if (l->uses_tls)
                tls_close(&l->tls);
        if (l->conn)
                redisFree(l->conn);
        l->conn = NULL;
}

/* ---- one command ---- */

static bool send_all(struct redis_link *l, const char *bytes, size_t n)
{
        if (l->uses_tls)
                return tls_send(&l->tls, bytes, n);
        for (size_t at = 0; at < n;) {
                ssize_t sent = send(l->conn->fd, bytes + at, n - at, MSG_NOSIGNAL);
                if (sent < 0 && errno != EINTR)
                        return false;
                at += sent > 0 ? (size_t)sent : 0;
        }
        return true;
}

static ssize_t receive_some(struct redis_link *l, char *to, size_t n)
{
        ssize_t got;
        if (l->uses_tls)
                return tls_receive(&l->tls, to, n);
        do
                got = recv(l->conn->fd, to, n, 0);
        while (got < 0 && errno == EINTR);
        return got;
}

static bool say(struct redis_link *l, int n, const char *const words[])
{
        char *command = NULL;
        int len = redisFormatCommandArgv(&command, n, (const char **)words, NULL);
        bool is_sent = len > 0 && send_all(l, command, (size_t)len);
        if (len > 0) {
                sodium_memzero(command, (size_t)len);
                redisFreeCommand(command);
        }
        return is_sent;
}

/* NULL when the connection has ended, nothing came in time, or it was no reply. */
static redisReply *hear(struct redis_link *l)
{
        char some[4096];
        void *reply = NULL;
        while (redisReaderGetReply(l->conn->reader, &reply) == REDIS_OK && !reply) {
                ssize_t got = receive_some(l, some, sizeof some);
                if (got <= 0 || redisReaderFeed(l->conn->reader, some, (size_t)got) != REDIS_OK)
                        break;
        }
        return reply;
}

/* "WRONGPASS invalid username-password pair": the code is the first word, in capitals. */
static void read_word(struct redis_link *l, const char *said)
{
        size_t n = strspn(said, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (n > 0 && n < sizeof l->word && (said[n] == ' ' || said[n] == 0))
                snprintf(l->word, sizeof l->word, "%.*s", (int)n, said);
}

enum redis_answer redis_ask(struct redis_link *l, int n, const char *const words[], redisReply **ret)
{
        redisReply *reply = say(l, n, words) ? hear(l) : NULL;
        enum redis_answer answer = REDIS_LOST;
        *l->word = 0;
        if (reply && reply->type == REDIS_REPLY_ERROR) {
                read_word(l, reply->str);
                answer = REDIS_NO;
        } else if (reply) {
                answer = REDIS_DONE;
        }
        if (answer == REDIS_DONE && ret)
                *ret = reply;
        else if (reply)
                freeReplyObject(reply);
        return answer;
}

static const struct {
        const char *word, *meaning;
        bool will_pass;
} refusals[] = {
        {"WRONGPASS", "WRONGPASS: the password was refused", false},
        {"NOAUTH", "NOAUTH: the server wants a login first", false},
        {"NOPERM", "NOPERM: the user lacks the right", false},
        {"LOADING", "LOADING: the server is starting", true},
        {"BUSY", "BUSY: a script keeps the server busy", true},
        {"MASTERDOWN", "MASTERDOWN: the server has lost its master", true},
        {"OOM", "OOM: the server is out of memory", true},
        {"MISCONF", "MISCONF: the server cannot write its files", true},
};

const char *redis_link_meaning(const struct redis_link *l)
{
        for (size_t i = 0; i < COUNT_OF(refusals); i++)
                if (!strcmp(refusals[i].word, l->word))
                        return refusals[i].meaning;
        return "the server refused";
}

bool redis_link_will_pass(const struct redis_link *l)
{
        for (size_t i = 0; i < COUNT_OF(refusals); i++)
                if (!strcmp(refusals[i].word, l->word))
                        return refusals[i].will_pass;
        return false;
}
