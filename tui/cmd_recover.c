#include "tui/cmd_recover.h"
#include "base/clock.h"
#include "tui/commands.h"
#include "tui/prompt.h"
#include "tui/qr.h"
#include "tui/say.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

static const struct command *const parts[] = {&command_recover_verify, &command_recover_ask, &command_recover_approve,
                                              &command_recover_open, &command_recover_import};

static enum err run(struct cli *cli, int argc, char **argv)
{
        return options_run_part(cli, &command_recover, parts, COUNT_OF(parts), argc, argv);
}

const struct command command_recover = {
        .name = "recover",
        .synopsis = "verify|ask|approve|open|import …",
        .help = "Open a credential from a vault's export when even the broker is gone.",
        .run = run,
};

/* ---- the export ---- */

/* With --genesis the own copy is not needed; where there is one, an export must not contradict it. */
static void look_for_own(struct cli *cli)
{
        enum err e = cli_open(cli);

        if (e != OK && e != ERR_NO_PIN)
                note("warning: this machine's own copy of the log was not compared: %s%s%s%s", err_sentence(e),
                     *err_reason() ? " (" : "", err_reason(), *err_reason() ? ")" : "");
        err_forget();
}

enum err recovering_pin(struct cli *cli, const struct recovering *x, struct hash *ret)
{
        enum err e;

        if (x->genesis && hash_from_hex(span_text(x->genesis), ret) != OK)
                return err_because(ERR_USAGE, "--genesis wants 64 hex digits");
        if (x->genesis) {
                look_for_own(cli);
                return OK;
        }
        e = cli_open(cli);
        if (e == ERR_NO_PIN)
                return err_because(e, "nothing was joined on this machine: give --genesis HEX, the installation's "
                                      "hash, as another person or your own notes have it; never as the export says");
        if (e == OK)
                *ret = client_home(cli->client)->genesis;
        return e;
}

const struct ledger *recovering_own(const struct cli *cli, const struct ledger *l)
{
        const struct ledger *own = cli->client ? cli_ledger(cli) : NULL;

        return own && ledger_size(own) > 0 && hash_equal(ledger_installation(own), ledger_installation(l)) ? own
                                                                                                           : NULL;
}

/* What this machine has seen before must be in it, or it in that. */
enum err recovering_compare(const struct cli *cli, const struct ledger *l)
{
        const struct ledger *mine = recovering_own(cli, l);
        uint64_t own = mine ? ledger_size(mine) : 0, theirs = ledger_size(l);
        uint64_t both = own < theirs ? own : theirs;
        struct hash a, b;

        if (both == 0)
                return OK;
        a = ledger_root_at(mine, both);
        b = ledger_root_at(l, both);
        if (!hash_equal(&a, &b))
                return err_because(ERR_CORRUPT_LOG, "the export has another history than this machine has seen");
        if (own > theirs)
                note("This machine's own log goes on for %llu entries behind the export: what they changed is not in "
                     "it.",
                     (unsigned long long)(own - theirs));
        return OK;
}

enum err recovering_read(struct cli *cli, struct recovering *x, const char *path, const struct hash *pin)
{
        /* O_NONBLOCK: a FIFO must be refused, not waited for. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        enum err e;

        if (fd < 0)
                return err_because(errno == ENOENT ? ERR_NO_ENTRY : ERR_IO, "%s: %s", path, strerror(errno));
        if ((e = vault_open(fd, pin, &x->r.vault)) != OK)
                return e;
        return recovering_compare(cli, x->r.vault.ledger);
}

/* ---- beginning ---- */

enum err recovering_find_folder(struct recovering *x)
{
        const char *state = getenv("XDG_STATE_HOME"), *house = getenv("HOME");

        if (x->work)
                x->r.folder.path = mem_text(x->work);
        else if (state && state[0] == '/')
                x->r.folder.path = path_join(state, "breakglass-recover");
        else if (house && house[0] == '/')
                x->r.folder.path = path_join(house, ".local/state/breakglass-recover");
        else
                return err_because(ERR_USAGE, "neither XDG_STATE_HOME nor HOME names a folder: give --work FOLDER");
        return OK;
}

static enum err find_me(struct cli *cli, struct recovering *x)
{
        enum err e = cli_load_identity(cli, &x->r.me);

        return e == OK ? recovery_find_me(&x->r) : e;
}

/* The log where an export would be: a file, but of this process alone. */
static enum err to_file(const struct bytes *text, int *ret_fd)
{
        CLEANUP_FD int fd = memfd_create("own-log", MFD_CLOEXEC);
        enum err e = fd < 0 ? ERR_IO : fd_write_all(fd, text->p, text->n);

