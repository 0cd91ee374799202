#include "notifiers/ntfy_message.h"
#include <string.h>

#define TOPIC_MAX 64u

bool ntfy_is_topic(const char *text)
{
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
        return n > 0 && n <= TOPIC_MAX && text[n] == 0;
}

/* 5 rings through "do not disturb", 3 is the usual sound, 2 makes none. */
static int priority_of(const struct delivery *d)
{
        const char *severity = event_text(d, "severity");
        if (event_is(d, "opened") || !severity || !strcmp(severity, "critical"))
                return 5;
        if (event_is(d, "requested") || !strcmp(severity, "error"))
                return 4; /* who can approve should hear it */
        return strcmp(severity, "info") != 0 ? 3 : 2;
}

/* Whole lines only, so that a cut page does not say half a thing. */
static void add_line(struct bytes *to, const char *label, struct span text)
{
        if (to->n + strlen(label) + text.n + 3 > NTFY_MESSAGE_MAX)
                return;
        if (to->n)
                bytes_add_byte(to, '\n');
        bytes_add_text(to, label);
        bytes_add_span(to, text);
}

static void write_text(const struct delivery *d, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct facts f;
        facts_of(d, NTFY_FACT_MAX, &f);
        words_safe(event_text(d, "text"), NTFY_TEXT_MAX, &text);
        add_line(ret, "", bytes_span(&text));
        for (size_t i = 0; i < f.n; i++) {
                char label[64];
                snprintf(label, sizeof label, "%s: ", f.fact[i].label);
                add_line(ret, label, bytes_span(&f.fact[i].text));
        }
        facts_done(&f);
}

void ntfy_message(const struct delivery *d, const char *topic, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes title = BYTES_NONE, text = BYTES_NONE;
        words_safe(words_title(event_text(d, "kind")), NTFY_TITLE_MAX, &title);
        write_text(d, &text);
        bytes_add_text(ret, "{\"topic\":");
        bytes_add_json(ret, span_text(topic));
        bytes_add_text(ret, ",\"title\":");
        bytes_add_json(ret, bytes_span(&title));
        bytes_add_text(ret, ",\"message\":");
        bytes_add_json(ret, bytes_span(&text));
        bytes_printf(ret, ",\"priority\":%d}", priority_of(d));
}
