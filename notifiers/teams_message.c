#include "notifiers/teams_message.h"
#include <string.h>

static void add_run(struct bytes *ret, struct span text, const char *more)
{
        bytes_add_text(ret, "{\"type\":\"TextRun\",\"text\":");
        bytes_add_json(ret, text);
        bytes_add_text(ret, more);
        bytes_add_byte(ret, '}');
}

static void begin_block(struct bytes *ret)
{
        bytes_add_text(ret, "{\"type\":\"RichTextBlock\",\"inlines\":[");
}

static void end_block(struct bytes *ret)
{
        bytes_add_text(ret, "]}");
}

static bool is_alarming(const struct delivery *d)
{
        const char *severity = event_text(d, "severity");
        return event_is(d, "opened") || (severity && !strcmp(severity, "critical"));
}

static void add_title(struct bytes *ret, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes title = BYTES_NONE;
        words_safe(words_title(event_text(d, "kind")), TEAMS_TITLE_MAX, &title);
        begin_block(ret);
        add_run(ret, bytes_span(&title),
                is_alarming(d) ? ",\"size\":\"large\",\"weight\":\"bolder\",\"color\":\"attention\""
                               : ",\"size\":\"large\",\"weight\":\"bolder\"");
        end_block(ret);
}

static void add_summary(struct bytes *ret, const struct delivery *d, size_t max)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        words_safe(event_text(d, "text"), max, &text);
        bytes_add_byte(ret, ',');
        begin_block(ret);
        add_run(ret, bytes_span(&text), "");
        end_block(ret);
}

static void add_facts(struct bytes *ret, const struct delivery *d, size_t max)
{
        struct facts f;
        facts_of(d, max, &f);
        for (size_t i = 0; i < f.n; i++) {
                char label[64];
                snprintf(label, sizeof label, "%s: ", f.fact[i].label);
                bytes_add_byte(ret, ',');
                begin_block(ret);
                add_run(ret, span_text(label), ",\"weight\":\"bolder\"");
                bytes_add_byte(ret, ',');
                add_run(ret, bytes_span(&f.fact[i].text), "");
                end_block(ret);
        }
        facts_done(&f);
}

static void write_card(const struct delivery *d, size_t max, struct bytes *ret)
{
        bytes_add_text(ret, "{\"type\":\"message\",\"attachments\":[{"
                            "\"contentType\":\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,"
                            "\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
                            "\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"msteams\":{\"width\":\"Full\"},"
                            "\"body\":[");
        add_title(ret, d);
        add_summary(ret, d, 2 * max);
        add_facts(ret, d, max);
        bytes_add_text(ret, "]}}]}");
}

void teams_message(const struct delivery *d, struct bytes *ret)
{
        static const size_t lengths[] = {500, 250, 100};
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
                bytes_clear(ret);
                write_card(d, lengths[i], ret);
                if (ret->n <= TEAMS_BYTES_MAX)
                        return;
        }
}
