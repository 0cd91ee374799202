#include "tui/case_view.h"
#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"
#include "tui/words.h"

static void tell(const struct cli *cli, const struct hash *request, uint64_t n)
{
        struct request_view r;
        char name[NAME_TEXT];

        if (!ledger_request_by_id(cli_ledger(cli), request, cli_now(cli), &r))
                return;
        request_name(&r, name);
        if (cli->json)
                say_json(json_pack("{s:s, s:I, s:i, s:i, s:s}", "request", name, "n", (json_int_t)n, "approvals",
                                   (int)r.approvals, "need", (int)r.threshold, "state", request_state_word(r.state)));
        else if (r.approvals >= r.threshold)
                say("You approved %s (entry %llu): %u of %u. %s can open it now.", name, (unsigned long long)n,
                    r.approvals, r.threshold, r.requester);
        else
                say("You approved %s (entry %llu): %u of %u.", name, (unsigned long long)n, r.approvals, r.threshold);
}

static enum err approve(struct cli *cli, const struct confirming *a, const char *text)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct request_view r;
        struct approval_case c;
        uint64_t n = 0;
        enum err e;

        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = act_find_request(cli->client, text, &r)) != OK)
                return e;
        struct hash id = r.id;

        if ((e = act_review(cli->client, &id, &c, &scalar)) != OK)
                return e;
        if (c.i_have_approved)
                return err_because(ERR_DUPLICATE, "you have approved it already");
        if (!cli->json)
                case_show(&(struct case_view){cli_ledger(cli), cli_now(cli), cli_now(cli), false}, &c);
        if (c.wants_override && !cli->json)
                case_show_spent(&c);
        if (c.wants_override && (e = case_confirm_override(cli, a)) != OK)
                return e;
        if ((e = case_confirm_code(cli, a, &c)) != OK)
                return e;
        if ((e = act_approve(cli->client, &c, &scalar, c.wants_override, &n)) != OK)
                return e;
        secret_wipe(&scalar);
        tell(cli, &id, n);
        return OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct confirming a = {0};
        const struct option_about own[] = {
                {"code", OPTION_TEXT, &a.code, "XXXX-XXXX",
                 "the code as the requester read it out, instead of typing it"},
                {"override", OPTION_FLAG, &a.override, NULL,
                 "approve although enough shares would be spent over several requests"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_approve, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the REQUEST (like R17)")) != OK)
                return e;
        return approve(cli, &a, args.text[0]);
}

const struct command command_approve = {
        .name = "approve",
        .synopsis = "REQUEST [--code XXXX-XXXX] [--override]",
        .help = "Check a request yourself, see it, and give your share to its requester.",
        .run = run,
};
