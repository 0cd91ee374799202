#include "tui/case_view.h"
#include "tui/cmd_recover.h"
#include "tui/say.h"

struct approving {
        struct recovering x;
        struct confirming confirming;
        struct block_out out;
        const char *request; /* a file, or "-" for stdin */
};

static enum err read_request(const struct approving *a, struct block *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e, joined;

        if (span_is(span_text(a->request), "-") && isatty(STDIN_FILENO))
                note("Paste the request's block here.");
        if ((e = recovering_text(a->request, "END BREAKGLASS REQUEST", &text)) != OK)
                return e;
        joined = recovering_join_parts(&text);

        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        struct span rest = bytes_span(&text);

        bytes_add_text(&why, err_reason());
        e = block_read(&rest, BLOCK_REQUEST, ret);
        if (e == ERR_NOT_FOUND && joined != OK)
                return err_because(joined, "%s", bytes_text(&why));
        return e == ERR_NOT_FOUND
                       ? err_because(ERR_BAD_STATEMENT,
                                     "%s has no block `BEGIN BREAKGLASS REQUEST` and no parts of one", a->request)
                       : e;
}

/* What is not seen can't be confirmed. */
static enum err check_seen(const struct cli *cli, const struct approving *a)
{
        if (a->confirming.code || cli->json || isatty(STDOUT_FILENO))
                return OK;
        return err_because(ERR_USAGE,
                           "stdout is no terminal, so nobody would see what is asked: use --block FILE for "
                           "the answer, or --code XXXX-XXXX");
}

static void show(const struct recovering *x, const struct approval_case *c)
{
        const struct case_view v = {x->r.vault.ledger, recovery_now_ms(&x->r), x->r.clock_ms, true};
        char time[WHEN_TEXT];

        case_show(&v, c);
        say_field(x->is_own_log ? "checked by" : "export",
                  "%s%llu entries, the last of %s: what happened since, other openings included, can't be seen "
                  "here",
                  x->is_own_log ? "this machine's own log, " : "", (unsigned long long)x->r.vault.verdict.entries,
                  when(x->r.vault.last_at_ms, x->r.clock_ms, time));
        printf("\n");
        say("Nobody is paged and no log has this. If the broker can be reached, refuse, and have it asked there.");
        printf("\n");
        if (c->wants_override)
                case_show_spent(c);
}

static enum err tell(const struct cli *cli, const struct approving *a, const struct approval_case *c,
                     const struct bytes *block)
{
        enum err e = OK;

        if ((e = block_out_do(cli, &a->out, BLOCK_ANSWER, block)) != OK)
                return e;
        if (cli->json) {
                say_json(json_pack("{s:s, s:s, s:s}", "credential", c->request.credential, "requester",
                                   c->request.requester, "block", bytes_text(block)));
                return OK;
        }
        note("Send this answer to %s, by any way: only their one-time key opens it. Keep in mind that you gave it: "
             "when "
             "the broker is back, the credential must be rotated.",
             c->request.requester);
        return e;
}

/* With an export; or, when the sealed share came with the block, with the log that this machine has verified itself:
 * either way every check is made against a whole log. */
static enum err begin(struct cli *cli, struct approving *a, const struct block *request)
{
        if (a->x.from)
                return recovering_begin(cli, &a->x);
        if (request->file.n == 0)
                return err_because(ERR_USAGE, "--from EXPORT is missing: this block carries no share (`recover ask "
                                              "--with-share NAME` makes one that does)");
        return recovering_begin_own(cli, &a->x);
}

/* An export, however old, is good enough for opening, but not for asking: who was taken out of the roster since, or
 * has other keys since, asks for nothing. */
static enum err check_newest_roster(const struct cli *cli, const struct ledger *l, const struct request_view *r)
{
        const struct ledger *own = recovering_own(cli, l);
        const struct roster *newest = own ? ledger_roster(own) : NULL, *then = ledger_roster(l);
        const struct policy *policy;
        const struct person *p;

        if (!newest || newest->number <= then->number)
                return OK;
        policy = roster_policy_of(newest, r->credential);
        if (!policy || !name_list_has(&policy->requesters, r->requester))
                return err_because(ERR_NOT_ALLOWED,
                                   "this machine has seen a later roster than the export's, and by that %s may not "
                                   "ask for %s",
                                   r->requester, r->credential);
        p = roster_person(newest, r->requester);
        if (!p || !key_equal(&p->signs, &roster_person(then, r->requester)->signs))
                return err_because(ERR_NOT_ALLOWED,
                                   "this machine has seen a later roster than the export's, and by that %s has other "
                                   "keys: who sent this may have stolen the old ones",
                                   r->requester);
        return OK;
}

static enum err approve(struct cli *cli, struct approving *a)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        CLEANUP_BLOCK struct block request = {0};
        CLEANUP_BYTES struct bytes answer = BYTES_NONE;
        struct approval_case c;
        enum err e;

        if ((e = check_seen(cli, a)) != OK)
                return e;
        if ((e = block_out_check(cli, &a->out)) != OK)
                return e;
        if ((e = read_request(a, &request)) != OK)
                return e;
        if ((e = begin(cli, a, &request)) != OK)
                return e;
        if ((e = recovery_review(&a->x.r, &request, &c, &scalar)) != OK)
                return e;
        if ((e = check_newest_roster(cli, a->x.r.vault.ledger, &c.request)) != OK)
                return e;
        if (!cli->json)
                show(&a->x, &c);
        if (c.wants_override && (e = case_confirm_override(cli, &a->confirming)) != OK)
                return e;
        if ((e = case_confirm_code(cli, &a->confirming, &c)) != OK)
                return e;
        if ((e = recovery_approve(&a->x.r, &request, &c, &scalar, &answer)) != OK)
                return e;
        secret_wipe(&scalar);
        return tell(cli, a, &c, &answer);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct approving a = {.request = "-"};
        const struct option_about own[] = {
                RECOVERING_OPTIONS(&a.x),
                {"code", OPTION_TEXT, &a.confirming.code, "XXXX-XXXX",
                 "the code as the requester read it out, instead of typing it"},
                {"override", OPTION_FLAG, &a.confirming.override, NULL,
                 "approve although enough shares would be spent over several requests"},
                BLOCK_OUT_OPTIONS(&a.out, "answer"),
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_recover_approve, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 1, "the request's block")) != OK)
                return e;
        if (args.n)
                a.request = args.text[0];
        e = approve(cli, &a);
        recovering_done(&a.x);
        return e;
}

const struct command command_recover_approve = {
        .name = "recover approve",
        .synopsis = "[BLOCK-FILE|-] [--from EXPORT] [--code XXXX-XXXX] [--block FILE] [--qr]",
        .help = "Check a request that came as a block, see it, and answer with your share for its requester.",
        .run = run,
};
