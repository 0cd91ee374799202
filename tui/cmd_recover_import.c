/* When the broker is back: what was opened without it goes into the log, and pages. */
#include "tui/cmd_recover.h"
#include "tui/say.h"
#include "tui/words.h"

struct importing {
        struct recovering x;
        unsigned told, known;
        json_t *list; /* with --json */
};

static void tell(const struct cli *cli, struct importing *i, const struct hash *id, bool is_new)
{
        struct request_view r;
        char name[NAME_TEXT], hex[HASH_HEX + 1];

        i->told += is_new;
        i->known += !is_new;
        if (!ledger_request_by_id(cli_ledger(cli), id, ledger_last_at(cli_ledger(cli)), &r))
                return;
        hash_to_hex(id, hex);
        request_name(&r, name);
        if (i->list)
                json_array_append_new(i->list,
                                      json_pack("{s:s, s:s, s:s, s:s, s:b}", "request", name, "id", hex, "credential",
                                                r.credential, "incident", r.incident, "new", is_new));
        else if (is_new)
                say("%s: %s opened %s offline, with %u shares. It is in the log now, untimed; everybody is paged, "
                    "its "
                    "rotation is due, and incident %s owes a post-mortem.",
                    name, r.requester, r.credential, r.approvals_ever, r.incident);
        else
                say("%s (%s, incident %s) is in the log already.", name, r.credential, r.incident);
}

/* What the log can't take, or what is damaged: the others are brought all the same. */
static bool is_of_this_one(enum err e)
{
        return (err_is_public(e) && err_exit(e) != 8 && e != ERR_RATE) || e == ERR_NO_ENTRY;
}

static void say_left_out(const struct hash *id, enum err e)
{
        char hex[HASH_HEX + 1];

        hash_to_hex(id, hex);
        note("breakglass: %s: request=%s: left out: %s%s%s%s", err_word(e), hex, err_sentence(e),
             *err_reason() ? " (" : "", err_reason(), *err_reason() ? ")" : "");
}

static enum err import_each(struct cli *cli, struct importing *i, const struct home_entry *list, size_t n)
{
        enum err first = OK;
        size_t left_out = 0;

        for (size_t k = 0; k < n; k++) {
                bool is_new;
                enum err e = recovery_import(cli->client, &i->x.r.folder, &list[k].id, &is_new);

                if (e != OK && (n == 1 || !is_of_this_one(e)))
                        return e;
                if (e == OK) {
                        tell(cli, i, &list[k].id, is_new);
                        continue;
                }
                say_left_out(&list[k].id, e);
                first = left_out++ ? first : e;
                err_forget();
        }
        return left_out ? err_because(first, "%zu of %zu were left out, see above; the others are in the log",
                                      left_out, n)
                        : OK;
}

static enum err import(struct cli *cli, struct importing *i)
{
        CLEANUP_FREE struct home_entry *list = NULL;
        size_t n = 0;
        enum err e;

        if ((e = recovering_find_folder(&i->x)) != OK)
                return e;
        if ((e = recovery_opened(&i->x.r.folder, &list, &n)) != OK)
                return e;
        if (n == 0)
                return err_because(ERR_NOT_FOUND,
                                   "the folder %s has nothing that was opened offline; --work names "
                                   "another",
                                   i->x.r.folder.path);
        if ((e = cli_ready(cli)) != OK)
                return e;
        return import_each(cli, i, list, n);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct importing i = {0};
        const struct option_about own[] = {
                {"work", OPTION_TEXT, &i.x.work, "FOLDER", "where `recover open` kept what was said"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_recover_import, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, NULL)) != OK)
                return e;
        i.list = cli->json ? json_array() : NULL;
        e = import(cli, &i);
        if (i.list && e == OK)
                say_json(json_pack("{s:i, s:i, s:O}", "told", (int)i.told, "known", (int)i.known, "recoveries",
                                   i.list));
        json_decref(i.list);
        recovering_done(&i.x);
        return e;
}

const struct command command_recover_import = {
        .name = "recover import",
        .synopsis = "[--work FOLDER]",
        .help = "When the broker is back: bring it what was opened offline, so that it pages and rotates.",
        .run = run,
};
