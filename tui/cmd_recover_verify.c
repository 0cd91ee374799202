#include "base/clock.h"
#include "tui/cmd_recover.h"
#include "tui/pending.h"
#include "tui/say.h"
#include "tui/words.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct standing {
        unsigned n, openable; /* credentials */
};

static bool is_openable(const struct ledger *l, const struct version_view *v)
{
        return ledger_eligible(l, v) >= ledger_threshold(l, v);
}

/* ---- in words ---- */

static void say_holder(const struct ledger *l, const struct version_view *v, const char *holder, int64_t now_ms)
{
        int64_t checked = ledger_custody_of_version(l, &v->id, holder);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        char time[WHEN_TEXT];

        if (!ledger_is_eligible(l, v, holder))
                bytes_add_text(&text, "left the policy, or has another key now: doesn't count");
        else if (checked > 0)
                bytes_printf(&text, "proved their share %s", when(checked, now_ms, time));
        else
                bytes_add_text(&text, "has NEVER proved their share");
        say_entry(holder, 20, bytes_text(&text));
}

static void say_version(const struct ledger *l, const struct version_view *v, int64_t now_ms)
{
        CLEANUP_BYTES struct bytes label = BYTES_NONE;

        bytes_printf(&label, "%s, version %llu", v->fields->credential, (unsigned long long)v->fields->number);
        if (is_openable(l, v))
                say("%s (%s): opens with %u of these holders:", bytes_text(&label), version_state_word(v->state),
                    ledger_threshold(l, v));
        else
                say("%s (%s): CAN'T BE OPENED: it needs %u holders, and only %u of these count:", bytes_text(&label),
                    version_state_word(v->state), ledger_threshold(l, v), ledger_eligible(l, v));
        for (unsigned i = 0; i < v->fields->n_shares; i++)
                say_holder(l, v, v->fields->shares[i].holder, now_ms);
}

/* ---- as JSON ---- */

static json_t *json_version(const struct ledger *l, const struct version_view *v)
{
        json_t *holders = json_array();

        for (unsigned i = 0; i < v->fields->n_shares; i++) {
                const char *holder = v->fields->shares[i].holder;

                json_array_append_new(holders, json_pack("{s:s, s:b, s:I}", "holder", holder, "counts",
                                                         ledger_is_eligible(l, v, holder), "custody_at",
                                                         (json_int_t)ledger_custody_of_version(l, &v->id, holder)));
        }
        return json_pack("{s:s, s:I, s:s, s:b, s:i, s:o}", "credential", v->fields->credential, "number",
                         (json_int_t)v->fields->number, "state", version_state_word(v->state), "openable",
                         is_openable(l, v), "need", (int)ledger_threshold(l, v), "holders", holders);
}

/* ---- all ---- */

static struct standing tell_versions(const struct ledger *l, int64_t now_ms, json_t *into)
{
        struct standing s = {0};

        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;

                ledger_version_at(l, i, &v);
                if (!version_is_live(&v))
                        continue;
                s.n += v.state == VERSION_CURRENT;
                s.openable += v.state == VERSION_CURRENT && is_openable(l, &v);
                if (into)
                        json_array_append_new(into, json_version(l, &v));
                else
                        say_version(l, &v, now_ms);
        }
        return s;
}

/* A credential of the roster for which nothing was ever sealed. */
static void tell_empty(const struct ledger *l)
{
        const struct roster *r = ledger_roster(l);
        struct version_view v;

        for (size_t i = 0; i < r->n_credentials; i++)
                if (!ledger_current_version(l, r->credentials[i].name, &v))
                        say("%s: NOTHING is sealed.", r->credentials[i].name);
}

static void tell(const struct recovering *x, bool is_pinned)
{
        const struct ledger *l = x->r.vault.ledger;
        char hex[HASH_HEX + 1], time[WHEN_TEXT];
        struct standing s;

        say("whole: %llu entries, signed, in order, within the rules and under the signed head; %llu sealed parts, "
            "exactly those of the live versions. The last entry is of %s.",
            (unsigned long long)x->r.vault.verdict.entries, (unsigned long long)x->r.vault.verdict.blobs,
            when(ledger_last_at(l), x->r.clock_ms, time));
        s = tell_versions(l, x->r.clock_ms, NULL);
        tell_empty(l);
        say("%u of %u credentials can be opened from it.", s.openable, s.n);
        hash_to_hex(&x->r.vault.verdict.installation, hex);
        say_token("genesis", hex);
        if (!is_pinned)
                say("That genesis is what the file itself says: compare it with what you know, or use --genesis.");
}

static void tell_json(const struct recovering *x, bool is_pinned)
{
        json_t *versions = json_array();
        char genesis[HASH_HEX + 1], root[HASH_HEX + 1];
        struct standing s = tell_versions(x->r.vault.ledger, 0, versions);

        hash_to_hex(&x->r.vault.verdict.installation, genesis);
        hash_to_hex(&x->r.vault.verdict.root, root);
        say_json(json_pack("{s:I, s:I, s:s, s:s, s:b, s:i, s:i, s:o}", "entries",
                           (json_int_t)x->r.vault.verdict.entries, "blobs", (json_int_t)x->r.vault.verdict.blobs,
                           "root", root, "genesis", genesis, "is_pinned", is_pinned, "credentials", (int)s.n,
                           "openable", (int)s.openable, "versions", versions));
}

/* In one go from its beginning to its end, so that it may be of any size and come through a pipe. */
static enum err read_through(const struct cli *cli, struct recovering *x, const char *path, const struct hash *pin)
{
        const struct export_job job = {.genesis = pin, .want_blobs = true};
        const bool is_stdin = strcmp(path, "-") == 0;
        CLEANUP_FD int fd = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
        enum err e;

        if (fd < 0 && !is_stdin)
                return err_because(errno == ENOENT ? ERR_NO_ENTRY : ERR_IO, "%s: %s", path, strerror(errno));
        e = export_verify_stream(is_stdin ? STDIN_FILENO : fd, &job, &x->r.vault.verdict, &x->r.vault.ledger);
        return e == OK ? recovering_compare(cli, x->r.vault.ledger) : e;
}

static enum err verify(struct cli *cli, struct recovering *x, const char *path)
{
        struct hash pin;
        bool is_pinned = x->genesis || cli->installation;
        enum err e;

        /* Another installation's export is nothing that this machine could judge, unless it was told to. */
        if (is_pinned && (e = recovering_pin(cli, x, &pin)) != OK)
                return e;
        x->r.clock_ms = clock_now_ms();
        if ((e = read_through(cli, x, path, is_pinned ? &pin : NULL)) != OK)
                return e;
        if (cli->json)
                tell_json(x, is_pinned);
        else
                tell(x, is_pinned);
        return OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        CLEANUP_RECOVERING struct recovering x = {0};
        const struct option_about own[] = {
                {"genesis", OPTION_TEXT, &x.genesis, "HEX", "the installation that it must be"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_recover_verify, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the vault's export")) != OK)
                return e;
        return verify(cli, &x, args.text[0]);
}

const struct command command_recover_verify = {
        .name = "recover verify",
        .synopsis = "FILE|- [--genesis HEX]",
        .help = "Check everything of a vault's export, and say which credentials it opens and with whom.",
        .run = run,
        .is_harmless = true,
};
