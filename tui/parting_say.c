#include "tui/parting_say.h"
#include "client/parting.h"
#include "quorum/brief.h"
#include "quorum/envelope.h"
#include "tui/history.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define TOLD_MAX 12u

/* Openings are what must not be forgotten; how pages ended need not be told. */
enum rank { RANK_OPENING, RANK_OTHER, RANK_NONE };

struct telling {
        const struct ledger *ledger;
        enum rank rank; /* of this pass */
        unsigned told, left;
        int64_t first_ms, last_ms;
};

/* Indented, as said by others: wrapped and escaped. */
static void tell_entry(struct span text)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;

        bytes_add_text(&lines, "  ");
        wrap_text(text, 2, 8, say_width(), &lines);
        fputs(bytes_text(&lines), stderr);
}

/* To be copied whole. */
static void tell_command(const char *command)
{
        fprintf(stderr, "  %s\n", command);
}

static enum rank rank_of(const struct statement *s)
{
        if (s->type == STATEMENT_OPEN || s->type == STATEMENT_RECOVERY)
                return RANK_OPENING;
        return s->type == STATEMENT_NOTICE ? RANK_NONE : RANK_OTHER;
}

static bool tell(void *context, const struct history_entry *entry)
{
        struct telling *t = context;
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        char time[BRIEF_TIME];

        t->first_ms = t->first_ms ? t->first_ms : entry->at_ms;
        t->last_ms = entry->at_ms;
        if (rank_of(entry->statement) != t->rank)
                return true;
        if (t->told == TOLD_MAX) {
                t->left++;
                return true;
        }
        t->told++;
        bytes_printf(&text, "%llu, %s: ", (unsigned long long)entry->n, brief_time(entry->at_ms, time));
        describe_statement(t->ledger, entry->statement, &text);
        tell_entry(bytes_span(&text));
        return true;
}

static void tell_rest(const struct telling *t)
{
        if (t->left)
                note("and %u more.", t->left);
        else if (!t->told)
                note("(nothing but how pages ended)");
}

/* ---- what we have ---- */

static void walk_ours(const struct cli *cli, uint64_t from, struct telling *t)
{
        t->rank = RANK_OPENING;
        if (history_walk(cli, from, tell, t) != OK)
                return;
        t->rank = RANK_OTHER;
        if (history_walk(cli, from, tell, t) == OK)
                tell_rest(t);
}

static void tell_ours(const struct cli *cli, const struct parting *p)
{
        struct telling when = {.ledger = cli_ledger(cli), .rank = RANK_NONE, .told = TOLD_MAX}, t = when;
        const uint64_t n = p->ours.size - p->common;
        char from[BRIEF_TIME], to[BRIEF_TIME];

        if (history_walk(cli, p->common, tell, &when) != OK)
                return;
        t.told = 0;
        if (n == 1)
                note("Only this machine has 1 entry, %llu, of %s:", (unsigned long long)p->common,
                     brief_time(when.first_ms, from));
        else
                note("Only this machine has %llu entries, %llu to %llu, of %s to %s:", (unsigned long long)n,
                     (unsigned long long)p->common, (unsigned long long)p->ours.size - 1,
                     brief_time(when.first_ms, from), brief_time(when.last_ms, to));
        walk_ours(cli, p->common, &t);
}

/* ---- what they have ---- */

static void tell_line(struct telling *t, struct span text)
{
        CLEANUP_LINE struct line line = {0};
        struct statement *s = NULL;

        if (line_read(text, &line) == OK &&
            statement_parse(line.envelope.type, bytes_span(&line.envelope.payload), &s) == OK) {
                const struct history_entry entry = {line.n, line.at_ms, text, s};

                tell(t, &entry);
        }
        statement_free(s);
}

static void walk_theirs(const struct parting *p, struct telling *t)
{
        for (struct span rest = bytes_span(&p->lines); rest.n > 0;) {
                const unsigned char *newline = memchr(rest.p, '\n', rest.n);
                const size_t n = (size_t)(newline - rest.p);

                tell_line(t, span_of(rest.p, n));
                rest = span_of(newline + 1, rest.n - n - 1);
        }
}

static void tell_theirs(const struct parting *p)
{
        struct telling t = {.ledger = p->ledger, .rank = RANK_OPENING};

        note("Only the broker has, from %llu on:", (unsigned long long)p->common);
        walk_theirs(p, &t);
        t.rank = RANK_OTHER;
        walk_theirs(p, &t);
        tell_rest(&t);
}

/* ---- what to do ---- */

static void say_cut(void)
{
        note("Ask an admin by voice whether the broker was brought back from a backup. If so, nothing is lost: give "
             "these entries back. Here:");
        tell_command("breakglass log export --sealed given-back.log");
        note("and on the broker's host, with the broker stopped:");
        tell_command("breakglassd give-back --config FILE given-back.log");
        note("If nobody brought it back, somebody has cut its log: ask, approve and open nothing there.");
}

static void say_fork(void)
{
        note("Ask, approve and open nothing there. Tell an admin by voice both heads and where they part. If the "
             "broker "
             "was brought back from a backup and has gone on since, one side has to be given up; this machine's is "
             "written by");
        tell_command("breakglass log export --sealed given-back.log");
        note("and `breakglassd give-back` on the broker's host says what would be lost on which side, and the way "
             "out. "
             "If it was not, its key has signed two histories: somebody lies to one of you.");
}

void parting_say(const struct cli *cli)
{
        const struct parting *p = cli->client ? client_parting(cli->client) : NULL;

        if (!p || (p->kind != PARTING_CUT && p->kind != PARTING_FORK))
                return;
        tell_ours(cli, p);
        if (p->kind == PARTING_FORK)
                tell_theirs(p);
        if (p->kind == PARTING_CUT)
                say_cut();
        else
                say_fork();
}
