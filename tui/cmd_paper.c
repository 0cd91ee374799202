#include "base/file.h"
#include "tui/commands.h"
#include "tui/hand_over.h"
#include "tui/options.h"
#include "tui/paper_page.h"
#include "tui/say.h"
#include "tui/tty.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct paper {
        const char *name, *purpose, *page, *save;
        bool check, is_new, as_text, on_disk;
};

/* ---- who it is ---- */

/* The roster's word, where an installation was joined. */
static const struct person *find_in_roster(const struct cli *cli, const struct identity *me)
{
        const struct roster *r = cli->client ? ledger_roster(cli_ledger(cli)) : NULL;

        return r ? roster_person_by_signs(r, &me->signs) : NULL;
}

static enum err check_name(const struct cli *cli, const struct paper *p, const struct identity *me)
{
        const struct person *person = find_in_roster(cli, me);

        if (person && !key_equal(&person->opens, &me->opens))
                return err_because(ERR_AUTH, "the roster gives %s another opening key", person->name);
        if (person && p->name && strcmp(person->name, p->name) != 0)
                return err_because(ERR_MISMATCH, "the roster knows these keys as %s, not as %s", person->name,
                                   p->name);
        return OK;
}

static enum err load(struct cli *cli, const struct paper *p, struct identity *ret)
{
        enum err e;

        if (cli_open(cli) != OK)
                err_forget(); /* nothing joined: a page can do without */
        if ((e = p->is_new ? identity_new(ret) : cli_load_identity(cli, ret)) != OK)
                return e;
        return check_name(cli, p, ret);
}

/* ---- a page on the terminal ---- */

static enum err wait_for_enter(const struct tty *t)
{
        unsigned char c = 0;
        enum err e = OK;

        while (e == OK && c != '\n' && c != '\r' && c != 0x03)
                e = tty_read(t, &c);
        return e == ERR_NOT_READY ? err_because(ERR_ABORTED, "suspended") : e;
}

static enum err put_lines(const struct tty *t, const struct secret *text)
{
        const unsigned char *at = text->bytes, *end = at + text->len;
        enum err e = OK;

        while (e == OK && at < end) {
                const unsigned char *stop = memchr(at, '\n', (size_t)(end - at));

                e = fd_write_all(t->fd, at, (size_t)(stop - at));
                tty_put(t, stop + 1 < end ? "\r\n" : "");
                at = stop + 1;
        }
        return e;
}

static enum err show(const struct cli *cli, const struct secret *text)
{
        CLEANUP_FD int fd = cli->no_input ? -1 : tty_open();
        struct tty t = {.fd = fd};
        unsigned rows, columns;
        enum err e;

        if (fd < 0)
                return err_because(ERR_USAGE,
                                   "there is no terminal to show it at: use --page FILE, or --page - | lp");
        tty_size(&t, &rows, &columns);
        if (rows < 24 || columns < 80)
                return err_because(ERR_USAGE, "the page wants a terminal of 80×24; this one has %u×%u", columns,
                                   rows);
        if (!tty_take(&t))
                return err_because(ERR_USAGE, "there is no terminal to show it at");
        tty_page_begin(&t);
        e = put_lines(&t, text);
        tty_put(&t, "\x1b[7m Enter wipes this page. \x1b[0m");
        if (e == OK)
                e = wait_for_enter(&t);
        tty_page_end(&t);
        tty_give_back(&t);
        return e == OK && tty_was_ended() ? err_because(ERR_ABORTED, "ended by a signal") : e;
}

/* ---- a page to print ---- */

static enum err put_out(const struct paper *p, const struct secret *page)
{
        struct stat st;

        if (isatty(STDOUT_FILENO) || fstat(STDOUT_FILENO, &st) != 0)
                return err_because(ERR_USAGE, "--page - is for a pipe, like `| lp`; without --page it is shown here");
        if (S_ISREG(st.st_mode) && !p->on_disk)
                return err_because(ERR_UNSAFE_ENVIRONMENT,
                                   "stdout is a file: use --page FILE, which looks where it is");
        return secret_write_fd(page, STDOUT_FILENO);
}

static enum err put_file(const struct paper *p, const struct secret *page)
{
        CLEANUP_FD int fd = -1;
        enum err e = hand_over_check_file(p->page, p->on_disk);

        if (e != OK)
                return e;
        fd = open(p->page, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return err_because(errno == EEXIST ? ERR_DUPLICATE : ERR_IO, "%s: %s", p->page, strerror(errno));
        if ((e = secret_write_fd(page, fd)) != OK)
                unlink(p->page);
        return e;
}

static enum err put_page(const struct paper *p, struct secret *text)
{
        CLEANUP_SECRET struct secret pdf = SECRET_NONE;
        enum err e = OK;

        if (p->as_text) { /* a form feed ends a printer's page */
                if ((e = secret_resize(text, text->len + 1)) == OK)
                        text->bytes[text->len - 1] = '\f';
        } else {
                e = paper_pdf(text, &pdf);
        }
        if (e != OK)
                return e;
        const struct secret *page = p->as_text ? text : &pdf;

        return strcmp(p->page, "-") == 0 ? put_out(p, page) : put_file(p, page);
}

/* ---- the ways ---- */

static enum err print(struct cli *cli, const struct paper *p, const struct identity *me)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        char genesis[HASH_HEX + 1];
        struct paper_page page = {.name = p->name, .purpose = p->purpose, .identity = me};
        enum err e;

