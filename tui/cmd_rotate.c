#include "tui/commands.h"
#include "tui/rotate.h"
#include "tui/say.h"

/* The typed names alone are as deliberate as can be; a whole policy is not. */
static enum err order(struct cli *cli, const struct rotate_options *o, struct rotate_plan *p)
{
        enum err e;

        if ((e = rotate_choose(cli, o, p)) != OK)
                return e;
        if (p->n == 0)
                return err_because(ERR_NOT_FOUND, "no credential's current version is meant by that");
        if (o->dry_run || (rotate_is_wide(o) && !o->yes))
                rotate_tell_plan(cli, p);
        if (o->dry_run)
                return OK;
        if (rotate_is_wide(o) && !o->yes && p->n_order > 0 && (e = rotate_confirm(cli, p)) != OK)
                return e;
        if ((e = rotate_order(cli, o->why, p)) != OK)
                return e;
        rotate_tell_order(cli, p);
        return o->wait ? rotate_watch(cli, p, o->wait_ms) : OK;
}

static enum err follow(struct cli *cli, const struct rotate_options *o, struct rotate_plan *p)
{
        enum err e = rotate_find_orders(cli, &o->follow, p);

        return e == OK ? rotate_watch(cli, p, o->wait_ms) : e;
}

static enum err check_options(const struct rotate_options *o)
{
        enum err e;

        if (o->follow.n && (o->credentials.n || rotate_is_wide(o)))
                return err_because(ERR_USAGE, "--follow takes the orders' entries, and nothing else");
        if (o->follow.n)
                return OK;
        if (o->credentials.n == 0 && !rotate_is_wide(o))
                return err_because(ERR_USAGE,
                                   "name the CREDENTIAL, or say --opened-by, --incident, --policy, --tag or --all");
        for (size_t i = 0; i < o->credentials.n; i++)
                if ((e = options_want_name(o->credentials.text[i], "credential")) != OK)
                        return e;
        return o->dry_run ? OK : options_want_words(o->why, "--why", TEXT_MAX);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct rotate_options o = {0};
        struct rotate_plan plan = {0};
        const struct option_about own[] = {
                {"why", OPTION_TEXT, &o.why, "TEXT", "why they are to be rotated now"},
                {"opened-by", OPTION_LIST, &o.opened_by, "PERSON", "everything current that this person opened"},
                {"incident", OPTION_LIST, &o.incidents, "INCIDENT", "everything current that was opened under it"},
                {"policy", OPTION_LIST, &o.policies, "POLICY", "everything under this policy"},
                {"tag", OPTION_LIST, &o.tags, "TAG", "everything with this tag"},
                {"all", OPTION_FLAG, &o.all, NULL, "everything there is"},
                {"dry-run", OPTION_FLAG, &o.dry_run, NULL, "only say what would be rotated"},
                {"yes", OPTION_FLAG, &o.yes, NULL, "don't ask before a whole lot is ordered"},
                {"wait", OPTION_FLAG, &o.wait, NULL, "follow until all old values are proven dead, and report"},
                {"at-most", OPTION_TIME, &o.wait_ms, "TIME", "with --wait, --follow: report after this time"},
                {"follow", OPTION_LIST, &o.follow, "ENTRY", "instead: follow the order in this entry of the log"},
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
        if (o.done)
                return rotate_say_done(cli, &o);
        if ((e = check_options(&o)) != OK)
                return e;
        if ((e = cli_ready(cli)) != OK)
                return e;
        e = o.follow.n ? follow(cli, &o, &plan) : order(cli, &o, &plan);
        rotate_plan_done(&plan);
        return e;
}

const struct command command_rotate = {
        .name = "rotate",
        .synopsis = "CREDENTIAL… --why TEXT   |   --opened-by PERSON | --incident INC | --policy P | --tag T | --all "
                    "--why TEXT"
                    "   |   --follow ENTRY   |   CREDENTIAL --done --old refused|replaced|unproven [--new works]",
        .help = "As an admin, order rotations, of one credential or of a whole lot; follow them to their proof; or "
                "record that "
                "one by hand is finished.",
        .run = run,
};
