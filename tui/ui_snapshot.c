/* One frame as text, for tests, documents and bug reports. Nobody is asked and nothing is opened. */
#include "base/clock.h"
#include "tui/frame.h"
#include "tui/ui.h"
#include "tui/work.h"
#include <string.h>

static enum err find_screen(const char *word, enum screen_id *ret)
{
        CLEANUP_BYTES struct bytes all = BYTES_NONE;

        for (unsigned i = 0; i < SCREEN_COUNT; i++) {
                if (strcmp(screen_word((enum screen_id)i), word) == 0) {
                        *ret = (enum screen_id)i;
                        return OK;
                }
                bytes_printf(&all, "%s%s", i ? ", " : "", screen_word((enum screen_id)i));
        }
        return err_because(ERR_USAGE, "--snapshot wants one of: %s", bytes_text(&all));
}

static enum err read_size(const char *size, unsigned *ret_rows, unsigned *ret_columns)
{
        char rest = 0;

        *ret_rows = 24;
        *ret_columns = 80;
        if (!size)
                return OK;
        if (sscanf(size, "%3ux%3u%c", ret_columns, ret_rows, &rest) != 2 || *ret_rows < 1 || *ret_columns < 1)
                return err_because(ERR_USAGE, "--size is COLUMNSxROWS, like 80x24");
        return OK;
}

static bool suits(const struct picture_request *r, enum screen_id screen)
{
        switch ((int)screen) {
        case SCREEN_APPROVE: return r->waits_for_me;
        case SCREEN_OPENED: return r->is_mine && r->view.opened_at_ms;
        default: return r->view.state == REQUEST_WAITING || r->view.state == REQUEST_READY;
        }
}

/* What a screen is about when nobody chose: the newest that suits it. */
static enum err choose(struct model *m, enum screen_id screen)
{
        const struct picture *p = m->picture;

        if (screen == SCREEN_ASK && p->n_credentials > 0)
                snprintf(m->asking.credential, sizeof(m->asking.credential), "%s", p->credentials[0].name);
        if (screen == SCREEN_INCIDENT && p->n_incidents > 0)
                snprintf(m->incident, sizeof(m->incident), "%s", p->incidents[0].view.incident);
        if (screen == SCREEN_ROTATION && p->n_shown > 0)
                m->rotating.told = p->versions[p->shown[0]].id;
        if (screen != SCREEN_WAITING && screen != SCREEN_APPROVE && screen != SCREEN_OPENED)
                return OK;
        for (size_t i = 0; i < p->n_requests; i++)
                if (suits(&p->requests[i], screen)) {
                        m->request = p->requests[i].view.id;
                        return OK;
                }
        return err_because(ERR_NOT_FOUND, "no request is there for this screen");
}

static void perform(struct work *w, struct model *m, struct effect e)
{
        while (e.kind > EFFECT_RUN) {
                struct result r = {0};

                work_perform(w, &e, &r);
                e = model_take(m, &r);
                result_done(&r);
        }
}

static enum err make_frame(struct work *w, enum screen_id screen, struct model *m)
{
        struct result r = {0};
        struct effect e;
        enum err chosen;

        work_follow(w, 0, true, &r);
        e = model_take(m, &r);
        result_done(&r);
        if ((chosen = choose(m, screen)) != OK)
                return chosen;
        e = model_go(m, screen);
        perform(w, m, e);
        return OK;
}

static void print(const struct model *m)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct canvas c;

        frame_draw(m, &c);
        canvas_text(&c, &text);
        canvas_done(&c);
        fwrite(bytes_text(&text), 1, text.n, stdout);
}

enum err ui_snapshot(struct cli *cli, const char *screen, const char *size)
{
        enum screen_id id = SCREEN_NOW;
        unsigned rows, columns;
        struct model m;
        const char *stale;
        enum err e;

        if ((e = find_screen(screen, &id)) != OK)
                return e;
        if ((e = read_size(size, &rows, &columns)) != OK)
                return e;
        if ((e = cli_look(cli, &stale)) != OK)
                return e;
        struct work *w = work_new(cli);

        model_init(&m, rows, columns);
        model_tick(&m, cli_now(cli));
        e = make_frame(w, id, &m);
        if (e == OK)
                print(&m);
        work_free(w);
        model_done(&m);
        return e;
}
