#include "tui/model.h"
#include "base/clock.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include <stdarg.h>
#include <string.h>

#define LOCK_AFTER_MS (10 * MINUTE_MS)

static const struct screen *const screens[SCREEN_COUNT] = {
#define X(NAME, name) [SCREEN_##NAME] = &screen_##name,
        SCREEN_LIST(X)
#undef X
};

static const char *const screen_words[SCREEN_COUNT] = {
#define X(NAME, name) [SCREEN_##NAME] = #name,
        SCREEN_LIST(X)
#undef X
};

const struct screen *screen_of(enum screen_id id)
{
        return screens[id];
}

const char *screen_word(enum screen_id id)
{
        return screen_words[id];
}

const struct key_about common_keys[] = {COMMON_KEYS(KEY_ABOUT)}, move_keys[] = {MOVE_KEYS(KEY_ABOUT)};
const size_t n_common_keys = COUNT_OF(common_keys), n_move_keys = COUNT_OF(move_keys);

static enum action find_key(const struct key_about *keys, size_t n, struct key_press k)
{
        for (size_t i = 0; i < n; i++)
                if (keys[i].key.code == k.code && (keys[i].key.point == k.point || k.code == K_ENTER))
                        return keys[i].action;
        return ACT_NONE;
}

enum action key_action(const struct screen *s, struct key_press k)
{
        enum action a = find_key(s->keys, s->n_keys, k);

        if (a == ACT_NONE)
                a = find_key(move_keys, n_move_keys, k);
        return a != ACT_NONE ? a : find_key(common_keys, n_common_keys, k);
}

/* ---- beginning and end ---- */

void model_init(struct model *m, unsigned rows, unsigned columns)
{
        *m = (struct model){.rows = rows, .columns = columns, .lock_after_ms = LOCK_AFTER_MS};
}

void model_done(struct model *m)
{
        picture_free(m->picture);
        seen_case_free(m->seen);
        log_page_free(m->timeline);
        log_page_free(m->log);
        log_page_free(m->rosters);
        log_page_free(m->rotating.statements);
        rotate_plan_free(m->rotating.plan);
        rotate_plan_free(m->rotating.following);
        free(m->entry);
        free(m->draft);
        free(m->postmortem);
        *m = (struct model){0};
}

void model_note(struct model *m, int role, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(m->note, sizeof(m->note), format, args);
        va_end(args);
        m->note_role = role;
}

void rows_add(struct rows *r, unsigned kind, size_t index, const struct hash *id)
{
        if (r->n == r->cap) {
                r->cap = r->cap ? r->cap * 2 : 64;
                r->row = mem_grow(r->row, r->cap, sizeof(*r->row));
        }
        r->row[r->n++] = (struct row){kind, index, *id};
}

void rows_done(struct rows *r)
{
        free(r->row);
        *r = (struct rows){0};
}

/* ---- going about ---- */

/* What one visit showed is not kept for the next. */
static struct effect leave(struct model *m)
{
        bool had_case = m->seen && !m->has_receipt;

