#include "tui/handing.h"

enum err handing_check(const struct cli *cli, struct handing *h)
{
        if (h->show + h->exec + (h->output != NULL) > 1)
                return err_because(ERR_USAGE, "one of --show, --output and --exec");
        if (h->exec && h->n_program == 0)
                return err_because(ERR_USAGE, "--exec wants a command: … --exec -- COMMAND …");
        if (h->exec && cli->json)
                return err_because(ERR_USAGE, "--exec and --json do not go together");
        if (!h->exec && !h->output && !h->show && !cli->json) {
                if (!isatty(STDOUT_FILENO))
                        return err_because(ERR_USAGE,
                                           "stdout is no terminal: say --show, --output FILE or --exec -- COMMAND");
                h->show = true;
        }
        if (h->exec)
                return hand_over_check_program(h->program[0]);
        return h->output ? hand_over_check_file(h->output, h->on_disk) : OK;
}

static enum err check_field(const struct document *d, const char *field)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;

        if (!field || document_field(d, field))
                return OK;
        for (size_t i = 0; i < d->n_fields; i++)
                bytes_printf(&names, "%s%s", i ? ", " : "", d->field[i].name);
        return err_because(ERR_NOT_FOUND, "it has no field %s, but: %s", field, bytes_text(&names));
}

/* Where it goes: exactly one way, on purpose. */
enum err handing_do(struct cli *cli, const struct handing *h, const struct document *d)
{
        enum err e;

        if ((e = check_field(d, h->field)) != OK)
                return e;
        if (h->exec)
                return hand_over_exec(d, h->field, h->program, h->n_program, &cli->exit_code);
        if (h->output)
                return hand_over_file(d, h->field, h->output);
        return h->show ? hand_over_show(d, h->field) : OK;
}
