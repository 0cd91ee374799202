#include "notifiers/email_message.h"
#include "base/clock.h"
#include "base/utf8.h"
#include <string.h>
#include <time.h>

#define LETTERS          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define ENCODED_WORD_MAX 39u /* bytes of text in one encoded word: with `Subject: ` a line of 73 characters */
#define BASE64_LINE      57u /* bytes of text in a line of 76 characters */

bool email_is_address(const char *text)
{
        size_t local = strspn(text, LETTERS "!#$%&'*+-/=?^_`{|}~.");
        if (local == 0 || text[local] != '@' || strlen(text) > EMAIL_ADDRESS_MAX)
                return false;
        const char *domain = text + local + 1;
        size_t n = strspn(domain, LETTERS "-.");
        return n > 0 && domain[n] == 0 && domain[0] != '.' && domain[0] != '-' && domain[n - 1] != '.';
}

static void add_id(struct bytes *ret, const struct delivery *d, const char *key, const char *from)
{
        CLEANUP_BYTES struct bytes whole = BYTES_NONE;
        const char *installation = event_text(d, "installation");
        bytes_printf(&whole, "%s\n%s", installation ? installation : "", key);
        struct hash h = hash_of(bytes_span(&whole));
        bytes_add_byte(ret, '<');
        bytes_add_hex(ret, h.b, HASH_BYTES / 2);
        bytes_printf(ret, "%s>", strchr(from, '@'));
}

void email_id(const struct delivery *d, const char *from, struct bytes *ret)
{
        add_id(ret, d, event_text(d, "dedup_key"), from);
}

/* The mail of the asking is what every later one about that request answers to: its id follows from the request's. */
static void add_thread(struct bytes *ret, const struct delivery *d, const char *from)
{
        CLEANUP_BYTES struct bytes key = BYTES_NONE, id = BYTES_NONE;
        const char *request = event_text(d, "request_id");
        if (!request)
                return;
        bytes_printf(&key, "requested/%s", request);
        if (!strcmp(bytes_text(&key), event_text(d, "dedup_key")))
                return;
        add_id(&id, d, bytes_text(&key), from);
        bytes_printf(ret, "In-Reply-To: %s\r\nReferences: %s\r\n", bytes_text(&id), bytes_text(&id));
}

/* Names of days and months are English here whatever the locale. */
static void add_date(struct bytes *ret, int64_t at_ms)
{
        static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        time_t s = (time_t)(at_ms / SECOND_MS);
        struct tm t = {0};
        if (!gmtime_r(&s, &t))
                return;
        bytes_printf(ret, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday,
                     months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static bool is_plain(struct span text)
{
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] < ' ' || text.p[i] > '~')
                        return false;
        return true;
}

/* How many bytes of whole code points fit into one encoded word. */
static size_t word_length(struct span text)
{
        size_t n = 0;
        while (n < text.n) {
                uint32_t point;
                size_t next = utf8_next(span_of(text.p + n, text.n - n), &point);
                next = next ? next : 1;
                if (n + next > ENCODED_WORD_MAX)
                        break;
                n += next;
        }
        return n;
}

static void add_encoded(struct bytes *ret, struct span text)
{
        for (size_t i = 0; i < text.n;) {
                size_t n = word_length(span_of(text.p + i, text.n - i));
                bytes_add_text(ret, i ? "\r\n =?UTF-8?B?" : "=?UTF-8?B?");
                bytes_add_base64(ret, span_of(text.p + i, n));
                bytes_add_text(ret, "?=");
                i += n;
        }
}

static void add_subject(struct bytes *ret, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes subject = BYTES_NONE;
        const char *name = event_text(d, "name");
        bytes_add_byte(&subject, '[');
        words_safe(name ? name : "breakglass", 40, &subject);
        bytes_add_text(&subject, "] ");
        words_safe(event_text(d, "text"), EMAIL_SUBJECT_MAX, &subject);
        bytes_add_text(ret, "Subject: ");
        /* `=?` in a plain subject would be read as an encoded word. */
        if (is_plain(bytes_span(&subject)) && !strstr(bytes_text(&subject), "=?"))
                bytes_add_span(ret, bytes_span(&subject));
        else
                add_encoded(ret, bytes_span(&subject));
        bytes_add_text(ret, "\r\n");
}

static bool is_urgent(const struct delivery *d)
{
        const char *severity = event_text(d, "severity");
        return event_is(d, "opened") || (severity && !strcmp(severity, "critical"));
}

