/* breakglassd notifier test: whether a channel, or a program of somebody's own, keeps the contract of
 * docs/notifiers.md. It takes a page; it takes the same page again, as after a crash; it refuses what is no page. A
 * hang, a flood or a crash is none of these. */
#include "base/clock.h"
#include "base/file.h"
#include "broker/commands.h"
#include "broker/config.h"
#include "broker/delivery.h"

struct trial {
        const char *program;
        struct span config;
        int64_t timeout_ms;
        struct bytes first_failure;
};

static void write_test_event(struct bytes *ret)
{
        int64_t now = clock_now_ms();
        bytes_printf(
                ret,
                "{\"kind\":\"test\",\"dedup_key\":\"test/%lld\",\"text\":\"This is a test page of the break-glass "
                "broker; nothing has happened.\",\"severity\":\"info\",\"at\":%lld}",
                (long long)now, (long long)now);
}

static void say(struct trial *t, const char *what, bool is_good, const char *why)
{
        printf("%s - %s%s%s\n", is_good ? "ok" : "not ok", what, *why ? ": " : "", why);
        if (!is_good && !t->first_failure.n)
                bytes_printf(&t->first_failure, "%s", why);
}

static bool try_page(struct trial *t, const char *what, struct span event, unsigned attempt)
{
        CLEANUP_BYTES struct bytes input = BYTES_NONE, said = BYTES_NONE;
        struct delivery_result r;
        delivery_input(t->config, event, attempt, &input);
        delivery_run(t->program, bytes_span(&input), t->timeout_ms, &r);
        bool is_good = r.what == DELIVERY_ACCEPTED;
        bytes_printf(&said, "%s%s", is_good ? "accepted: " : "", bytes_text(&r.detail));
        say(t, what, is_good, bytes_text(&said));
        delivery_result_done(&r);
        return is_good;
}

static void try_garbage(struct trial *t)
{
        /* The first two are what is left of a page when the courier is killed. */
        static const char *const rows[] = {"", "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"t", "this is no page\n",
                                           "{}\n", "{\"event\":{},\"config\":{},\"attempt\":1}\n"};
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct delivery_result r;
                delivery_run(t->program, span_text(rows[i]), t->timeout_ms, &r);
                bool is_good = r.what != DELIVERY_ACCEPTED && !r.was_killed;
                if (!is_good || i == COUNT_OF(rows) - 1)
                        say(t, "refuses what is no page", is_good,
                            r.what == DELIVERY_ACCEPTED ? "it was accepted"
                            : is_good                   ? ""
                                                        : bytes_text(&r.detail));
                delivery_result_done(&r);
                if (!is_good)
                        return;
        }
}

static enum err try_notifier(const struct config *c, const char *name_or_path)
{
        CLEANUP_BYTES struct bytes event = BYTES_NONE;
        const struct config_channel *ch = config_channel(c, name_or_path);
        struct trial t = {.program = ch ? ch->program : name_or_path,
                          .config = ch ? bytes_span(&ch->config) : span_text("{}"),
                          .timeout_ms = ch ? ch->timeout_ms : 30 * SECOND_MS,
                          .first_failure = BYTES_NONE};
        enum err e = file_check_program(t.program);
        if (e != OK)
                return e;
        write_test_event(&event);
        if (try_page(&t, "takes a page", bytes_span(&event), 1))
                try_page(&t, "takes the same page again", bytes_span(&event), 2);
        try_garbage(&t);
        if (t.first_failure.n)
                e = err_because(ERR_HOOK, "%s", bytes_text(&t.first_failure));
        bytes_done(&t.first_failure);
        return e;
}

int command_notifier_test(const char *config_path, const char *name_or_path)
{
        struct config *c = NULL;
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = try_notifier(c, name_or_path);
        config_drop(c);
        return e == OK ? EXIT_OK : command_failed((int)e);
}
