#include "broker/api.h"
#include "quorum/sshsig.h"
#include <string.h>

#define SESSION_BODY_MAX 65536u
#define HOOK_BODY_MAX    (512u * 1024u)

const struct route api_routes[] = {
        {.method = "POST", .path = "/v1/statements", .handle = api_statement},
        {.method = "GET", .path = "/v1/log", .is_signed_in = true, .handle = api_log},
        {.method = "GET", .path = "/v1/blobs/", .is_prefix = true, .is_signed_in = true, .handle = api_blob},
        {.method = "GET", .path = "/v1/handovers/", .is_prefix = true, .is_signed_in = true, .handle = api_handover},
        {.method = "GET", .path = "/v1/proof", .is_signed_in = true, .handle = api_proof},
        {.method = "GET", .path = "/v1/about", .handle = api_about},
        {.method = "GET", .path = "/v1/exports", .handle = api_exports},
        {.method = "GET", .path = "/v1/challenge", .handle = api_challenge},
        {.method = "POST", .path = "/v1/sessions", .body_max = SESSION_BODY_MAX, .handle = api_session},
        {.method = "POST", .path = "/v1/hooks/", .is_prefix = true, .body_max = HOOK_BODY_MAX, .handle = api_hook},
};
const size_t api_routes_n = COUNT_OF(api_routes);

const struct route admin_routes[] = {
        {.method = "GET", .path = "/healthz", .handle = admin_health},
        {.method = "GET", .path = "/readyz", .handle = admin_ready},
        {.method = "GET", .path = "/metrics", .handle = admin_metrics},
};
const size_t admin_routes_n = COUNT_OF(admin_routes);

bool api_number(const struct call *c, const char *key, uint64_t *ret)
{
        const char *text = call_query(c, key);
        size_t n = text ? strlen(text) : 0;
        if (n < 1 || n > 15 || strspn(text, "0123456789") != n)
                return false;
        *ret = strtoull(text, NULL, 10);
        return true;
}

void api_answer_json(struct call *c, struct bytes *body)
{
        bytes_add_byte(body, '\n');
        call_answer(c, 200, "application/json", body);
}

/* ---- admission ---- */

/* The known person behind an envelope; NULL for a stranger, and for a roster (whose signers may be new). */
static const char *known_signer(const struct roster *roster, const struct envelope *e)
{
        struct key signs;
        if (e->type == STATEMENT_ROSTER || e->n_signatures != 1 ||
            sshsig_signer(bytes_span(&e->signatures[0]), &signs) != OK)
                return NULL;
        const struct person *p = roster_person_by_signs(roster, &signs);
        return p ? p->name : NULL;
}

/* A rotator after a leak says thousands; nobody waits for its yes. */
static int64_t statements_each_minute(const struct published *now, const struct config_limits *limits,
                                      const char *who)
{
        const struct person *p = who ? roster_person(now->roster->roster, who) : NULL;
        return p && p->is_rotator ? limits->rotator_statements_per_minute : limits->statements_per_minute;
}

static enum err admit(struct call *c, const struct published *now, const struct envelope *e, struct statement **ret,
                      int64_t *ret_retry_ms)
{
        struct broker *b = c->broker;
        struct config *config = broker_config(b);
        const struct config_limits limits = config->limits;
        const char *who = known_signer(now->roster->roster, e);
        bool is_session = e->type == STATEMENT_SESSION;
        int64_t mono = broker_monotonic(b);
        config_drop(config);
        if (e->type != STATEMENT_ROSTER && e->n_signatures != 1)
                return err_because(ERR_BAD_STATEMENT, "only a roster has several signatures");
        /* The broker speaks for itself, never through the API. */
        if (!who && e->type != STATEMENT_ROSTER)
                return ERR_AUTH;
        if (!limits_has(b->limits, LIMIT_FAILURES, call_peer(c), limits.failures_per_minute, MINUTE_MS, mono,
                        ret_retry_ms))
                return ERR_RATE;
        /* Only a signature that holds uses up its person's share: a stranger can't spend it for them. */
        enum limit_kind kind = is_session ? LIMIT_SESSIONS : LIMIT_STATEMENTS;
        int64_t each_minute = is_session ? limits.sessions_per_minute : statements_each_minute(now, &limits, who);
        if (who && !limits_has(b->limits, kind, who, each_minute, MINUTE_MS, mono, ret_retry_ms))
                return ERR_RATE;
        /* Every request that is approved spends shares: nobody may make people say yes all day. */
        if (e->type == STATEMENT_REQUEST &&
            !limits_has(b->limits, LIMIT_REQUESTS, who, limits.requests_per_hour, HOUR_MS, mono, ret_retry_ms))
                return ERR_RATE;
        enum err error = admit_statement(now->roster->roster, e, ret);
        if (error != ERR_AUTH && who)
                limits_take(b->limits, kind, who, each_minute, MINUTE_MS, mono, NULL);
        return error;
}

enum err api_admit(struct call *c, const struct published *now, const struct envelope *e, struct statement **ret,
                   int64_t *ret_retry_ms)
{
        *ret_retry_ms = SECOND_MS;
        enum err error = admit(c, now, e, ret, ret_retry_ms);
        if (error == ERR_AUTH) {
                struct config *config = broker_config(c->broker);
                limits_take(c->broker->limits, LIMIT_FAILURES, call_peer(c), config->limits.failures_per_minute,
                            MINUTE_MS, broker_monotonic(c->broker), NULL);
                config_drop(config);
        }
        return error;
}
