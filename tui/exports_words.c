#include "tui/exports_words.h"
#include "base/clock.h"
#include "tui/say.h"

#define CLOCKS_DIFFER_MS (10 * MINUTE_MS)

static enum exports_standing judge(const struct exports_word *w, int64_t now_ms)
{
        const int64_t age_ms = now_ms - w->last_at_ms;

        if (w->last_at_ms == 0)
                return w->is_failing ? EXPORTS_BAD : EXPORTS_DOUBTFUL;
        if (age_ms > 2 * w->every_ms + CLOCKS_DIFFER_MS || age_ms < -CLOCKS_DIFFER_MS)
                return EXPORTS_BAD;
        return w->is_failing ? EXPORTS_BAD : EXPORTS_GOOD;
}

enum exports_standing exports_describe(const struct exports_word *w, int64_t now_ms, struct bytes *ret)
{
        char time[WHEN_TEXT], each[DURATION_TEXT];

        if (w->every_ms == 0) {
                bytes_add_text(ret, "the broker makes none by itself");
                return EXPORTS_DOUBTFUL;
        }
        if (w->last_at_ms == 0)
                bytes_add_text(ret, "none was good yet");
        else
                bytes_printf(ret, "the newest holds %llu entries, verified %s", (unsigned long long)w->entries,
                             when(w->last_at_ms, now_ms, time));
        bytes_printf(ret, ", one every %s%s", duration_format(w->every_ms, each), w->is_failing ? "; IT FAILS" : "");
        return judge(w, now_ms);
}
