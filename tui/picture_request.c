#include "quorum/escalation.h"
#include "tui/pending.h"
#include "tui/picture.h"
#include "tui/words.h"
#include <string.h>

static bool has_approved(const struct picture_request *r, const char *who)
{
        for (size_t i = 0; i < r->n_approvals; i++)
                if (strcmp(r->approvals[i].approver, who) == 0)
                        return true;
        return false;
}

/* Those who could still say yes. */
static const char *names_asked(struct picture *p, const struct ledger *l, const struct picture_request *r,
                               const struct version_view *v)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;

        for (unsigned i = 0; i < v->fields->n_shares; i++) {
                const char *holder = v->fields->shares[i].holder;

                if (strcmp(holder, r->view.requester) != 0 && !has_approved(r, holder) &&
                    ledger_is_eligible(l, v, holder))
                        bytes_printf(&names, "%s%s", names.n ? ", " : "", holder);
        }
        return arena_text(&p->arena, names.n ? bytes_text(&names) : "nobody");
}

static void add_answers(struct picture *p, const struct ledger *l, struct picture_request *r)
{
        r->n_approvals = ledger_approvals(l, r->view.index);
        r->n_denials = ledger_denials(l, r->view.index);
        r->approvals = arena_new(&p->arena, r->n_approvals, sizeof(*r->approvals));
        r->denials = arena_new(&p->arena, r->n_denials, sizeof(*r->denials));
        for (size_t i = 0; i < r->n_approvals; i++) {
                ledger_approval_at(l, r->view.index, i, p->at_ms, &r->approvals[i]);
                r->approvals[i].approver = picture_name(p, r->approvals[i].approver);
        }
        for (size_t i = 0; i < r->n_denials; i++) {
                ledger_denial_at(l, r->view.index, i, &r->denials[i]);
                r->denials[i].denier = picture_name(p, r->denials[i].denier);
                r->denials[i].reason = arena_text(&p->arena, r->denials[i].reason);
        }
}

static void add_next_page(struct picture *p, const struct ledger *l, struct picture_request *r)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;
        struct escalation_view v;

        if (!escalation_of(ledger_roster(l), &r->view, p->at_ms, &v) || !v.next_at_ms)
                return;
        escalation_describe(&v, &names);
        r->next_page = arena_text(&p->arena, bytes_text(&names));
        r->next_page_ms = v.next_at_ms;
}

static void own_texts(struct picture *p, struct request_view *v)
{
        v->requester = picture_name(p, v->requester);
        v->emergency = picture_name(p, v->emergency);
        v->reason = arena_text(&p->arena, v->reason);
        v->incident = arena_text(&p->arena, v->incident);
}

static void add_one(struct picture *p, const struct ledger *l, size_t i, struct picture_request *to)
{
        struct version_view version;

        ledger_request_at(l, i, p->at_ms, &to->view);
        to->is_mine = p->me && strcmp(to->view.requester, p->me) == 0;
        to->waits_for_me = p->me && request_waits_for(l, &to->view, p->me);
        to->denied_by_me = p->me && request_denied_by(l, &to->view, p->me);
        add_answers(p, l, to);
        add_next_page(p, l, to);
        own_texts(p, &to->view);
        if (!ledger_version_by_id(l, &to->view.version, &version)) {
                to->view.credential = arena_text(&p->arena, to->view.credential);
                return;
        }
        const struct picture_version *of = &p->versions[version.index];

        to->view.credential = of->credential;
        to->what = of->what;
        to->version = of->number;
        to->is_by_hand = of->is_by_hand;
        to->rotation = of->is_known ? &of->rotation : NULL;
        if (to->view.state != REQUEST_ENDED)
                to->asked = names_asked(p, l, to, &version);
}

void picture_add_requests(struct picture *p, const struct ledger *l)
{
        size_t n = ledger_requests(l);

        p->requests = arena_new(&p->arena, n, sizeof(*p->requests));
        for (size_t i = n; i-- > 0;)
                add_one(p, l, i, &p->requests[p->n_requests++]);
}
