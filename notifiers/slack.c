/* Pages a Slack channel, by an incoming webhook (`api_url_file`: its URL is itself a secret) or by chat.postMessage
 * (`credentials_file`: the bot's token, and `channel`). A bot with a `threads_folder` gives each request a thread
 * whose first message always tells the newest state. */
#include "base/log.h"
#include "notifiers/http.h"
#include "notifiers/slack_message.h"
#include "notifiers/slack_thread.h"
#include <string.h>

#define POST_MESSAGE_URL  "https://slack.com/api/chat.postMessage"
#define POST_MESSAGE      "chat.postMessage"
#define UPDATE_TIMEOUT_MS 5000 /* the page has arrived already; the courier's deadline must not pass over this */

struct slack {
        struct secret url, token; /* NUL-ended; the token is empty for a webhook */
        const char *api_url, *channel, *threads_folder, *ca_file, *proxy_url;
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
        if (!ret->channel)
                return err_because(ERR_CONFIG, "config: `credentials_file` also needs `channel`");
        if ((e = config_text(d, "threads_folder", NULL, &ret->threads_folder)) != OK)
                return e;
        if (ret->threads_folder && ret->threads_folder[0] != '/')
                return err_because(ERR_CONFIG, "config: `threads_folder` must be an absolute path");
        return OK;
}

MUST_CHECK static enum err read_webhook(const struct delivery *d, struct slack *ret)
{
        if (json_object_get(d->config, "api_url"))
                return err_because(ERR_CONFIG, "config: a webhook's URL is a secret: put it into a private file and "
                                               "name that as `api_url_file`");
        if (json_object_get(d->config, "threads_folder"))
                return err_because(ERR_CONFIG, "config: a webhook cannot answer in threads; `threads_folder` needs "
                                               "`credentials_file` and `channel`");
        enum err e = config_secret(d, "api_url_file", &ret->url);
        if (e == OK)
                ret->api_url = (const char *)ret->url.bytes;
        return e;
}

MUST_CHECK static enum err read_config(const struct delivery *d, struct slack *ret)
{
        static const char *const known[] = {"api_url",        "api_url_file", "credentials_file", "channel",
                                            "threads_folder", "ca_file",      "proxy_url",        NULL};
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = config_peer(d, &ret->ca_file, &ret->proxy_url)) != OK)
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

static void judge_webhook(const struct delivery *d, const struct https_answer *a, struct outcome *o)
{
        const char *body = https_text(a);
        if (a->status != 200)
                http_judge(a, error_word(body), o);
        else if (strcmp(body, "ok") != 0)
                outcome_fail(o, PLUGIN_FAILED, "answered 200, but not `ok`: this is not Slack");
        else
                bytes_add_text(&o->id, event_text(d, "dedup_key")); /* a webhook gives no name of its own */
}

/* chat.postMessage says 200 also when it refuses. ret_said: to be dropped by the caller. */
static void judge_post(const struct https_answer *a, json_t **ret_said, struct outcome *o)
{
        json_t *said = *ret_said = json_loadb(https_text(a), a->n, 0, NULL);
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

static void post_webhook(const struct delivery *d, const struct slack *s, struct outcome *o)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct https_answer answer = {0};
        slack_message(d, NULL, &body);
        struct http_post post = {
                .url = s->api_url, .ca_file = s->ca_file, .proxy_url = s->proxy_url, .body = bytes_span(&body)};
        if (http_post(&post, &answer, o) == PLUGIN_OK)
                judge_webhook(d, &answer, o);
        https_answer_done(&answer);
}

/* One call of the Web API. Returns what Slack said (NULL when nothing readable), which the caller drops. */
static json_t *call(const struct delivery *d, const struct slack *s, const char *url, const struct slack_place *place,
                    int64_t timeout_ms, struct outcome *o)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct https_answer answer = {0};
        json_t *said = NULL;
        slack_message(d, place, &body);
        struct http_post post = {.url = url,
                                 .bearer = (const char *)s->token.bytes,
                                 .ca_file = s->ca_file,
                                 .proxy_url = s->proxy_url,
                                 .timeout_ms = timeout_ms,
                                 .body = bytes_span(&body)};
        if (http_post(&post, &answer, o) == PLUGIN_OK)
                judge_post(&answer, &said, o);
        https_answer_done(&answer);
        return said;
}

/* The thread's first message tells the newest state; whether that works changes nothing about the page. */
static void update_first(const struct delivery *d, const struct slack *s, const struct slack_thread *t)
{
        CLEANUP_BYTES struct bytes url = BYTES_NONE;
        struct outcome o = {.exit = PLUGIN_FAILED};
        const struct slack_place place = {.channel = t->channel, .ts = t->ts};
        size_t n = strlen(s->api_url), method = strlen(POST_MESSAGE);
        if (n < method || strcmp(s->api_url + n - method, POST_MESSAGE) != 0)
                return;
        bytes_add(&url, s->api_url, n - method);
        bytes_add_text(&url, "chat.update");
        json_decref(call(d, s, bytes_text(&url), &place, UPDATE_TIMEOUT_MS, &o));
        if (o.exit != PLUGIN_OK)
                log_event(LOG_LEVEL_WARNING, "thread.not_updated", F_TEXT("why", bytes_text(&o.why)));
        outcome_done(&o);
}

static void keep_first(const struct delivery *d, const struct slack *s, json_t *said)
{
        const char *channel = json_string_value(json_object_get(said, "channel"));
        const char *ts = json_string_value(json_object_get(said, "ts"));
        if (s->threads_folder && channel && ts)
                slack_thread_keep(d, s->threads_folder, channel, ts);
}

/* An opening is also shown in the channel: nobody should have to follow a thread to hear of it. */
static bool is_for_all(const struct delivery *d)
{
        const char *severity = event_text(d, "severity");
        return event_is(d, "opened") || event_is(d, "ready") || (severity && !strcmp(severity, "critical"));
}

/* Answers in the thread. False when Slack does not want it there: a page is worth more than its thread. */
static bool post_answer(const struct delivery *d, const struct slack *s, struct outcome *o)
{
        struct slack_thread t;
        if (!s->threads_folder || !slack_thread_find(d, s->threads_folder, &t))
                return false;
        const struct slack_place place = {.channel = t.channel, .thread_ts = t.ts, .is_broadcast = is_for_all(d)};
        json_decref(call(d, s, s->api_url, &place, 0, o));
        if (o->exit == PLUGIN_OK)
                update_first(d, s, &t);
        return o->exit != PLUGIN_REFUSED && o->exit != PLUGIN_FAILED;
}

static void post_bot(const struct delivery *d, const struct slack *s, struct outcome *o)
{
        if (!post_answer(d, s, o)) {
                const struct slack_place place = {.channel = s->channel};
                CLEANUP_JSON json_t *said = call(d, s, s->api_url, &place, 0, o);
                if (o->exit == PLUGIN_OK)
                        keep_first(d, s, said);
        }
        if (o->exit == PLUGIN_OK && s->threads_folder)
                slack_thread_settle(d, s->threads_folder);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        struct slack s = {0};
        if (read_config(d, &s) != OK)
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        else if (s.channel)
                post_bot(d, &s, ret);
        else
                post_webhook(d, &s, ret);
        slack_done(&s);
}

int main(void)
{
        return deliver_main("slack", deliver);
}
