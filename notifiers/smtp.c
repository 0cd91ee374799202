#include "notifiers/smtp.h"
#include "base/transfer.h"
#include <string.h>

#define VERB_MAX        8u
#define REPLY_TIMEOUT_S 15L /* the answer to the last byte is not under the timeout of the whole */

struct conversation {
        struct span rest; /* of the message: what is still to be given away */
        char verb[VERB_MAX + 1];
        size_t refused; /* recipients */
};

static size_t on_read(char *buffer, size_t size, size_t n, void *context)
{
        struct conversation *talk = context;
        size_t take = size * n < talk->rest.n ? size * n : talk->rest.n;
        memcpy(buffer, talk->rest.p, take);
        talk->rest = span_of(talk->rest.p + take, talk->rest.n - take);
        return take;
}

/* Keeps a command's verb and nothing else of it: a login's answers are passed through here too. */
static void note_command(struct conversation *talk, const char *line, size_t n)
{
        static const char *const verbs[] = {"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"};
        for (size_t i = 0; i < COUNT_OF(verbs); i++) {
                size_t length = strlen(verbs[i]);
                if (n > length && !memcmp(line, verbs[i], length) && (line[length] == ' ' || line[length] == '\r'))
                        memcpy(talk->verb, verbs[i], length + 1);
        }
}

static int on_debug(CURL *c UNUSED, curl_infotype type, char *line, size_t n, void *context)
{
        struct conversation *talk = context;
        if (type == CURLINFO_HEADER_OUT)
                note_command(talk, line, n);
        if (type == CURLINFO_HEADER_IN && !strcmp(talk->verb, "RCPT") && n > 3 && line[3] != '-' && line[0] >= '4')
                talk->refused++;
        return 0;
}

MUST_CHECK static bool set_mail(CURL *c, const struct smtp_mail *m, struct curl_slist *to, struct conversation *talk)
{
        bool ok = true;
        SET(CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        SET(CURLOPT_MAIL_FROM, m->from);
        SET(CURLOPT_MAIL_RCPT, to);
        SET(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L); /* one wrong address must not keep the page from everybody */
        SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, REPLY_TIMEOUT_S);
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->message.n);
        SET(CURLOPT_READFUNCTION, on_read);
        SET(CURLOPT_READDATA, talk);
        SET(CURLOPT_VERBOSE, 1L);
        SET(CURLOPT_DEBUGFUNCTION, on_debug);
        SET(CURLOPT_DEBUGDATA, talk);
        if (m->username) {
                SET(CURLOPT_USERNAME, m->username);
                SET(CURLOPT_PASSWORD, m->password);
        }
        return ok;
}

static bool is_login(CURLcode code, long reply)
{
        return code == CURLE_LOGIN_DENIED || reply == 530 || reply == 534 || reply == 535 || reply == 538;
}

/* By the server's reply where there is one: libcurl's own codes don't tell 451 from 550. */
static void judge(CURLcode code, long reply, const struct conversation *talk, struct outcome *o)
{
        if (code == CURLE_OK)
                o->exit = PLUGIN_OK;
        else if (reply >= 400 && reply < 500)
                outcome_fail(o, PLUGIN_TRY_AGAIN, "the server answered %ld to %s", reply, talk->verb);
        else if (code == CURLE_USE_SSL_FAILED)
                outcome_fail(o, PLUGIN_MISCONFIGURED, "the server offers no STARTTLS; nothing was sent to it");
        else if (is_login(code, reply))
                outcome_fail(o, PLUGIN_REFUSED, "the server refused the login (%ld)", reply);
        else if (reply >= 500 && reply < 600)
                outcome_fail(o, PLUGIN_FAILED, "the server answered %ld to %s", reply, talk->verb);
        else
                o->exit = outcome_of_transfer(transfer_judge(code, talk->rest.n == 0, &o->why));
}

static struct curl_slist *list_recipients(const struct smtp_mail *m)
{
        struct curl_slist *list = NULL;
        for (size_t i = 0; i < m->n_to; i++) {
                struct curl_slist *longer = curl_slist_append(list, m->to[i]);
                if (!longer)
                        curl_slist_free_all(list);
                if (!longer)
                        return NULL;
                list = longer;
        }
        return list;
}

void smtp_send(const struct smtp_mail *m, size_t *ret_refused, struct outcome *o)
{
        struct conversation talk = {.rest = m->message, .verb = "connect"};
        struct transfer t = {.url = m->url,
                             .protocols = "smtp,smtps",
                             .ca_file = m->ca_file,
                             .proxy_url = m->proxy_url,
                             .timeout_ms = TRANSFER_TIMEOUT_MS};
        struct curl_slist *to = list_recipients(m);
        CURL *c = transfer_new();
        if (!c || !to || !transfer_prepare(c, &t) || !set_mail(c, m, to, &talk)) {
                outcome_fail(o, PLUGIN_MISCONFIGURED, "the mail could not be prepared; see smarthost, ca_file");
        } else {
                long reply = 0;
                CURLcode code = curl_easy_perform(c);
                if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &reply) != CURLE_OK)
                        reply = 0;
                judge(code, reply, &talk, o);
        }
        *ret_refused = talk.refused;
        curl_easy_cleanup(c);
        curl_slist_free_all(to);
}
