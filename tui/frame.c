#include "tui/frame.h"
#include "base/clock.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include <string.h>

#define NOTE_ROWS 3u

/* ---- the title bar ---- */

static const char *link_words(const struct model *m, enum role *ret)
{
        *ret = m->is_alarm ? ROLE_BAD : m->is_away ? ROLE_WARN : ROLE_TITLE;
        if (m->is_alarm)
                return "!! ALARM";
        if (m->is_locked)
                return "locked";
        if (!m->picture)
                return "connecting";
        return m->is_away ? "!! broker away" : "broker ok";
}

static void draw_title(const struct model *m, struct canvas *c)
{
        CLEANUP_BYTES struct bytes left = BYTES_NONE, right = BYTES_NONE;
        char time[TIME_TEXT];
        enum role role;
        const char *link = link_words(m, &role);

        bytes_printf(&left, "%s %s", c->columns >= 80 ? " breakglass |" : "", screen_of(m->screen)->title);
        if (m->picture && m->picture->installation)
                bytes_printf(&left, " | %s", m->picture->installation);
        if (m->picture && m->picture->me)
                bytes_printf(&left, " | %s", m->picture->me);
        time_format(m->now_ms, time);
        bytes_printf(&right, "%s  %.8s UTC ", link, time + 11);
        canvas_fill(c, 0, 0, c->columns, ROLE_TITLE);
        canvas_put(c, 0, 0, c->columns - (unsigned)right.n - 1, ROLE_TITLE, bytes_text(&left));
        canvas_put(c, 0, c->columns - (unsigned)right.n, (unsigned)right.n, role, bytes_text(&right));
}

/* ---- the bottom ---- */

/* text: room for a question that is made here */
static const char *prompt_question(const struct model *m, char text[80])
{
        char word[ROTATE_WORD];

        switch (m->prompt.kind) {
        case PROMPT_NONE: return "";
        case PROMPT_FILTER: return "Filter: ";
        case PROMPT_SEND: return "This pages them now. Type yes: ";
        case PROMPT_OVERRIDE: return "To override, type OVERRIDE: ";
        case PROMPT_CODE: return "The code they read out to you: ";
        case PROMPT_DENY: return "No, because: ";
        case PROMPT_SUSPICIOUS: return "SUSPICIOUS, because: ";
        case PROMPT_CANCEL: return "Give the request up? Type cancel: ";
        case PROMPT_OPEN: return "Break the glass? Type open: ";
        case PROMPT_DARK: return "No page was accepted. To open it dark, type DARK: ";
        case PROMPT_DONE: return "Close and rotate? Type done: ";
        case PROMPT_EXTEND: return "How long in all (like 90m): ";
        case PROMPT_HOLD: return "Keep it open? Type hold: ";
        case PROMPT_FILE: return "Into a new file in memory: ";
        case PROMPT_RUN: return "Run (fields on fd 3, 4, ..; {NAME} is a path): ";
        case PROMPT_CRITERION: return "Was the criterion met (yes, no, drill)? ";
        case PROMPT_WHY: return "Why now, for the log: ";
        case PROMPT_ROTATE:
                if (m->rotating.plan)
                        snprintf(text, 80, "To change them all, type %s: ", rotate_word(m->rotating.plan, word));
                return text;
        }
        return "";
}

static void draw_prompt(const struct model *m, struct canvas *c, unsigned y)
{
        char question[80] = "";
        unsigned x = 1 + canvas_put(c, y, 1, c->columns - 2, ROLE_TITLE, prompt_question(m, question));
        unsigned room = c->columns > x + 2 ? c->columns - x - 2 : 1, column = input_cursor_column(&m->prompt.input);
        const char *text = m->prompt.input.text;

        /* A long answer scrolls so that its end stays in sight. */
        while (column > room && *text) {
                do
                        text++;
                while ((*text & 0xC0) == 0x80);
                CLEANUP_FREE char *left =
                        mem_text_n(text, m->prompt.input.cursor - (size_t)(text - m->prompt.input.text));

                column = canvas_width(left);
        }
        canvas_put(c, y, x, room, ROLE_PLAIN, text);
        c->cursor_y = y;
        c->cursor_x = x + column;
}

