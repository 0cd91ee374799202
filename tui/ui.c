#include "tui/ui.h"
#include "base/clock.h"
#include "tui/editor.h"
#include "tui/frame.h"
#include "tui/hand_over.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/secret_view.h"
#include "tui/term.h"
#include "tui/totp.h"
#include "tui/work.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define BYTES_AT_ONCE 256u

struct ui {
        struct cli *cli;
        struct work *work;
        struct model model;
        struct key_reader keys;
        struct document *document; /* the opened secret, or NULL */
        bool is_over;
};

/* ---- signals wake the loop ---- */

static const int watched[] = {SIGWINCH, SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t caught_end, caught_stop, caught_size;
static int wake[2] = {-1, -1};

static void catch_signal(int number)
{
        int before = errno;

        if (number == SIGWINCH)
                caught_size = 1;
        else if (number == SIGTSTP)
                caught_stop = 1;
        else
                caught_end = 1;
        if (write(wake[1], "", 1) < 0)
                caught_size = 1; /* full: it wakes anyway */
        errno = before;
}

static void signals_take(struct sigaction before[])
{
        struct sigaction action = {.sa_handler = catch_signal};

        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaction(watched[i], &action, &before[i]);
}

static void signals_give_back(const struct sigaction before[])
{
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaction(watched[i], &before[i], NULL);
}

/* ---- the opened secret ---- */

static void measure_fields(struct ui *ui)
{
        for (size_t i = 0; ui->document && i < ui->document->n_fields; i++) {
                const struct document_field *f = &ui->document->field[i];
                bool is_totp = totp_is_in(f);

                ui->model.opened.is_totp[i] = is_totp;
                ui->model.opened.lines[i] =
                        is_totp ? 1 : secret_lines(f, ui->model.columns > 5 ? ui->model.columns - 5 : 1);
        }
}

static void forget_document(struct ui *ui)
{
        if (ui->document)
                document_wipe(ui->document);
        free(ui->document);
        ui->document = NULL;
}

static void fill_secret(void *context, unsigned line, unsigned columns, int fd)
{
        const struct ui *ui = context;

        size_t at = ui->model.opened.field;

        if (!ui->document || !ui->model.opened.is_shown || at >= ui->document->n_fields)
                return;
        if (ui->model.opened.is_totp[at])
                secret_write_code(&ui->document->field[at], ui->model.now_ms, columns, fd);
        else
                secret_write_line(&ui->document->field[at], line, columns, fd);
}

/* ---- effects of the loop's own ---- */

static void draw(struct ui *ui)
{
        struct canvas c;

        frame_draw(&ui->model, &c);
        term_draw(&c, fill_secret, ui);
        canvas_done(&c);
}

static void note_error(struct ui *ui, enum err e)
{
        const char *reason = err_reason();

        model_note(&ui->model, ROLE_BAD, "%s: %s", err_word(e), *reason ? reason : err_sentence(e));
        err_forget();
}

static void lock(struct ui *ui)
{
        forget_document(ui);
        ui->model.opened = (struct opened){0};
        ui->model.is_locked = true;
        model_end_prompt(&ui->model);
        work_post(ui->work, &(struct effect){.kind = EFFECT_LOCK}, NULL);
        term_redraw();
}

static void unlock(struct ui *ui)
{
        CLEANUP_IDENTITY struct identity me = {0};
        enum err e;

        term_leave();
        e = cli_load_identity(ui->cli, &me);
        term_return();
        if (e != OK) {
                note_error(ui, e);
                return;
        }
        ui->model.busy = EFFECT_UNLOCK;
        work_post(ui->work, &(struct effect){.kind = EFFECT_UNLOCK}, &me);
}

/* Hidden first, so that nothing of it stands there meanwhile. */
static void suspend(struct ui *ui)
{
        ui->model.opened.is_shown = false;
        draw(ui);
        term_leave();
        signal(SIGTSTP, SIG_DFL);
        raise(SIGTSTP);
        signal(SIGTSTP, catch_signal);
        term_return();
        caught_size = 1;
}

static void take(struct ui *ui, struct result *r);

static void edit(struct ui *ui)
{
        struct result r = {.kind = EFFECT_EDIT};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        if (!ui->model.draft)
                return;
        term_leave();
        r.err = editor_write(span_text(ui->model.draft), &text);
        term_return();
        r.reason = mem_text(err_reason());
        r.text = r.err == OK ? mem_text(bytes_text(&text)) : NULL;
        take(ui, &r);
}

static void write_file(struct ui *ui, const struct effect *e)
{
        struct result r = {.kind = EFFECT_FILE, .text = mem_text(e->text[0])};

        if (!ui->document || e->number >= ui->document->n_fields)
                r.err = ERR_NO_ENTRY;
        else if ((r.err = hand_over_check_file(r.text, false)) == OK)
                r.err = hand_over_file(ui->document, ui->document->field[e->number].name, r.text);
        r.reason = mem_text(err_reason());
        take(ui, &r);
}

static void run_program(struct ui *ui, const struct effect *e)
{
        CLEANUP_BYTES struct bytes nothing = BYTES_NONE;
        struct result r = {.kind = EFFECT_RUN};
        const char *const argv[] = {"/bin/sh", "-c", e->text[0]};
        int code = 0;

        if (!ui->document)
                return;
        term_leave();
        r.err = hand_over_exec(ui->document, NULL, argv, COUNT_OF(argv), &code);
        r.reason = mem_text(err_reason());
        r.n = (uint64_t)code;
        if (prompt_line("Enter goes back to breakglass. ", &nothing, NULL) != OK)
                err_forget();
        term_return();
        take(ui, &r);
}

static void perform(struct ui *ui, struct effect e)
{
        switch ((int)e.kind) {
        case EFFECT_NONE: break;
        case EFFECT_QUIT: ui->is_over = true; break;
        case EFFECT_REDRAW: term_redraw(); break;
        case EFFECT_SUSPEND: suspend(ui); break;
        case EFFECT_LOCK: lock(ui); break;
        case EFFECT_UNLOCK: unlock(ui); break;
        case EFFECT_EDIT: edit(ui); break;
        case EFFECT_HIDE: forget_document(ui); break;
        case EFFECT_FILE: write_file(ui, &e); break;
        case EFFECT_RUN: run_program(ui, &e); break;
        default: work_post(ui->work, &e, NULL);
        }
}

/* ---- what comes in ---- */

static void take(struct ui *ui, struct result *r)
{
        struct effect e;
        bool opens = r->kind == EFFECT_OPEN && r->err == OK && !ui->model.is_locked;

        e = model_take(&ui->model, r);
        if (opens) {
                forget_document(ui);
                ui->document = r->document;
                r->document = NULL;
                measure_fields(ui);
        }
        result_done(r);
        perform(ui, e);
}

static void take_results(struct ui *ui)
{
        struct result r;
        char drain[64];

        while (read(wake[0], drain, sizeof(drain)) > 0)
                ;
        while (work_take(ui->work, &r))
                take(ui, &r);
}

static void press(struct ui *ui, struct key_press k, bool is_burst)
{
        /* Enter that came together with other bytes was not pressed by a finger that had seen them. */
        if (k.code == K_ENTER && is_burst)
                k.point = 1;
        perform(ui, model_update(&ui->model, k));
}

static void read_keys(struct ui *ui)
{
        unsigned char bytes[BYTES_AT_ONCE];
        ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
        struct key_press k;

        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return;
        if (n <= 0) {
                ui->is_over = true;
                return;
        }
        for (ssize_t i = 0; i < n && !ui->is_over; i++)
                if (key_feed(&ui->keys, bytes[i], &k))
                        press(ui, k, n > 1);
}

static void take_signals(struct ui *ui)
{
        unsigned rows, columns;

        if (caught_end)
                ui->is_over = true;
        if (caught_stop) {
                caught_stop = 0;
                suspend(ui);
        }
        if (!caught_size)
                return;
        caught_size = 0;
        term_size(&rows, &columns);
        model_resize(&ui->model, rows, columns);
        measure_fields(ui);
        term_redraw();
}

/* ---- the loop ---- */

static int patience(const struct ui *ui)
{
        if (key_is_pending(&ui->keys))
                return KEY_PATIENCE_MS;
        return (int)(SECOND_MS - clock_now_ms() % SECOND_MS);
}

static void loop(struct ui *ui)
{
        while (!ui->is_over) {
                struct pollfd p[] = {{STDIN_FILENO, POLLIN, 0}, {wake[0], POLLIN, 0}};
                struct key_press k;

                perform(ui, model_tick(&ui->model, clock_now_ms()));
                draw(ui);
                int n = poll(p, COUNT_OF(p), patience(ui));

                take_signals(ui);
                if (ui->is_over)
                        break;
                if (n == 0 && key_give_up(&ui->keys, &k))
                        press(ui, k, false);
                if (n > 0 && p[0].revents)
                        read_keys(ui);
                if (n > 0 && p[1].revents)
                        take_results(ui);
        }
}

static void choose_folder(struct model *m)
{
        const char *runtime = getenv("XDG_RUNTIME_DIR");

        snprintf(m->folder, sizeof(m->folder), "%s",
                 runtime && *runtime && file_is_in_memory(runtime) ? runtime : "/dev/shm");
}

static void show_screens(struct ui *ui)
{
        struct sigaction before[COUNT_OF(watched)];
        unsigned rows, columns;
        bool needs = false;

        term_size(&rows, &columns);
        model_init(&ui->model, rows, columns);
        choose_folder(&ui->model);
        if (ui->cli->words)
                ui->model.has_words = true;
        else if (identity_needs_passphrase(cli_identity_path(ui->cli), &needs) == OK)
                ui->model.has_passphrase = needs;
        signals_take(before);
        ui->work = work_new(ui->cli);
        work_start(ui->work, wake[1]);
        loop(ui);
        forget_document(ui);
        term_close();
        work_free(ui->work);
        signals_give_back(before);
        model_done(&ui->model);
}

static enum err prepare(struct cli *cli)
{
        CLEANUP_IDENTITY struct identity me = {0};
        enum err e;

        if ((e = cli_open(cli)) != OK)
                return e;
        if ((e = cli_load_identity(cli, &me)) != OK)
                return e;
        return client_unlock(cli->client, &me);
}

enum err ui_run(struct cli *cli)
{
        struct ui ui = {.cli = cli};
        enum err e;

        if ((e = prepare(cli)) != OK)
                return e;
        if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
                return err_because(ERR_IO, "no pipe");
        if ((e = term_open()) == OK)
                show_screens(&ui);
        close(wake[0]);
        close(wake[1]);
        return e;
}
