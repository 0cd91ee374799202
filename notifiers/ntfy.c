/* Pages by ntfy, the public service or one's own server (`url`): a JSON POST to its root, to a `topic` (or
 * `topic_file`, where knowing the topic is what lets people read it), with a token if `credentials_file` names one.
 */
#include "notifiers/http.h"
#include "notifiers/ntfy_message.h"
#include <string.h>

#define NTFY_URL "https://ntfy.sh"

struct ntfy {
        struct secret topic, token; /* NUL-ended; the token may be empty */
        const char *url, *ca_file, *proxy_url;
};

MUST_CHECK static enum err read_topic(const struct delivery *d, struct secret *ret)
{
        const char *open;
        enum err e = config_text(d, "topic", NULL, &open);
        if (e != OK)
                return e;
        if (open && json_object_get(d->config, "topic_file"))
                return err_because(ERR_CONFIG, "config: either `topic` or `topic_file`");
        e = open ? secret_copy(open, strlen(open) + 1, ret) : config_secret(d, "topic_file", ret);
        if (e == OK && !ntfy_is_topic((const char *)ret->bytes))
                return err_because(ERR_CONFIG, "config: a topic is 1 to 64 letters, digits, `_` and `-`");
        return e;
}

MUST_CHECK static enum err read_config(const struct delivery *d, struct ntfy *ret)
{
        static const char *const known[] = {"url",     "topic",     "topic_file", "credentials_file",
                                            "ca_file", "proxy_url", NULL};
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = config_text(d, "url", NTFY_URL, &ret->url)) != OK)
                return e;
        if ((e = config_peer(d, &ret->ca_file, &ret->proxy_url)) != OK)
                return e;
        if (json_object_get(d->config, "credentials_file") &&
            (e = config_secret(d, "credentials_file", &ret->token)) != OK)
                return e;
        return read_topic(d, &ret->topic);
}

/* ntfy answers with the message that it has made, and its id. */
static void judge(const struct https_answer *a, struct outcome *o)
{
        CLEANUP_JSON json_t *said = json_loadb(https_text(a), a->n, 0, NULL);
        const char *id = json_string_value(json_object_get(said, "id"));
        if (a->status != 200)
                http_judge(a, "", o); /* its words may name the topic */
        else if (!id || !*id)
                outcome_fail(o, PLUGIN_FAILED, "answered 200, but not as ntfy does");
        else
                words_safe(id, 64, &o->id);
}

static void post_message(const struct delivery *d, const struct ntfy *n, struct outcome *o)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct https_answer answer = {0};
        ntfy_message(d, (const char *)n->topic.bytes, &body);
        struct http_post post = {.url = n->url,
                                 .bearer = n->token.bytes ? (const char *)n->token.bytes : NULL,
                                 .ca_file = n->ca_file,
                                 .proxy_url = n->proxy_url,
                                 .body = bytes_span(&body)};
        if (http_post(&post, &answer, o) == PLUGIN_OK)
                judge(&answer, o);
        https_answer_done(&answer);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        struct ntfy n = {0};
        if (read_config(d, &n) == OK)
                post_message(d, &n, ret);
        else
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        secret_wipe(&n.topic);
        secret_wipe(&n.token);
}

int main(void)
{
        return deliver_main("ntfy", deliver);
}