static const char *note_of(const struct model *m, enum role *ret)
{
        *ret = m->note[0] ? (enum role)m->note_role : m->is_alarm && m->busy == EFFECT_NONE ? ROLE_BAD : ROLE_WARN;
        if (m->note[0])
                return m->note;
        if (m->busy != EFFECT_NONE)
                return "Working: the answer is on its way ...";
        return (m->is_alarm || m->is_away) ? m->link_reason : "";
}

static void say_verifying(const struct model *m, struct bytes *ret)
{
        uint64_t all = m->picture && m->picture->size ? m->picture->size : 1;
        uint64_t done = m->n_verified < all ? m->n_verified : all;

        bytes_add_byte(ret, '[');
        for (unsigned i = 0; i < 30; i++)
                bytes_add_byte(ret, i < 30 * done / all ? '#' : '-');
        bytes_printf(ret, "] %llu of %llu entries verified", (unsigned long long)done, (unsigned long long)all);
}

/* The note's lines: wrapped, as many as it wants up to NOTE_ROWS, at least one so that nothing jumps. */
static unsigned wrap_note(const struct model *m, struct bytes *ret)
{
        enum role role;
        unsigned n = 0;

        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        if (m->busy == EFFECT_VERIFY && !m->note[0])
                say_verifying(m, &text);
        else
                bytes_add_text(&text, note_of(m, &role));
        wrap_text(bytes_span(&text), 0, 0, m->columns > 2 ? m->columns - 2 : 1, ret);
        for (size_t i = 0; i < ret->n; i++)
                n += ret->p[i] == '\n';
        return n > NOTE_ROWS ? NOTE_ROWS : n < 1 ? 1 : n;
}

static void draw_note(const struct model *m, struct canvas *c)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        unsigned n = wrap_note(m, &lines), y = c->rows - 1 - n;
        enum role role;
        char *save = NULL;

        note_of(m, &role);
        for (char *line = strtok_r((char *)lines.p, "\n", &save); line && y + 1 < c->rows;
             line = strtok_r(NULL, "\n", &save))
                canvas_put(c, y++, 1, c->columns - 2, role, line);
}

static unsigned put_key(struct canvas *c, unsigned y, unsigned x, const struct key_about *k)
{
        char name[KEY_NAME];
        unsigned need;

        key_name(k->key, name);
        need = (unsigned)(strlen(name) + strlen(k->label) + 3);
        if (x + need > c->columns)
                return x;
        x += canvas_put(c, y, x, need, ROLE_TITLE, name);
        x += 1 + canvas_put(c, y, x + 1, need, ROLE_DIM, k->label);
        return x + 2;
}

static void draw_keys(const struct model *m, struct canvas *c)
{
        static const struct key_about prompt_keys[] = {{KEY(K_ENTER), ACT_ENTER, "confirm", ""},
                                                       {KEY(K_ESC), ACT_BACK, "stop, nothing is sent", ""}};
        static const struct key_about locked_keys[] = {{KEY(K_ENTER), ACT_ENTER, "unlock", ""},
                                                       {CHAR('q'), ACT_QUIT, "quit", ""}};
        const struct screen *s = screen_of(m->screen);
        unsigned x = 1, y = c->rows - 1;
        bool in_prompt = m->prompt.kind != PROMPT_NONE;

        if (m->is_locked || in_prompt) {
                for (size_t i = 0; i < 2; i++)
                        x = put_key(c, y, x, m->is_locked ? &locked_keys[i] : &prompt_keys[i]);
                return;
        }
        for (size_t i = 0; i < s->n_keys && !m->is_help; i++)
                if (s->keys[i].label)
                        x = put_key(c, y, x, &s->keys[i]);
        for (size_t i = 0; i < n_common_keys; i++)
                if (common_keys[i].label)
                        x = put_key(c, y, x, &common_keys[i]);
}

/* ---- help ---- */

static bool has_key(const struct screen *screen, struct key_press k)
{
        for (size_t i = 0; screen && i < screen->n_keys; i++)
                if (screen->keys[i].key.code == k.code && screen->keys[i].key.point == k.point)
                        return true;
        return false;
}

/* but: a screen whose own keys go before these. */
static void help_keys(struct sheet *s, const struct key_about *keys, size_t n, const struct screen *but)
{
        char name[KEY_NAME];

        for (size_t i = 0; i < n; i++)
                if (!has_key(but, keys[i].key))
                        sheet_field(s, key_name(keys[i].key, name), ROLE_PLAIN, "%s", keys[i].help);
}

