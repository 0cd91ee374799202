/* A rotation by hand: an admin says that it is finished, and what was seen. */
#include "tui/rotate.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

static enum err parse_evidence(const struct rotate_options *o, enum old_evidence *ret)
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

static bool number_fits(const struct rotate_options *o, const struct version_view *v)
{
        char number[24];

        snprintf(number, sizeof(number), "%llu", (unsigned long long)v->fields->number);
        return !o->number || strcmp(o->number, number) == 0;
}

/* The newest version that was replaced and is not proven dead, and what took its place. */
static enum err find_old(const struct cli *cli, const struct rotate_options *o, struct hash *ret_old,
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

enum err rotate_say_done(struct cli *cli, const struct rotate_options *o)
{
        struct hash old, pending;
        enum old_evidence evidence;
        uint64_t n = 0;
        enum err e;

        if ((e = options_want(&o->credentials, 1, 1, "the CREDENTIAL")) != OK)
                return e;
        if ((e = options_want_name(o->credentials.text[0], "credential")) != OK)
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
