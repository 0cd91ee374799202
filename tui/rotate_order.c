#include "tui/prompt.h"
#include "tui/rotate.h"
#include "tui/say.h"
#include <string.h>

static const char *way_word(enum rotate_way way)
{
        static const char *const words[] = {"order", "under-way", "by-hand"};

        return words[way];
}

/* ---- what would be ---- */

static void tell_plan_json(const struct cli *cli, const struct rotate_plan *p)
{
        json_t *list = json_array();

        for (size_t i = 0; i < p->n; i++) {
                struct version_view v;

                if (ledger_version_by_id(cli_ledger(cli), &p->one[i].version, &v))
                        json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "credential", v.fields->credential,
                                                              "number", (json_int_t)v.fields->number, "way",
                                                              way_word(p->one[i].way)));
        }
        say_json(json_pack("{s:b, s:o}", "dry_run", 1, "would_rotate", list));
}

void rotate_tell_plan(const struct cli *cli, const struct rotate_plan *p)
{
        CLEANUP_BYTES struct bytes summary = BYTES_NONE;

        if (cli->json) {
                tell_plan_json(cli, p);
                return;
        }
        for (size_t i = 0; i < p->n; i++) {
                const char *words = rotate_one_words(&p->one[i]);
                struct version_view v;

                if (ledger_version_by_id(cli_ledger(cli), &p->one[i].version, &v))
                        say("  %s version %llu%s%s", v.fields->credential, (unsigned long long)v.fields->number,
                            *words ? ": " : "", words);
        }
        rotate_say_plan(p, &summary);
        say("%s", bytes_text(&summary));
}

enum err rotate_confirm(const struct cli *cli, const struct rotate_plan *p)
{
        CLEANUP_BYTES struct bytes answer = BYTES_NONE;
        char question[80], wanted[ROTATE_WORD];
        bool is_pasted = false;
        enum err e;

        if (cli->no_input || cli->json || !prompt_possible())
                return err_because(ERR_USAGE, "nobody can be asked here: look with --dry-run, then say --yes");
        snprintf(question, sizeof(question), "Type `%s` to change them all: ", rotate_word(p, wanted));
        if ((e = prompt_line(question, &answer, &is_pasted)) != OK)
                return e;
        return !is_pasted && span_is(bytes_span(&answer), wanted) ? OK
                                                                  : err_because(ERR_ABORTED, "nothing was ordered");
}

/* ---- the orders ---- */

enum err rotate_order(struct cli *cli, const char *why, struct rotate_plan *p)
{
        struct hash *chunk = mem_new(ROTATE_CHUNK, sizeof(*chunk));
        size_t n = 0;
        enum err e = OK;

        for (size_t i = 0; e == OK && i <= p->n; i++) {
                if (n == ROTATE_CHUNK || (i == p->n && n > 0)) {
                        uint64_t entry = 0;

                        e = act_order(cli->client, chunk, n, why, &entry);
                        p->entries = mem_grow(p->entries, p->n_entries + 1, sizeof(*p->entries));
                        p->entries[p->n_entries] = entry;
                        p->n_entries += e == OK;
                        n = 0;
                }
                if (i < p->n && p->one[i].is_ordered)
                        chunk[n++] = p->one[i].version;
        }
        free(chunk);
        return e == OK ? OK : rotate_fail_order(p, e);
}

void rotate_tell_order(const struct cli *cli, const struct rotate_plan *p)
{
        CLEANUP_BYTES struct bytes words = BYTES_NONE, follow = BYTES_NONE;
        json_t *entries = json_array();

        for (size_t i = 0; i < p->n_entries; i++) {
                json_array_append_new(entries, json_integer((json_int_t)p->entries[i]));
                bytes_printf(&follow, " --follow %llu", (unsigned long long)p->entries[i]);
        }
        if (cli->json) {
                say_json(json_pack("{s:I, s:o, s:i, s:i, s:i}", "n", p->n_entries ? (json_int_t)p->entries[0] : 0,
                                   "entries", entries, "ordered", (int)p->n_order, "due_already",
                                   (int)(p->n - p->n_order), "by_hand", (int)p->n_by_hand));
                return;
        }
        json_decref(entries);
        rotate_say_ordered(p, &words);
        if (p->n_order == 0)
                say("%s", bytes_text(&words));
        else
                say("%s `breakglass status` shows how %s; `breakglass rotate%s` follows.", bytes_text(&words),
                    p->n_order == 1 ? "it goes" : "they go", bytes_text(&follow));
}
