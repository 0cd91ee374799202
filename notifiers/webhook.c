/* Pages a program of one's own by Standard Webhooks (`url` or `url_file`), signed with what the receiver can check:
 * an HMAC that it shares (`hmac_key_file`), an Ed25519 key whose public half it has (`signing_key_file`), or both. */
#include "base/clock.h"
#include "notifiers/http.h"
#include "notifiers/webhook_message.h"
#include "notifiers/webhook_sign.h"

struct webhook {
        struct secret url, token;    /* NUL-ended; empty where the configuration has none */
        struct secret hmac, ed25519; /* keys, at least one */
        const char *open_url, *ca_file, *proxy_url;
};

static void webhook_done(struct webhook *w)
{
        secret_wipe(&w->url);
        secret_wipe(&w->token);
        secret_wipe(&w->hmac);
        secret_wipe(&w->ed25519);
}

MUST_CHECK static enum err read_key(const struct delivery *d, const char *name,
                                    enum err (*decode)(const struct secret *, struct secret *), struct secret *ret)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        if (!json_object_get(d->config, name))
                return OK;
        enum err e = config_secret(d, name, &text);
        return e == OK ? decode(&text, ret) : e;
}

MUST_CHECK static enum err read_keys(const struct delivery *d, struct webhook *ret)
{
        enum err e = read_key(d, "hmac_key_file", webhook_hmac_key, &ret->hmac);
        if (e == OK)
                e = read_key(d, "signing_key_file", webhook_signing_key, &ret->ed25519);
        if (e == OK && !ret->hmac.len && !ret->ed25519.len)
                return err_because(ERR_CONFIG,
                                   "config: `hmac_key_file` or `signing_key_file` is needed: the receiver "
                                   "must be able to tell our pages from anybody's");
        return e;
}

MUST_CHECK static enum err read_url(const struct delivery *d, struct webhook *ret)
{
        enum err e = config_text(d, "url", NULL, &ret->open_url);
        if (e != OK)
                return e;
        if (ret->open_url && json_object_get(d->config, "url_file"))
                return err_because(ERR_CONFIG, "config: either `url` or `url_file`");
        if (ret->open_url)
                return OK;
        if ((e = config_secret(d, "url_file", &ret->url)) == OK)
                ret->open_url = (const char *)ret->url.bytes;
        return e;
}

MUST_CHECK static enum err read_config(const struct delivery *d, struct webhook *ret)
{
        static const char *const known[] = {"url",     "url_file",  "hmac_key_file",    "signing_key_file",
                                            "ca_file", "proxy_url", "credentials_file", NULL};
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = config_peer(d, &ret->ca_file, &ret->proxy_url)) != OK)
                return e;
        if (json_object_get(d->config, "credentials_file") &&
            (e = config_secret(d, "credentials_file", &ret->token)) != OK)
                return e;
        if ((e = read_url(d, ret)) != OK)
                return e;
        return read_keys(d, ret);
}

struct letter {
        struct bytes id, body, id_header, time_header, signature_header;
};

static void letter_done(struct letter *l)
{
        bytes_done(&l->id);
        bytes_done(&l->body);
        bytes_done(&l->id_header);
        bytes_done(&l->time_header);
        bytes_done(&l->signature_header);
}

/* The time is that of the attempt: receivers refuse an old one, so that nobody can repeat what was overheard. */
MUST_CHECK static enum err write_letter(const struct delivery *d, const struct webhook *w, struct letter *ret)
{
        CLEANUP_BYTES struct bytes content = BYTES_NONE;
        long long now_s = clock_now_ms() / SECOND_MS;
        enum err e = OK;
        webhook_id(d, &ret->id);
        webhook_message(d, &ret->body);
        bytes_printf(&content, "%s.%lld.", bytes_text(&ret->id), now_s);
        bytes_add_span(&content, bytes_span(&ret->body));
        bytes_printf(&ret->id_header, "webhook-id: %s", bytes_text(&ret->id));
        bytes_printf(&ret->time_header, "webhook-timestamp: %lld", now_s);
        bytes_add_text(&ret->signature_header, "webhook-signature: ");
        if (w->hmac.len)
                e = webhook_sign_hmac(&w->hmac, bytes_span(&content), &ret->signature_header);
        if (w->hmac.len && w->ed25519.len)
                bytes_add_byte(&ret->signature_header, ' ');
        if (e == OK && w->ed25519.len)
                e = webhook_sign_ed25519(&w->ed25519, bytes_span(&content), &ret->signature_header);
        return e;
}

static void judge(const struct https_answer *a, const struct bytes *id, struct outcome *o)
{
        if (a->status >= 200 && a->status < 300)
                bytes_add_span(&o->id, bytes_span(id));
        else if (a->status == 410)
                outcome_fail(o, PLUGIN_MISCONFIGURED,
                             "answered 410: the receiver wants no more pages; take this "
                             "channel out of the configuration");
        else
                http_judge(a, "", o);
}

static void post_letter(const struct webhook *w, const struct letter *l, struct outcome *o)
{
        struct https_answer answer = {0};
        struct http_post post = {
                .url = w->open_url,
                .bearer = w->token.bytes ? (const char *)w->token.bytes : NULL,
                .headers = {bytes_text(&l->id_header), bytes_text(&l->time_header), bytes_text(&l->signature_header)},
                .ca_file = w->ca_file,
                .proxy_url = w->proxy_url,
                .body = bytes_span(&l->body)};
        if (http_post(&post, &answer, o) == PLUGIN_OK)
                judge(&answer, &l->id, o);
        https_answer_done(&answer);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        struct webhook w = {0};
        struct letter l = {0};
        if (read_config(d, &w) != OK)
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        else if (write_letter(d, &w, &l) != OK)
                outcome_fail(ret, PLUGIN_TRY_AGAIN, "the page could not be signed");
        else
                post_letter(&w, &l, ret);
        letter_done(&l);
        webhook_done(&w);
}

int main(void)
{
        return deliver_main("webhook", deliver);
}
