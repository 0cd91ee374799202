#include "tui/cmd_log.h"
#include "tui/commands.h"
#include "tui/follow.h"
#include "tui/history.h"
#include "tui/say.h"
#include "tui/words.h"

static const struct command *const parts[] = {&command_log_tail, &command_log_verify, &command_log_export};

static enum err run(struct cli *cli, int argc, char **argv)
{
        return options_run_part(cli, &command_log, parts, COUNT_OF(parts), argc, argv);
}

const struct command command_log = {
        .name = "log",
        .synopsis = "tail|verify|export …",
        .help = "Read, prove and export the log of everything that was done.",
        .run = run,
};

/* ---- tail ---- */

struct tail {
        const struct cli *cli;
        uint64_t next;
};

static bool print_entry(void *context, const struct history_entry *entry)
{
        struct tail *t = context;
        CLEANUP_BYTES struct bytes words = BYTES_NONE, label = BYTES_NONE;
        char time[TIME_TEXT];

        t->next = entry->n + 1;
        if (t->cli->json) {
                printf("%.*s\n", (int)entry->text.n, (const char *)entry->text.p);
                return true;
        }
        describe_statement(cli_ledger(t->cli), entry->statement, &words);
        time_format(entry->at_ms, time);
        bytes_printf(&label, "%.10s %.8s  %llu", time, time + 11, (unsigned long long)entry->n);
        say_entry(bytes_text(&label), 26, bytes_text(&words));
        return true;
}

static enum err follow_log(struct cli *cli, struct tail *t)
{
        bool is_away = false;
        enum err e;

        for (;;) {
                if ((e = history_walk(cli, t->next, print_entry, t)) != OK)
                        return e;
                fflush(stdout);
                if (ferror(stdout))
                        return ERR_IO;
                if ((e = follow_wait(cli, &is_away)) != OK)
                        return e;
        }
}

static enum err parse_count(const char *text, uint64_t *ret)
{
        char *end;
        unsigned long long n = strtoull(text, &end, 10);

        if (end == text || *end || *text == '-')
                return err_because(ERR_USAGE, "-n wants a number");
        *ret = n;
        return OK;
}

static enum err run_tail(struct cli *cli, int argc, char **argv)
{
        const char *count_text = "20";
        bool follow = false, all = false;
        const char *stale = NULL;
        const struct option_about own[] = {
                {"follow", OPTION_FLAG, &follow, NULL, "go on with what comes", 'f'},
                {"lines", OPTION_TEXT, &count_text, "N", "how many of the last entries (20)", 'n'},
                {"all", OPTION_FLAG, &all, NULL, "from the beginning"},
                {0},
        };
        struct tail t = {cli, 0};
        uint64_t count = 0, size;
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_log_tail, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        if ((e = parse_count(count_text, &count)) != OK)
                return e;
        if ((e = follow ? cli_ready(cli) : cli_look(cli, &stale)) != OK)
                return e;
        cli_note_stale(stale);
        size = ledger_size(cli_ledger(cli));
        t.next = all || size <= count ? 0 : size - count;
        return follow ? follow_log(cli, &t) : history_walk(cli, t.next, print_entry, &t);
}

const struct command command_log_tail = {
        .name = "log tail",
        .synopsis = "[-f] [-n N] [--all]",
        .help = "Print the last entries as sentences (with --json: the raw lines).",
        .run = run_tail,
};

/* ---- export ---- */

/* A broker whose log contradicts the own copy is the very reason to write that copy down. */
static enum err look_or_alarm(struct cli *cli)
{
        const char *stale = NULL;
        enum err e = cli_look(cli, &stale);

        cli_note_stale(stale);
        if (e != ERR_LYING_BROKER || !cli->client)
                return e;
        note("warning: %s: %s (%s). What is written is this machine's own verified copy.", err_word(e),
             err_sentence(e), err_reason());
        err_forget();
        return OK;
}

static void tell_export(const struct cli *cli, const char *path, bool with_sealed, size_t n_parts)
{
        unsigned long long n = ledger_size(cli_ledger(cli));

        if (cli->json) {
                say_json(json_pack("{s:s, s:I, s:I}", "file", path, "entries", (json_int_t)n, "sealed_parts",
                                   (json_int_t)n_parts));
                return;
        }
        say("%llu entries and their signed head are in %s; anybody can check it with `breakglass log verify %s`.", n,
            path, path);
        if (with_sealed)
                say("With them %zu sealed parts of versions that were sealed here.", n_parts);
}

static enum err run_export(struct cli *cli, int argc, char **argv)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bool with_sealed = false;
        const struct option_about own[] = {
                {"sealed", OPTION_FLAG, &with_sealed, NULL,
                 "also the sealed parts that this machine has kept of versions sealed here: for a broker that lost "
                 "them"},
                {0},
        };
        struct texts args;
        size_t n_parts = 0;
        enum err e;

        if ((e = options_read(cli, &command_log_export, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the FILE to write (- is stdout)")) != OK)
                return e;
        if ((e = look_or_alarm(cli)) != OK)
                return e;
        if ((e = replica_export(client_replica(cli->client), &text)) != OK)
                return e;
        if (with_sealed && (e = client_write_parts(cli->client, &text, &n_parts)) != OK)
                return e;
        if (span_is(span_text(args.text[0]), "-"))
                return fd_write_all(STDOUT_FILENO, text.p, text.n);
        if ((e = file_create(args.text[0], 0600, bytes_span(&text))) == ERR_DUPLICATE)
                return err_because(e, "%s exists and is never overwritten", args.text[0]);
        if (e == OK)
                tell_export(cli, args.text[0], with_sealed, n_parts);
        return e;
}

const struct command command_log_export = {
        .name = "log export",
        .synopsis = "[--sealed] FILE",
        .help = "Write the whole log with its signed head to a file; this machine's own copy, whatever the broker "
                "says.",
        .run = run_export,
};
