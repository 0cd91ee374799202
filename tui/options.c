#include "tui/options.h"
#include "base/clock.h"
#include "tui/say.h"
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#define OWN_MAX 24u

/* Values that getopt_long gives back; a command's own options follow. */
enum {
        ANSWER_BROKER = 256,
        ANSWER_IDENTITY,
        ANSWER_INSTALLATION,
        ANSWER_JSON,
        ANSWER_NO_INPUT,
        ANSWER_PASSPHRASE_FD,
        ANSWER_PASSPHRASE,
        ANSWER_WORDS,
        ANSWER_WORDS_FD,
        ANSWER_HELP,
        ANSWER_OWN
};

static const struct option common[] = {
        {"broker", required_argument, NULL, ANSWER_BROKER},
        {"identity", required_argument, NULL, ANSWER_IDENTITY},
        {"installation", required_argument, NULL, ANSWER_INSTALLATION},
        {"json", no_argument, NULL, ANSWER_JSON},
        {"no-input", no_argument, NULL, ANSWER_NO_INPUT},
        {"passphrase-fd", required_argument, NULL, ANSWER_PASSPHRASE_FD},
        {"words", no_argument, NULL, ANSWER_WORDS},
        {"words-fd", required_argument, NULL, ANSWER_WORDS_FD},
        /* Known only to be refused in a useful way; it takes a value so that the value is not read as a name. */
        {"passphrase", optional_argument, NULL, ANSWER_PASSPHRASE},
        {"help", no_argument, NULL, ANSWER_HELP},
};

static enum err take_brokers(struct cli *cli, char *list)
{
        for (char *save = NULL, *one = strtok_r(list, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
                if (cli->n_brokers == CLI_BROKERS_MAX)
                        return err_because(ERR_USAGE, "more than %u brokers", CLI_BROKERS_MAX);
                if (strncmp(one, "https://", 8) != 0 && strncmp(one, "unix:", 5) != 0)
                        return err_because(ERR_USAGE, "--broker wants https://HOST:PORT or unix:PATH, not \"%s\"",
                                           one);
                cli->brokers[cli->n_brokers++] = one;
        }
        return OK;
}

static enum err take_fd(const char *name, const char *text, int *ret)
{
        char *end;
        long fd = strtol(text, &end, 10);

        if (end == text || *end || fd < 0 || fd > 1 << 20)
                return err_because(ERR_USAGE, "%s wants the number of an open descriptor", name);
        if (fcntl((int)fd, F_GETFD) < 0)
                return err_because(ERR_USAGE, "descriptor %ld is not open", fd);
        /* No editor or program that is started later shall find what is left in it. */
        if (fd > STDERR_FILENO && fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
                return err_because(ERR_IO, "descriptor %ld", fd);
        *ret = (int)fd;
        return OK;
}

static enum err take_common(struct cli *cli, int answer, char *value)
{
        switch (answer) {
        case ANSWER_BROKER: return take_brokers(cli, value);
        case ANSWER_IDENTITY: cli->identity = value; return OK;
        case ANSWER_INSTALLATION: cli->installation = value; return OK;
        case ANSWER_JSON: cli->json = true; return OK;
        case ANSWER_NO_INPUT: cli->no_input = true; return OK;
        case ANSWER_PASSPHRASE_FD: return take_fd("--passphrase-fd", value, &cli->passphrase_fd);
        case ANSWER_WORDS: cli->words = true; return OK;
        case ANSWER_WORDS_FD: cli->words = true; return take_fd("--words-fd", value, &cli->words_fd);
        case ANSWER_PASSPHRASE:
                return err_because(ERR_USAGE, "a passphrase on the command line can be read by everybody on this "
                                              "machine; use the terminal or --passphrase-fd (and change this one)");
        default: return err_because(ERR_USAGE, "an option is unknown or lacks its value");
        }
}

static enum err take_own(const struct option_about *o, const char *value)
{
        struct texts *list = o->into;

        switch (o->kind) {
        case OPTION_FLAG: *(bool *)o->into = true; return OK;
        case OPTION_TEXT: *(const char **)o->into = value; return OK;
        case OPTION_LIST:
                if (list->n == TEXTS_MAX)
                        return err_because(ERR_USAGE, "--%s was given more than %u times", o->name, TEXTS_MAX);
                list->text[list->n++] = value;
                return OK;
        case OPTION_TIME:
                if (duration_parse(value, o->into) != OK)
                        return err_because(ERR_USAGE, "--%s wants a time like 30m, 2h or 1d, not \"%s\"", o->name,
                                           value);
                return OK;
        }
        return ERR_INTERNAL;
}

/* The short spellings, for getopt: "+:hfn:" */
static void build_letters(const struct option_about own[], const char *begin, char ret[])
{
        size_t n = strlen(begin);

        memcpy(ret, begin, n);
        for (size_t i = 0; own && own[i].name; i++) {
                if (own[i].letter)
                        ret[n++] = own[i].letter;
                if (own[i].letter && own[i].kind != OPTION_FLAG)
                        ret[n++] = ':';
        }
        ret[n] = '\0';
}

static size_t own_index(const struct option_about own[], int answer)
{
        size_t i = (size_t)(answer - ANSWER_OWN);

        if (answer < ANSWER_BROKER)
                for (i = 0; own[i].letter != (char)answer; i++)
                        ;
        return i;
}

static size_t build_table(const struct option_about own[], struct option ret[])
{
        size_t n = COUNT_OF(common);

        memcpy(ret, common, sizeof(common));
        for (size_t i = 0; own && own[i].name; i++, n++)
                ret[n] = (struct option){own[i].name, own[i].kind == OPTION_FLAG ? no_argument : required_argument,
                                         NULL, ANSWER_OWN + (int)i};
        ret[n] = (struct option){NULL, 0, NULL, 0};
        return n;
}

static enum err wrong_option(int answer, char **argv)
{
        const char *text = argv[optind > 0 ? optind - 1 : 0];