static void add_headers(struct bytes *ret, const struct delivery *d, const struct envelope_addresses *a)
{
        CLEANUP_BYTES struct bytes id = BYTES_NONE;
        int64_t at = event_int(d, "at");
        add_date(ret, at > 0 ? at : a->default_ms);
        bytes_printf(ret, "From: breakglass <%s>\r\nTo: %s\r\n", a->from, a->to);
        add_subject(ret, d);
        email_id(d, a->from, &id);
        bytes_printf(ret, "Message-ID: %s\r\n", bytes_text(&id));
        add_thread(ret, d, a->from);
        bytes_add_text(ret, "Auto-Submitted: auto-generated\r\n"); /* no vacation notice answers us */
        if (is_urgent(d))
                bytes_add_text(ret, "Importance: high\r\nX-Priority: 1\r\n");
        bytes_add_text(ret, "MIME-Version: 1.0\r\n");
}

static const char footer[] =
        "Nobody can approve by answering this mail. Keep it: it witnesses what the log was then.";

static void write_text(const struct delivery *d, const struct facts *f, struct bytes *ret)
{
        words_safe(event_text(d, "text"), EMAIL_TEXT_MAX, ret);
        bytes_add_text(ret, "\r\n\r\n");
        for (size_t i = 0; i < f->n; i++)
                bytes_printf(ret, "%s: %s\r\n", f->fact[i].label, bytes_text(&f->fact[i].text));
        bytes_printf(ret, "\r\n%s\r\n", footer);
}

static void add_html(struct bytes *ret, struct span text)
{
        for (size_t i = 0; i < text.n; i++) {
                switch (text.p[i]) {
                case '&': bytes_add_text(ret, "&amp;"); break;
                case '<': bytes_add_text(ret, "&lt;"); break;
                case '>': bytes_add_text(ret, "&gt;"); break;
                case '"': bytes_add_text(ret, "&quot;"); break;
                default: bytes_add_byte(ret, text.p[i]);
                }
        }
}

static void write_html(const struct delivery *d, const struct facts *f, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes title = BYTES_NONE, text = BYTES_NONE;
        words_safe(words_title(event_text(d, "kind")), EMAIL_SUBJECT_MAX, &title);
        words_safe(event_text(d, "text"), EMAIL_TEXT_MAX, &text);
        bytes_add_text(ret, "<!DOCTYPE html>\r\n<html><body>\r\n<h2>");
        add_html(ret, bytes_span(&title));
        bytes_add_text(ret, "</h2>\r\n<p>");
        add_html(ret, bytes_span(&text));
        bytes_add_text(ret, "</p>\r\n<table>\r\n");
        for (size_t i = 0; i < f->n; i++) {
                bytes_printf(ret, "<tr><th align=\"left\">%s</th><td>", f->fact[i].label);
                add_html(ret, bytes_span(&f->fact[i].text));
                bytes_add_text(ret, "</td></tr>\r\n");
        }
        bytes_printf(ret, "</table>\r\n<p>%s</p>\r\n</body></html>\r\n", footer);
}

/* base64 knows neither long lines nor a line that is only a dot, and no boundary can stand in it. */
static void add_part(struct bytes *ret, const char *boundary, const char *type, const struct bytes *content)
{
        bytes_printf(ret,
                     "--%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
                     "Content-Disposition: inline\r\n\r\n",
                     boundary, type);
        for (size_t i = 0; i < content->n; i += BASE64_LINE) {
                size_t n = content->n - i < BASE64_LINE ? content->n - i : BASE64_LINE;
                bytes_add_base64(ret, span_of(content->p + i, n));
                bytes_add_text(ret, "\r\n");
        }
}

void email_message(const struct delivery *d, const struct envelope_addresses *a, struct bytes *ret)
{
        static const char boundary[] = "=_breakglass_page";
        CLEANUP_BYTES struct bytes text = BYTES_NONE, html = BYTES_NONE;
        struct facts f;
        facts_of(d, EMAIL_TEXT_MAX, &f);
        write_text(d, &f, &text);
        write_html(d, &f, &html);
        add_headers(ret, d, a);
        bytes_printf(ret, "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n", boundary);
        add_part(ret, boundary, "text/plain", &text);
        add_part(ret, boundary, "text/html", &html);
        bytes_printf(ret, "--%s--\r\n", boundary);
        facts_done(&f);
}