        if (e != OK || lseek(fd, 0, SEEK_SET) != 0)
                return err_because(ERR_IO, "the own log: %s", strerror(errno));
        *ret_fd = fd;
        fd = -1;
        return OK;
}

static enum err read_own(struct cli *cli, struct recovering *x)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        const struct home *home = client_home(cli->client);
        struct hash pin;
        int fd;
        enum err e = recovering_pin(cli, x, &pin);

        if (e != OK)
                return e;
        if (!hash_equal(&pin, &home->genesis))
                return err_because(ERR_USAGE, "--genesis is not the installation that was joined here");
        if ((e = replica_export(client_replica(cli->client), &file)) != OK)
                return e;
        if ((e = to_file(&file, &fd)) != OK)
                return e;
        return vault_open_log(fd, &pin, &x->r.vault);
}

enum err recovering_begin_own(struct cli *cli, struct recovering *x)
{
        enum err e = cli_open(cli);

        if (e == ERR_NO_PIN || (e == OK && ledger_size(cli_ledger(cli)) == 0))
                return err_because(ERR_USAGE, "--from EXPORT is missing: this machine has no log of its own to check "
                                              "the request against");
        if (e != OK)
                return e;
        x->is_own_log = true;
        x->r.clock_ms = clock_now_ms();
        if ((e = read_own(cli, x)) != OK)
                return e;
        return find_me(cli, x);
}

enum err recovering_begin(struct cli *cli, struct recovering *x)
{
        struct hash pin;
        enum err e;

        if (!x->from)
                return err_because(ERR_USAGE, "--from EXPORT is missing");
        x->r.clock_ms = clock_now_ms();
        if ((e = recovering_pin(cli, x, &pin)) != OK)
                return e;
        if ((e = recovering_read(cli, x, x->from, &pin)) != OK)
                return e;
        if ((e = recovering_find_folder(x)) != OK)
                return e;
        return find_me(cli, x);
}

void recovering_done(struct recovering *x)
{
        recovery_done(&x->r);
}

/* ---- texts ---- */

static enum err read_lines(FILE *f, const char *until, struct bytes *ret)
{
        CLEANUP_FREE char *line = NULL;
        size_t room = 0;

        for (ssize_t n; (n = getline(&line, &room, f)) >= 0;) {
                bytes_add(ret, line, (size_t)n);
                if (ret->n > RECOVER_TEXT_MAX)
                        return err_because(ERR_TOO_LARGE, "a block is shorter");
                if (until && (strstr(line, until) || block_parts_are_whole(bytes_span(ret))))
                        break;
        }
        return ferror(f) ? err_because(ERR_IO, "stdin: %s", strerror(errno)) : OK;
}

enum err recovering_text(const char *path, const char *until, struct bytes *ret)
{
        enum err e;

        if (strcmp(path, "-") == 0)
                return read_lines(stdin, until, ret);
        e = file_read(path, RECOVER_TEXT_MAX, ret);
        return e == OK ? OK : err_because(e, "%s", path);
}

enum err recovering_join_parts(struct bytes *text)
{
        CLEANUP_BYTES struct bytes joined = BYTES_NONE;
        enum err e = block_parts_join(bytes_span(text), &joined);

        bytes_add_byte(text, '\n');
        bytes_add_span(text, bytes_span(&joined));
        return e;
}

/* ---- a block on its way ---- */

static enum err check_new(const char *path)
{
        return path && file_exists(path) ? err_because(ERR_DUPLICATE, "%s exists and is never overwritten", path)
                                         : OK;
}

enum err block_out_check(const struct cli *cli, const struct block_out *o)
{
        enum err e = check_new(o->file);

        if (e != OK || (e = check_new(o->qr_file)) != OK)
                return e;
        if (o->qr && (cli->no_input || cli->json || !prompt_possible()))
                return err_because(ERR_USAGE, "--qr shows codes at a terminal, one by one: use --qr-file FILE here");
        return OK;
}

static enum err write_picture(const char *path, enum block_kind kind, const struct bytes *block)
{
        struct qr_set set = {0};
        enum err e = qr_of_block(block, kind, QR_MOST, &set);

        if (e == OK)
                e = qr_write_file(&set, path);
        qr_set_done(&set);
        return e;
}

enum err block_out_do(const struct cli *cli, const struct block_out *o, enum block_kind kind,
                      const struct bytes *block)
{
        enum err e = OK;

        fflush(stdout);
        if (o->file && (e = file_create(o->file, 0600, bytes_span(block))) != OK)
                return e;
        if (o->qr_file && (e = write_picture(o->qr_file, kind, block)) != OK)
                return e;
        if (o->qr)
                return qr_show(block, kind, kind == BLOCK_REQUEST ? "BREAKGLASS REQUEST" : "BREAKGLASS ANSWER");
        if (o->file || o->qr_file || cli->json)
                return OK;
        return fd_write_all(STDOUT_FILENO, block->p, block->n);
}
