/* Options of a command line, read with getopt_long from one table that also prints the help. */
#pragma once
#include "tui/cli.h"

#define TEXTS_MAX 64u

/* An option that may be given several times. */
struct texts {
        size_t n;
        const char *text[TEXTS_MAX];
};

enum option_kind {
        OPTION_FLAG, /* into: bool */
        OPTION_TEXT, /* into: const char * */
        OPTION_LIST, /* into: struct texts */
        OPTION_TIME, /* into: int64_t milliseconds, written like 30m */
};

struct option_about {
        const char *name; /* without the hyphens */
        enum option_kind kind;
        void *into;
        const char *value; /* how the value is called in the help, NULL for a flag */
        const char *help;
        char letter; /* a short spelling, or 0 */
};

/* Reads argv (argv[0] is the command's name). The common options go into cli, the command's own where `own` says; it
 * ends with an entry without name, NULL for none. ret_args: what is no option, in order; what follows `--` is left
 * alone. Errors: ERR_USAGE with the reason; ERR_ABORTED with cli->is_done after --help was printed. */
MUST_CHECK enum err options_read(struct cli *cli, const struct command *command, const struct option_about own[],
                                 int argc, char **argv, struct texts *ret_args);
/* Only the common options before the command's name; ret_next: the index of that name (argc when there is none). */
MUST_CHECK enum err options_read_common(struct cli *cli, int argc, char **argv, int *ret_next);
/* Exactly so many arguments, or ERR_USAGE that says what is missing. */
MUST_CHECK enum err options_want(const struct texts *args, size_t least, size_t most, const char *what);
/* A credential's or person's name, before anything else is done with it. Errors: ERR_USAGE. */
MUST_CHECK enum err options_want_name(const char *name, const char *what);
/* Words for others to read: UTF-8, 1…max characters. Errors: ERR_USAGE. */
MUST_CHECK enum err options_want_words(const char *text, const char *what, size_t max);
void options_print_help(const struct command *command, const struct option_about own[]);

/* A command of several words (`roster sign`): runs the part named by argv[1]. The parts' names hold both words. */
MUST_CHECK enum err options_run_part(struct cli *cli, const struct command *group,
                                     const struct command *const parts[], size_t n, int argc, char **argv);
