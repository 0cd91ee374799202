#include "rotators/hooks/redis_account.h"
#include <string.h>

/* The number below which a connection began before the change; the highest there is without a usable handle. */
static long long first_new(const char *handle, struct redis_link *admin)
{
        CLEANUP_BYTES struct bytes run_id = BYTES_NONE;
        const char *at = handle ? strchr(handle, '@') : NULL;
        if (!at || strlen(at) < REDIS_RUN_ID + 3 || at[REDIS_RUN_ID + 1] != '@' ||
            !redis_account_run_id(admin, &run_id))
                return INT64_MAX;
        /* Another run: the server was started after the change, with the saved new password. */
        return memcmp(at + 1, run_id.p, REDIS_RUN_ID) ? 0 : atoll(at + REDIS_RUN_ID + 2);
}

/* The number in "id=12 addr=… user=NAME …", or 0 when the line is about somebody else. */
static long long number_of(const char *line, size_t n, const char *user)
{
        CLEANUP_FREE char *text = mem_text_n(line, n);
        CLEANUP_BYTES struct bytes wanted = BYTES_NONE;
        bytes_printf(&wanted, " user=%s ", user);
        return strstr(text, bytes_text(&wanted)) && !strncmp(text, "id=", 3) ? atoll(text + 3) : 0;
}

MUST_CHECK static bool kill_one(struct redis_link *admin, long long number, struct hook_answer *a)
{
        char text[24];
        const char *const words[] = {"CLIENT", "KILL", "ID", text};
        snprintf(text, sizeof text, "%lld", number);
        enum redis_answer got = redis_ask(admin, 4, words, NULL); /* 0 killed: it has ended by itself */
        if (got != REDIS_DONE)
                redis_account_fail(admin, got, "CLIENT KILL", a);
        return got == REDIS_DONE;
}

bool redis_account_end_sessions(void *self, const char *handle, struct hook_answer *a)
{
        const struct redis_account *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        static const char *const words[] = {"CLIENT", "LIST"};
        redisReply *list = NULL;
        if (!redis_account_open(r, &admin, a))
                return false;
        enum redis_answer got = redis_ask(&admin, 2, words, &list);
        if (got != REDIS_DONE)
                redis_account_fail(&admin, got, "CLIENT LIST", a);
        bool is_done = got == REDIS_DONE;
        long long limit = is_done ? first_new(handle, &admin) : 0;
        for (const char *at = is_done && list->str ? list->str : ""; is_done && *at;) {
                size_t n = strcspn(at, "\n");
                long long number = number_of(at, n, bytes_text(&r->user));
                if (number > 0 && number < limit)
                        is_done = kill_one(&admin, number, a);
                at += n + (at[n] == '\n');
        }
        if (list)
                freeReplyObject(list);
        return is_done;
}
