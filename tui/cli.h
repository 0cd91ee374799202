/* What all commands of `breakglass` share: the options that may stand everywhere, the installation they speak to, the
 * identity they unlock, and how they end.
 *
 * A command returns an error; main() prints its one line and turns it into the exit code. Stdout carries answers
 * (text, or JSON with --json), stderr everything else. */
#pragma once
#include "client/act.h"

#define CLI_BROKERS_MAX 8u
#define CLI_TRIES       3u /* of a passphrase or a code */

struct cli {
        const char *brokers[CLI_BROKERS_MAX];
        size_t n_brokers;
        const char *identity, *installation; /* as given, or NULL */
        const char *snapshot, *size;         /* of `breakglass` alone: one frame as text */
        bool json, no_input;
        int passphrase_fd; /* -1: ask at the terminal */
        bool words;        /* the identity comes as words, from words_fd or (-1) asked for one by one */
        int words_fd;
        bool is_done;  /* --help was answered: end well, say nothing more */
        int exit_code; /* of a child program, or -1: the error's own */
        char *identity_path_;
        struct client *client;
};

struct command {
        const char *name;     /* what is typed: "roster", "log" */
        const char *synopsis; /* what follows it */
        const char *help;     /* one sentence */
        enum err (*run)(struct cli *cli, int argc, char **argv);
        bool is_harmless; /* handles no secret: runs even where no memory can be locked */
};

void cli_init(struct cli *cli);
void cli_done(struct cli *cli);

/* The identity file: --identity, else the one named at joining, else $XDG_CONFIG_HOME/breakglass/identity. Never
 * NULL; lives as long as cli. */
const char *cli_identity_path(struct cli *cli);
/* Opens the installation's folder and replica. Errors: those of client_open(). */
MUST_CHECK enum err cli_open(struct cli *cli);
/* Reads the identity, asking for its passphrase when it has one, or takes it from words (--words). Errors: those of
 * identity_load() and paper_read(), ERR_USAGE (something must be asked and nobody may be), ERR_ABORTED. */
MUST_CHECK enum err cli_load_identity(struct cli *cli, struct identity *ret);
/* Opens, unlocks, sends what an earlier run left, and brings the replica up to date. */
MUST_CHECK enum err cli_ready(struct cli *cli);
/* Checks those of my shares that I have not checked lately, and says so in the log. It helps the next rotation and
 * must never stand in the way: main() calls it after every command that unlocked, and a failure is only told. */
void cli_prove_custody(struct cli *cli);
/* cli_ready() as far as it goes without asking anybody: unlocks only an identity without passphrase (or with
 * --passphrase-fd), and goes on with the own copy when the broker is away. ret_stale: NULL when the copy is up to
 * date, else why not, in a word. Errors: those of cli_open(), and every alarm. */
MUST_CHECK enum err cli_look(struct cli *cli, const char **ret_stale);
/* Says on stderr that what follows is from a copy that may be old; nothing for NULL. */
void cli_note_stale(const char *stale);

/* A new passphrase: from --passphrase-fd (one line), else asked twice. Errors: ERR_USAGE (weak, not the same twice),
 * ERR_ABORTED. */
MUST_CHECK enum err cli_new_passphrase(struct cli *cli, bool accept_weak, struct secret *ret);
/* Whether a passphrase is too easy to guess: fewer than 12 characters, or hardly any different ones. */
bool passphrase_is_weak(const struct secret *passphrase);

/* The state of things, and the moment to judge them by. */
static inline const struct ledger *cli_ledger(const struct cli *cli)
{
        return client_ledger(cli->client);
}
static inline int64_t cli_now(const struct cli *cli)
{
        return act_now_ms(cli->client);
}
