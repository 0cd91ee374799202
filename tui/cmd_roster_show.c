#include "tui/cmd_roster.h"
#include "tui/commands.h"
#include "tui/say.h"

static void join_names(const struct name_list *l, struct bytes *ret)
{
        bytes_clear(ret);
        for (size_t i = 0; i < l->n; i++)
                bytes_printf(ret, "%s%s", i ? ", " : "", l->name[i]);
        if (l->n == 0)
                bytes_add_text(ret, "nobody");
}

static void show_people(const struct roster *r)
{
        printf("\n");
        say("People and machines");
        for (size_t i = 0; i < r->n_people; i++) {
                const struct person *p = &r->people[i];
                char signs[SIGN_KEY_TEXT];

                sign_key_format(&p->signs, signs);
                say_field(p->name, "%s%s%s%s%s%s",
                          p->is_rotator                 ? "rotator, "
                          : roster_is_admin(r, p->name) ? "admin, "
                                                        : "",
                          p->team ? p->team : "", p->team ? ", " : "", p->zone ? p->zone : "", p->zone ? ", " : "",
                          signs);
        }
}

static void show_emergencies(const struct roster *r)
{
        printf("\n");
        say("Emergencies");
        for (size_t i = 0; i < r->n_emergencies; i++) {
                const struct emergency *m = &r->emergencies[i];

                say_field(m->id, "%s%s", m->means, m->needs_incident ? " (needs an incident)" : "");
                if (m->example)
                        say_field("", "for example: %s", m->example);
                if (m->not_this)
                        say_field("", "not: %s", m->not_this);
        }
}

static void show_policy(const struct policy *p)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;
        char a[DURATION_TEXT], b[DURATION_TEXT];

        join_names(&p->holders, &names);
        say_field(p->name, "%u of %zu approve: %s", p->approvals, p->holders.n, bytes_text(&names));
        join_names(&p->requesters, &names);
        say_field("", "may ask: %s", bytes_text(&names));
        join_names(&p->emergencies, &names);
        say_field("", "in: %s; a request waits %s, access lasts %s", bytes_text(&names),
                  duration_for_people(p->request_for_ms, a), duration_for_people(p->open_for_ms, b));
        if (p->rotators.n) {
                join_names(&p->rotators, &names);
                say_field("", "rotated by: %s", bytes_text(&names));
        } else {
                say_field("", "rotated by hand");
        }
}

static void show_rules(const struct roster *r)
{
        printf("\n");
        say("Policies");
        for (size_t i = 0; i < r->n_policies; i++)
                show_policy(&r->policies[i]);
        printf("\n");
        say("Credentials");
        for (size_t i = 0; i < r->n_credentials; i++) {
                CLEANUP_BYTES struct bytes sealers = BYTES_NONE;
                const struct credential *c = &r->credentials[i];

                join_names(&c->sealers, &sealers);
                say_field(c->name, "%s; policy %s; sealed by %s%s%s", c->opens_what, c->policy, bytes_text(&sealers),
                          c->hook ? "; hook " : "", c->hook ? c->hook : "");
        }
}

static void show(const struct roster *r)
{
        CLEANUP_BYTES struct bytes admins = BYTES_NONE;
        char id[HASH_HEX + 1];

        hash_to_hex(&r->id, id);
        join_names(&r->admins, &admins);
        say("%s, roster %llu", r->name, (unsigned long long)r->number);
        say_token("hash", id);
        say_field("admins", "%u of %s sign the next one", r->admins_need, bytes_text(&admins));
        show_people(r);
        show_emergencies(r);
        show_rules(r);
}

static json_t *names_json(const struct name_list *l)
{
        json_t *list = json_array();

        for (size_t i = 0; i < l->n; i++)
                json_array_append_new(list, json_string(l->name[i]));
        return list;
}

static json_t *people_json(const struct roster *r)
{
        json_t *people = json_object();

        for (size_t i = 0; i < r->n_people; i++) {
                const struct person *p = &r->people[i];
                char signs[SIGN_KEY_TEXT];

                sign_key_format(&p->signs, signs);
                json_object_set_new(people, p->name,
                                    json_pack("{s:s, s:s, s:b, s:b}", "signs", signs, "opens", p->opens_text,
                                              "rotator", p->is_rotator, "admin", roster_is_admin(r, p->name)));
        }
        return people;
}

static json_t *policies_json(const struct roster *r)
{
        json_t *policies = json_object();

        for (size_t i = 0; i < r->n_policies; i++) {
                const struct policy *p = &r->policies[i];

                json_object_set_new(
                        policies, p->name,
                        json_pack("{s:i, s:o, s:o, s:o, s:o, s:I, s:I}", "approvals", (int)p->approvals, "holders",
                                  names_json(&p->holders), "requesters", names_json(&p->requesters), "emergencies",
                                  names_json(&p->emergencies), "rotators", names_json(&p->rotators), "request_for_ms",
                                  (json_int_t)p->request_for_ms, "open_for_ms", (json_int_t)p->open_for_ms));
        }
        return policies;
}

static json_t *credentials_json(const struct roster *r)
{
        json_t *credentials = json_object();

        for (size_t i = 0; i < r->n_credentials; i++) {
                const struct credential *c = &r->credentials[i];

                json_object_set_new(credentials, c->name,
                                    json_pack("{s:s, s:s, s:o, s:s?}", "opens_what", c->opens_what, "policy",
                                              c->policy, "sealers", names_json(&c->sealers), "hook", c->hook));
        }
        return credentials;
}

static void show_json(const struct roster *r)
{
        char id[HASH_HEX + 1];

        hash_to_hex(&r->id, id);
        say_json(json_pack("{s:s, s:I, s:s, s:{s:i, s:o}, s:o, s:o, s:o}", "name", r->name, "roster",
                           (json_int_t)r->number, "sha256", id, "admins", "need", (int)r->admins_need, "people",
                           names_json(&r->admins), "people", people_json(r), "policies", policies_json(r),
                           "credentials", credentials_json(r)));
}

/* From a file, or the one in force. */
static enum err show_roster(struct cli *cli, const struct roster *r, bool yaml)
{
        if (yaml)
                return fd_write_all(STDOUT_FILENO, r->yaml.p, r->yaml.n);
        if (cli->json)
                show_json(r);
        else
                show(r);
        return OK;
}

static enum err show_file(struct cli *cli, const char *path, bool yaml)
{
        struct roster *r = NULL;
        unsigned warnings;
        enum err e;

        if ((e = roster_file_read(path, &r, &warnings)) != OK)
                return e;
        e = show_roster(cli, r, yaml);
        roster_free(r);
        return e;
}

enum err roster_cmd_show(struct cli *cli, int argc, char **argv)
{
        bool yaml = false;
        const char *stale;
        const struct option_about own[] = {
                {"yaml", OPTION_FLAG, &yaml, NULL, "the signed bytes themselves"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_roster_show, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 1, "a file")) != OK)
                return e;
        if (args.n)
                return show_file(cli, args.text[0], yaml);
        if ((e = cli_look(cli, &stale)) != OK)
                return e;
        cli_note_stale(stale);
        const struct roster *r = ledger_roster(cli_ledger(cli));

        return r ? show_roster(cli, r, yaml) : err_because(ERR_NOT_FOUND, "no roster is here yet");
}

const struct command command_roster_show = {
        .name = "roster show",
        .synopsis = "[FILE] [--yaml]",
        .help = "Show the roster in force (or a file): people, written emergencies, policies, credentials.",
        .run = roster_cmd_show,
};
