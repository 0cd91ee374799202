#include "tui/cmd_roster.h"
#include "tui/commands.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include <string.h>

struct signing {
        const char *file, *yes;
        char *signed_path;
        struct roster *now; /* the file's */
        const struct roster *old;
        struct envelope envelope;
};

/* The roster in force, when this is not a first one. */
static enum err find_old(struct cli *cli, struct signing *s)
{
        const char *stale;
        enum err e;

        if (!s->now->has_previous)
                return OK;
        if ((e = cli_look(cli, &stale)) != OK)
                return e;
        cli_note_stale(stale);
        s->old = ledger_roster(cli_ledger(cli));
        if (!s->old)
                return err_because(ERR_NOT_FOUND, "no roster is here to compare with");
        if (hash_equal(&s->now->id, &s->old->id))
                return err_because(ERR_DUPLICATE, "this roster is in force already");
        if (s->now->number == s->old->number)
                return err_because(ERR_ROSTER_FORK, "another roster %llu is in force",
                                   (unsigned long long)s->now->number);
        if (s->now->number != s->old->number + 1)
                return err_because(s->now->number > s->old->number ? ERR_ROSTER_GAP : ERR_ROSTER_ROLLBACK,
                                   "the one in force is number %llu, this is %llu",
                                   (unsigned long long)s->old->number, (unsigned long long)s->now->number);
        if (!hash_equal(&s->now->previous, &s->old->id))
                return err_because(ERR_ROSTER_FORK,
                                   "`previous` is not the hash of the roster in force (`breakglass roster next` "
                                   "writes it)");
        return OK;
}

/* What others have signed already, or an envelope without signatures. */
static enum err read_envelope(struct signing *s)
{
        enum err e;

        if (asprintf(&s->signed_path, "%s.signed", s->file) < 0)
                return ERR_MEMORY;
        if (!file_exists(s->signed_path)) {
                s->envelope.type = STATEMENT_ROSTER;
                strcpy(s->envelope.type_word, statement_type_word(STATEMENT_ROSTER));
                bytes_add_span(&s->envelope.payload, bytes_span(&s->now->yaml));
                return OK;
        }
        if ((e = roster_envelope_read(s->signed_path, &s->envelope)) != OK)
                return e;
        if (!span_equal(bytes_span(&s->envelope.payload), bytes_span(&s->now->yaml)))
                return err_because(
                        ERR_MISMATCH,
                        "%s holds signatures over other bytes: the roster was edited after they were made; "
                        "remove it and sign anew",
                        s->signed_path);
        return OK;
}

static void print_change(void *context, const char *sentence)
{
        (*(unsigned *)context)++;
        say_entry("*", 1, sentence);
}

static void show_what_changes(const struct signing *s)
{
        unsigned changes = 0;
        char id[HASH_HEX + 1];

        hash_to_hex(&s->now->id, id);
        say("Roster %llu of %s%s:", (unsigned long long)s->now->number, s->now->name,
            s->old ? ", against the one in force" : ", the first of a new installation");
        roster_diff(s->old, s->now, print_change, &changes);
        if (changes == 0)
                say("  nothing that programs look at");
        say("Its hash: %s", id);
        if (!s->old)
                say("That hash names the installation for ever: everybody who joins compares it with what you tell "
                    "them.");
}

static enum err confirm(struct cli *cli, const struct signing *s)
{
        CLEANUP_BYTES struct bytes typed = BYTES_NONE, question = BYTES_NONE;
        char id[HASH_HEX + 1];
        bool pasted = false;
        enum err e;

        hash_to_hex(&s->now->id, id);
        if (s->yes)
                return strcmp(s->yes, id) == 0
                               ? OK
                               : err_because(ERR_MISMATCH, "the file's hash is %s, not the one in --yes-sha256", id);
        if (cli->no_input || !prompt_possible())
                return err_because(ERR_USAGE, "nobody is here to confirm; --yes-sha256 %s does", id);
        bytes_printf(&question, "To sign, type the first 8 digits of the hash: ");
        if ((e = prompt_line(bytes_text(&question), &typed, &pasted)) != OK)
                return e;
        if (pasted || typed.n != 8 || memcmp(typed.p, id, 8) != 0)
                return err_because(ERR_ABORTED, "those are not the first digits of the hash");
        return OK;
}

/* Of both rosters where there are two: whoever leaves signs as an admin of the old one. */
static enum err check_is_admin(const struct signing *s, const struct identity *me)
{
        if (roster_count_admins(s->now, &me->signs, 1) > 0)
                return OK;
        if (s->old && roster_count_admins(s->old, &me->signs, 1) > 0)
                return OK;
        return err_because(ERR_NOT_ALLOWED, "the signing key of this identity belongs to no admin of this roster");
}

static enum err add_signature(struct signing *s, const struct identity *me)
{
        struct key signers[SIGNATURES_MAX];
        enum err e;

        if ((e = roster_signers(&s->envelope, signers)) != OK)
                return e;
        for (size_t i = 0; i < s->envelope.n_signatures; i++)
                if (key_equal(&signers[i], &me->signs)) {
                        note("You have signed it already.");
                        return OK;
                }
        if (s->envelope.n_signatures == SIGNATURES_MAX)
                return err_because(ERR_RANGE, "a roster carries at most %u signatures", SIGNATURES_MAX);
        e = identity_sign(me, STATEMENT_ROSTER, bytes_span(&s->envelope.payload),
                          &s->envelope.signatures[s->envelope.n_signatures]);
        if (e == OK)
                s->envelope.n_signatures++;
        return e;
}

