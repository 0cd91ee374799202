#include "notifiers/syslog_message.h"
#include "base/clock.h"
#include <string.h>

#define HOSTNAME_MAX 255u
#define MSGID_MAX    32u
#define TEXT_MAX     500u

enum err syslog_facility(const char *name, unsigned *ret)
{
        static const struct {
                const char *name;
                unsigned number;
        } known[] = {{"user", 1},    {"daemon", 3},  {"auth", 4},    {"authpriv", 10}, {"audit", 13},
                     {"local0", 16}, {"local1", 17}, {"local2", 18}, {"local3", 19},   {"local4", 20},
                     {"local5", 21}, {"local6", 22}, {"local7", 23}};
        for (size_t i = 0; i < COUNT_OF(known); i++)
                if (!strcmp(known[i].name, name)) {
                        *ret = known[i].number;
                        return OK;
                }
        return err_because(ERR_CONFIG,
                           "config: `facility` is user, daemon, auth, authpriv, audit or local0 to local7");
}

static unsigned severity_of(const struct delivery *d)
{
        const char *severity = event_text(d, "severity");
        if (event_is(d, "opened") || !severity || !strcmp(severity, "critical"))
                return 2;
        if (!strcmp(severity, "error"))
                return 3;
        return strcmp(severity, "warning") != 0 ? 6 : 4;
}

/* A field of the header: printable ASCII without a space, "-" when there is nothing to say. */
static void add_word(struct bytes *ret, const char *text, size_t max)
{
        size_t n = strlen(text);
        bytes_add_byte(ret, ' ');
        if (n == 0)
                bytes_add_byte(ret, '-');
        for (size_t i = 0; i < n && i < max; i++)
                bytes_add_byte(ret, (unsigned char)(text[i] > ' ' && text[i] <= '~' ? text[i] : '_'));
}

/* Exactly `"`, `\` and `]` are escaped in a value (RFC 5424, 6.3.3). */
static void add_parameter(struct bytes *ret, const char *key, const struct bytes *text)
{
        bytes_printf(ret, " %s=\"", key);
        for (size_t i = 0; i < text->n; i++) {
                if (strchr("\"\\]", text->p[i]))
                        bytes_add_byte(ret, '\\');
                bytes_add_byte(ret, text->p[i]);
        }
        bytes_add_byte(ret, '"');
}

static void add_key(struct bytes *ret, const struct delivery *d, const char *key)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        words_safe(event_text(d, key), SYSLOG_FACT_MAX, &text);
        if (text.n)
                add_parameter(ret, key, &text);
}

/* 32473 is the enterprise number that is set aside for whoever has none (RFC 5612). */
static void add_data(struct bytes *ret, const struct delivery *d)
{
        struct facts f;
        facts_of(d, SYSLOG_FACT_MAX, &f);
        bytes_add_text(ret, " [breakglass@32473");
        add_key(ret, d, "kind");
        add_key(ret, d, "dedup_key");
        for (size_t i = 0; i < f.n; i++)
                add_parameter(ret, f.fact[i].key, &f.fact[i].text);
        bytes_add_byte(ret, ']');
        facts_done(&f);
}

/* Text beyond ASCII begins with a byte order mark, so that the receiver knows that it is UTF-8. */
static void add_text(struct bytes *ret, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bool is_ascii = true;
        words_safe(event_text(d, "text"), TEXT_MAX, &text);
        for (size_t i = 0; i < text.n; i++)
                is_ascii = is_ascii && text.p[i] < 0x80;
        bytes_add_text(ret, is_ascii ? " " : " \xef\xbb\xbf");
        bytes_add_span(ret, bytes_span(&text));
}

void syslog_frame(const struct delivery *d, const struct syslog_origin *from, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes message = BYTES_NONE;
        int64_t at = event_int(d, "at");
        char time[TIME_TEXT];
        bytes_printf(&message, "<%u>1 %s", from->facility * 8 + severity_of(d),
                     time_format(at > 0 ? at : from->default_ms, time));
        add_word(&message, from->hostname, HOSTNAME_MAX);
        bytes_add_text(&message, " breakglass -");
        add_word(&message, event_text(d, "kind"), MSGID_MAX);
        add_data(&message, d);
        add_text(&message, d);
        bytes_printf(ret, "%zu ", message.n);
        bytes_add_span(ret, bytes_span(&message));
}
