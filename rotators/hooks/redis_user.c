#include "rotators/hooks/redis_account.h"
#include <sodium.h>
#include <string.h>

/* ---- the stored user ---- */

const redisReply *redis_account_pair(const redisReply *list, const char *name)
{
        for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i + 1 < list->elements; i += 2)
                if (list->element[i]->str && !strcmp(list->element[i]->str, name))
                        return list->element[i + 1];
        return NULL;
}

static bool lists(const redisReply *list, const char *word)
{
        for (size_t i = 0; list && list->type == REDIS_REPLY_ARRAY && i < list->elements; i++)
                if (list->element[i]->str && !strcmp(list->element[i]->str, word))
                        return true;
        return false;
}

bool redis_account_user(const struct redis_account *r, struct redis_link *admin, redisReply **ret,
                        struct hook_answer *a)
{
        const char *const words[] = {"ACL", "GETUSER", bytes_text(&r->user)};
        enum redis_answer got = redis_ask(admin, 3, words, ret);
        if (got != REDIS_DONE)
                redis_account_fail(admin, got, "ACL GETUSER", a);
        return got == REDIS_DONE;
}

/* Whether this connection's user may run the command; ACL DRYRUN runs nothing. */
MUST_CHECK static bool may(const struct redis_account *r, struct redis_link *admin, int n,
                           const char *const command[], struct hook_answer *a)
{
        const char *words[8] = {"ACL", "DRYRUN", bytes_text(&r->admin_user)};
        redisReply *reply = NULL;
        for (int i = 0; i < n; i++)
                words[3 + i] = command[i];
        enum redis_answer got = redis_ask(admin, 3 + n, words, &reply);
        bool is_allowed = got == REDIS_DONE && reply->str && !strcmp(reply->str, "OK");
        if (reply)
                freeReplyObject(reply);
        if (got != REDIS_DONE)
                redis_account_fail(admin, got, "ACL DRYRUN", a);
        else if (!is_allowed)
                hook_fail(a, PLUGIN_REFUSED, "the admin user may not run %s %s", command[0], command[1]);
        return is_allowed;
}

bool redis_account_check(void *self, struct hook_answer *a)
{
        const struct redis_account *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        const char *const needed[][3] = {{"ACL", "SETUSER", bytes_text(&r->user)},
                                         {"ACL", "SAVE"},
                                         {"CONFIG", "GET", "aclfile"},
                                         {"CONFIG", "REWRITE"},
                                         {"CLIENT", "LIST"},
                                         {"CLIENT", "KILL", "x"}};
        redisReply *user = NULL;
        if (!redis_account_open(r, &admin, a) || !redis_account_user(r, &admin, &user, a))
                return false;
        const char *fault = NULL;
        if (user->type != REDIS_REPLY_ARRAY)
                fault = "there is no such ACL user";
        else if (!lists(redis_account_pair(user, "flags"), "on"))
                fault = "the user is off";
        else if (lists(redis_account_pair(user, "flags"), "nopass"))
                fault = "the user needs no password (nopass)";
        freeReplyObject(user);
        if (fault)
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", fault);
        for (size_t i = 0; !fault && i < COUNT_OF(needed); i++)
                if (!may(r, &admin, needed[i][2] ? 3 : 2, needed[i], a))
                        return false;
        return !fault;
}

/* ---- set ---- */

/* A server with an ACL file keeps its users there, any other in its configuration file. */
MUST_CHECK static bool has_acl_file(struct redis_link *admin)
{
        static const char *const words[] = {"CONFIG", "GET", "aclfile"};
        redisReply *reply = NULL;
        bool is_told = redis_ask(admin, 3, words, &reply) == REDIS_DONE;
        const redisReply *path = is_told ? redis_account_pair(reply, "aclfile") : NULL;
        bool has_one = path && path->str && *path->str;
        if (reply)
                freeReplyObject(reply);
        return has_one;
}

bool redis_account_save(void *self, struct hook_answer *a)
{
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        static const char *const acl[] = {"ACL", "SAVE"}, *const config[] = {"CONFIG", "REWRITE"};
        if (!redis_account_open(self, &admin, a))
                return false;
        bool is_saved = redis_ask(&admin, 2, has_acl_file(&admin) ? acl : config, NULL) == REDIS_DONE;
        if (!is_saved)
                hook_fail(a, PLUGIN_TRY_AGAIN,
                          "the password is in force, but the server could not save it: it needs an `aclfile` or a "
                          "configuration file that it may write");
        return is_saved;
}

/* "#SHA-256", NUL-ended: a password of people's own making could be guessed from it. */
MUST_CHECK static enum err make_word(const struct hook_field *value, struct secret *ret)
{
        CLEANUP_SECRET struct secret hash = SECRET_NONE;
        enum err e;
        if ((e = secret_new(crypto_hash_sha256_BYTES, &hash)) != OK)
                return e;
        if ((e = secret_new(1 + 2 * hash.len + 1, ret)) != OK)
                return e;
        if (crypto_hash_sha256(hash.bytes, value->value, value->len) != 0)
                return ERR_INTERNAL;
        ret->bytes[0] = '#';
        secret_hex_encode(hash.bytes, hash.len, ret->bytes + 1);
        return OK;
}

bool redis_account_set(void *self, const struct hook_field *value, struct hook_answer *a)
{
        const struct redis_account *r = self;
        CLEANUP_REDIS_LINK struct redis_link admin = {0};
        CLEANUP_SECRET struct secret word = SECRET_NONE;
        if (!redis_account_open(r, &admin, a))
                return false;
        if (make_word(value, &word) != OK) {
                hook_fail(a, PLUGIN_FAILED, "the hash could not be made");
                return false;
        }
        const char *const words[] = {"ACL", "SETUSER", bytes_text(&r->user), "resetpass", (const char *)word.bytes};
        enum redis_answer got = redis_ask(&admin, 5, words, NULL);
        if (got == REDIS_LOST)
                hook_fail(a, PLUGIN_UNKNOWN, "the connection broke while the password was being changed");
        else if (got == REDIS_NO)
                hook_fail(a, redis_link_will_pass(&admin) ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "ACL SETUSER: %s",
                          redis_link_meaning(&admin));
        return got == REDIS_DONE;
}