static enum err write_envelope(const struct signing *s)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        envelope_write(&s->envelope, &text);
        bytes_add_byte(&text, '\n');
        return file_write(s->signed_path, 0644, bytes_span(&text));
}

static enum err tell(struct cli *cli, const struct signing *s)
{
        struct key signers[SIGNATURES_MAX];
        enum err e;

        if ((e = roster_signers(&s->envelope, signers)) != OK)
                return e;
        unsigned now = roster_count_admins(s->now, signers, s->envelope.n_signatures);
        unsigned old = s->old ? roster_count_admins(s->old, signers, s->envelope.n_signatures) : 0;
        bool enough = now >= s->now->admins_need && (!s->old || old >= s->old->admins_need);

        if (cli->json) {
                say_json(json_pack("{s:s, s:i, s:i, s:b}", "file", s->signed_path, "signatures", (int)now, "need",
                                   (int)s->now->admins_need, "enough", enough));
                return OK;
        }
        say("%s carries %u of the %u signatures by its own admins%s.", s->signed_path, now, s->now->admins_need,
            s->old ? "" : " that it needs");
        if (s->old)
                say("It carries %u of the %u signatures of the present roster's admins.", old, s->old->admins_need);
        if (!enough)
                say("Next: give %s and %s to the next admin, who runs `breakglass roster sign %s`.", s->file,
                    s->signed_path, s->file);
        else if (s->old)
                say("Next: `breakglass roster submit %s`.", s->signed_path);
        else
                say("Next: `breakglassd init --roster %s`.", s->signed_path);
        return OK;
}

static enum err sign(struct cli *cli, struct signing *s)
{
        CLEANUP_IDENTITY struct identity me = {0};
        unsigned warnings;
        enum err e;

        if ((e = roster_file_read(s->file, &s->now, &warnings)) != OK)
                return e;
        if ((e = roster_check_paging(s->now)) != OK)
                return e;
        if ((e = find_old(cli, s)) != OK)
                return e;
        if ((e = read_envelope(s)) != OK)
                return e;
        if (!cli->json)
                show_what_changes(s);
        if ((e = confirm(cli, s)) != OK)
                return e;
        if ((e = cli_load_identity(cli, &me)) != OK)
                return e;
        if ((e = check_is_admin(s, &me)) != OK)
                return e;
        if ((e = add_signature(s, &me)) != OK)
                return e;
        if ((e = write_envelope(s)) != OK)
                return e;
        return tell(cli, s);
}

enum err roster_cmd_sign(struct cli *cli, int argc, char **argv)
{
        struct signing s = {0};
        const struct option_about own[] = {
                {"yes-sha256", OPTION_TEXT, &s.yes, "HEX", "confirm by the roster's whole hash instead of typing"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_roster_sign, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the roster's FILE")) != OK)
                return e;
        s.file = args.text[0];
        e = sign(cli, &s);
        roster_free(s.now);
        envelope_done(&s.envelope);
        free(s.signed_path);
        return e;
}

const struct command command_roster_sign = {
        .name = "roster sign",
        .synopsis = "FILE [--yes-sha256 HEX]",
        .help = "Show what a roster changes, and add your signature to FILE.signed.",
        .run = roster_cmd_sign,
};

/* ---- submit ---- */

/* Our own judgement first: it names what is missing better than a refusal does. */
static enum err check_chain(struct cli *cli, const struct envelope *envelope)
{
        struct key signers[SIGNATURES_MAX];
        struct roster *next = NULL;
        enum err e;

        if ((e = roster_signers(envelope, signers)) != OK)
                return e;
        if ((e = roster_parse(bytes_span(&envelope->payload), &next)) != OK)
                return e;
        const struct roster *now = ledger_roster(cli_ledger(cli));

        if (now && hash_equal(&now->id, &next->id))
                e = err_because(ERR_DUPLICATE, "this roster is in force already");
        else
                e = roster_follows(now, next, signers, envelope->n_signatures, NULL);
        if (e == OK)
                e = roster_check_paging(next);
        roster_free(next);
        return e;
}

enum err roster_cmd_submit(struct cli *cli, int argc, char **argv)
{
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        struct texts args;
        uint64_t n = 0;
        enum err e;

        if ((e = options_read(cli, &command_roster_submit, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "FILE.signed")) != OK)
                return e;
        if ((e = roster_envelope_read(args.text[0], &envelope)) != OK)
                return e;
        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = check_chain(cli, &envelope)) != OK)
                return e;
        if ((e = client_submit(cli->client, &envelope, &n)) != OK)
                return e;
        const struct roster *r = ledger_roster(cli_ledger(cli));

        if (cli->json)
                say_json(json_pack("{s:I, s:I}", "n", (json_int_t)n, "roster", (json_int_t)r->number));
        else
                say("Roster %llu is in force (entry %llu). Versions that no longer fit their policy are shown by "
                    "`breakglass status` and get rotated.",
                    (unsigned long long)r->number, (unsigned long long)n);
        return OK;
}

const struct command command_roster_submit = {
        .name = "roster submit",
        .synopsis = "FILE.signed",
        .help = "Send a roster that enough admins signed.",
        .run = roster_cmd_submit,
};
