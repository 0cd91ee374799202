/* Opening: the moment of use is logged first, then each share is verified before the shares are joined. */
#include "base/clock.h"
#include "client/act_inside.h"
#include <inttypes.h>
#include <string.h>

#define PAGE_WAIT_MS (10 * SECOND_MS)

/* Good shares as they come in. */
struct gathering {
        struct client *c;
        const struct request_view *request;
        const struct version_fields *version;
        struct secret padlock_key;
        struct secret scalars; /* need · SCALAR_BYTES */
        unsigned indices[SHARE_MAX];
        unsigned n_good, n_bad;
        bool has_lied;
        void (*bad_share)(void *context, const char *holder, enum err e);
        void *context;
};

static void gathering_done(struct gathering *g)
{
        secret_wipe(&g->padlock_key);
        secret_wipe(&g->scalars);
}

/* ---- one share ---- */

static enum err check_approval(const struct gathering *g, const struct approval_view *a)
{
        const struct version_share *theirs = version_share_of(g->version, a->approver);
        struct statement *s = NULL;
        bool same;
        enum err e;

        if ((e = act_verify_entry(g->c, a->n, &a->id, STATEMENT_APPROVAL, a->approver, &s)) != OK)
                return e;
        same = hash_equal(&s->approval.request, &g->request->id) &&
               hash_equal(&s->approval.version, &g->request->version) && hash_equal(&s->approval.share, &a->share) &&
               theirs && theirs->index == s->approval.index && a->index == s->approval.index;
        statement_free(s);
        return same ? OK : err_because(ERR_MISMATCH, "the approval is not of this request");
}

static bool has_index(const struct gathering *g, unsigned index)
{
        for (unsigned i = 0; i < g->n_good; i++)
                if (g->indices[i] == index)
                        return true;
        return false;
}

/* The log says that the broker took this share, and the request is open: not to have it is a lie. */
static enum err fetch_share(const struct gathering *g, const struct approval_view *a, struct bytes *ret)
{
        enum err e = client_blob(g->c, &a->share, ret);

        if (e == ERR_NOT_FOUND || e == ERR_ENDED || e == ERR_NOT_ALLOWED || e == ERR_EXPIRED || e == ERR_NOT_READY)
                return err_because(ERR_LYING_BROKER,
                                   "the broker does not hand over the share of %s that the log names", a->approver);
        return e;
}

static enum err take_share(struct gathering *g, const struct approval_view *a)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        enum err e;

        if (has_index(g, a->index))
                return err_because(ERR_DUPLICATE, "a second share of %s", a->approver);
        if ((e = check_approval(g, a)) != OK)
                return e;
        if ((e = fetch_share(g, a, &file)) != OK)
                return e;
        e = version_open_resealed(g->version, a->index, &g->request->id, bytes_span(&file), &g->padlock_key, &scalar);
        if (e != OK)
                return e;
        memcpy(g->scalars.bytes + (size_t)g->n_good * SCALAR_BYTES, scalar.bytes, SCALAR_BYTES);
        g->indices[g->n_good++] = a->index;
        return OK;
}

/* ---- all of them ---- */

/* Failures of the way, not of the share: asked again later, it may be there. */
static bool is_outage(enum err e)
{
        return e == ERR_UNREACHABLE || e == ERR_MEMORY || e == ERR_SHUTTING_DOWN || e == ERR_RATE;
}

static enum err gather(struct gathering *g)
{
        const struct ledger *l = client_ledger(g->c);
        struct approval_view a;
        enum err e;

        for (size_t i = 0; i < ledger_approvals(l, g->request->index) && g->n_good < g->version->need; i++) {
                ledger_approval_at(l, g->request->index, i, act_now_ms(g->c), &a);
                e = take_share(g, &a);
                if (e == OK)
                        continue;
                if (is_outage(e))
                        return e;
                g->n_bad++;
                g->has_lied |= e == ERR_LYING_BROKER;
                if (g->bad_share)
                        g->bad_share(g->context, a.approver, e);
        }
        if (g->n_good == g->version->need)
                return OK;
        return err_because(g->has_lied ? ERR_LYING_BROKER : ERR_BAD_SHARE,
                           "%u good shares of %u needed; %u did not hold (the last: %s)", g->n_good, g->version->need,
                           g->n_bad, g->n_bad ? a.approver : "none");
}

