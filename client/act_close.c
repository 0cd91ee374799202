/* Closing: the opened values are handed, sealed, to the policy's rotators, who prove them dead. */
#include "client/act_inside.h"
#include <string.h>

#define HANDOVERS_MAX 32u
#define BODY_RESERVE  65536u /* for the statement itself */

struct handover {
        struct client *c;
        struct bytes file[HANDOVERS_MAX];
        size_t n, body_bytes;
        unsigned documents;
};

static void handover_done(struct handover *h)
{
        for (size_t i = 0; i < h->n; i++)
                bytes_done(&h->file[i]);
}

static bool fits(const struct handover *h, size_t document_bytes)
{
        size_t base64 = (document_bytes + 1024) / 3 * 4 + 8;

        return h->n < HANDOVERS_MAX && h->body_bytes + base64 + BODY_RESERVE < LINE_MAX_BYTES;
}

static bool seal_to(struct handover *h, const struct document *document, const char *rotator)
{
        const struct person *p = roster_person(ledger_roster(client_ledger(h->c)), rotator);
        struct bytes *file = &h->file[h->n];

        if (!p || !fits(h, document->raw.len) ||
            age_seal(&p->opens, span_of(document->raw.bytes, document->raw.len), file) != OK)
                return false;
        h->body_bytes += file->n / 3 * 4 + 8;
        h->n++;
        return true;
}

/* Failing to hand over never stops a close: the value must die either way. */
static void hand_over(struct handover *h, const struct request_view *r)
{
        const struct policy *policy = roster_policy_of(ledger_roster(client_ledger(h->c)), r->credential);
        CLEANUP_DOCUMENT struct document document = {0};
        bool is_handed = false;

        if (!policy || policy->rotators.n == 0 || act_unseal(h->c, r, NULL, NULL, &document) != OK)
                return;
        for (size_t i = 0; i < policy->rotators.n; i++)
                is_handed |= seal_to(h, &document, policy->rotators.name[i]);
        h->documents += is_handed;
}

static bool is_mine_and_open(const struct client *c, const struct request_view *r)
{
        return r->state == REQUEST_OPENED && strcmp(r->requester, client_me(c)) == 0 &&
               roster_credential(ledger_roster(client_ledger(c)), r->credential);
}

static enum err say_close(struct handover *h, struct statement *s, unsigned *ret_handed, uint64_t *ret_n)
{
        struct span blobs[HANDOVERS_MAX];
        enum err e;

        for (size_t i = 0; i < h->n; i++)
                blobs[i] = bytes_span(&h->file[i]);
        e = client_say(h->c, s, blobs, h->n, NULL, ret_n);
        if (ret_handed)
                *ret_handed = e == OK ? h->documents : 0;
        return e;
}

/* Closed before, perhaps by a run of ours whose answer was lost: said in words, since the broker finds nothing to
 * close. */
static enum err check_still_open(const struct client *c, const char *incident)
{
        struct incident_view i;

        if (!ledger_incident_by_name(client_ledger(c), incident, act_now_ms(c), &i) || i.is_open)
                return OK;
        return err_because(ERR_ENDED, "%s is closed already; nothing of it is open", incident);
}

enum err act_close_incident(struct client *c, const char *incident, unsigned *ret_handed, uint64_t *ret_n)
{
        __attribute__((cleanup(handover_done))) struct handover h = {.c = c};
        CLEANUP_FREE char *name = mem_text(incident); /* it may be the ledger's, which a sync moves */
        struct statement s = {.type = STATEMENT_CLOSE, .close = {.incident = name, .why = CLOSE_DONE}};
        struct request_view r;
        enum err e;

        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        if ((e = check_still_open(c, name)) != OK)
                return e;
        for (size_t i = 0; i < ledger_requests(client_ledger(c)); i++) {
                ledger_request_at(client_ledger(c), i, act_now_ms(c), &r);
                if (strcmp(r.incident, name) == 0 && is_mine_and_open(c, &r))
                        hand_over(&h, &r);
        }
        return say_close(&h, &s, ret_handed, ret_n);
}

enum err act_close_request(struct client *c, const struct hash *request, unsigned *ret_handed, uint64_t *ret_n)
{
        __attribute__((cleanup(handover_done))) struct handover h = {.c = c};
        struct statement s = {.type = STATEMENT_CLOSE, .close = {.request = *request, .why = CLOSE_DONE}};
        struct request_view r;
        enum err e;

        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        if ((e = act_my_request(c, request, &r)) != OK)
                return e;
        if (is_mine_and_open(c, &r))
                hand_over(&h, &r);
        return say_close(&h, &s, ret_handed, ret_n);
}
