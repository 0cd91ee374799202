/* Pages by mail through a `smarthost` (host:port), always inside TLS: from the first byte on port 465 (or with
 * `force_implicit_tls`), elsewhere by STARTTLS. Keys are named as Alertmanager names them. */
#include "base/clock.h"
#include "notifiers/email_message.h"
#include "notifiers/smtp.h"
#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

struct email {
        struct secret password; /* NUL-ended, or empty */
        struct bytes url, to_header;
        char *to_words; /* what mail.to points into */
        struct smtp_mail mail;
};

static void email_done(struct email *m)
{
        secret_wipe(&m->password);
        bytes_done(&m->url);
        bytes_done(&m->to_header);
        free(m->to_words);
}

MUST_CHECK static enum err read_tls(const struct delivery *d, const char *smarthost, bool *ret_is_implicit)
{
        const char *forced;
        enum err e = config_text(d, "force_implicit_tls", NULL, &forced);
        if (e != OK)
                return e;
        if (forced && strcmp(forced, "true") != 0 && strcmp(forced, "false") != 0)
                return err_because(ERR_CONFIG, "config: `force_implicit_tls` is true or false");
        *ret_is_implicit = forced ? !strcmp(forced, "true") : !strcmp(strrchr(smarthost, ':'), ":465");
        return OK;
}

MUST_CHECK static enum err read_server(const struct delivery *d, struct email *ret)
{
        const char *smarthost, *hello;
        bool is_implicit = false;
        enum err e;
        if ((e = config_host_port(d, "smarthost", &smarthost)) != OK)
                return e;
        if ((e = config_text(d, "hello", "", &hello)) != OK)
                return e;
        if (hello[strspn(hello, LETTERS ".-")] != 0)
                return err_because(ERR_CONFIG, "config: `hello` must be a host name");
        if ((e = read_tls(d, smarthost, &is_implicit)) != OK)
                return e;
        bytes_printf(&ret->url, "%s://%s/%s", is_implicit ? "smtps" : "smtp", smarthost, hello);
        ret->mail.url = bytes_text(&ret->url);
        return config_peer(d, &ret->mail.ca_file, &ret->mail.proxy_url);
}

MUST_CHECK static enum err read_login(const struct delivery *d, struct email *ret)
{
        enum err e = config_text(d, "auth_username", NULL, &ret->mail.username);
        if (e != OK)
                return e;
        if (!ret->mail.username != !json_object_get(d->config, "auth_password_file"))
                return err_because(ERR_CONFIG, "config: `auth_username` and `auth_password_file` belong together");
        if (ret->mail.username && (e = config_secret(d, "auth_password_file", &ret->password)) == OK)
                ret->mail.password = (const char *)ret->password.bytes;
        return e;
}

static bool has_recipient(const struct email *m, const char *address)
{
        for (size_t i = 0; i < m->mail.n_to; i++)
                if (!strcmp(m->mail.to[i], address))
                        return true;
        return false;
}

static void add_recipient(struct email *m, const char *address)
{
        bytes_printf(&m->to_header, "%s%s", m->mail.n_to ? ",\r\n " : "", address);
        m->mail.to[m->mail.n_to++] = address;
}

/* Those whom the page addresses, at the addresses that the roster has of them; never for what is over. */
static void add_people(const struct delivery *d, struct email *m)
{
        json_t *person;
        size_t i;
        if (json_is_true(json_object_get(d->event, "quiet")))
                return;
        json_array_foreach (json_object_get(d->event, "to"), i, person) {
                const char *at = json_string_value(json_object_get(json_object_get(person, "contact"), "email"));
                if (at && email_is_address(at) && !has_recipient(m, at) && m->mail.n_to < SMTP_RECIPIENTS_MAX)
                        add_recipient(m, at);
        }
}

MUST_CHECK static enum err read_addresses(const struct delivery *d, struct email *ret)
{
        const char *to;
        char *rest = NULL;
        enum err e;
        if ((e = config_text(d, "from", NULL, &ret->mail.from)) != OK || (e = config_text(d, "to", NULL, &to)) != OK)
                return e;
        if (!ret->mail.from || !to || !email_is_address(ret->mail.from))
                return err_because(ERR_CONFIG, "config: `from` must be NAME@DOMAIN, `to` one or several of them");
        ret->to_words = mem_text(to);
        for (char *word = strtok_r(ret->to_words, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
                if (!email_is_address(word) || ret->mail.n_to == SMTP_RECIPIENTS_MAX)
                        return err_because(ERR_CONFIG,
                                           "config: `to` must be at most %u of NAME@DOMAIN, separated "
                                           "by commas",
                                           SMTP_RECIPIENTS_MAX);
                add_recipient(ret, word);
        }
        if (!ret->mail.n_to)
                return err_because(ERR_CONFIG, "config: `to` names nobody");
        add_people(d, ret);
        return OK;
}

MUST_CHECK static enum err read_config(const struct delivery *d, struct email *ret)
{
        static const char *const known[] = {
                "smarthost",          "from",      "to", "hello", "auth_username", "auth_password_file", "ca_file",
                "force_implicit_tls", "proxy_url", NULL};
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = read_server(d, ret)) != OK)
                return e;
        if ((e = read_addresses(d, ret)) != OK)
                return e;
        return read_login(d, ret);
}

static void send_mail(const struct delivery *d, struct email *m, struct outcome *o)
{
        CLEANUP_BYTES struct bytes message = BYTES_NONE;
        struct envelope_addresses addresses = {
                .from = m->mail.from, .to = bytes_text(&m->to_header), .default_ms = clock_now_ms()};
        size_t refused = 0;
        email_message(d, &addresses, &message);
        m->mail.message = bytes_span(&message);
        smtp_send(&m->mail, &refused, o);
        if (o->exit != PLUGIN_OK)
                return;
        email_id(d, m->mail.from, &o->id);
        if (refused)
                bytes_printf(&o->id, " (%zu of %zu addresses refused)", refused, m->mail.n_to);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        struct email m = {0};
        if (read_config(d, &m) == OK)
                send_mail(d, &m, ret);
        else
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        email_done(&m);
}

int main(void)
{
        return deliver_main("email", deliver);
}
