/* Pages about the scheduled exports: said when trouble begins, again each day, and when it is over. What was said is
 * kept in the store, so that a restart neither repeats it nor forgets that it is still to be mended. */
#include "broker/book_internal.h"
#include "broker/events.h"
#include <inttypes.h>

#define AGAIN_MS DAY_MS
#define KEY_MAX  64u

static const char *what_fails(enum export_trouble t)
{
        switch (t) {
        case EXPORT_TROUBLE_MAKING: return "the scheduled export of the vault failed";
        case EXPORT_TROUBLE_OVERDUE: return "the scheduled export of the vault is overdue";
        case EXPORT_TROUBLE_HANDING_OVER: return "an export of the vault could not be handed to its program";
        case EXPORT_TROUBLES: break;
        }
        return "exports of the vault are in trouble";
}

static const char *what_works(enum export_trouble t)
{
        switch (t) {
        case EXPORT_TROUBLE_MAKING: return "the scheduled export of the vault works again";
        case EXPORT_TROUBLE_OVERDUE: return "the scheduled export of the vault is no longer overdue";
        case EXPORT_TROUBLE_HANDING_OVER: return "exports of the vault are handed over again";
        case EXPORT_TROUBLES: break;
        }
        return "exports of the vault work again";
}

static void page(struct book *b, enum export_trouble t, const char *why, int64_t now)
{
        struct event e = {.kind = why ? "export-failed" : "export-recovered",
                          .severity = why ? "error" : "info",
                          .at_ms = now,
                          .exports = export_trouble_words[t]};
        event_key(&e, "%s/%s/%" PRId64, e.kind, e.exports, now);
        bytes_printf(&e.text, "%s%s%s", why ? what_fails(t) : what_works(t), why ? ": " : "", why ? why : "");
        book_page(b, &e);
        event_done(&e);
}

static void trouble(struct book *b, enum export_trouble t, const char *key, const char *why, int64_t now)
{
        bool is_time = false;
        if (book_begin(b) && book_kept(b, store_remember(b->setup.store, key, now, AGAIN_MS, &is_time)) && is_time)
                page(b, t, why, now);
}

static void no_trouble(struct book *b, enum export_trouble t, const char *key, int64_t now)
{
        bool was_said = false;
        if (!book_begin(b) || !book_kept(b, store_knows(b->setup.store, key, &was_said)) || !was_said)
                return;
        if (book_kept(b, store_forget(b->setup.store, key, INT64_MAX)))
                page(b, t, NULL, now);
}

void remind_exports(struct book *b, int64_t now)
{
        struct export_view v = {0};
        if (b->setup.exports)
                b->setup.exports(b->setup.context, &v);
        for (size_t i = 0; i < EXPORT_TROUBLES && !b->is_fatal; i++) {
                char key[KEY_MAX];
                const enum export_trouble t = (enum export_trouble)i;
                snprintf(key, sizeof key, "remind/export-failed/%s", export_trouble_words[i]);
                if (v.trouble[i].standing == EXPORT_TROUBLED)
                        trouble(b, t, key, v.trouble[i].why, now);
                else if (v.trouble[i].standing == EXPORT_FINE)
                        no_trouble(b, t, key, now);
        }
}
