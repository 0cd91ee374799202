#include "tui/commands.h"
#include "tui/cmd_log.h"
#include "tui/cmd_recover.h"
#include "tui/cmd_roster.h"
#include <criterion/criterion.h>
#include <string.h>

static const struct command *const commands[] = {
#define X(name) &command_##name,
        COMMAND_LIST(X)
#undef X
                & command_roster_new,
        &command_roster_next,
        &command_roster_show,
        &command_roster_lint,
        &command_roster_sign,
        &command_roster_submit,
        &command_log_tail,
        &command_log_verify,
        &command_log_export,
        &command_recover_verify,
        &command_recover_ask,
        &command_recover_approve,
        &command_recover_open,
};

Test(commands, each_says_in_one_sentence_what_it_does)
{
        for (size_t i = 0; i < COUNT_OF(commands); i++) {
                const char *help = commands[i]->help;

                cr_assert(commands[i]->run);
                cr_assert_eq(help[strlen(help) - 1], '.', "%s", commands[i]->name);
                cr_assert_null(strstr(help, ". "), "%s", commands[i]->name);
        }
}

Test(commands, each_stands_in_the_manual)
{
        CLEANUP_FREE char *path = path_join(getenv("BREAKGLASS_SOURCE"), "docs/man/breakglass.1");
        CLEANUP_BYTES struct bytes manual = BYTES_NONE;

        cr_assert_eq(file_read(path, 1 << 20, &manual), OK);
        for (size_t i = 0; i < COUNT_OF(commands); i++) {
                CLEANUP_BYTES struct bytes head = BYTES_NONE;

                bytes_printf(&head, "\n.B %s\n", commands[i]->name);
                if (strcmp(commands[i]->name, "roster") != 0 && strcmp(commands[i]->name, "log") != 0 &&
                    strcmp(commands[i]->name, "recover") != 0)
                        cr_assert(strstr(bytes_text(&manual), bytes_text(&head)), "%s", commands[i]->name);
        }
}

Test(commands, an_export_with_blobs_is_known_by_its_third_part)
{
        static const char *const note = "breakglass/x\n3\nroot\n\n\xe2\x80\x94 breakglass/x sig\n";
        CLEANUP_BYTES struct bytes log = BYTES_NONE;

        bytes_printf(&log, "{}\n{}\n\n%s", note);
        cr_assert_not(export_has_blobs(bytes_span(&log)));
        bytes_add_text(&log, "\n");
        cr_assert(export_has_blobs(bytes_span(&log)));
        bytes_add_text(&log, "{\"sha256\":…}\n");
        cr_assert(export_has_blobs(bytes_span(&log)));
        cr_assert_not(export_has_blobs(span_text("")));
}

/* ---- passphrases ---- */

static bool is_weak(const char *text)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;

        cr_assert_eq(secret_copy(text, strlen(text), &s), OK);
        return passphrase_is_weak(&s);
}

Test(commands, weak_passphrases_are_known)
{
        cr_assert(is_weak("short"));
        cr_assert(is_weak("elevenchars"));
        cr_assert(is_weak("aaaaaaaaaaaaaaaaaaaa"));
        cr_assert(is_weak("abababababababab"));
        cr_assert_not(is_weak("correct horse"));
}

Test(commands, a_new_passphrase_comes_by_descriptor_and_is_judged)
{
        static const struct {
                const char *line;
                bool accept_weak;
                enum err e;
        } rows[] = {
                {"correct horse battery\nnext", false, OK},
                {"short\n", false, ERR_USAGE},
                {"short\n", true, OK},
                {"\n", true, ERR_USAGE},
        };

        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret s = SECRET_NONE;
                struct cli cli;
                int ends[2];

                cr_assert_eq(pipe(ends), 0);
                cr_assert_eq(write(ends[1], rows[i].line, strlen(rows[i].line)), (ssize_t)strlen(rows[i].line));
                close(ends[1]);
                cli_init(&cli);
                cli.passphrase_fd = ends[0];
                cr_assert_eq(cli_new_passphrase(&cli, rows[i].accept_weak, &s), rows[i].e, "row %zu: %s", i,
                             err_reason());
                close(ends[0]);
        }
}

Test(commands, with_no_input_nothing_is_asked)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        struct cli cli;

        cli_init(&cli);
        cli.no_input = true;
        cr_assert_eq(cli_new_passphrase(&cli, true, &s), ERR_USAGE);
}
