#include "tui/cmd_roster.h"
#include "tui/commands.h"
#include "tui/say.h"
#include <string.h>

/* To FILE (never over another one), or to stdout. */
static enum err deliver(const char *out, struct span text)
{
        enum err e;

        if (!out)
                return fd_write_all(STDOUT_FILENO, text.p, text.n);
        if ((e = file_create(out, 0644, text)) == ERR_DUPLICATE)
                return err_because(e, "%s exists and is never overwritten", out);
        if (e == OK)
                note("Written to %s. Next: edit it, `breakglass roster lint %s`, then `breakglass roster sign %s`.",
                     out, out, out);
        return e;
}

/* ---- new ---- */

/* Lines of a file that holds what several `keygen` printed; kept alive by text. */
static enum err read_lines(const char *path, struct bytes *text, struct texts *lines)
{
        enum err e;

        if ((e = file_read(path, ROSTER_MAX_BYTES, text)) != OK)
                return err_because(e, "%s", path);
        for (char *save = NULL, *line = strtok_r((char *)text->p, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
                if (line[strspn(line, " \t\r")] == '\0' || line[strspn(line, " ")] == '#')
                        continue;
                if (lines->n == TEXTS_MAX)
                        return err_because(ERR_USAGE, "more than %u people", TEXTS_MAX);
                lines->text[lines->n++] = line;
        }
        return OK;
}

static enum err check_lines(const struct texts *lines)
{
        for (size_t i = 0; i < lines->n; i++)
                if (!strstr(lines->text[i], "signs:") || !strstr(lines->text[i], "opens:"))
                        return err_because(ERR_USAGE,
                                           "\"%.40s\" is no line of `breakglass keygen` (NAME: {signs: …, opens: …})",
                                           lines->text[i]);
        return OK;
}

enum err roster_cmd_new(struct cli *cli, int argc, char **argv)
{
        struct texts args, lines = {0};
        const char *name = NULL, *people = NULL, *broker = NULL, *out = NULL;
        const struct option_about own[] = {
                {"name", OPTION_TEXT, &name, "NAME", "what the installation is called"},
                {"person", OPTION_LIST, &lines, "LINE", "a person's line as their keygen printed it (several times)"},
                {"people", OPTION_TEXT, &people, "FILE", "a file of such lines"},
                {"broker-keys", OPTION_TEXT, &broker, "LINE", "the line that `breakglassd keygen` printed"},
                {"out", OPTION_TEXT, &out, "FILE", "write to this file instead of stdout"},
                {0},
        };
        CLEANUP_BYTES struct bytes text = BYTES_NONE, yaml = BYTES_NONE;
        enum err e;

        if ((e = options_read(cli, &command_roster_new, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        if (!name || !name_is_valid(name))
                return err_because(ERR_USAGE,
                                   "--name is missing or no name (lower-case letters, digits and . _ / -)");
        if (people && (e = read_lines(people, &text, &lines)) != OK)
                return e;
        if ((e = check_lines(&lines)) != OK)
                return e;
        roster_template(name, broker, &lines, &yaml);
        return deliver(out, bytes_span(&yaml));
}

const struct command command_roster_new = {
        .name = "roster new",
        .synopsis = "--name NAME [--broker-keys LINE] [--person LINE]… [--people FILE] [--out FILE]",
        .help = "Write a commented first roster to edit.",
        .run = roster_cmd_new,
        .is_harmless = true,
};

/* ---- next ---- */

enum err roster_cmd_next(struct cli *cli, int argc, char **argv)
{
        const char *out = NULL;
        const struct option_about own[] = {
                {"out", OPTION_TEXT, &out, "FILE", "write to this file instead of stdout"},
                {0},
        };
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct texts args;
        const char *stale;
        enum err e;

        if ((e = options_read(cli, &command_roster_next, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        if ((e = cli_look(cli, &stale)) != OK)
                return e;
        cli_note_stale(stale);
        const struct roster *now = ledger_roster(cli_ledger(cli));

        if (!now)
                return err_because(ERR_NOT_FOUND, "no roster is here yet");
        if ((e = roster_next_text(now, &yaml)) != OK)
                return e;
        return deliver(out, bytes_span(&yaml));
}

const struct command command_roster_next = {
        .name = "roster next",
        .synopsis = "[--out FILE]",
        .help = "Write the roster in force as the next one (number and `previous` set), to edit and sign.",
        .run = roster_cmd_next,
};

/* ---- lint ---- */

static enum err lint_json(const struct roster *r, unsigned warnings)
{
        char id[HASH_HEX + 1];

        hash_to_hex(&r->id, id);
        say_json(json_pack("{s:s, s:I, s:s, s:i}", "name", r->name, "roster", (json_int_t)r->number, "sha256", id,
                           "warnings", (int)warnings));
        return OK;
}

enum err roster_cmd_lint(struct cli *cli, int argc, char **argv)
{
        struct roster *r = NULL;
        unsigned warnings = 0;
        struct texts args;
        char id[HASH_HEX + 1];
        enum err e;

        if ((e = options_read(cli, &command_roster_lint, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the roster's FILE")) != OK)
                return e;
        if ((e = roster_file_read(args.text[0], &r, &warnings)) != OK)
                return e;
        if ((e = roster_check_paging(r)) != OK) {
                roster_free(r);
                return e;
        }
        hash_to_hex(&r->id, id);
        if (cli->json)
                e = lint_json(r, warnings);
        else
                say("%s: roster %llu of %s holds every rule; %u warning%s. Its hash is %s.", args.text[0],
                    (unsigned long long)r->number, r->name, warnings, warnings == 1 ? "" : "s", id);
        roster_free(r);
        return e;
}

const struct command command_roster_lint = {
        .name = "roster lint",
        .synopsis = "FILE",
        .help = "Check a roster file: errors with line and column (exit 4), warnings for what is allowed but unwise.",
        .run = roster_cmd_lint,
        .is_harmless = true,
};
