/* breakglass-rotator: takes rotation orders from the log, runs hooks against targets, seals the new versions. */
#include "base/file.h"
#include "base/harden.h"
#include "base/log.h"
#include "rotators/hook_test.h"
#include "rotators/rotator.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/file.h>

static const char usage[] =
        "usage: breakglass-rotator --config FILE [--once | --check | --dry-run] [--retry]\n"
        "       breakglass-rotator hook test PROGRAM [--config FILE] [--timeout TIME] [--first] [--dry-run]\n"
        "\n"
        "  --config FILE  broker, identity, state folder, hooks (docs/rotator.md); mode 0600\n"
        "  --once         end when nothing is left to do now\n"
        "  --check        ask every hook whether it could work, then end\n"
        "  --dry-run      say what would be done next, change nothing, then end\n"
        "  --retry        try again what was given up after too many refused values\n";

struct arguments {
        const char *config;
        struct loop_options options;
};

MUST_CHECK static enum err read_arguments(int argc, char **argv, struct arguments *ret)
{
        static const struct option known[] = {
                {"config", required_argument, NULL, 'c'}, {"once", no_argument, NULL, 'o'},
                {"check", no_argument, NULL, 'k'},        {"dry-run", no_argument, NULL, 'd'},
                {"retry", no_argument, NULL, 'r'},        {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},      {0}};
        for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
                switch (option) {
                case 'c': ret->config = optarg; break;
                case 'o': ret->options.once = true; break;
                case 'k': ret->options.check = true; break;
                case 'd': ret->options.dry_run = true; break;
                case 'r': ret->options.retry = true; break;
                case 'h': fputs(usage, stdout); exit(0);
                case 'v': puts("breakglass-rotator " BREAKGLASS_VERSION); exit(0);
                default: return ERR_USAGE;
                }
        }
        if (optind != argc || !ret->config)
                return err_because(ERR_USAGE, "--config FILE is needed");
        return OK;
}

/* Two rotators on one state folder would do everything twice. The lock lives as long as the process. */
MUST_CHECK static enum err lock_state(const char *state)
{
        CLEANUP_FREE char *path = path_join(state, "lock");
        enum err e = file_make_folder(state, 0700);
        if (e != OK)
                return e;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return err_because(ERR_IO, "%s: %s", path, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) != 0)
                return err_because(ERR_USAGE, "another rotator uses %s", state);
        return OK;
}

MUST_CHECK static enum err join(const struct config *config, struct client **ret)
{
        CLEANUP_BYTES struct bytes where = BYTES_NONE;
        for (size_t i = 0; i < config->n_brokers; i++)
                bytes_printf(&where, "%s%s", i ? "," : "", config->brokers[i]);
        bytes_add_byte(&where, '#');
        bytes_add_hex(&where, config->genesis.b, HASH_BYTES);
        return client_join(bytes_text(&where), NULL, ret);
}

/* The addresses are always the configuration's: the broker may have moved since the first contact. */
MUST_CHECK static enum err open_client(const struct config *config, struct client **ret)
{
        const struct client_options options = {
                .installation = config->installation, .brokers = config->brokers, .n_brokers = config->n_brokers};
        if (setenv("XDG_STATE_HOME", config->state, 1) != 0 || unsetenv("BREAKGLASS_INSTALLATION") != 0)
                return ERR_IO;
        enum err e = client_open(&options, ret);
        return e == ERR_NO_PIN ? join(config, ret) : e;
}

MUST_CHECK static enum err check_pin(const struct config *config, struct client *client)
{
        return hash_equal(&client_home(client)->genesis, &config->genesis)
                       ? OK
                       : err_because(ERR_NO_PIN,
                                     "the state folder belongs to another installation than `genesis` says");
}

MUST_CHECK static enum err open_all(struct rotator *r)
{
        CLEANUP_IDENTITY struct identity me = {0};
        enum err e;
        if ((e = lock_state(r->config.state)) != OK)
                return e;
        if ((e = identity_load(r->config.identity, NULL, &me)) != OK)
                return e;
        if ((e = open_client(&r->config, &r->client)) != OK)
                return e;
        if ((e = check_pin(&r->config, r->client)) != OK)
                return e;
        if ((e = client_unlock(r->client, &me)) != OK)
                return e;
        return jobs_open(r->config.state, &r->jobs);
}

/* The broker's host with a rotator on it knows every new value: whoever owns that host owns both. */
static void warn_if_beside_broker(const struct config *config)
{
        static const char *const near[] = {"unix:", "https://127.", "https://localhost", "https://[::1]"};
        for (size_t i = 0; i < config->n_brokers; i++)
                for (size_t k = 0; k < COUNT_OF(near); k++)
                        if (!strncmp(config->brokers[i], near[k], strlen(near[k]))) {
                                log_event(LOG_LEVEL_WARNING, "rotator.beside_broker",
                                          F_TEXT("broker", config->brokers[i]),
                                          F_TEXT("why", "it shares the broker's host and fate: run it on another"));
                                return;
                        }
}

static void say_error(enum err e)
{
        const char *reason = err_reason();
        fprintf(stderr, "breakglass-rotator: %s: %s%s%s\n", err_word(e), reason, *reason ? "; " : "",
                err_sentence(e));
}

int main(int argc, char **argv)
{
        struct arguments arguments = {0};
        struct rotator r = {0};
        log_set_program("breakglass-rotator");
        if (argc > 1 && !strcmp(argv[1], "hook"))
                return hook_test_main(argc - 1, argv + 1);
        enum err e = read_arguments(argc, argv, &arguments);
        if (e == ERR_USAGE)
                fputs(usage, stderr);
        if (e == OK)
                e = harden_process();
        if (e == OK)
                e = config_read(arguments.config, &r.config);
        if (e == OK)
                e = open_all(&r);
        if (e == OK)
                warn_if_beside_broker(&r.config);
        if (e == OK)
                e = rotator_run(&r, &arguments.options);
        if (e != OK)
                say_error(e);
        jobs_close(&r.jobs);
        client_close(r.client);
        config_done(&r.config);
        return err_exit(e);
}