        if (answer == ':')
                return err_because(ERR_USAGE, "%s wants a value", text);
        return err_because(ERR_USAGE, "unknown option %s", text);
}

static enum err read_all(struct cli *cli, const struct command *command, const struct option_about own[], int argc,
                         char **argv, const char *begin)
{
        struct option table[COUNT_OF(common) + OWN_MAX + 1];
        char letters[8 + 2 * OWN_MAX];
        enum err e = OK;
        int answer;

        build_table(own, table);
        build_letters(own, begin, letters);
        opterr = 0;
        optind = 0; /* glibc: begin anew */
        while (e == OK && (answer = getopt_long(argc, argv, letters, table, NULL)) != -1) {
                if (answer == '?' || answer == ':') {
                        e = wrong_option(answer, argv);
                } else if (answer == ANSWER_HELP || answer == 'h') {
                        if (command)
                                options_print_help(command, own);
                        cli->is_done = true;
                        return ERR_ABORTED;
                } else if (answer >= ANSWER_OWN || answer < ANSWER_BROKER) {
                        e = take_own(&own[own_index(own, answer)], optarg);
                } else {
                        e = take_common(cli, answer, optarg);
                }
        }
        return e;
}

enum err options_read(struct cli *cli, const struct command *command, const struct option_about own[], int argc,
                      char **argv, struct texts *ret_args)
{
        enum err e = read_all(cli, command, own, argc, argv, ":h");

        ret_args->n = 0;
        if (e != OK)
                return e;
        for (int i = optind; i < argc; i++) {
                if (ret_args->n == TEXTS_MAX)
                        return err_because(ERR_USAGE, "more than %u arguments", TEXTS_MAX);
                ret_args->text[ret_args->n++] = argv[i];
        }
        return OK;
}

enum err options_read_common(struct cli *cli, int argc, char **argv, int *ret_next)
{
        const struct option_about own[] = {
                {"snapshot", OPTION_TEXT, &cli->snapshot, "SCREEN", "print one frame of the screens as text"},
                {"size", OPTION_TEXT, &cli->size, "COLUMNSxROWS", "of that frame"},
                {0},
        };
        enum err e = read_all(cli, NULL, own, argc, argv, "+:h");

        *ret_next = optind;
        return e;
}

enum err options_want(const struct texts *args, size_t least, size_t most, const char *what)
{
        if (args->n < least)
                return err_because(ERR_USAGE, "%s is missing", what);
        if (args->n > most)
                return err_because(ERR_USAGE, "\"%s\" is one argument too many", args->text[most]);
        return OK;
}

enum err options_want_name(const char *name, const char *what)
{
        return name_is_valid(name)
                       ? OK
                       : err_because(ERR_USAGE, "\"%.60s\" is no %s: lower-case letters, digits and . _ / -", name,
                                     what);
}

enum err options_want_words(const char *text, const char *what, size_t max)
{
        size_t points = 0;

        if (!text || !*text)
                return err_because(ERR_USAGE, "%s is missing", what);
        if (!utf8_valid(span_text(text), &points))
                return err_because(ERR_USAGE, "%s is not UTF-8", what);
        if (points > max)
                return err_because(ERR_USAGE, "%s has %zu characters; at most %zu", what, points, max);
        return OK;
}

static void print_option(const char *name, const char *value, const char *help)
{
        CLEANUP_BYTES struct bytes label = BYTES_NONE;

        bytes_printf(&label, "--%s%s%s", name, value ? " " : "", value ? value : "");
        say_entry(bytes_text(&label), 24, help);
}

void options_print_help(const struct command *command, const struct option_about own[])
{
        printf("usage: breakglass %s %s\n\n", command->name, command->synopsis);
        say("%s", command->help);
        if (own && own[0].name)
                printf("\n");
        for (size_t i = 0; own && own[i].name; i++)
                print_option(own[i].name, own[i].value, own[i].help);
        printf("\nEverywhere:\n");
        print_option("broker", "URL|unix:PATH", "speak to this broker instead of those remembered");
        print_option("identity", "FILE", "the identity to use");
        print_option("installation", "NAME", "which installation, when several were joined");
        print_option("json", NULL, "answer in JSON");
        print_option("no-input", NULL, "never ask anything: fail instead");
        print_option("passphrase-fd", "N", "read the identity's passphrase from descriptor N, one line");
        print_option("words", NULL, "be whom an envelope's 48 words make: asks for them one by one");
        print_option("words-fd", "N", "read those words from descriptor N, to its end");
}

static void print_parts(const struct command *group, const struct command *const parts[], size_t n)
{
        printf("usage: breakglass %s %s\n\n", group->name, group->synopsis);
        say("%s", group->help);
        printf("\n");
        for (size_t i = 0; i < n; i++)
                say_entry(parts[i]->name, 16, parts[i]->help);
}

enum err options_run_part(struct cli *cli, const struct command *group, const struct command *const parts[], size_t n,
                          int argc, char **argv)
{
        size_t prefix = strlen(group->name) + 1;
        int next;
        enum err e = options_read_common(cli, argc, argv, &next);

        if (cli->is_done)
                print_parts(group, parts, n);
        if (e != OK)
                return e;
        if (next >= argc)
                return err_because(ERR_USAGE, "%s what?", group->name);
        for (size_t i = 0; i < n; i++)
                if (strcmp(parts[i]->name + prefix, argv[next]) == 0)
                        return parts[i]->run(cli, argc - next, argv + next);
        return err_because(ERR_USAGE, "there is no \"%s %s\"", group->name, argv[next]);
}
