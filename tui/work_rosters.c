/* What each roster of the log changed, in words. */
#include "tui/cmd_roster.h"
#include "tui/history.h"
#include "tui/work_jobs.h"

/* Of one roster to the next. */
struct telling {
        struct log_page *page;
        struct statement *before; /* the roster's statement that came last, or NULL */
        struct bytes words;
};

static void tell(void *context, const char *sentence)
{
        struct telling *t = context;

        bytes_printf(&t->words, "%s%s", t->words.n ? "; " : "", sentence);
}

static enum err read_roster(struct span text, struct statement **ret)
{
        CLEANUP_LINE struct line line = {0};
        enum err e;

        if ((e = line_read(text, &line)) != OK)
                return e;
        return statement_parse(line.envelope.type, bytes_span(&line.envelope.payload), ret);
}

static bool visit(void *context, const struct history_entry *entry)
{
        struct telling *t = context;
        struct statement *s = NULL;

        if (read_roster(entry->text, &s) != OK || !s->new_roster) {
                statement_free(s);
                return false;
        }
        bytes_clear(&t->words);
        bytes_printf(&t->words, "roster %llu", (unsigned long long)s->new_roster->number);
        if (t->before)
                roster_diff(t->before->new_roster, s->new_roster, tell, t);
        else
                bytes_printf(&t->words, ", the first: %zu people and rotators, %zu credentials",
                             s->new_roster->n_people, s->new_roster->n_credentials);
        statement_free(t->before);
        t->before = s;
        t->page->rows[t->page->n++] = (struct log_row){entry->n, entry->at_ms, statement_type_word(s->type),
                                                       arena_text(&t->page->arena, bytes_text(&t->words))};
        return false;
}

enum err jobs_rosters(const struct jobs *j, struct log_page **ret)
{
        const struct ledger *l = cli_ledger(j->cli);
        struct telling t = {.page = mem_new(1, sizeof(*t.page)), .words = BYTES_NONE};
        size_t n = ledger_rosters(l), first = n > ROSTERS_SHOWN ? n - ROSTERS_SHOWN : 0;
        enum err e = OK;

        *ret = t.page;
        t.page->rows = arena_new(&t.page->arena, ROSTERS_SHOWN + 1, sizeof(*t.page->rows));
        /* One more than is shown, to have something to compare the first one with. */
        for (size_t i = first > 0 ? first - 1 : 0; e == OK && i < n; i++) {
                struct roster_view v;

                ledger_roster_at(l, i, &v);
                e = history_walk(j->cli, v.n, visit, &t);
        }
        if (first > 0 && t.page->n > 0) {
                t.page->rows++;
                t.page->n--;
        }
        statement_free(t.before);
        bytes_done(&t.words);
        return e;
}
