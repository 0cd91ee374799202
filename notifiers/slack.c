/* Pages a Slack channel, by an incoming webhook (`api_url_file`: its URL is itself a secret) or by chat.postMessage
 * (`credentials_file`: the bot's token, and `channel`). */
#include "notifiers/http.h"
#include "notifiers/slack_message.h"
#include "notifiers/transfer.h"
#include <string.h>

#define POST_MESSAGE_URL "https://slack.com/api/chat.postMessage"

struct slack {
        struct secret url, token; /* NUL-ended; the token is empty for a webhook */
        const char *api_url, *channel, *ca_file, *proxy_url;
};

static void slack_done(struct slack *s)
{
        secret_wipe(&s->url);
        secret_wipe(&s->token);
}

MUST_CHECK static enum err read_bot(const struct delivery *d, struct slack *ret)
{
        enum err e;
        if ((e = config_secret(d, "credentials_file", &ret->token)) != OK)
                return e;
        if ((e = config_text(d, "api_url", POST_MESSAGE_URL, &ret->api_url)) != OK)
                return e;
        if ((e = config_text(d, "channel", NULL, &ret->channel)) != OK)
                return e;
        return ret->channel ? OK : err_because(ERR_CONFIG, "config: `credentials_file` also needs `channel`");
}

MUST_CHECK static enum err read_webhook(const struct delivery *d, struct slack *ret)
{
        if (json_object_get(d->config, "api_url"))
                return err_because(ERR_CONFIG, "config: a webhook's URL is a secret: put it into a private file and "
                                               "name that as `api_url_file`");
        enum err e = config_secret(d, "api_url_file", &ret->url);
        if (e == OK)
                ret->api_url = (const char *)ret->url.bytes;
        return e;
}

MUST_CHECK static enum err read_config(const struct delivery *d, struct slack *ret)
{
        static const char *const known[] = {
                "api_url", "api_url_file", "credentials_file", "channel", "ca_file", "proxy_url", NULL};
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = transfer_config(d, &ret->ca_file, &ret->proxy_url)) != OK)
                return e;
        return json_object_get(d->config, "credentials_file") ? read_bot(d, ret) : read_webhook(d, ret);
}

/* Slack's errors are words like `channel_is_archived`; anything else is not repeated. */
static const char *error_word(const char *said)
{
        size_t n = strspn(said, "abcdefghijklmnopqrstuvwxyz_");
        return n > 0 && n <= 64 && said[n] == 0 ? said : "";
}

static bool may_pass_later(const char *word)
{
        static const char *const words[] = {"ratelimited", "rate_limited",        "internal_error",
                                            "fatal_error", "service_unavailable", "request_timeout"};
        for (size_t i = 0; i < COUNT_OF(words); i++)
                if (!strcmp(words[i], word))
                        return true;
        return false;
}

static void judge_webhook(const struct delivery *d, const struct http_answer *a, struct outcome *o)
{
        const char *body = bytes_text(&a->body);
        if (a->status != 200)
                http_judge(a, error_word(body), o);
        else if (strcmp(body, "ok") != 0)
                outcome_fail(o, PLUGIN_FAILED, "answered 200, but not `ok`: this is not Slack");
        else
                bytes_add_text(&o->id, event_text(d, "dedup_key")); /* a webhook gives no name of its own */
}

/* chat.postMessage says 200 also when it refuses. */
static void judge_post(const struct http_answer *a, struct outcome *o)
{
        CLEANUP_JSON json_t *said = json_loadb((const char *)a->body.p, a->body.n, 0, NULL);
        const char *ts = json_string_value(json_object_get(said, "ts"));
        const char *error = json_string_value(json_object_get(said, "error"));
        const char *word = error_word(error ? error : "");
        if (a->status != 200)
                http_judge(a, word, o);
        else if (json_is_true(json_object_get(said, "ok")) && ts)
                words_safe(ts, 64, &o->id);
        else if (json_is_false(json_object_get(said, "ok")))
                outcome_fail(o, may_pass_later(word) ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "refused: %s", word);
        else
                outcome_fail(o, PLUGIN_FAILED, "answered 200, but not as Slack does");
}

static void post_message(const struct delivery *d, const struct slack *s, struct outcome *o)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct http_answer answer = {0};
        slack_message(d, s->channel, &body);
        struct http_post post = {.url = s->api_url,
                                 .bearer = (const char *)s->token.bytes,
                                 .ca_file = s->ca_file,
                                 .proxy_url = s->proxy_url,
                                 .body = bytes_span(&body)};
        if (http_post(&post, &answer, o) == PLUGIN_OK) {
                if (s->channel)
                        judge_post(&answer, o);
                else
                        judge_webhook(d, &answer, o);
        }
        http_answer_done(&answer);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        struct slack s = {0};
        if (read_config(d, &s) == OK)
                post_message(d, &s, ret);
        else
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        slack_done(&s);
}

int main(void)
{
        return deliver_main("slack", deliver);
}
