#include "notifiers/slack_message.h"
#include <string.h>

#define MEMBER_MAX 20u

void slack_escape(struct span utf8, struct bytes *ret)
{
        for (size_t i = 0; i < utf8.n; i++) {
                switch (utf8.p[i]) {
                case '&': bytes_add_text(ret, "&amp;"); break;
                case '<': bytes_add_text(ret, "&lt;"); break;
                case '>': bytes_add_text(ret, "&gt;"); break;
                default: bytes_add_byte(ret, utf8.p[i]);
                }
        }
}

static void add_plain(struct bytes *ret, struct span text)
{
        bytes_add_text(ret, "{\"type\":\"plain_text\",\"emoji\":false,\"text\":");
        bytes_add_json(ret, text);
        bytes_add_byte(ret, '}');
}

static void add_fallback(struct bytes *ret, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes safe = BYTES_NONE, escaped = BYTES_NONE;
        words_safe(event_text(d, "text"), SLACK_TEXT_MAX, &safe);
        slack_escape(bytes_span(&safe), &escaped);
        bytes_add_text(ret, "\"text\":");
        bytes_add_json(ret, bytes_span(&escaped));
}

static void add_header(struct bytes *ret, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes title = BYTES_NONE;
        words_safe(words_title(event_text(d, "kind")), SLACK_HEADER_MAX, &title);
        bytes_add_text(ret, "{\"type\":\"header\",\"text\":");
        add_plain(ret, bytes_span(&title));
        bytes_add_byte(ret, '}');
}

static void add_summary(struct bytes *ret, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        words_safe(event_text(d, "text"), SLACK_TEXT_MAX, &text);
        bytes_add_text(ret, ",{\"type\":\"section\",\"text\":");
        add_plain(ret, bytes_span(&text));
        bytes_add_byte(ret, '}');
}

/* U0123 or W0123: nothing that could be mark-up. */
static bool is_member(const char *id)
{
        size_t n = id ? strlen(id) : 0;
        return n >= 2 && n <= MEMBER_MAX && (id[0] == 'U' || id[0] == 'W') &&
               strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n;
}

/* Whom the page is for, so that Slack rings for them; nobody for what only tells that it is over. */
static void add_mentions(struct bytes *ret, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes mentions = BYTES_NONE;
        json_t *person;
        size_t i;
        if (json_is_true(json_object_get(d->event, "quiet")))
                return;
        json_array_foreach (json_object_get(d->event, "to"), i, person) {
                const char *id = json_string_value(json_object_get(json_object_get(person, "contact"), "slack"));
                if (is_member(id) && mentions.n < SLACK_FIELD_MAX - MEMBER_MAX - 4)
                        bytes_printf(&mentions, "%s<@%s>", mentions.n ? " " : "", id);
        }
        if (!mentions.n)
                return;
        bytes_add_text(ret, ",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":");
        bytes_add_json(ret, bytes_span(&mentions));
        bytes_add_text(ret, "}}");
}

static void add_facts(struct bytes *ret, const struct facts *f)
{
        for (size_t i = 0; i < f->n; i++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                bytes_printf(&text, "%s: ", f->fact[i].label);
                bytes_add_span(&text, bytes_span(&f->fact[i].text));
                bytes_add_text(ret, i % SLACK_FIELDS_MAX ? "," : ",{\"type\":\"section\",\"fields\":[");
                add_plain(ret, bytes_span(&text));
                if (i % SLACK_FIELDS_MAX == SLACK_FIELDS_MAX - 1 || i == f->n - 1)
                        bytes_add_text(ret, "]}");
        }
}

static void add_place(struct bytes *ret, const struct slack_place *place)
{
        const char *const texts[][2] = {
                {"channel", place->channel}, {"thread_ts", place->thread_ts}, {"ts", place->ts}};
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
                if (!texts[i][1])
                        continue;
                bytes_printf(ret, "\"%s\":", texts[i][0]);
                bytes_add_json(ret, span_text(texts[i][1]));
                bytes_add_byte(ret, ',');
        }
        if (place->thread_ts && place->is_broadcast)
                bytes_add_text(ret, "\"reply_broadcast\":true,");
}

void slack_message(const struct delivery *d, const struct slack_place *place, struct bytes *ret)
{
        struct facts f;
        facts_of(d, SLACK_FIELD_MAX, &f);
        bytes_add_byte(ret, '{');
        if (place)
                add_place(ret, place);
        add_fallback(ret, d);
        bytes_add_text(ret, ",\"blocks\":[");
        add_header(ret, d);
        add_summary(ret, d);
        add_mentions(ret, d);
        add_facts(ret, &f);
        bytes_add_text(ret, "]}");
        facts_done(&f);
}
