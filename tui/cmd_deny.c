#include "tui/commands.h"
#include "tui/options.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"

static enum err want_reason(struct cli *cli, struct bytes *typed, const char **reason)
{
        enum err e;

        if (!*reason && !cli->no_input && prompt_possible()) {
                if ((e = prompt_line("Why (the requester and the other holders read this): ", typed, NULL)) != OK)
                        return e;
                *reason = bytes_text(typed);
        }
        return options_want_words(*reason, "--reason", REASON_MAX);
}

static void tell(const struct cli *cli, const struct hash *request, uint64_t n)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        struct request_view r;
        char name[NAME_TEXT];

        if (!ledger_request_by_id(cli_ledger(cli), request, cli_now(cli), &r))
                return;
        request_name(&r, name);
        request_standing(&r, cli_now(cli), &standing);
        if (cli->json)
                say_json(json_pack("{s:s, s:I, s:s, s:s}", "request", name, "n", (json_int_t)n, "state",
                                   request_state_word(r.state), "end", request_end_word(r.end)));
        else
                say("You denied %s (entry %llu). It %s.", name, (unsigned long long)n,
                    r.state == REQUEST_ENDED ? "has ended" : bytes_text(&standing));
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        CLEANUP_BYTES struct bytes typed = BYTES_NONE;
        const char *reason = NULL;
        bool suspicious = false;
        const struct option_about own[] = {
                {"reason", OPTION_TEXT, &reason, "TEXT", "why, in words that everybody reads"},
                {"suspicious", OPTION_FLAG, &suspicious, NULL, "this looks like an attack: paged as such"},
                {0},
        };
        struct request_view r;
        struct texts args;
        uint64_t n = 0;
        enum err e;

        if ((e = options_read(cli, &command_deny, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the REQUEST (like R17)")) != OK)
                return e;
        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = act_find_request(cli->client, args.text[0], &r)) != OK)
                return e;
        struct hash id = r.id;

        if ((e = want_reason(cli, &typed, &reason)) != OK)
                return e;
        if ((e = act_deny(cli->client, &id, reason, suspicious, &n)) != OK)
                return e;
        tell(cli, &id, n);
        return OK;
}

const struct command command_deny = {
        .name = "deny",
        .synopsis = "REQUEST --reason TEXT [--suspicious]",
        .help = "Say no to a request; it ends when too few holders are left who could approve.",
        .run = run,
};
