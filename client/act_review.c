/* What an approver's own program checks before a person is asked: beside a broker. */
#include "client/act_inside.h"
#include <string.h>

static enum err read_line(void *context, uint64_t n, struct bytes *ret)
{
        const struct client *c = context;

        return replica_line(c->replica, n, ret);
}

static enum err fetch_share(void *context, const struct hash *sha256, struct bytes *ret)
{
        return client_blob(context, sha256, ret);
}

/* The callbacks only read what is const here. */
static struct review review_by(const struct client *c)
{
        return (struct review){
                .ledger = client_ledger(c),
                .me = client_me(c),
                .opens = client_is_unlocked(c) ? &client_identity(c)->open : NULL,
                .now_ms = act_now_ms(c),
                .clock_ms = client_now_ms(c),
                .line = read_line,
                .share = fetch_share,
                .context = (void *)c,
        };
}

enum err act_verify_entry(const struct client *c, uint64_t n, const struct hash *id, enum statement_type type,
                          const char *by, struct statement **ret)
{
        const struct review v = review_by(c);

        return review_entry(&v, n, id, type, by, ret);
}

enum err act_describe(const struct client *c, const struct hash *request, struct approval_case *ret)
{
        const struct review v = review_by(c);

        return review_describe(&v, request, ret);
}

enum err act_review(struct client *c, const struct hash *request, struct approval_case *ret,
                    struct secret *ret_scalar)
{
        struct statement say = {.type = STATEMENT_APPROVAL};
        struct review v;
        enum err e;

        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        client_fill_head(c, &say);
        v = review_by(c);
        v.say = &say;
        return review_request(&v, request, ret, ret_scalar);
}