        model_end_prompt(m);
        m->scroll = 0;
        m->is_help = false;
        if (m->screen == SCREEN_APPROVE) {
                seen_case_free(m->seen);
                m->seen = NULL;
                m->has_receipt = m->override = false;
                return had_case ? EFFECT(EFFECT_FORGET) : EFFECT(EFFECT_NONE);
        }
        if (m->screen == SCREEN_OPENED && m->opened.is_held) {
                m->opened = (struct opened){0};
                return EFFECT(EFFECT_HIDE);
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect arrive(struct model *m, enum screen_id to, struct effect left)
{
        const struct screen *s = screen_of(to);

        m->screen = to;
        struct effect e = s->enter ? s->enter(m) : EFFECT(EFFECT_NONE);

        /* Forgetting is not waited for by anything that follows: the worker drops a review with the next one. */
        return e.kind != EFFECT_NONE && left.kind != EFFECT_HIDE ? e : left;
}

struct effect model_go(struct model *m, enum screen_id to)
{
        if (m->n_trail == COUNT_OF(m->trail)) {
                memmove(m->trail, m->trail + 1, sizeof(m->trail) - sizeof(m->trail[0]));
                m->n_trail--;
        }
        if (m->screen != to)
                m->trail[m->n_trail++] = m->screen;
        return arrive(m, to, leave(m));
}

struct effect model_back(struct model *m)
{
        enum screen_id to = m->n_trail > 0 ? m->trail[--m->n_trail] : SCREEN_NOW;

        return arrive(m, to, leave(m));
}

/* ---- selecting ---- */

static void list_rows(const struct model *m, struct rows *ret)
{
        const struct screen *s = screen_of(m->screen);

        *ret = (struct rows){0};
        if (s->list && m->picture)
                s->list(m, ret);
}

static size_t find_row(const struct model *m, const struct rows *r)
{
        for (size_t i = 0; i < r->n; i++)
                if (hash_equal(&r->row[i].id, &m->selected[m->screen]))
                        return i;
        return m->last_row[m->screen] < r->n ? m->last_row[m->screen] : r->n ? r->n - 1 : 0;
}

bool model_selected(const struct model *m, struct row *ret)
{
        struct rows r;

        list_rows(m, &r);
        bool any = r.n > 0;

        if (any)
                *ret = r.row[find_row(m, &r)];
        rows_done(&r);
        return any;
}

static size_t moved(size_t at, size_t n, enum action a, size_t page)
{
        switch ((int)a) {
        case ACT_UP: return at > 0 ? at - 1 : 0;
        case ACT_DOWN: return at + 1 < n ? at + 1 : at;
        case ACT_PAGE_UP: return at > page ? at - page : 0;
        case ACT_PAGE_DOWN: return at + page < n ? at + page : n - 1;
        case ACT_FIRST: return 0;
        case ACT_LAST: return n - 1;
        default: return at;
        }
}

static void scroll(struct model *m, enum action a)
{
        unsigned most = frame_scroll_max(m);

        m->scroll = (unsigned)moved(m->scroll < most ? m->scroll : most, (size_t)most + 1, a,
                                    m->rows > 6 ? m->rows - 6 : 1);
}

void model_move(struct model *m, enum action a)
{
        struct rows r;

        if (!screen_of(m->screen)->list) {
                scroll(m, a);
                return;
        }
        list_rows(m, &r);
        if (r.n > 0) {
                size_t at = moved(find_row(m, &r), r.n, a, m->rows > 6 ? m->rows - 6 : 1);

                m->last_row[m->screen] = at;
                m->selected[m->screen] = r.row[at].id;
        } else {
                scroll(m, a);
        }
        rows_done(&r);
}

const struct picture_request *model_request(const struct model *m)
{
        return picture_request_of(m->picture, &m->request);
}

/* ---- keys ---- */

static struct effect update_locked(const struct model *m, struct key_press k)
{
        if (m->is_locked && k.code == K_ENTER && m->busy == EFFECT_NONE)
                return EFFECT(EFFECT_UNLOCK);
        switch ((int)key_action(screen_of(m->screen), k)) {
        case ACT_STOP:
        case ACT_QUIT: return EFFECT(EFFECT_QUIT);
        case ACT_SUSPEND: return EFFECT(EFFECT_SUSPEND);
        case ACT_REDRAW: return EFFECT(EFFECT_REDRAW);
        default: return EFFECT(EFFECT_NONE);
        }
}

static struct effect quit(struct model *m)
{
        if (m->postmortem && m->note_role != ROLE_WARN) {
                model_note(m, ROLE_WARN,
                           "A post-mortem is written, but not sent: Enter on its incident sends it. q again "
                           "leaves without it.");
                return EFFECT(EFFECT_NONE);
        }
        return EFFECT(EFFECT_QUIT);
}

static struct effect update_common(struct model *m, enum action a)
{
        switch ((int)a) {
        case ACT_HELP:
                m->is_help = true;
                m->scroll = 0;
                return EFFECT(EFFECT_NONE);
        case ACT_BACK: return model_back(m);
        case ACT_GO_NOW: return model_go(m, SCREEN_NOW);
        case ACT_GO_CREDENTIALS: return model_go(m, SCREEN_CREDENTIALS);
        case ACT_GO_LOG: return model_go(m, SCREEN_LOG);
        case ACT_GO_PEOPLE: return model_go(m, SCREEN_PEOPLE);
        case ACT_GO_ROTATIONS: return model_go(m, SCREEN_ROTATIONS);
        case ACT_REDRAW: return EFFECT(EFFECT_REDRAW);
        case ACT_SUSPEND: return EFFECT(EFFECT_SUSPEND);
        case ACT_LOCK: return EFFECT(EFFECT_LOCK);
        case ACT_QUIT: return quit(m);
        case ACT_STOP: return m->screen == SCREEN_NOW ? quit(m) : model_back(m);
        default: model_move(m, a); return EFFECT(EFFECT_NONE);
        }
}

static bool is_common(const struct screen *s, enum action a)
{
        for (size_t i = 0; i < s->n_keys; i++)
                if (s->keys[i].action == a)
                        return false;
        return a != ACT_NONE;
}

static struct effect update_help(struct model *m, struct key_press k)
{
        enum action a = key_action(screen_of(m->screen), k);

        if (a == ACT_UP || a == ACT_DOWN || a == ACT_PAGE_UP || a == ACT_PAGE_DOWN || a == ACT_FIRST ||
            a == ACT_LAST) {
                scroll(m, a);
        } else {
                m->is_help = false;
                m->scroll = 0;
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect update_screen(struct model *m, struct key_press k)
{
        const struct screen *s = screen_of(m->screen);
        bool is_text = s->is_typing && s->is_typing(m);
        enum action a = is_text && k.code == K_CHAR ? ACT_NONE : key_action(s, k);

        /* A paste is text or nothing, never commands. */
        if (m->in_paste && !(is_text && k.code == K_CHAR))
                return EFFECT(EFFECT_NONE);
        if (is_common(s, a))
                return update_common(m, a);
        return s->update && (a != ACT_NONE || is_text) ? s->update(m, a, k) : EFFECT(EFFECT_NONE);
}

struct effect prompt_update(struct model *m, struct key_press k);

struct effect model_update(struct model *m, struct key_press k)
{
        m->key_at_ms = m->now_ms;
        if (k.code == K_PASTE_BEGIN || k.code == K_PASTE_END) {
                m->in_paste = k.code == K_PASTE_BEGIN;
                return EFFECT(EFFECT_NONE);
        }
        bool was_warned = m->note_role == ROLE_WARN;

        if (!(was_warned && k.code == K_CHAR && k.point == 'q')) {
                m->note[0] = '\0';
                m->note_role = ROLE_PLAIN;
        }
        if (m->is_locked || m->rows < FRAME_ROWS_MIN || m->columns < FRAME_COLUMNS_MIN)
                return m->in_paste ? EFFECT(EFFECT_NONE) : update_locked(m, k);
        if (m->is_help)
                return update_help(m, k);
        return m->prompt.kind != PROMPT_NONE ? prompt_update(m, k) : update_screen(m, k);
}

void model_resize(struct model *m, unsigned rows, unsigned columns)
{
        m->rows = rows;
        m->columns = columns;
}

struct effect model_begin(struct model *m, struct effect e)
{
        if (m->busy != EFFECT_NONE) {
                model_note(m, ROLE_WARN, "One moment: the last thing is still being sent.");
                return EFFECT(EFFECT_NONE);
        }
        m->busy = e.kind;
        m->busy_since_ms = m->now_ms;
        return e;
}

struct effect model_review(struct model *m)
{
        m->is_reviewing = true;
        return EFFECT(EFFECT_REVIEW, .id = m->request);
}

const char *countdown(int64_t ms, char ret[32])
{
        int64_t s = ms > 0 ? (ms + 999) / 1000 : 0;

        if (s >= 3600)
                snprintf(ret, 32, "%d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
        else
                snprintf(ret, 32, "%d:%02d", (int)(s / 60), (int)(s % 60));
        return ret;
}
