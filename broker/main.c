#include "base/harden.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/commands.h"
#include "broker/courier.h"
#include "broker/export_process.h"
#include <getopt.h>
#include <signal.h>
#include <string.h>

static const char usage[] =
        "usage: breakglassd --config FILE [--accept-clock]       run the broker\n"
        "       breakglassd --config FILE --check-config         look whether the configuration is good\n"
        "       breakglassd keygen --dir DIR                     make the broker's keys, print its roster line\n"
        "       breakglassd init --config FILE --roster SIGNED   begin a log with this signed roster\n"
        "       breakglassd init --config FILE --from EXPORT [--log LATER-LOG]… [--genesis HEX] [--roster NEXT]\n"
        "                                                        bring a broker back on a new host\n"
        "       breakglassd give-back --config FILE LATER-LOG…   add what clients still hold to a restored log\n"
        "       breakglassd export --config FILE OUT|-           log, checkpoint, sealed shares and ciphertexts\n"
        "       breakglassd notifier test NAME|PATH --config FILE\n";

struct arguments {
        const char *config, *dir, *roster;
        struct restore_from from;
        bool checks_config, accepts_clock, wants_help, wants_version;
        int n_words;
        const char *word[1 + RESTORE_LOGS_MAX];
};

static bool read_arguments(int argc, char **argv, struct arguments *ret)
{
        static const struct option options[] = {
                {"config", required_argument, NULL, 'c'},
                {"dir", required_argument, NULL, 'd'},
                {"roster", required_argument, NULL, 'r'},
                {"check-config", no_argument, NULL, 'k'},
                {"accept-clock", no_argument, NULL, 'a'},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},
                {"from", required_argument, NULL, 'f'},
                {"log", required_argument, NULL, 'l'},
                {"genesis", required_argument, NULL, 'g'},
                {NULL, 0, NULL, 0},
        };
        int o;
        while ((o = getopt_long(argc, argv, "c:", options, NULL)) != -1)
                switch (o) {
                case 'c': ret->config = optarg; break;
                case 'd': ret->dir = optarg; break;
                case 'r': ret->roster = optarg; break;
                case 'f': ret->from.vault = optarg; break;
                case 'l':
                        if (ret->from.n_logs == COUNT_OF(ret->from.logs))
                                return false;
                        ret->from.logs[ret->from.n_logs++] = optarg;
                        break;
                case 'g': ret->from.genesis = optarg; break;
                case 'k': ret->checks_config = true; break;
                case 'a': ret->accepts_clock = true; break;
                case 'h': ret->wants_help = true; break;
                case 'v': ret->wants_version = true; break;
                default: return false;
                }
        for (; optind < argc; optind++) {
                if (ret->n_words == (int)COUNT_OF(ret->word))
                        return false;
                ret->word[ret->n_words++] = argv[optind];
        }
        return true;
}

static bool is_command(const struct arguments *a, const char *word, int n_words)
{
        return a->n_words == n_words && !strcmp(a->word[0], word);
}

/* ---- running ---- */

static void wait_for_end(struct broker *b, const sigset_t *signals)
{
        for (;;) {
                int signal = 0;
                if (sigwait(signals, &signal) != 0 || signal == SIGHUP)
                        broker_reload(b);
                else
                        return;
        }
}

static int run(const struct arguments *a)
{
        struct broker b = {0};
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGHUP);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigprocmask(SIG_BLOCK, &signals, NULL); /* every thread inherits this: only the main thread hears them */
        enum err e = broker_open(&b, a->config, a->accepts_clock);
        if (e == OK)
                e = broker_start(&b);
        if (e == OK) {
                log_event(LOG_LEVEL_NOTICE, "broker.started", F_TEXT("version", BREAKGLASS_VERSION));
                wait_for_end(&b, &signals);
        } else {
                command_failed((int)e);
        }
        int code = e != OK ? err_exit(e) : EXIT_OK;
        broker_stop(&b);
        broker_close(&b);
        if (b.exit_code)
                code = b.exit_code;
        log_event(LOG_LEVEL_NOTICE, "broker.stopped", F_INT("exit", code));
        return code;
}

int main(int argc, char **argv)
{
        struct arguments a = {0};
        enum err e;
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN); /* a size limit is a failed write like any other */
        log_set_program("breakglassd");
        if (argc == 2 && !strcmp(argv[1], COURIER_COMMAND))
                return courier_main();
        if (argc == 2 && !strcmp(argv[1], EXPORT_COMMAND))
                return export_process_main();
        if ((e = harden_process()) != OK)
                return command_failed((int)e);
        if (!read_arguments(argc, argv, &a)) {
                fputs(usage, stderr);
                return EXIT_USAGE;
        }
        if (a.wants_help || a.wants_version) {
                fputs(a.wants_help ? usage : "breakglassd " BREAKGLASS_VERSION "\n", stdout);
                return EXIT_OK;
        }
        if (is_command(&a, "keygen", 1) && a.dir)
                return command_keygen(a.dir);
        if (a.config && a.n_words == 0)
                return a.checks_config ? command_check_config(a.config) : run(&a);
        if (a.config && is_command(&a, "init", 1) && a.from.vault) {
                a.from.roster = a.roster;
                return command_restore(a.config, &a.from);
        }
        if (a.config && is_command(&a, "init", 1) && a.roster && !a.from.vault)
                return command_init(a.config, a.roster);
        if (a.config && a.n_words >= 2 && !strcmp(a.word[0], "give-back"))
                return command_give_back(a.config, a.word + 1, (size_t)a.n_words - 1);
        if (a.config && is_command(&a, "export", 2))
                return command_export(a.config, a.word[1]);
        if (a.config && is_command(&a, "notifier", 3) && !strcmp(a.word[1], "test"))
                return command_notifier_test(a.config, a.word[2]);
        fputs(usage, stderr);
        return EXIT_USAGE;
}
