/* Pages by PagerDuty's Events API v2 (`routing_key_file`; `api_url` for another events host). */
#include "notifiers/http.h"
#include "notifiers/pagerduty_message.h"
#include <string.h>

#define EVENTS_HOST "https://events.pagerduty.com"
#define EVENTS_PATH "/v2/enqueue"

struct pagerduty {
        struct secret routing_key; /* NUL-ended */
        struct bytes url;
        const char *ca_file, *proxy_url;
};

MUST_CHECK static enum err read_config(const struct delivery *d, struct pagerduty *ret)
{
        static const char *const known[] = {"routing_key_file", "api_url", "ca_file", "proxy_url", NULL};
        const char *host;
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = config_text(d, "api_url", EVENTS_HOST, &host)) != OK)
                return e;
        if ((e = config_peer(d, &ret->ca_file, &ret->proxy_url)) != OK)
                return e;
        bytes_printf(&ret->url, "%s" EVENTS_PATH, host);
        return config_secret(d, "routing_key_file", &ret->routing_key);
}

/* The service's own words help to mend the configuration; our key must not come back through them. */
static void first_error(const struct https_answer *a, const char *routing_key, struct bytes *ret)
{
        CLEANUP_JSON json_t *said = json_loadb(https_text(a), a->n, 0, NULL);
        const char *error = json_string_value(json_array_get(json_object_get(said, "errors"), 0));
        const char *text = error ? error : json_string_value(json_object_get(said, "message"));
        if (text && !strstr(text, routing_key))
                words_safe(text, 160, ret);
}

static void judge(const struct https_answer *a, const struct pagerduty_call *c, const char *routing_key,
                  struct outcome *o)
{
        CLEANUP_BYTES struct bytes detail = BYTES_NONE;
        CLEANUP_JSON json_t *said = json_loadb(https_text(a), a->n, 0, NULL);
        const char *status = json_string_value(json_object_get(said, "status"));
        if (a->status != 202) {
                first_error(a, routing_key, &detail);
                http_judge(a, bytes_text(&detail), o);
        } else if (!status || strcmp(status, "success") != 0) {
                outcome_fail(o, PLUGIN_FAILED, "answered 202, but not as PagerDuty does");
        } else if (o->id.n == 0) {
                bytes_add_text(&o->id, c->dedup_key);
        }
}

static void post_call(const struct delivery *d, const struct pagerduty *p, const struct pagerduty_call *c,
                      struct outcome *o)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct https_answer answer = {0};
        const char *routing_key = (const char *)p->routing_key.bytes;
        pagerduty_message(d, c, routing_key, &body);
        struct http_post post = {.url = bytes_text(&p->url),
                                 .ca_file = p->ca_file,
                                 .proxy_url = p->proxy_url,
                                 .body = bytes_span(&body)};
        if (http_post(&post, &answer, o) == PLUGIN_OK)
                judge(&answer, c, routing_key, o);
        https_answer_done(&answer);
}

/* Stops at the first call that fails; the next attempt repeats them all, which PagerDuty takes as the same. */
static void post_calls(const struct delivery *d, const struct pagerduty *p, struct outcome *o)
{
        struct pagerduty_call calls[PAGERDUTY_CALLS_MAX];
        size_t n = pagerduty_calls(d, calls);
        o->exit = PLUGIN_OK;
        for (size_t i = 0; i < n && o->exit == PLUGIN_OK; i++)
                post_call(d, p, &calls[i], o);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        struct pagerduty p = {0};
        if (read_config(d, &p) == OK)
                post_calls(d, &p, ret);
        else
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        secret_wipe(&p.routing_key);
        bytes_done(&p.url);
}

int main(void)
{
        return deliver_main("pagerduty", deliver);
}