static void draw_help(const struct model *m, struct sheet *s)
{
        const struct screen *screen = screen_of(m->screen);

        sheet_heading(s, screen->title);
        help_keys(s, screen->keys, screen->n_keys, NULL);
        sheet_heading(s, "Everywhere");
        help_keys(s, common_keys, n_common_keys, screen);
        sheet_heading(s, "Moving");
        help_keys(s, move_keys, n_move_keys, screen);
}

/* ---- the body ---- */

static void draw_locked(const struct model *m, struct sheet *s)
{
        sheet_gap(s);
        sheet_say(s, ROLE_TITLE, "Locked.");
        sheet_gap(s);
        sheet_say(s, ROLE_PLAIN,
                  "Your identity and whatever was opened are wiped from memory. Requests go on at the broker.");
        if (m->has_words)
                sheet_say(s, ROLE_PLAIN, "Enter asks for your words of paper.");
        else
                sheet_say(s, ROLE_PLAIN, m->has_passphrase ? "Enter asks for your passphrase." : "Enter unlocks.");
}

static void draw_sheet(const struct model *m, struct sheet *s)
{
        if (m->is_locked)
                draw_locked(m, s);
        else if (m->is_help)
                draw_help(m, s);
        else if (!m->picture)
                sheet_say(s, ROLE_PLAIN, "Asking the broker ...");
        else
                screen_of(m->screen)->draw(m, s);
}

static unsigned bottom_rows(const struct model *m)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;

        return 1 + wrap_note(m, &lines) + (m->prompt.kind != PROMPT_NONE);
}

static struct sheet count_sheet(const struct model *m)
{
        struct sheet s = {.top = 1, .width = m->columns};

        s.height = m->rows > 1 + bottom_rows(m) ? m->rows - 1 - bottom_rows(m) : 1;
        draw_sheet(m, &s);
        return s;
}

unsigned frame_scroll_max(const struct model *m)
{
        struct sheet s = count_sheet(m);

        return s.y > s.height ? s.y - s.height : 0;
}

/* Selected lines are kept in sight, with what is around them. */
static unsigned scroll_of(const struct model *m, const struct sheet *s)
{
        unsigned most = s->y > s->height ? s->y - s->height : 0, at;

        if (m->is_help || m->is_locked || !s->has_focus || !screen_of(m->screen)->list)
                at = s->has_focus && s->focus_to > m->scroll + s->height ? s->focus_to - s->height : m->scroll;
        else
                at = s->focus_from > s->height / 2 ? s->focus_from - s->height / 2 : 0;
        return at < most ? at : most;
}

static void draw_body(const struct model *m, struct canvas *c)
{
        struct sheet s = count_sheet(m);
        unsigned all = s.y;

        s = (struct sheet){
                .canvas = c, .top = s.top, .height = s.height, .width = s.width, .scroll = scroll_of(m, &s)};
        draw_sheet(m, &s);
        if (s.scroll > 0)
                canvas_put(c, s.top, c->columns - 6, 6, ROLE_DIM, " more^");
        if (all > s.scroll + s.height)
                canvas_put(c, s.top + s.height - 1, c->columns - 6, 6, ROLE_DIM, " more:");
}

static void draw_too_small(const struct model *m, struct canvas *c)
{
        char text[80];

        /* 20 columns are enough for each. */
        canvas_put(c, 0, 0, c->columns, ROLE_PLAIN, "breakglass wants");
        snprintf(text, sizeof(text), "%ux%u; it has %ux%u.", FRAME_COLUMNS_MIN, FRAME_ROWS_MIN, m->columns, m->rows);
        canvas_put(c, 1, 0, c->columns, ROLE_PLAIN, text);
        canvas_put(c, 2, 0, c->columns, ROLE_PLAIN, "Make it larger.");
        canvas_put(c, 3, 0, c->columns, ROLE_PLAIN, "q leaves.");
}

void frame_draw(const struct model *m, struct canvas *c)
{
        canvas_init(c, m->rows, m->columns);
        c->cursor_y = c->rows ? c->rows - 1 : 0;
        if (m->rows < FRAME_ROWS_MIN || m->columns < FRAME_COLUMNS_MIN) {
                draw_too_small(m, c);
                return;
        }
        draw_title(m, c);
        draw_body(m, c);
        draw_note(m, c);
        if (m->prompt.kind != PROMPT_NONE)
                draw_prompt(m, c, c->rows - bottom_rows(m));
        draw_keys(m, c);
}
