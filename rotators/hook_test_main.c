#include "base/clock.h"
#include "base/harden.h"
#include "rotators/hook_test.h"
#include <getopt.h>
#include <string.h>

#define TIMEOUT_MS MINUTE_MS

static const char usage[] =
        "usage: breakglass-rotator hook test PROGRAM [--config FILE] [--timeout TIME] [--first] [--dry-run]\n"
        "\n"
        "  --config FILE   the hook's whole configuration: a YAML map, mode 0600\n"
        "  --timeout TIME  for one step; 1m unless said otherwise\n"
        "  --first         end soon after the first rule that is broken\n"
        "  --dry-run       only `describe` and `check`: change nothing\n"
        "\n"
        "It changes the target's value several times, to values that nobody keeps: use a target made for the test.\n";

MUST_CHECK static enum err read_arguments(int argc, char **argv, struct hook_test_options *ret)
{
        static const struct option known[] = {
                {"config", required_argument, NULL, 'c'}, {"timeout", required_argument, NULL, 't'},
                {"first", no_argument, NULL, 'f'},        {"dry-run", no_argument, NULL, 'd'},
                {"help", no_argument, NULL, 'h'},         {0}};
        for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
                switch (option) {
                case 'c': ret->config = optarg; break;
                case 't':
                        if (duration_parse(optarg, &ret->timeout_ms) != OK)
                                return err_because(ERR_USAGE, "--timeout is a time as 30s or 1m");
                        break;
                case 'f': ret->first = true; break;
                case 'd': ret->dry_run = true; break;
                case 'h': fputs(usage, stdout); exit(0);
                default: return ERR_USAGE;
                }
        }
        if (argc - optind != 2 || strcmp(argv[optind], "test") != 0)
                return err_because(ERR_USAGE, "`hook test PROGRAM` is all there is");
        ret->program = argv[optind + 1];
        return OK;
}

int hook_test_main(int argc, char **argv)
{
        struct hook_test_options o = {.timeout_ms = TIMEOUT_MS};
        enum err e = read_arguments(argc, argv, &o);
        if (e == ERR_USAGE)
                fputs(usage, stderr);
        if (e == OK)
                e = harden_process();
        if (e == OK)
                e = hook_test_run(&o);
        if (e != OK)
                fprintf(stderr, "breakglass-rotator: %s: %s; %s\n", err_word(e), err_reason(), err_sentence(e));
        return err_exit(e);
}
