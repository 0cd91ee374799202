#include "tui/commands.h"
#include "tui/follow.h"
#include "tui/options.h"
#include "tui/pending.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define VERSIONS_MAX 64u

struct closing {
        bool wait, is_incident;
        struct bytes incident; /* a copy: the ledger's texts move with every sync */
        struct hash request;
        struct hash version[VERSIONS_MAX]; /* what was open or had shares spent, and is rotated now */
        size_t n_versions;
};

/* An incident's label, or a request's name; a request without incident closes by its own name. */
static enum err find(struct cli *cli, const char *text, struct closing *c)
{
        struct incident_view i;
        struct request_view r;
        enum err e = act_find_request(cli->client, text, &r);
        bool is_request = e == OK;

        if (!is_request && e != ERR_NOT_FOUND && e != ERR_MISMATCH)
                return e;
        c->is_incident = ledger_incident_by_name(cli_ledger(cli), text, cli_now(cli), &i);
        if (c->is_incident && is_request && r.has_incident)
                return err_because(ERR_USAGE, "%s names an incident and a request; name the request by its id", text);
        if (!c->is_incident && !is_request)
                return err_because(ERR_NOT_FOUND, "no incident and no request is called %s", text);
        if (is_request && !c->is_incident)
                c->request = r.id;
        bytes_add_text(&c->incident, text);
        err_forget();
        return OK;
}

static bool is_meant(const struct closing *c, const struct request_view *r)
{
        if (c->is_incident)
                return strcmp(r->incident, bytes_text(&c->incident)) == 0;
        return hash_equal(&r->id, &c->request);
}

static void add_version(struct closing *c, const struct hash *version)
{
        for (size_t i = 0; i < c->n_versions; i++)
                if (hash_equal(&c->version[i], version))
                        return;
        if (c->n_versions < VERSIONS_MAX)
                c->version[c->n_versions++] = *version;
}

/* Versions of the closed requests whose rotation is owed now. */
static void find_versions(const struct cli *cli, struct closing *c)
{
        const struct ledger *l = cli_ledger(cli);

        for (size_t i = 0; i < ledger_requests(l); i++) {
                struct request_view r;
                struct rotation_view rotation;

                ledger_request_at(l, i, cli_now(cli), &r);
                if (!is_meant(c, &r) || r.approvals_ever == 0)
                        continue;
                if (ledger_rotation(l, &r.version, cli_now(cli), &rotation) &&
                    (rotation.due != NOT_DUE || rotation.is_promoted))
                        add_version(c, &r.version);
        }
}

static void tell(const struct cli *cli, const struct closing *c, unsigned handed, uint64_t n)
{
        struct incident_view i;
        char time[WHEN_TEXT];

        say("%s is closed (entry %llu).", bytes_text(&c->incident), (unsigned long long)n);
        if (handed > 0)
                say("%u opened secret%s handed, sealed, to the rotator, which proves with it that the old value is "
                    "refused.",
                    handed, handed == 1 ? " was" : "s were");
        for (size_t k = 0; k < c->n_versions; k++) {
                struct version_view v;

                if (!ledger_version_by_id(cli_ledger(cli), &c->version[k], &v))
                        continue;
                if (rotation_is_by_hand(cli_ledger(cli), v.fields->credential))
                        say("%s is rotated BY HAND: change it at its target now, then a sealer runs `breakglass seal "
                            "%s`.",
                            v.fields->credential, v.fields->credential);
                else
                        say("%s gets rotated now%s.", v.fields->credential,
                            c->wait ? "" : "; `breakglass status` shows how it goes");
        }
        if (c->is_incident && ledger_incident_by_name(cli_ledger(cli), bytes_text(&c->incident), cli_now(cli), &i) &&
            i.owes_postmortem)
                say("It owes a post-mortem by %s: `breakglass postmortem %s`.",
                    when(i.postmortem_due_ms, cli_now(cli), time), bytes_text(&c->incident));
}

static void tell_json(const struct cli *cli, const struct closing *c, unsigned handed, uint64_t n)
{
        json_t *rotates = json_array();

        for (size_t i = 0; i < c->n_versions; i++) {
                struct version_view v;

                if (ledger_version_by_id(cli_ledger(cli), &c->version[i], &v))
                        json_array_append_new(rotates, json_string(v.fields->credential));
        }
        say_json(json_pack("{s:s, s:I, s:i, s:o}", "closed", bytes_text(&c->incident), "n", (json_int_t)n,
                           "handed_over", (int)handed, "rotates", rotates));
}

/* Nobody but people moves what is rotated by hand: waiting for it here would be for ever. */
static enum err wait_for_rotation(struct cli *cli, const struct closing *c)
{
        struct hash machines[VERSIONS_MAX];
        size_t n = 0;

        for (size_t i = 0; i < c->n_versions; i++) {
                struct version_view v;

                if (ledger_version_by_id(cli_ledger(cli), &c->version[i], &v) &&
                    !rotation_is_by_hand(cli_ledger(cli), v.fields->credential))
                        machines[n++] = c->version[i];
        }
        return follow_rotations(cli, machines, n);
}

static enum err close_it(struct cli *cli, struct closing *c, const char *text)
{
        unsigned handed = 0;
        uint64_t n = 0;
        enum err e;

        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = find(cli, text, c)) != OK)
                return e;
        e = c->is_incident ? act_close_incident(cli->client, bytes_text(&c->incident), &handed, &n)
                           : act_close_request(cli->client, &c->request, &handed, &n);
        if (e != OK)
                return e;
        find_versions(cli, c);
        if (cli->json)
                tell_json(cli, c, handed, n);
        else
                tell(cli, c, handed, n);
        return c->wait ? wait_for_rotation(cli, c) : OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct closing c = {0};
        const struct option_about own[] = {
                {"wait", OPTION_FLAG, &c.wait, NULL, "follow the rotation until the old value is proven dead"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_close, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the INCIDENT or REQUEST")) != OK)
                return e;
        e = close_it(cli, &c, args.text[0]);
        bytes_done(&c.incident);
        return e;
}

const struct command command_close = {
        .name = "close",
        .synopsis = "INCIDENT|REQUEST [--wait]",
        .help = "End access: what was opened is handed to the rotator and gets rotated.",
        .run = run,
};
