#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "broker/api.h"
#include <sodium.h>
#include <string.h>

/* PagerDuty's webhooks v3. What they say only proposes a close: nothing in them is signed by a person. */

#define SECRET_MAX 4096u

/* ---- is it from PagerDuty? ---- */

static size_t trimmed(const struct secret *s)
{
        size_t n = s->len;
        while (n > 0 && (s->bytes[n - 1] == '\n' || s->bytes[n - 1] == '\r'))
                n--;
        return n;
}

static enum err sign_body(const struct secret *secret, struct span body, struct secret *ret)
{
        CLEANUP_SECRET struct secret state = SECRET_NONE;
        enum err e = secret_new(sizeof(crypto_auth_hmacsha256_state), &state);
        if (e == OK)
                e = secret_new(crypto_auth_hmacsha256_BYTES, ret);
        if (e != OK)
                return e;
        void *hmac = state.bytes;
        if (crypto_auth_hmacsha256_init(hmac, secret->bytes, trimmed(secret)) != 0 ||
            crypto_auth_hmacsha256_update(hmac, body.p, body.n) != 0 ||
            crypto_auth_hmacsha256_final(hmac, ret->bytes) != 0)
                return ERR_INTERNAL;
        return OK;
}

/* "v1=HEX[,v1=HEX]": any one may be right (two while the secret is being changed). */
static bool has_signature(const char *header, const struct secret *should)
{
        unsigned char is[crypto_auth_hmacsha256_BYTES];
        bool is_right = false;
        while (header && *header) {
                size_t n = strcspn(header, ",");
                if (n == 3 + 2 * sizeof is && !strncmp(header, "v1=", 3) &&
                    hex_decode(span_of(header + 3, n - 3), is, sizeof is) == OK)
                        is_right |= sodium_memcmp(is, should->bytes, sizeof is) == 0;
                header += n + (header[n] == ',');
                header += strspn(header, " ");
        }
        return is_right;
}

static enum err check_signature(struct call *c, const char *secret_file)
{
        CLEANUP_SECRET struct secret secret = SECRET_NONE, should = SECRET_NONE;
        enum err e = file_read_private(secret_file, SECRET_MAX, &secret);
        if (e != OK || trimmed(&secret) == 0) {
                log_event(LOG_LEVEL_ERROR, "hook.unreadable", F_TEXT("file", secret_file),
                          F_TEXT("error", err_word(e)));
                return ERR_AUTH;
        }
        if ((e = sign_body(&secret, bytes_span(&c->body), &should)) != OK)
                return e;
        return has_signature(call_header(c, "X-PagerDuty-Signature"), &should) ? OK : ERR_AUTH;
}

/* ---- what it says ---- */

struct proposal {
        struct submission submission; /* first */
        char incident[129];
        int64_t deadline_ms;
        char key[sizeof "hook/" + HASH_HEX];
};

static void draft(const struct submission *s, struct statement *ret)
{
        const struct proposal *p = (const struct proposal *)s;
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = "incident.resolved";
        ret->notice.channel = "pagerduty";
        ret->notice.outcome = NOTICE_PROPOSED_CLOSE;
        ret->notice.incident = p->incident;
        ret->notice.deadline_ms = p->deadline_ms;
}

static bool has_something_to_close(struct call *c, const char *incident)
{
        struct incident_view v;
        const struct ledger *l = book_read(c->broker->book);
        bool has = ledger_incident_by_name(l, incident, book_clock(c->broker->book), &v) && v.is_open;
        book_read_done(c->broker->book);
        return has;
}

static void wake(struct submission *s)
{
        call_wake(s->context);
}

static void free_proposal(void *state)
{
        submission_free(state);
}

static void answer_accepted(struct call *c)
{
        struct bytes body = BYTES_NONE;
        call_answer(c, 202, "application/json", &body);
}

/* Accepted when it is durable; what the log does not take (a proposal made before, say) need not be sent again. */
static void answer_proposal(struct call *c)
{
        const struct submission *s = c->state;
        if (s->result == ERR_NOT_DURABLE || s->result == ERR_SHUTTING_DOWN || s->result == ERR_RATE)
                call_refuse(c, s->result, s->retry_after_ms);
        else
                answer_accepted(c);
}

/* A webhook comes once: its signed bytes are remembered, not an id in its header that nobody signed. */
static void propose(struct call *c, const char *incident, int64_t grace_ms)
{
        struct proposal *p = mem_new(1, sizeof *p);
        struct hash body = hash_of(bytes_span(&c->body));
        char hex[HASH_HEX + 1];
        hash_to_hex(&body, hex);
        snprintf(p->incident, sizeof p->incident, "%s", incident);
        snprintf(p->key, sizeof p->key, "hook/%s", hex);
        p->deadline_ms = book_clock(c->broker->book) + grace_ms;
        p->submission.draft = draft;
        p->submission.done = wake;
        p->submission.context = c;
        p->submission.remember_key = p->key;
        c->state = &p->submission;
        c->state_free = free_proposal;
        call_suspend(c, answer_proposal);
        book_submit(c->broker->book, &p->submission);
}

/* Signed, so it is PagerDuty's own: their format may grow, and only what is known is looked at. */
static bool names_incident(struct call *c, char ret[129])
{
        json_t *root = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
        json_t *event = json_object_get(root, "event");
        const char *type = json_string_value(json_object_get(event, "event_type"));
        const char *incident = json_string_value(json_object_get(json_object_get(event, "data"), "id"));
        bool does = type && !strcmp(type, "incident.resolved") && incident && label_is_valid(incident);
        if (does)
                snprintf(ret, 129, "%s", incident);
        json_decref(root);
        return does;
}

static enum err admit(struct call *c, const struct config *config, int64_t *retry_ms)
{
        int64_t mono = broker_monotonic(c->broker), each_minute = config->limits.failures_per_minute;
        if (!config->pagerduty_secret_file)
                return ERR_NOT_FOUND;
        if (!limits_has(c->broker->limits, LIMIT_HOOKS, call_peer(c), each_minute, MINUTE_MS, mono, retry_ms))
                return ERR_RATE;
        enum err e = check_signature(c, config->pagerduty_secret_file);
        if (e != OK)
                limits_take(c->broker->limits, LIMIT_HOOKS, call_peer(c), each_minute, MINUTE_MS, mono, NULL);
        return e;
}

void api_hook_pagerduty(struct call *c)
{
        struct config *config = broker_config(c->broker);
        char incident[129];
        int64_t retry_ms = 0, grace_ms = config->pagerduty_grace_ms;
        enum err e = admit(c, config, &retry_ms);
        config_drop(config);
        if (e == OK && c->broker->is_stopping)
                e = ERR_SHUTTING_DOWN;
        if (e != OK)
                call_refuse(c, e, retry_ms);
        else if (names_incident(c, incident) && has_something_to_close(c, incident))
                propose(c, incident, grace_ms);
        else
                answer_accepted(c);
}
