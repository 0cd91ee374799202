#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "broker/api.h"
#include "broker/hook_sign.h"
#include <string.h>

/* Webhooks of incident tools. What they say only proposes a close: nothing in them is signed by a person. */

/* ---- is it from who it must be? ---- */

/* An editor leaves a newline at the end of a file. */
static size_t trimmed(const unsigned char *p, size_t n)
{
        while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
                n--;
        return n;
}

MUST_CHECK static enum err read_key(const char *file, struct secret *ret)
{
        enum err e = file_read_private(file, HOOK_KEY_FILE_MAX, ret);
        size_t n = e == OK ? trimmed(ret->bytes, ret->len) : 0;
        if (e == OK && n == 0)
                return err_because(ERR_CONFIG, "the file is empty");
        return e == OK ? secret_resize(ret, n) : e;
}

MUST_CHECK static enum err check_pagerduty(struct call *c, const struct config_webhook *hook)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        enum err e = read_key(hook->secret_file, &key);
        return e == OK ? hook_check_pagerduty(&key, call_header(c, "X-PagerDuty-Signature"), bytes_span(&c->body))
                       : e;
}

MUST_CHECK static enum err read_hmac(const struct config_webhook *hook, struct secret *ret)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        enum err e = read_key(hook->secret_file, &text);
        return e == OK ? hook_read_hmac(&text, ret) : e;
}

MUST_CHECK static enum err read_ed25519(const struct config_webhook *hook, unsigned char ret[32])
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = file_read(hook->public_key_file, HOOK_KEY_FILE_MAX, &text);
        return e == OK ? hook_read_ed25519(span_of(text.p, trimmed(text.p, text.n)), ret) : e;
}

MUST_CHECK static enum err check_standard(struct call *c, const struct config_webhook *hook)
{
        CLEANUP_SECRET struct secret hmac = SECRET_NONE;
        unsigned char public[32];
        struct hook_keys keys = {hook->secret_file ? &hmac : NULL, hook->public_key_file ? public : NULL};
        const struct hook_headers headers = {call_header(c, "webhook-id"), call_header(c, "webhook-timestamp"),
                                             call_header(c, "webhook-signature")};
        enum err e = keys.hmac ? read_hmac(hook, &hmac) : OK;
        if (e == OK && keys.ed25519)
                e = read_ed25519(hook, public);
        return e == OK ? hook_check_standard(&keys, &headers, bytes_span(&c->body), book_clock(c->broker->book)) : e;
}

/* Whatever is wrong with our own files is told to the operator alone. */
static enum err check_signature(struct call *c, const struct config_webhook *hook)
{
        enum err e = config_webhook_is_pagerduty(hook) ? check_pagerduty(c, hook) : check_standard(c, hook);
        if (e == OK || e == ERR_AUTH)
                return e;
        log_event(LOG_LEVEL_ERROR, "hook.unreadable", F_TEXT("hook", hook->name), F_TEXT("error", err_word(e)),
                  F_TEXT("why", err_reason()));
        return ERR_AUTH;
}

/* ---- what it says ---- */

struct proposal {
        struct submission submission; /* first */
        char incident[129], channel[65];
        int64_t deadline_ms;
        char key[sizeof "hook/" + HASH_HEX];
};

static void draft(const struct submission *s, struct statement *ret)
{
        const struct proposal *p = (const struct proposal *)s;
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = "incident.resolved";
        ret->notice.channel = p->channel;
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
        if (s->result == ERR_NOT_DURABLE || s->result == ERR_SHUTTING_DOWN || s->result == ERR_RATE ||
            s->result == ERR_RESTORED)
                call_refuse(c, s->result, s->retry_after_ms);
        else
                answer_accepted(c);
}

/* A webhook comes once: it is remembered by what is signed, PagerDuty's by its bytes (no id of its is signed), others
 * by their id, which stays when they send it again. */
static struct hash name_of_call(struct call *c, const struct config_webhook *hook)
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE;
        if (config_webhook_is_pagerduty(hook))
                return hash_of(bytes_span(&c->body));
        bytes_printf(&name, "%s\n%s", hook->name, call_header(c, "webhook-id"));
        return hash_of(bytes_span(&name));
}

static void propose(struct call *c, const struct config_webhook *hook, const char *incident)
{
        struct proposal *p = mem_new(1, sizeof *p);
        struct hash name = name_of_call(c, hook);
        char hex[HASH_HEX + 1];
        hash_to_hex(&name, hex);
        snprintf(p->incident, sizeof p->incident, "%s", incident);
        snprintf(p->channel, sizeof p->channel, "%s", hook->name);
        snprintf(p->key, sizeof p->key, "hook/%s", hex);
        p->deadline_ms = book_clock(c->broker->book) + hook->grace_ms;
        p->submission.draft = draft;
        p->submission.done = wake;
        p->submission.context = c;
        p->submission.remember_key = p->key;
        c->state = &p->submission;
        c->state_free = free_proposal;
        call_suspend(c, answer_proposal);
        book_submit(c->broker->book, &p->submission);
}

/* Signed, so it is theirs: their format may grow, and only what is known is looked at.
 *
 *   PagerDuty  {"event":{"event_type":"incident.resolved","data":{"id":INCIDENT}}}
 *   others     {"type":"incident.resolved","data":{"incident":INCIDENT}}        `id` where there is no `incident` */
static const char *incident_of(const json_t *root, bool is_pagerduty)
{
        const json_t *event = is_pagerduty ? json_object_get(root, "event") : root;
        const json_t *data = json_object_get(event, "data");
        const char *type = json_string_value(json_object_get(event, is_pagerduty ? "event_type" : "type"));
        const json_t *named = is_pagerduty ? NULL : json_object_get(data, "incident");
        const char *incident = json_string_value(named ? named : json_object_get(data, "id"));
        return type && !strcmp(type, "incident.resolved") && incident && label_is_valid(incident) ? incident : NULL;
}

static bool names_incident(struct call *c, const struct config_webhook *hook, char ret[129])
{
        json_t *root = json_loadb((const char *)c->body.p, c->body.n, JSON_REJECT_DUPLICATES, NULL);
        const char *incident = incident_of(root, config_webhook_is_pagerduty(hook));
        if (incident)
                snprintf(ret, 129, "%s", incident);
        json_decref(root);
        return incident;
}

static enum err admit(struct call *c, const struct config *config, const struct config_webhook *hook,
                      int64_t *retry_ms)
{
        int64_t mono = broker_monotonic(c->broker), each_minute = config->limits.failures_per_minute;
        if (!hook)
                return ERR_NOT_FOUND;
        if (!limits_has(c->broker->limits, LIMIT_HOOKS, call_peer(c), each_minute, MINUTE_MS, mono, retry_ms))
                return ERR_RATE;
        enum err e = check_signature(c, hook);
        if (e != OK)
                limits_take(c->broker->limits, LIMIT_HOOKS, call_peer(c), each_minute, MINUTE_MS, mono, NULL);
        return e;
}

void api_hook(struct call *c)
{
        struct config *config = broker_config(c->broker);
        const struct config_webhook *hook = config_webhook(config, c->tail);
        char incident[129];
        int64_t retry_ms = 0;
        enum err e = admit(c, config, hook, &retry_ms);
        if (e == OK && c->broker->is_stopping)
                e = ERR_SHUTTING_DOWN;
        if (e != OK)
                call_refuse(c, e, retry_ms);
        else if (names_incident(c, hook, incident) && has_something_to_close(c, incident))
                propose(c, hook, incident);
        else
                answer_accepted(c);
        config_drop(config);
}
