#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

struct rotating {
        bool done;
        const char *why, *old, *new_value, *handle, *number;
        struct texts credentials;
};

/* ---- ordering ---- */

static enum err order(struct cli *cli, const struct rotating *o)
{
        struct hash versions[TEXTS_MAX];
        uint64_t n = 0;
        enum err e;

        if ((e = options_want_words(o->why, "--why", TEXT_MAX)) != OK)
                return e;
        if ((e = cli_ready(cli)) != OK)
                return e;
        for (size_t i = 0; i < o->credentials.n; i++) {
                struct version_view v;

                if (!ledger_current_version(cli_ledger(cli), o->credentials.text[i], &v))
                        return err_because(ERR_NOT_FOUND, "nothing is sealed as %s", o->credentials.text[i]);
                versions[i] = v.id;
        }
        if ((e = act_order(cli->client, versions, o->credentials.n, o->why, &n)) != OK)
                return e;
        if (cli->json)
                say_json(json_pack("{s:I, s:i}", "n", (json_int_t)n, "ordered", (int)o->credentials.n));
        else
                say("%zu rotation%s ordered (entry %llu). `breakglass status` shows how %s.", o->credentials.n,
                    o->credentials.n == 1 ? " is" : "s are", (unsigned long long)n,
                    o->credentials.n == 1 ? "it goes" : "they go");
        return OK;
}

/* ---- by hand ---- */

static enum err parse_evidence(const struct rotating *o, enum old_evidence *ret)
{
        static const enum old_evidence all[] = {OLD_REFUSED, OLD_REPLACED, OLD_UNPROVEN};

        for (size_t i = 0; o->old && i < COUNT_OF(all); i++)
                if (strcmp(o->old, evidence_word(all[i])) == 0) {
                        *ret = all[i];
                        return OK;
                }
        return err_because(
                ERR_USAGE,
                "--old is refused (you tried the old value and it failed), replaced (it is gone at its target), "
                "or unproven");
}

static bool number_fits(const struct rotating *o, const struct version_view *v)
{
        char number[24];

        snprintf(number, sizeof(number), "%llu", (unsigned long long)v->fields->number);
        return !o->number || strcmp(o->number, number) == 0;
}

/* The newest version that was replaced and is not proven dead, and what took its place. */
static enum err find_old(const struct cli *cli, const struct rotating *o, struct hash *ret_old,
                         struct hash *ret_pending)
{
        const struct ledger *l = cli_ledger(cli);
        const char *credential = o->credentials.text[0];
        struct version_view current;

        if (!ledger_current_version(l, credential, &current))
                return err_because(ERR_NOT_FOUND, "nothing is sealed as %s", credential);
        for (size_t i = ledger_versions(l); i-- > 0;) {
                struct version_view v;
                struct rotation_view r;

                ledger_version_at(l, i, &v);
                if (strcmp(v.fields->credential, credential) != 0 || !number_fits(o, &v))
                        continue;
                if (v.state != VERSION_REPLACED || !ledger_rotation(l, &v.id, cli_now(cli), &r))
                        continue;
                if (r.is_done && r.evidence != OLD_UNPROVEN)
                        continue;
                *ret_old = v.id;
                *ret_pending = r.has_pending ? r.pending : current.id;
                return OK;
        }
        return err_because(ERR_NOT_FOUND, "no replaced version of %s lacks its proof; seal the new value first",
                           credential);
}

static enum err say_done(struct cli *cli, const struct rotating *o)
{
        struct hash old, pending;
        enum old_evidence evidence;
        uint64_t n = 0;
        enum err e;

        if ((e = options_want(&o->credentials, 1, 1, "the CREDENTIAL")) != OK)
                return e;
        if ((e = parse_evidence(o, &evidence)) != OK)
                return e;
        if (o->new_value && strcmp(o->new_value, "works") != 0)
                return err_because(ERR_USAGE, "--new can only be \"works\"");
        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = find_old(cli, o, &old, &pending)) != OK)
                return e;
        if ((e = act_rotation_done(cli->client, &old, &pending, evidence, o->new_value != NULL, o->handle, &n)) != OK)
                return e;
        if (cli->json)
                say_json(json_pack("{s:s, s:I, s:s}", "credential", o->credentials.text[0], "n", (json_int_t)n, "old",
                                   evidence_word(evidence)));
        else
                say("Recorded under your name (entry %llu): the old value of %s is %s.", (unsigned long long)n,
                    o->credentials.text[0], evidence_word(evidence));
        return OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct rotating o = {0};
        const struct option_about own[] = {
                {"why", OPTION_TEXT, &o.why, "TEXT", "why they are to be rotated now"},
                {"done", OPTION_FLAG, &o.done, NULL, "instead: say that a rotation by hand is finished"},
                {"old", OPTION_TEXT, &o.old, "EVIDENCE", "with --done: refused, replaced or unproven"},
                {"new", OPTION_TEXT, &o.new_value, "works", "with --done: the new value was tried and works"},
                {"handle", OPTION_TEXT, &o.handle, "TEXT",
                 "with --done: a public mark of the old value (a fingerprint)"},
                {"version", OPTION_TEXT, &o.number, "N", "with --done: this version, not the newest replaced one"},
                {0},
        };
        enum err e;

        if ((e = options_read(cli, &command_rotate, own, argc, argv, &o.credentials)) != OK)
                return e;
        if ((e = options_want(&o.credentials, 1, TEXTS_MAX, "the CREDENTIAL")) != OK)
                return e;
        for (size_t i = 0; i < o.credentials.n; i++)
                if ((e = options_want_name(o.credentials.text[i], "credential")) != OK)
                        return e;
        return o.done ? say_done(cli, &o) : order(cli, &o);
}

const struct command command_rotate = {
        .name = "rotate",
        .synopsis = "CREDENTIAL… --why TEXT   |   CREDENTIAL --done --old refused|replaced|unproven [--new works]",
        .help = "As an admin, order rotations, or record that one by hand is finished.",
        .run = run,
};
