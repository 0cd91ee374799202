#include "rotators/hooks/redis_link.h"
#include <string.h>

static struct timeval time_of(int64_t ms)
{
        return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

bool redis_link_open(const struct redis_target *t, struct redis_link *ret)
{
        struct timeval limit = time_of(t->timeout_ms);
        *ret = (struct redis_link){0};
        ret->conn = t->socket ? redisConnectUnixWithTimeout(t->socket, limit)
                              : redisConnectWithTimeout(t->host, t->port, limit);
        return ret->conn && !ret->conn->err && redisSetTimeout(ret->conn, limit) == REDIS_OK;
}

void redis_link_done(struct redis_link *l)
{
        if (l->conn)
                redisFree(l->conn);
        l->conn = NULL;
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
        redisReply *reply = redisCommandArgv(l->conn, n, (const char **)words, NULL);
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