static enum err join(struct gathering *g, struct document *ret)
{
        CLEANUP_SECRET struct secret version_identity = SECRET_NONE;
        CLEANUP_BYTES struct bytes ciphertext = BYTES_NONE;
        enum err e;

        if ((e = version_combine(g->version, g->indices, &g->scalars, &version_identity)) != OK)
                return e;
        if ((e = client_blob(g->c, &g->version->ciphertext_sha256, &ciphertext)) != OK)
                return e;
        return version_open_document(g->version, bytes_span(&ciphertext), &version_identity, ret);
}

static enum err load_padlock_key(struct client *c, const struct request_view *r, struct secret *ret)
{
        enum err e = home_load_key(&c->home, &r->id, &client_identity(c)->open, ret);
        struct key is;

        if (e == ERR_NO_ENTRY)
                return err_because(e,
                                   "this folder has no key for R%" PRIu64
                                   "; it can be opened only where it was asked "
                                   "for, so ask anew",
                                   r->n);
        if (e != OK)
                return e;
        if ((e = age_public_of(ret, &is)) != OK)
                return e;
        return key_equal(&is, &r->reply_to)
                       ? OK
                       : err_because(ERR_BAD_CONTAINER, "the key kept for R%" PRIu64 " is another", r->n);
}

enum err act_unseal(struct client *c, const struct request_view *r,
                    void (*bad_share)(void *context, const char *holder, enum err e), void *context,
                    struct document *ret)
{
        __attribute__((cleanup(gathering_done))) struct gathering g = {.c = c, .request = r};
        struct version_view version;
        enum err e;

        if (!ledger_version_by_id(client_ledger(c), &r->version, &version))
                return err_because(ERR_NOT_FOUND, "the log has no such version");
        g.version = version.fields;
        g.bad_share = bad_share;
        g.context = context;
        if ((e = load_padlock_key(c, r, &g.padlock_key)) != OK)
                return e;
        if ((e = secret_new((size_t)g.version->need * SCALAR_BYTES, &g.scalars)) != OK)
                return e;
        if ((e = gather(&g)) != OK)
                return e;
        return join(&g, ret);
}

/* ---- the act ---- */

static enum err say_open(struct client *c, const struct request_view *r, bool dark)
{
        struct statement s = {.type = STATEMENT_OPEN, .open = {.request = r->id, .dark = dark}};

        if (r->state == REQUEST_OPENED)
                return OK;
        if (r->state == REQUEST_WAITING)
                return err_because(ERR_NOT_READY, "R%" PRIu64 " has %u of %u approvals", r->n, r->approvals,
                                   r->threshold);
        return client_say(c, &s, NULL, 0, NULL, NULL);
}

/* Where the policy wants a page accepted first the broker says `too-early` until one was. Its outcome comes in the
 * log, so whoever waits for the log waits for it. */
static enum err say_open_when_paged(struct client *c, const struct hash *request, bool dark)
{
        int64_t until = clock_monotonic_ms() + PAGE_WAIT_MS, left;
        struct request_view r;
        enum err e, said;

        for (;;) {
                if ((e = act_my_request(c, request, &r)) != OK)
                        return e;
                if ((said = say_open(c, &r, dark)) != ERR_TOO_EARLY)
                        return said;
                if ((left = until - clock_monotonic_ms()) <= 0)
                        break;
                if ((e = client_sync(c, (unsigned)((left + SECOND_MS - 1) / SECOND_MS), NULL)) != OK)
                        return e;
        }
        return err_because(said,
                           "no page about R%" PRIu64
                           " was accepted within 10 s, and this policy wants one first: get "
                           "%u approvals, one more than needed, or open it dark, on the record",
                           r.n, r.threshold + 1);
}

enum err act_open(struct client *c, const struct hash *request, bool dark,
                  void (*bad_share)(void *context, const char *holder, enum err e), void *context,
                  struct document *ret)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        struct request_view r;
        enum err e;

        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        if ((e = act_my_request(c, request, &r)) != OK)
                return e;
        if (r.state == REQUEST_ENDED)
                return act_why_ended(&r);
        /* Without its key an opening would ring every bell for nothing. */
        if ((e = load_padlock_key(c, &r, &key)) != OK)
                return e;
        if ((e = say_open_when_paged(c, request, dark)) != OK)
                return e;
        if ((e = act_my_request(c, request, &r)) != OK)
                return e;
        if (r.state == REQUEST_ENDED)
                return act_why_ended(&r);
        return act_unseal(c, &r, bad_share, context, ret);
}
