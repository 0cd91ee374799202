#include "tui/commands.h"
#include "tui/options.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"
#include <fcntl.h>
#include <string.h>

#define FIELD_USUAL "value" /* the name of the only field when none is given */

struct sealing {
        const char *credential;
        struct texts fields; /* NAME or NAME=@FILE */
        const char *file;
        struct document_field field[DOCUMENT_FIELDS_MAX];
        struct secret value[DOCUMENT_FIELDS_MAX];
        size_t n;
};

static void sealing_wipe(struct sealing *s)
{
        for (size_t i = 0; i < s->n; i++)
                secret_wipe(&s->value[i]);
}

/* ---- where values come from ---- */

static enum err read_file(const char *path, struct secret *ret)
{
        CLEANUP_FD int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return err_because(ERR_NO_ENTRY, "%s", path);
        return secret_read_fd(fd, DOCUMENT_MAX, ret);
}

/* A typo that is sealed is found out in the worst moment: so a typed value is asked for twice. */
static enum err ask_value(const char *name, struct secret *ret)
{
        CLEANUP_SECRET struct secret again = SECRET_NONE;
        CLEANUP_BYTES struct bytes question = BYTES_NONE;
        enum err e;

        bytes_printf(&question, "%s (not shown): ", name);
        if ((e = prompt_secret(bytes_text(&question), ret)) != OK)
                return e;
        bytes_clear(&question);
        bytes_printf(&question, "%s, the same again: ", name);
        if ((e = prompt_secret(bytes_text(&question), &again)) != OK)
                return e;
        return secret_equal(ret, &again)
                       ? OK
                       : err_because(ERR_USAGE, "the two values of %s differ; nothing was sealed", name);
}

/* From a pipe: a line a field, or all of it for the only one (its last newline is the pipe's, not the secret's). */
static enum err read_stdin(bool is_only, struct secret *ret)
{
        enum err e;

        if (!is_only)
                return secret_read_line(STDIN_FILENO, DOCUMENT_MAX, ret);
        if ((e = secret_read_fd(STDIN_FILENO, DOCUMENT_MAX, ret)) != OK)
                return e;
        if (ret->len > 1 && ret->bytes[ret->len - 1] == '\n')
                return secret_resize(ret, ret->len - 1);
        if (ret->len == 1 && ret->bytes[0] == '\n')
                secret_wipe(ret);
        return OK;
}

static enum err read_value(struct cli *cli, const char *name, const char *file, bool is_only, struct secret *ret)
{
        enum err e;

        if (file)
                e = read_file(file, ret);
        else if (isatty(STDIN_FILENO) && !cli->no_input)
                e = ask_value(name, ret);
        else
                e = read_stdin(is_only, ret);
        if (e == OK && ret->len == 0)
                return err_because(ERR_USAGE, "the value of %s is empty; nothing was sealed", name);
        return e;
}

/* "password" or "password=@FILE" into name and file. */
static enum err split_field(const char *text, char name[FIELD_NAME_MAX + 1], const char **ret_file)
{
        size_t n = strcspn(text, "=");

        if (n == 0 || n > FIELD_NAME_MAX)
                return err_because(ERR_USAGE, "a field's name has 1 to %u characters", FIELD_NAME_MAX);
        memcpy(name, text, n);
        name[n] = '\0';
        *ret_file = NULL;
        if (text[n] == '\0')
                return OK;
        if (text[n + 1] != '@' || text[n + 2] == '\0')
                return err_because(ERR_USAGE,
                                   "--field wants NAME or NAME=@FILE; a value on the command line could be read by "
                                   "everybody on this machine (change that one)");
        *ret_file = text + n + 2;
        return OK;
}

/* Before anything is asked or sent. */
static enum err check_fields(struct sealing *s)
{
        char name[FIELD_NAME_MAX + 1];
        const char *file;
        enum err e = OK;

        if (s->fields.n == 0)
                s->fields.text[s->fields.n++] = FIELD_USUAL;
        if (s->file && s->fields.n > 1)
                return err_because(ERR_USAGE, "--file gives one field's value; for several use --field NAME=@FILE");
        if (s->fields.n > DOCUMENT_FIELDS_MAX)
                return err_because(ERR_USAGE, "more than %u fields", DOCUMENT_FIELDS_MAX);
        for (size_t i = 0; e == OK && i < s->fields.n; i++)
                e = split_field(s->fields.text[i], name, &file);
        return e;
}

