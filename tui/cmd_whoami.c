#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"

/* The policies in which a list (holders, requesters) has me. */
static void add_policies(const struct roster *r, const char *me, bool holders, struct bytes *ret)
{
        for (size_t i = 0; i < r->n_policies; i++) {
                const struct policy *p = &r->policies[i];

                if (name_list_has(holders ? &p->holders : &p->requesters, me))
                        bytes_printf(ret, "%s%s", ret->n ? ", " : "", p->name);
        }
}

static void tell_roles(const struct roster *r, const char *me)
{
        CLEANUP_BYTES struct bytes holds = BYTES_NONE, asks = BYTES_NONE, seals = BYTES_NONE;

        add_policies(r, me, true, &holds);
        add_policies(r, me, false, &asks);
        for (size_t i = 0; i < r->n_credentials; i++)
                if (name_list_has(&r->credentials[i].sealers, me))
                        bytes_printf(&seals, "%s%s", seals.n ? ", " : "", r->credentials[i].name);
        say_field("admin", "%s", roster_is_admin(r, me) ? "yes" : "no");
        say_field("approves in", "%s", holds.n ? bytes_text(&holds) : "no policy");
        say_field("may ask in", "%s", asks.n ? bytes_text(&asks) : "no policy");
        say_field("seals", "%s", seals.n ? bytes_text(&seals) : "no credential");
}

/* The public half of the identity. */
struct keys {
        struct key signs, opens;
};

/* In the roster by key: a name alone proves nothing. */
static const struct person *find_me(const struct roster *r, const struct keys *me)
{
        return r ? roster_person_by_signs(r, &me->signs) : NULL;
}

static void tell(struct cli *cli, const struct roster *r, const struct keys *me)
{
        const struct person *p = find_me(r, me);
        char signs[SIGN_KEY_TEXT], opens[AGE_PUBLIC_TEXT];

        sign_key_format(&me->signs, signs);
        open_key_format(&me->opens, opens);
        if (cli->json) {
                say_json(json_pack("{s:s?, s:s?, s:s, s:s, s:s, s:b}", "name", p ? p->name : NULL, "installation",
                                   r ? r->name : NULL, "identity", cli_identity_path(cli), "signs", signs, "opens",
                                   opens, "admin", p && roster_is_admin(r, p->name)));
                return;
        }
        if (p)
                say("You are %s in %s.", p->name, r->name);
        else if (r)
                say("The roster of %s does not have your key: give an admin the line that `breakglass keygen` "
                    "printed.",
                    r->name);
        else
                say("You have joined no installation yet.");
        say_field("identity", "%s", cli_identity_path(cli));
        say_token("signs", signs);
        say_token("opens", opens);
        if (p)
                tell_roles(r, p->name);
}

/* The newest roster, when the broker answers. */
static enum err come_near(struct cli *cli, struct identity *me)
{
        enum err e = client_unlock(cli->client, me);

        if (e == OK)
                e = client_sync(cli->client, 0, NULL);
        if (e == ERR_LYING_BROKER || e == ERR_CORRUPT_LOG || e == ERR_BAD_LOG || e == ERR_AUTH)
                return e;
        err_forget();
        return OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        CLEANUP_IDENTITY struct identity me = {0};
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_whoami, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        e = cli_open(cli);
        if (e != OK && e != ERR_NO_PIN)
                return e;
        if ((e = cli_load_identity(cli, &me)) != OK)
                return e;
        struct keys k = {me.signs, me.opens};

        if (cli->client && (e = come_near(cli, &me)) != OK)
                return e;
        tell(cli, cli->client ? client_roster(cli->client) : NULL, &k);
        return OK;
}

const struct command command_whoami = {
        .name = "whoami",
        .synopsis = "",
        .help = "Show your identity's public keys and what the roster lets you do.",
        .run = run,
};
