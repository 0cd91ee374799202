#include "tui/cmd_roster.h"
#include "quorum/sshsig.h"
#include "tui/commands.h"
#include "tui/say.h"

static const struct command *const parts[] = {
        &command_roster_new,  &command_roster_show, &command_roster_next,
        &command_roster_lint, &command_roster_sign, &command_roster_submit,
};

static enum err run(struct cli *cli, int argc, char **argv)
{
        return options_run_part(cli, &command_roster, parts, COUNT_OF(parts), argc, argv);
}

const struct command command_roster = {
        .name = "roster",
        .synopsis = "new|show|next|lint|sign|submit …",
        .help = "Write, read, check and sign the document of people, policies and credentials.",
        .run = run,
};

/* ---- shared by the parts ---- */

static void warn(void *context, const char *sentence)
{
        (*(unsigned *)context)++;
        note("warning: %s", sentence);
}

enum err roster_file_read(const char *path, struct roster **ret, unsigned *ret_warnings)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        enum err e;

        if ((e = file_read(path, ROSTER_MAX_BYTES, &yaml)) != OK)
                return err_because(e, "%s", path);
        if ((e = roster_parse(bytes_span(&yaml), ret)) != OK)
                return e;
        *ret_warnings = 0;
        roster_lint(*ret, warn, ret_warnings);
        return OK;
}

enum err roster_check_paging(const struct roster *r)
{
        return r->paging ? OK : err_because(ERR_BAD_ROSTER, "%s", r->paging_error);
}

enum err roster_envelope_read(const char *path, struct envelope *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_JSON json_t *object = NULL;
        enum err e;

        if ((e = file_read(path, LINE_MAX_BYTES, &text)) != OK)
                return err_because(e, "%s", path);
        while (text.n > 0 && text.p[text.n - 1] == '\n')
                text.n--;
        if ((e = json_read(bytes_span(&text), 8, &object)) != OK)
                return e;
        if ((e = envelope_read(object, ret)) != OK)
                return e;
        return ret->type == STATEMENT_ROSTER ? OK : err_because(ERR_BAD_STATEMENT, "%s holds no roster", path);
}

enum err roster_signers(const struct envelope *e, struct key ret[SIGNATURES_MAX])
{
        for (size_t i = 0; i < e->n_signatures; i++) {
                struct span blob = bytes_span(&e->signatures[i]);

                if (sshsig_signer(blob, &ret[i]) != OK ||
                    sshsig_verify(&ret[i], statement_namespace(STATEMENT_ROSTER), bytes_span(&e->payload), blob) !=
                            OK)
                        return err_because(ERR_AUTH, "signature %zu does not hold", i + 1);
        }
        return OK;
}

unsigned roster_count_admins(const struct roster *of, const struct key signers[], size_t n)
{
        unsigned count = 0;

        for (size_t i = 0; i < of->admins.n; i++) {
                const struct person *admin = roster_person(of, of->admins.name[i]);

                for (size_t k = 0; k < n; k++)
                        if (admin && key_equal(&admin->signs, &signers[k])) {
                                count++;
                                break;
                        }
        }
        return count;
}
