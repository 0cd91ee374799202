/* Pages a Microsoft Teams channel through a Workflows URL (`webhook_url_file`: the URL is itself a secret). */
#include "notifiers/http.h"
#include "notifiers/teams_message.h"

struct teams {
        struct secret url; /* NUL-ended */
        const char *ca_file, *proxy_url;
};

MUST_CHECK static enum err read_config(const struct delivery *d, struct teams *ret)
{
        static const char *const known[] = {"webhook_url_file", "ca_file", "proxy_url", NULL};
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = config_peer(d, &ret->ca_file, &ret->proxy_url)) != OK)
                return e;
        return config_secret(d, "webhook_url_file", &ret->url);
}

/* A workflow is started (202) before it posts: whether the card is shown, only its run history tells. */
static void judge(const struct delivery *d, const struct https_answer *a, struct outcome *o)
{
        if (a->status != 202)
                http_judge(a, "", o);
        else
                bytes_add_text(&o->id, event_text(d, "dedup_key"));
}

static void post_message(const struct delivery *d, const struct teams *t, struct outcome *o)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct https_answer answer = {0};
        teams_message(d, &body);
        struct http_post post = {.url = (const char *)t->url.bytes,
                                 .ca_file = t->ca_file,
                                 .proxy_url = t->proxy_url,
                                 .body = bytes_span(&body)};
        if (http_post(&post, &answer, o) == PLUGIN_OK)
                judge(d, &answer, o);
        https_answer_done(&answer);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        struct teams t = {0};
        if (read_config(d, &t) == OK)
                post_message(d, &t, ret);
        else
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        secret_wipe(&t.url);
}

int main(void)
{
        return deliver_main("teams", deliver);
}
