#include "client/act_inside.h"
#include <inttypes.h>
#include <string.h>

/* What a person has read must still be so. Only plain values of `was` are looked at: its texts died with the sync. */
static const char *what_changed(const struct approval_case *was, const struct approval_case *is)
{
        if (!hash_equal(&was->roster, &is->roster))
                return "the roster";
        if (was->request.state != is->request.state)
                return "the request's state";
        if (was->version.state != is->version.state)
                return "the version's state";
        if (was->request.threshold != is->request.threshold)
                return "how many approvals are needed";
        if (was->opens_it != is->opens_it)
                return is->opens_it ? "an approval came in: yours would open it" : "whether yours opens it";
        if (was->request.denials != is->request.denials)
                return "somebody denied it";
        if (was->wants_override != is->wants_override)
                return "whose shares are spent";
        return NULL;
}

static enum err look_again(struct client *c, const struct approval_case *reviewed, struct approval_case *ret)
{
        const char *change;
        enum err e;

        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        if ((e = act_describe(c, &reviewed->request.id, ret)) != OK)
                return e;
        if (ret->request.state == REQUEST_ENDED)
                return act_why_ended(&ret->request);
        if ((change = what_changed(reviewed, ret)))
                return err_because(ERR_MISMATCH, "it changed while you were reading (%s); look again", change);
        return OK;
}

enum err act_approve(struct client *c, const struct approval_case *reviewed, const struct secret *scalar,
                     bool override, uint64_t *ret_n)
{
        struct statement s = {.type = STATEMENT_APPROVAL};
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct approval_case now;
        enum err e;

        if ((e = look_again(c, reviewed, &now)) != OK)
                return e;
        if (now.wants_override && !override)
                return err_because(ERR_SPENT_LIMIT, "%u other holders' shares of this version are spent",
                                   now.others_spent);
        /* What made us believe must be remembered before the share leaves. */
        if ((e = replica_flush(c->replica)) != OK)
                return e;
        e = version_reseal_share(now.version.fields, now.my_index, scalar, &now.request.id, &now.request.reply_to,
                                 &file);
        if (e != OK)
                return e;
        s.approval.request = now.request.id;
        s.approval.version = now.version.id;
        s.approval.index = now.my_index;
        s.approval.share = hash_of(bytes_span(&file));
        s.approval.expires_at_ms = client_now_ms(c) + now.policy->request_for_ms;
        s.approval.override = now.wants_override;
        return client_say(c, &s, &(struct span){file.p, file.n}, 1, NULL, ret_n);
}
