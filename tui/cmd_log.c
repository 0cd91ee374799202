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

static enum err run_export(struct cli *cli, int argc, char **argv)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct texts args;
        const char *stale;
        enum err e;

        if ((e = options_read(cli, &command_log_export, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the FILE to write (- is stdout)")) != OK)
                return e;
        if ((e = cli_look(cli, &stale)) != OK)
                return e;
        cli_note_stale(stale);
        if ((e = replica_export(client_replica(cli->client), &text)) != OK)
                return e;
        if (span_is(span_text(args.text[0]), "-"))
                return fd_write_all(STDOUT_FILENO, text.p, text.n);
        if ((e = file_create(args.text[0], 0600, bytes_span(&text))) == ERR_DUPLICATE)
                return err_because(e, "%s exists and is never overwritten", args.text[0]);
        if (e == OK && cli->json)
                say_json(json_pack("{s:s, s:I}", "file", args.text[0], "entries",
                                   (json_int_t)ledger_size(cli_ledger(cli))));
        else if (e == OK)
                say("%llu entries and their signed head are in %s; anybody can check it with `breakglass log verify "
                    "%s`.",
                    (unsigned long long)ledger_size(cli_ledger(cli)), args.text[0], args.text[0]);
        return e;
}

const struct command command_log_export = {
        .name = "log export",
        .synopsis = "FILE",
        .help = "Write the whole log with its signed head to a file.",
        .run = run_export,
};
