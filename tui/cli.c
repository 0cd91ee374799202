#include "tui/cli.h"
#include "quorum/paper.h"
#include "tui/pending.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/word_prompt.h"
#include <string.h>

#define PASSPHRASE_LEAST 12u

void cli_init(struct cli *cli)
{
        *cli = (struct cli){.passphrase_fd = -1, .words_fd = -1, .exit_code = -1};
}

void cli_done(struct cli *cli)
{
        if (cli->client)
                client_close(cli->client);
        free(cli->identity_path_);
        cli->client = NULL;
        cli->identity_path_ = NULL;
}

static char *default_identity_path(void)
{
        const char *config = getenv("XDG_CONFIG_HOME"), *user_home = getenv("HOME");
        CLEANUP_FREE char *base =
                config && config[0] == '/' ? mem_text(config) : path_join(user_home ? user_home : "/", ".config");

        return path_join(base, "breakglass/identity");
}

const char *cli_identity_path(struct cli *cli)
{
        const struct home *home = cli->client ? client_home(cli->client) : NULL;

        if (cli->identity)
                return cli->identity;
        free(cli->identity_path_);
        cli->identity_path_ = home && home->identity_path ? mem_text(home->identity_path) : default_identity_path();
        return cli->identity_path_;
}

enum err cli_open(struct cli *cli)
{
        const struct client_options o = {
                .installation = cli->installation,
                .brokers = cli->n_brokers ? cli->brokers : NULL,
                .n_brokers = cli->n_brokers,
        };

        return cli->client ? OK : client_open(&o, &cli->client);
}

/* ---- the identity ---- */

static enum err read_passphrase(struct cli *cli, const char *path, struct secret *ret)
{
        CLEANUP_BYTES struct bytes question = BYTES_NONE;
        enum err e;

        if (cli->passphrase_fd >= 0) {
                if ((e = secret_read_line(cli->passphrase_fd, PROMPT_MAX, ret)) != OK)
                        return err_because(e == ERR_TOO_LARGE ? ERR_USAGE : e,
                                           "no passphrase could be read from descriptor %d", cli->passphrase_fd);
                return OK;
        }
        if (cli->no_input)
                return err_because(ERR_USAGE,
                                   "the identity %s has a passphrase; with --no-input it must come by "
                                   "--passphrase-fd",
                                   path);
        bytes_add_text(&question, "Passphrase of ");
        text_escape(span_text(path), &question);
        bytes_add_text(&question, ": ");
        return prompt_secret(bytes_text(&question), ret);
}

static enum err load_with_passphrase(struct cli *cli, const char *path, struct identity *ret)
{
        enum err e = ERR_WRONG_PASSPHRASE;

        for (unsigned i = 0; e == ERR_WRONG_PASSPHRASE && i < CLI_TRIES; i++) {
                CLEANUP_SECRET struct secret passphrase = SECRET_NONE;

                if ((e = read_passphrase(cli, path, &passphrase)) != OK)
                        return e;
                e = identity_load(path, &passphrase, ret);
                if (e == ERR_WRONG_PASSPHRASE && cli->passphrase_fd >= 0)
                        break;
                if (e == ERR_WRONG_PASSPHRASE && i + 1 < CLI_TRIES)
                        note("Wrong passphrase, or the file is damaged. Try again.");
        }
        return e;
}

/* From paper: 48 words, by descriptor or at the terminal. */
static enum err load_from_words(struct cli *cli, struct identity *ret)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE, cells = SECRET_NONE;
        enum err e;

        if (cli->identity)
                return err_because(ERR_USAGE, "--words stands instead of an identity file: leave --identity out");
        if (cli->words_fd >= 0) {
                if ((e = secret_read_fd(cli->words_fd, PAPER_TEXT_MAX, &text)) != OK)
                        return err_because(e == ERR_TOO_LARGE ? ERR_BAD_WORDS : e,
                                           "no words could be read from descriptor %d", cli->words_fd);
                e = paper_take_text(&text, &cells);
        } else if (cli->no_input) {
                return err_because(ERR_USAGE, "with --no-input the words must come by --words-fd");
        } else {
                note("The 48 words, one at a time; four letters are enough. Space takes a word, Backspace goes "
                     "back.");
                e = word_prompt(&cells);
        }
        return e == OK ? paper_read(&cells, ret) : e;
}

enum err cli_load_identity(struct cli *cli, struct identity *ret)
{
        const char *path = cli_identity_path(cli);
        bool needs_passphrase;
        enum err e;

        if (cli->words)
                return load_from_words(cli, ret);
        e = identity_needs_passphrase(path, &needs_passphrase);
        if (e == ERR_NO_ENTRY)
                return err_because(
                        e, "no identity at %s: make one with `breakglass keygen`, or name it with --identity", path);
        if (e != OK)
                return e;
        return needs_passphrase ? load_with_passphrase(cli, path, ret) : identity_load(path, NULL, ret);
}

static enum err unlock(struct cli *cli)
{
        CLEANUP_IDENTITY struct identity me = {0};
        enum err e;

        if (client_is_unlocked(cli->client))
                return OK;
        if ((e = cli_load_identity(cli, &me)) != OK)
                return e;
        return client_unlock(cli->client, &me);
}

/* ---- coming up to date ---- */

