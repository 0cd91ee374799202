#include "notifiers/words.h"
#include "base/clock.h"
#include <string.h>

static bool starts_point(unsigned char c)
{
        return (c & 0xc0) != 0x80;
}

static size_t count_points(struct span s)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++)
                n += starts_point(s.p[i]);
        return n;
}

void words_cut(struct span utf8, size_t max, struct bytes *ret)
{
        if (count_points(utf8) <= max) {
                bytes_add_span(ret, utf8);
                return;
        }
        size_t end = 0, points = 0;
        for (; end < utf8.n; end++)
                if (starts_point(utf8.p[end]) && points++ == max - 1)
                        break;
        bytes_add(ret, utf8.p, end);
        bytes_add_text(ret, "…");
}

void words_safe(const char *text, size_t max, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes safe = BYTES_NONE;
        text_escape(span_text(text), &safe);
        words_cut(bytes_span(&safe), max, ret);
}

const char *words_title(const char *kind)
{
        static const struct {
                const char *kind, *title;
        } titles[] = {
                {"requested", "Break-glass access requested"},
                {"escalated", "Break-glass request still unanswered"},
                {"unanswered", "NOBODY ANSWERS a break-glass request"},
                {"approved", "Break-glass request approved"},
                {"ready", "Break-glass request ready to open"},
                {"opened", "GLASS BROKEN: credential opened"},
                {"closed", "Break-glass access closed"},
                {"rotated", "Credential rotated"},
                {"rotation-failed", "ROTATION FAILED"},
                {"denied", "Break-glass request denied"},
                {"expired", "Break-glass request expired"},
                {"rotation-due", "Rotation due"},
                {"postmortem-due", "Post-mortem due"},
                {"close-proposed", "Break-glass close proposed"},
                {"notifier-down", "A notifier keeps failing"},
                {"notifier-up", "A notifier works again"},
                {"export-failed", "Export of the vault FAILED"},
                {"export-recovered", "Exports of the vault work again"},
                {"roster-changed", "Break-glass roster changed"},
                {"clock-behind", "The broker's clock is behind"},
                {"drill", "Break-glass drill"},
                {"heartbeat", "Break-glass heartbeat"},
                {"test", "Break-glass test page"},
        };
        for (size_t i = 0; i < COUNT_OF(titles); i++)
                if (!strcmp(titles[i].kind, kind))
                        return titles[i].title;
        return kind;
}

static struct bytes *add_fact(struct facts *f, const char *label, const char *key)
{
        struct fact *fact = &f->fact[f->n++];
        fact->label = label;
        fact->key = key;
        return &fact->text;
}

static void add_text(struct facts *f, const struct delivery *d, const char *label, const char *key, size_t max)
{
        const char *text = event_text(d, key);
        if (text)
                words_safe(text, max, add_fact(f, label, key));
}

static void add_time(struct facts *f, const struct delivery *d, const char *label, const char *key)
{
        char text[TIME_TEXT];
        int64_t at = event_int(d, key);
        if (at > 0)
                bytes_add_text(add_fact(f, label, key), time_format(at, text));
}

static void add_approvals(struct facts *f, const struct delivery *d)
{
        int64_t threshold = event_int(d, "threshold");
        if (threshold > 0)
                bytes_printf(add_fact(f, "Approvals", "approvals"), "%lld of %lld",
                             (long long)event_int(d, "approvals"), (long long)threshold);
}

/* What a holder who is woken by the page types. Never the confirmation code: that one comes from the requester. */
static void add_commands(struct facts *f, const struct delivery *d)
{
        const char *request = event_text(d, "request");
        if (!request || (!event_is(d, "requested") && !event_is(d, "approved") && !event_is(d, "escalated") &&
                         !event_is(d, "unanswered")))
                return;
        bytes_add_text(add_fact(f, "To approve", "to_approve"), "breakglass approve ");
        words_safe(request, 24, &f->fact[f->n - 1].text);
        bytes_add_text(add_fact(f, "To refuse", "to_refuse"), "breakglass deny ");
        words_safe(request, 24, &f->fact[f->n - 1].text);
}

/* Whoever keeps the page can prove later which history the broker showed at that moment. */
static void add_head(struct facts *f, const struct delivery *d)
{
        json_t *head = json_object_get(d->event, "head");
        const char *root = json_string_value(json_object_get(head, "root"));
        if (!root)
                return;
        struct bytes *text = add_fact(f, "Log head", "head");
        bytes_printf(text, "%lld ", (long long)json_integer_value(json_object_get(head, "size")));
        words_safe(root, HASH_HEX, text);
}

void facts_of(const struct delivery *d, size_t max, struct facts *ret)
{
        *ret = (struct facts){0};
        add_text(ret, d, "Credential", "credential", max);
        add_text(ret, d, "Opens", "opens_what", max);
        add_text(ret, d, "Who", "who", max);
        add_text(ret, d, "Emergency", "emergency", max);
        add_text(ret, d, "Meaning", "emergency_means", max);
        add_text(ret, d, "Incident", "incident", max);
        add_text(ret, d, "Reason", "reason", max);
        add_approvals(ret, d);
        add_time(ret, d, "Expires", "expires_at");
        add_time(ret, d, "Access until", "access_until");
        add_text(ret, d, "Request", "request", max);
        add_commands(ret, d);
        add_text(ret, d, "Installation", "name", max);
        add_head(ret, d);
}

void facts_done(struct facts *f)
{
        for (size_t i = 0; i < f->n; i++)
                bytes_done(&f->fact[i].text);
}
