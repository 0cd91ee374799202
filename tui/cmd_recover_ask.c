#include "quorum/code.h"
#include "tui/case_view.h"
#include "tui/cmd_recover.h"
#include "tui/say.h"
#include "tui/words.h"

struct asking {
        struct recovering x;
        struct ask ask;
        const char *with_share; /* or NULL */
        struct block_out out;
};

static void tell_before(const struct recovering *x, const char *credential)
{
        CLEANUP_BYTES struct bytes holders = BYTES_NONE;
        const struct ledger *l = x->r.vault.ledger;
        struct version_view v;

        if (!ledger_current_version(l, credential, &v))
                return;
        eligible_names(l, &v, x->r.name, &holders);
        note("%s: %s. %u of %s must answer.", credential, roster_credential(ledger_roster(l), credential)->opens_what,
             ledger_threshold(l, &v), bytes_text(&holders));
        note("Nobody is paged: there is no broker. Call them, and tell others what you do.");
}

/* The code never goes where the block goes: into a file, into a chat. */
static void tell_code(const char *code)
{
        if (isatty(STDOUT_FILENO)) {
                case_show_code(code);
                return;
        }
        note("The code is %s: read it out, by voice, to each approver. Not into chat, not beside the block.", code);
}

static enum err tell(const struct cli *cli, const struct asking *a, const struct hash *id, const struct bytes *block)
{
        char code[CODE_TEXT], hex[HASH_HEX + 1];
        enum err e = OK;

        code_of(id, code);
        hash_to_hex(id, hex);
        if ((e = block_out_do(cli, &a->out, BLOCK_REQUEST, block)) != OK)
                return e;
        if (cli->json) {
                say_json(json_pack("{s:s, s:s, s:s, s:s}", "request", hex, "code", code, "credential",
                                   a->ask.credential, "block", bytes_text(block)));
                return OK;
        }
        if (a->with_share)
                note("This block is for %s alone, by any way: it is no secret. Their sealed share is in it, so on a "
                     "machine of theirs that was joined `breakglass recover approve` needs no export.",
                     a->with_share);
        else
                note("Send this block to each of them, by any way: it is no secret. They run `breakglass recover "
                     "approve --from EXPORT` and send their answer block back.");
        tell_code(code);
        note("Then: breakglass recover open ANSWER… --from %s", a->x.from);
        return e;
}

static enum err ask(struct cli *cli, struct asking *a)
{
        CLEANUP_BYTES struct bytes block = BYTES_NONE;
        struct hash id;
        enum err e;

        if ((e = block_out_check(cli, &a->out)) != OK)
                return e;
        if ((e = recovering_begin(cli, &a->x)) != OK)
                return e;
        if ((e = recovery_ask(&a->x.r, &a->ask, a->with_share, &id, &block)) != OK)
                return e;
        if (!cli->json)
                tell_before(&a->x, a->ask.credential);
        return tell(cli, a, &id, &block);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct asking a = {0};
        const struct option_about own[] = {
                RECOVERING_OPTIONS(&a.x),
                {"work", OPTION_TEXT, &a.x.work, "FOLDER", "where the one-time key waits for the answers, sealed"},
                {"emergency", OPTION_TEXT, &a.ask.emergency, "E1",
                 "which of the roster's written emergencies this is"},
                {"incident", OPTION_TEXT, &a.ask.incident, "INC-7", "the incident it belongs to"},
                {"reason", OPTION_TEXT, &a.ask.reason, "TEXT", "what for, in words that approvers read"},
                {"for", OPTION_TIME, &a.ask.open_for_ms, "TIME",
                 "how long you mean to use it (at most the policy's)"},
                {"with-share", OPTION_TEXT, &a.with_share, "HOLDER",
                 "put this holder's sealed share into the block: with their own copy of the log they need no export"},
                BLOCK_OUT_OPTIONS(&a.out, "block"),
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_recover_ask, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the CREDENTIAL")) != OK)
                return e;
        if ((e = options_want_name(args.text[0], "credential")) != OK)
                return e;
        if ((e = options_want_words(a.ask.reason, "--reason", REASON_MAX)) != OK)
                return e;
        if (!a.ask.emergency)
                return err_because(ERR_USAGE, "--emergency is missing");
        if (a.ask.incident && !label_is_valid(a.ask.incident))
                return err_because(ERR_USAGE, "an incident is letters, digits and . _ / - (like INC-7)");
        if (a.with_share && (e = options_want_name(a.with_share, "holder")) != OK)
                return e;
        a.ask.credential = args.text[0];
        e = ask(cli, &a);
        recovering_done(&a.x);
        return e;
}

const struct command command_recover_ask = {
        .name = "recover ask",
        .synopsis = "CREDENTIAL --from EXPORT --emergency E1 --incident INC-7 --reason TEXT [--with-share HOLDER] "
                    "[--block FILE] "
                    "[--qr]",
        .help = "Ask for a credential without a broker; prints a block to send to the approvers, and the code.",
        .run = run,
};