static enum err read_fields(struct cli *cli, struct sealing *s)
{
        enum err e = OK;

        for (size_t i = 0; e == OK && i < s->fields.n; i++) {
                const char *file = NULL;

                if ((e = split_field(s->fields.text[i], s->field[i].name, &file)) != OK)
                        return e;
                s->n = i + 1;
                e = read_value(cli, s->field[i].name, file ? file : s->file, s->fields.n == 1, &s->value[i]);
                s->field[i].value = s->value[i].bytes;
                s->field[i].len = s->value[i].len;
        }
        return e;
}

/* ---- telling ---- */

static enum err check_and_tell(struct cli *cli, const struct sealing *s)
{
        CLEANUP_BYTES struct bytes holders = BYTES_NONE;
        const struct roster *r = ledger_roster(cli_ledger(cli));
        const struct credential *c = roster_credential(r, s->credential);
        struct version_view old;

        if (!c)
                return err_because(ERR_NOT_FOUND, "the roster has no credential %s", s->credential);
        if (!name_list_has(&c->sealers, client_me(cli->client)))
                return err_because(ERR_SEALER, "%s is sealed by others", s->credential);
        const struct policy *p = roster_policy_of(r, s->credential);

        for (size_t i = 0; i < p->holders.n; i++)
                bytes_printf(&holders, "%s%s", i ? ", " : "", p->holders.name[i]);
        note("%s (%s): its key is split among %s; any %u of them open it.", s->credential, c->opens_what,
             bytes_text(&holders), p->approvals);
        if (ledger_current_version(cli_ledger(cli), s->credential, &old))
                note("Version %llu exists. The new one takes its place when %u holders have checked their shares of "
                     "it; change "
                     "the value at its target yourself, then.",
                     (unsigned long long)old.fields->number, p->approvals);
        return OK;
}

static void tell(struct cli *cli, const struct hash *id, uint64_t n)
{
        struct version_view v;
        char hex[HASH_HEX + 1];

        if (!ledger_version_by_id(cli_ledger(cli), id, &v))
                return;
        hash_to_hex(id, hex);
        if (cli->json) {
                say_json(json_pack("{s:s, s:I, s:s, s:I, s:s}", "credential", v.fields->credential, "number",
                                   (json_int_t)v.fields->number, "version", hex, "n", (json_int_t)n, "state",
                                   version_state_word(v.state)));
                return;
        }
        say("%s version %llu is sealed (entry %llu) and %s.", v.fields->credential,
            (unsigned long long)v.fields->number, (unsigned long long)n,
            v.state == VERSION_CURRENT ? "current" : "waits for its holders");
        say("Next: each holder runs `breakglass inbox` once, which checks their share.");
}

static enum err seal(struct cli *cli, struct sealing *s)
{
        struct hash id;
        uint64_t n = 0;
        enum err e;

        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = check_and_tell(cli, s)) != OK)
                return e;
        if ((e = read_fields(cli, s)) != OK)
                return e;
        if ((e = act_seal(cli->client, s->credential, s->field, s->n, &id, &n)) != OK)
                return e;
        tell(cli, &id, n);
        return OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct sealing s = {0};
        const struct option_about own[] = {
                {"field", OPTION_LIST, &s.fields, "NAME[=@FILE]",
                 "a field of the secret (several times); its value is asked "
                 "for, read from stdin (a line a field), or from FILE"},
                {"file", OPTION_TEXT, &s.file, "FILE", "the only field's value, byte for byte (- is stdin)"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_seal, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the CREDENTIAL")) != OK)
                return e;
        if ((e = options_want_name(args.text[0], "credential")) != OK)
                return e;
        if ((e = check_fields(&s)) != OK)
                return e;
        s.credential = args.text[0];
        e = seal(cli, &s);
        sealing_wipe(&s);
        return e;
}

const struct command command_seal = {
        .name = "seal",
        .synopsis = "CREDENTIAL [--field NAME[=@FILE]]… [--file FILE]",
        .help = "Lock a value so that the policy's number of holders is needed to open it.",
        .run = run,
};
