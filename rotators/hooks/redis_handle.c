#include "rotators/hooks/redis_account.h"
#include <string.h>

#define DIGEST_TEXT (7u + HASH_HEX) /* "sha256:" and the digits */

/* The SHA-256 that the server stores, where it stores exactly one; hashed once more it names it in public. */
static bool write_digest(const struct redis_account *r, struct redis_link *admin, struct bytes *ret)
{
        struct hook_answer ignored = {0};
        redisReply *user = NULL;
        bool is_there = redis_account_user(r, admin, &user, &ignored);
        const redisReply *stored = is_there ? redis_account_pair(user, "passwords") : NULL;
        bool is_one = stored && stored->type == REDIS_REPLY_ARRAY && stored->elements == 1 && stored->element[0]->str;
        if (is_one) {
                struct hash digest = hash_of(span_text(stored->element[0]->str));
                bytes_add_text(ret, "sha256:");
                bytes_add_hex(ret, digest.b, sizeof digest.b);
        }
        if (user)
                freeReplyObject(user);
        hook_answer_done(&ignored);
        return is_one;
}

bool redis_account_run_id(struct redis_link *admin, struct bytes *ret)
{
        static const char *const words[] = {"INFO", "server"};
        redisReply *info = NULL;
        bool is_there = redis_ask(admin, 2, words, &info) == REDIS_DONE;
        const char *at = is_there && info->str ? strstr(info->str, "\nrun_id:") : NULL;
        bool is_good = at && strspn(at + 8, "0123456789abcdef") == REDIS_RUN_ID;
        if (is_good)
                bytes_add(ret, at + 8, REDIS_RUN_ID);
        if (info)
                freeReplyObject(info);
        return is_good;
}

static bool write_number(struct redis_link *admin, struct bytes *ret)
{
        static const char *const words[] = {"CLIENT", "ID"};
        redisReply *reply = NULL;
        bool is_there = redis_ask(admin, 2, words, &reply) == REDIS_DONE && reply->type == REDIS_REPLY_INTEGER;
        if (is_there)
                bytes_printf(ret, "%lld", reply->integer);
        if (reply)
                freeReplyObject(reply);
        return is_there;
}

/* On a fresh connection, whose number is higher than all that began before. */
void redis_account_handle(void *self, struct hook_answer *a)
{
        const struct redis_account *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        CLEANUP_BYTES struct bytes handle = BYTES_NONE;
        struct hook_answer ignored = {0};
        bool is_whole = redis_account_open(r, &admin, &ignored) && write_digest(r, &admin, &handle);
        bytes_add_byte(&handle, '@');
        is_whole = is_whole && redis_account_run_id(&admin, &handle);
        bytes_add_byte(&handle, '@');
        is_whole = is_whole && write_number(&admin, &handle);
        bytes_clear(&a->handle);
        if (is_whole)
                bytes_add_span(&a->handle, bytes_span(&handle));
        hook_answer_done(&ignored);
}

bool redis_account_is_as_set(void *self, const char *handle)
{
        const struct redis_account *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        CLEANUP_BYTES struct bytes digest = BYTES_NONE;
        struct hook_answer ignored = {0};
        bool is_same = strlen(handle) >= DIGEST_TEXT && redis_account_open(r, &admin, &ignored) &&
                       write_digest(r, &admin, &digest) && !memcmp(handle, digest.p, DIGEST_TEXT);
        hook_answer_done(&ignored);
        return is_same;
}
