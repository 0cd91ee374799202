#include "quorum/escalation.h"

/* As long after the last step as that one came after the one before. */
static int64_t unanswered_after(const struct escalation *e)
{
        int64_t last = e->step[e->n - 1].after_ms;

        return last + (e->n > 1 ? last - e->step[e->n - 2].after_ms : last);
}

bool escalation_of(const struct roster *r, const struct request_view *q, int64_t now_ms, struct escalation_view *ret)
{
        const struct policy *policy = roster_credential(r, q->credential) ? roster_policy_of(r, q->credential) : NULL;
        const struct escalation *e = policy ? paging_escalation(r, policy->name) : NULL;
        int64_t at;

        if (!e || q->state != REQUEST_WAITING)
                return false;
        *ret = (struct escalation_view){.policy = policy, .plan = e};
        while (ret->n_past < e->n && q->at_ms + e->step[ret->n_past].after_ms <= now_ms)
                ret->n_past++;
        at = q->at_ms + unanswered_after(e);
        ret->unanswered_at_ms = at < q->expires_at_ms ? at : 0;
        if (ret->n_past < e->n && q->at_ms + e->step[ret->n_past].after_ms < q->expires_at_ms) {
                ret->next = &e->step[ret->n_past];
                ret->next_at_ms = q->at_ms + ret->next->after_ms;
        } else if (ret->unanswered_at_ms > now_ms) {
                ret->next_at_ms = ret->unanswered_at_ms;
        }
        return true;
}

bool escalation_is_again(const struct escalation_view *v, const char *name)
{
        for (size_t i = 0; i < v->n_past; i++)
                if (name_list_has(&v->plan->step[i].to, name))
                        return true;
        return name_list_has(&v->policy->holders, name);
}

void escalation_describe(const struct escalation_view *v, struct bytes *ret)
{
        if (!v->next_at_ms)
                return;
        if (!v->next) {
                bytes_add_text(ret, "everybody: nobody has answered");
                return;
        }
        if (v->next->to.n == 0)
                bytes_add_text(ret, "the same again");
        for (size_t i = 0; i < v->next->to.n; i++)
                bytes_printf(ret, "%s%s%s", i ? ", " : "", v->next->to.name[i],
                             escalation_is_again(v, v->next->to.name[i]) ? " (again)" : "");
}