static void say_bad_share(void *context, const char *credential, uint64_t number, enum err e)
{
        (void)context;
        note("breakglass: bad-share: your share of %s version %llu does not hold (%s): tell an admin, it wants a "
             "rotation",
             credential, (unsigned long long)number, err_word(e));
}

void cli_prove_custody(struct cli *cli)
{
        const char *me = cli->client ? client_me(cli->client) : NULL;
        size_t n = 0;
        enum err e;

        if (!me || !custody_is_wanted(cli_ledger(cli), me, cli_now(cli)))
                return;
        e = act_prove_custody(cli->client, say_bad_share, NULL, &n);
        if (e != OK)
                note("breakglass: %s: custody of your shares could not be recorded now (%s); it is tried again next "
                     "time",
                     err_word(e), err_sentence(e));
        else if (n > 0)
                note("Checked %zu of your shares: %s.", n, n == 1 ? "it holds" : "they hold");
        err_forget();
}

static enum err send_what_was_left(struct cli *cli)
{
        size_t sent = 0, refused = 0;
        enum err e = client_retry_outgoing(cli->client, &sent, &refused);

        if (sent > 0)
                note("An earlier run was cut off before its answer: %zu statement%s sent again.", sent,
                     sent == 1 ? " was" : "s were");
        if (refused > 0)
                note("The broker refuses %zu statement%s of an earlier run by now; dropped.", refused,
                     refused == 1 ? "" : "s");
        return e;
}

static enum err come_up_to_date(struct cli *cli)
{
        enum err e = send_what_was_left(cli);

        return e == OK ? client_sync(cli->client, 0, NULL) : e;
}

enum err cli_ready(struct cli *cli)
{
        enum err e;

        if ((e = cli_open(cli)) != OK)
                return e;
        if ((e = unlock(cli)) != OK)
                return e;
        return come_up_to_date(cli);
}

enum err cli_look(struct cli *cli, const char **ret_stale)
{
        bool needs_passphrase = true;
        enum err e;

        *ret_stale = NULL;
        if ((e = cli_open(cli)) != OK)
                return e;
        e = cli->words ? OK : identity_needs_passphrase(cli_identity_path(cli), &needs_passphrase);
        if (e == OK && !cli->words && needs_passphrase && cli->passphrase_fd < 0) {
                *ret_stale = "locked";
                return OK;
        }
        if (e == OK)
                e = unlock(cli);
        if (e == OK)
                e = come_up_to_date(cli);
        /* A lie is never looked past. */
        if (e == ERR_LYING_BROKER || e == ERR_CORRUPT_LOG || e == ERR_BAD_LOG || e == ERR_FORK || e == ERR_AUTH)
                return e;
        if (e != OK)
                *ret_stale = err_word(e);
        err_forget();
        return OK;
}

void cli_note_stale(const char *stale)
{
        if (stale)
                note("warning: from the own copy, which was not brought up to date (%s%s).", stale,
                     strcmp(stale, "locked") == 0 ? ": the identity has a passphrase; `breakglass status` asks for it"
                                                  : "");
}

/* ---- a new passphrase ---- */

bool passphrase_is_weak(const struct secret *passphrase)
{
        size_t different = 0;
        bool seen[256] = {false};

        for (size_t i = 0; i < passphrase->len; i++) {
                different += seen[passphrase->bytes[i]] ? 0 : 1;
                seen[passphrase->bytes[i]] = true;
        }
        /* Which bytes a passphrase has is a secret, too. */
        explicit_bzero(seen, sizeof(seen));
        return passphrase->len < PASSPHRASE_LEAST || different < 5;
}

static enum err judge(const struct secret *passphrase, bool accept_weak)
{
        if (passphrase->len == 0)
                return err_because(ERR_USAGE,
                                   "an empty passphrase protects nothing (--no-passphrase says so openly)");
        if (!accept_weak && passphrase_is_weak(passphrase))
                return err_because(ERR_USAGE,
                                   "that passphrase is too easy to guess: at least %u characters, five of them "
                                   "different; four or five random words are good",
                                   PASSPHRASE_LEAST);
        return OK;
}

static enum err ask_twice(bool accept_weak, struct secret *ret)
{
        CLEANUP_SECRET struct secret first = SECRET_NONE, second = SECRET_NONE;
        enum err e;

        if ((e = prompt_secret("New passphrase: ", &first)) != OK)
                return e;
        if ((e = judge(&first, accept_weak)) != OK)
                return e;
        if ((e = prompt_secret("The same again: ", &second)) != OK)
                return e;
        if (!secret_equal(&first, &second))
                return err_because(ERR_USAGE, "the two passphrases differ; nothing was written");
        secret_move(ret, &first);
        return OK;
}

enum err cli_new_passphrase(struct cli *cli, bool accept_weak, struct secret *ret)
{
        enum err e;

        if (cli->passphrase_fd < 0) {
                if (cli->no_input)
                        return err_because(ERR_USAGE,
                                           "with --no-input the new passphrase must come by --passphrase-fd");
                return ask_twice(accept_weak, ret);
        }
        if ((e = secret_read_line(cli->passphrase_fd, PROMPT_MAX, ret)) != OK)
                return err_because(e == ERR_TOO_LARGE ? ERR_USAGE : e,
                                   "no passphrase could be read from descriptor %d", cli->passphrase_fd);
        return judge(ret, accept_weak);
}