        if (cli->client) {
                hash_to_hex(&client_home(cli->client)->genesis, genesis);
                page.genesis = genesis;
                page.installation = ledger_roster(cli_ledger(cli)) ? ledger_roster(cli_ledger(cli))->name : NULL;
        }
        if ((e = paper_text(&page, &text)) != OK)
                return e;
        if ((e = p->page ? put_page(p, &text) : show(cli, &text)) != OK)
                return e;
        if (!p->is_new)
                return OK;
        identity_roster_line(me, p->name, &line);
        note("These keys are nowhere but on that page. Have the words checked with `breakglass paper --check %s` "
             "before "
             "an admin puts this line under `people:` of the roster:",
             p->name);
        /* Not into a printer's pipe. */
        fprintf(p->page && strcmp(p->page, "-") == 0 ? stderr : stdout, "%s\n", bytes_text(&line));
        return OK;
}

static void tell_checked(const struct cli *cli, const struct identity *me)
{
        const struct person *person = find_in_roster(cli, me);
        char fingerprint[FINGERPRINT_TEXT], opens[AGE_PUBLIC_TEXT];

        sign_key_fingerprint(&me->signs, fingerprint);
        open_key_format(&me->opens, opens);
        if (cli->json) {
                say_json(json_pack("{s:s, s:s, s:s?}", "sign_key", fingerprint, "open_key", opens, "name",
                                   person ? person->name : NULL));
                return;
        }
        say("Both checksums hold. Compare with the page:");
        say_field("sign key", "%s", fingerprint);
        say_field("open key", "%s", opens);
        if (person)
                say_field("roster", "%s", person->name);
        else
                say_field("roster", "%s", cli->client ? "nobody has these keys" : "nothing was joined here");
}

static enum err check(const struct cli *cli, const struct paper *p, const struct identity *me)
{
        if (p->name && cli->client && !find_in_roster(cli, me))
                return err_because(ERR_NOT_FOUND, "the roster has nobody with these keys");
        tell_checked(cli, me);
        return OK;
}

static enum err save(struct cli *cli, const struct paper *p, const struct identity *me)
{
        CLEANUP_SECRET struct secret passphrase = SECRET_NONE;
        enum err e;

        if (file_exists(p->save))
                return err_because(ERR_DUPLICATE, "%s exists and is never overwritten", p->save);
        if ((e = cli_new_passphrase(cli, false, &passphrase)) != OK)
                return e;
        if ((e = identity_save(me, p->save, &passphrase, AGE_SCRYPT_LOG_N, false)) != OK)
                return e;
        note("%s is an identity file again, under its passphrase.", p->save);
        return OK;
}

static enum err check_choice(struct cli *cli, struct paper *p)
{
        if ((p->check != 0) + (p->save != NULL) + (p->is_new || p->page) > 1)
                return err_because(ERR_USAGE, "--check, --save and a page are three different things");
        if ((p->check || p->save) && !cli->words)
                cli->words = true;
        if (p->is_new && (cli->words || cli->identity))
                return err_because(ERR_USAGE, "--new makes keys of its own: leave --identity and --words out");
        if (p->name && !name_is_valid(p->name))
                return err_because(ERR_USAGE,
                                   "a name is lower-case letters, digits and . _ / - (like safe-1), not \"%.60s\"",
                                   p->name);
        if (!p->name && !p->check && !p->save)
                return err_because(ERR_USAGE, "the NAME that stands on the page is missing");
        return options_want_words(p->purpose, "--for", PAPER_PURPOSE_MAX);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct paper p = {.purpose = "to sign, approve and open as this person"};
        const struct option_about own[] = {
                {"for", OPTION_TEXT, &p.purpose, "TEXT", "what it is for, as it stands on the page"},
                {"new", OPTION_FLAG, &p.is_new, NULL,
                 "make new keys that exist on this page only, and print their line"},
                {"page", OPTION_TEXT, &p.page, "FILE|-", "a PDF page to a new file on a tmpfs, or to a pipe (| lp)"},
                {"text", OPTION_FLAG, &p.as_text, NULL, "that page as plain text, ended by a form feed"},
                {"on-disk", OPTION_FLAG, &p.on_disk, NULL, "let --page write to a disk"},
                {"check", OPTION_FLAG, &p.check, NULL, "ask for the words of a page and say whose they are"},
                {"save", OPTION_TEXT, &p.save, "FILE", "ask for the words and make an identity file of them"},
                {0},
        };
        CLEANUP_IDENTITY struct identity me = {0};
        CLEANUP_BYTES struct bytes purpose = BYTES_NONE;
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_paper, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 1, "the NAME")) != OK)
                return e;
        p.name = args.n ? args.text[0] : NULL;
        if ((e = check_choice(cli, &p)) != OK)
                return e;
        text_escape(span_text(p.purpose), &purpose);
        p.purpose = bytes_text(&purpose);
        if ((e = load(cli, &p, &me)) != OK)
                return e;
        if (p.check)
                return check(cli, &p, &me);
        return p.save ? save(cli, &p, &me) : print(cli, &p, &me);
}

const struct command command_paper = {
        .name = "paper",
        .synopsis = "NAME [--new] [--for TEXT] [--page FILE|-] | --check [NAME] | --save FILE",
        .help = "Put an identity's keys on paper as words, for an envelope; check such words, or use them again.",
        .run = run,
};
