#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "broker/api.h"
#include <sodium.h>
#include <string.h>

/* PagerDuty's webhooks v3. What they say only proposes a close: nothing in them is signed by a person. */

#define SECRET_MAX     4096u
#define WEBHOOK_ID_MAX 200u

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
        char key[WEBHOOK_ID_MAX + 32];
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

static void propose(struct call *c, const char *incident, const char *webhook_id, int64_t grace_ms)
{
        struct proposal *p = mem_new(1, sizeof *p);
        p->submission.draft = draft;
        p->submission.done = submission_free;
        snprintf(p->incident, sizeof p->incident, "%s", incident);
        p->deadline_ms = book_clock(c->broker->book) + grace_ms;
        snprintf(p->key, sizeof p->key, "hook/%s", webhook_id);
        p->submission.remember_key = p->key;
        book_submit(c->broker->book, &p->submission);
}

static bool is_webhook_id(const char *s)
{
        size_t n = s ? strlen(s) : 0;
        for (size_t i = 0; i < n; i++)
                if (s[i] <= ' ' || s[i] > '~')
                        return false;
        return n >= 1 && n <= WEBHOOK_ID_MAX;
}

/* Signed, so it is PagerDuty's own: their format may grow, and only what is known is looked at. */
static void look(struct call *c, int64_t grace_ms)
{
        json_t *root = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
        json_t *event = json_object_get(root, "event");
        const char *type = json_string_value(json_object_get(event, "event_type"));
        const char *incident = json_string_value(json_object_get(json_object_get(event, "data"), "id"));
        const char *webhook_id = call_header(c, "X-Webhook-Id");
        if (type && !strcmp(type, "incident.resolved") && incident && label_is_valid(incident) &&
            is_webhook_id(webhook_id) && has_something_to_close(c, incident))
                propose(c, incident, webhook_id, grace_ms);
        json_decref(root);
}

void api_hook_pagerduty(struct call *c)
{
        struct config *config = broker_config(c->broker);
        struct bytes body = BYTES_NONE;
        int64_t retry_ms = 0, mono = broker_monotonic(c->broker);
        int64_t each_minute = config->limits.failures_per_minute;
        enum err e = OK;
        if (!config->pagerduty_secret_file)
                e = ERR_NOT_FOUND;
        else if (!limits_has(c->broker->limits, LIMIT_HOOKS, call_peer(c), each_minute, MINUTE_MS, mono, &retry_ms))
                e = ERR_RATE;
        else if ((e = check_signature(c, config->pagerduty_secret_file)) != OK)
                limits_take(c->broker->limits, LIMIT_HOOKS, call_peer(c), each_minute, MINUTE_MS, mono, NULL);
        if (e == OK) {
                look(c, config->pagerduty_grace_ms);
                call_answer(c, 202, "application/json", &body);
        } else {
                call_refuse(c, e, retry_ms);
        }
        config_drop(config);
}
