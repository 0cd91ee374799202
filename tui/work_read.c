/* Jobs that only read the own copy of the log. */
#include "base/clock.h"
#include "quorum/export.h"
#include "tui/history.h"
#include "tui/words.h"
#include "tui/work_jobs.h"
#include <string.h>

#define PAGE_ROWS 200u

/* ---- what is under review, in words that outlive the ledger's ---- */

static const char *person_words(struct seen_case *to, const struct roster *r, const char *name)
{
        const struct person *p = roster_person(r, name);
        CLEANUP_BYTES struct bytes words = BYTES_NONE;

        bytes_add_text(&words, name);
        if (p && p->team)
                bytes_printf(&words, ", team %s", p->team);
        if (p && p->zone)
                bytes_printf(&words, ", %s", p->zone);
        return arena_text(&to->arena, bytes_text(&words));
}

static void see_answers(const struct jobs *j, struct seen_case *to)
{
        const struct ledger *l = cli_ledger(j->cli);

        to->n_approvals = ledger_approvals(l, to->request.index);
        to->n_denials = ledger_denials(l, to->request.index);
        to->approvals = arena_new(&to->arena, to->n_approvals + 1, sizeof(*to->approvals));
        to->denials = arena_new(&to->arena, to->n_denials + 1, sizeof(*to->denials));
        for (size_t i = 0; i < to->n_approvals; i++) {
                CLEANUP_BYTES struct bytes words = BYTES_NONE;
                struct approval_view a;

                ledger_approval_at(l, to->request.index, i, cli_now(j->cli), &a);
                bytes_printf(&words, "%s%s%s", a.approver, a.is_valid ? "" : " (no longer valid)",
                             a.is_override ? " (by override)" : "");
                to->approvals[i] = arena_text(&to->arena, bytes_text(&words));
        }
        for (size_t i = 0; i < to->n_denials; i++) {
                CLEANUP_BYTES struct bytes words = BYTES_NONE;
                struct denial_view d;

                ledger_denial_at(l, to->request.index, i, &d);
                bytes_printf(&words, "%s%s: %s", d.denier, d.is_suspicious ? " (SUSPICIOUS)" : "", d.reason);
                to->denials[i] = arena_text(&to->arena, bytes_text(&words));
                to->has_suspicion |= d.is_suspicious;
        }
}

struct seen_case *jobs_see(const struct jobs *j, const struct approval_case *c)
{
        struct seen_case *to = mem_new(1, sizeof(*to));

        to->request = c->request;
        to->request.requester = arena_text(&to->arena, c->request.requester);
        to->request.credential = arena_text(&to->arena, c->request.credential);
        to->request.emergency = arena_text(&to->arena, c->request.emergency);
        to->request.reason = arena_text(&to->arena, c->request.reason);
        to->request.incident = arena_text(&to->arena, c->request.incident);
        to->who = person_words(to, ledger_roster(cli_ledger(j->cli)), to->request.requester);
        to->opens_what = arena_text(&to->arena, c->credential->opens_what ? c->credential->opens_what : "not said");
        to->emergency = arena_text(&to->arena, c->emergency->means);
        to->example = arena_text(&to->arena, c->emergency->example);
        to->not_this = arena_text(&to->arena, c->emergency->not_this);
        to->version = c->version.fields->number;
        to->my_index = c->my_index;
        to->others_spent = c->others_spent;
        to->requests_24h = c->requests_24h;
        to->debts = c->debts;
        to->wants_override = c->wants_override;
        to->opens_it = c->opens_it;
        see_answers(j, to);
        return to;
}

/* ---- pages of the log ---- */

struct paging {
        const struct ledger *ledger;
        page_words words;
        const void *about;
        struct log_page *page;
        size_t cap;
};

static void add_row(struct paging *p, const struct history_entry *entry, const char *words)
{
        struct log_page *page = p->page;

        if (page->n == p->cap) {
                size_t cap = p->cap ? p->cap * 2 : PAGE_ROWS;
                struct log_row *rows = arena_new(&page->arena, cap, sizeof(*rows));

                if (page->n)
                        memcpy(rows, page->rows, page->n * sizeof(*rows));
                page->rows = rows;
                p->cap = cap;
        }
        page->rows[page->n++] = (struct log_row){entry->n, entry->at_ms, statement_type_word(entry->statement->type),
                                                 arena_text(&page->arena, words)};
}

static bool page_line(void *context, const struct history_entry *entry)
{
        CLEANUP_BYTES struct bytes words = BYTES_NONE;
        struct paging *p = context;

        if (p->words(p->ledger, entry->statement, p->about, &words))
                add_row(p, entry, bytes_text(&words));
        return true;
}

enum err jobs_page(const struct jobs *j, uint64_t from, page_words words, const void *about, struct log_page **ret)
{
        struct paging p = {cli_ledger(j->cli), words, about, mem_new(1, sizeof(*p.page)), 0};

        *ret = p.page;
        return history_walk(j->cli, from, page_line, &p);
}

static bool words_of_incident(const struct ledger *l, const struct statement *s, const void *incident,
                              struct bytes *ret)
{
        if (!history_is_about(l, s, incident))
                return false;
        describe_statement(l, s, ret);
        return true;
}

enum err jobs_timeline(const struct jobs *j, const char *incident, struct log_page **ret)
{
        return jobs_page(j, 0, words_of_incident, incident, ret);
}

/* Those that a filter leaves: NULL or empty leaves all. */
static bool words_that_fit(const struct ledger *l, const struct statement *s, const void *filter, struct bytes *ret)
{
        const char *text = filter;

        describe_statement(l, s, ret);
        return !text || !*text || strcasestr(bytes_text(ret), text) || strcasestr(statement_type_word(s->type), text);
}

struct stop {
        struct paging paging;
        uint64_t until;
};

static bool page_until(void *context, const struct history_entry *entry)
{
        struct stop *s = context;

        return entry->n < s->until && page_line(&s->paging, entry);
}

/* Goes back through the log in steps until a page is full or the log is at its beginning. */
enum err jobs_log(const struct jobs *j, uint64_t until, const char *filter, struct log_page **ret)
{
        uint64_t size = ledger_size(cli_ledger(j->cli)), to = until < size ? until : size, step = PAGE_ROWS, from;
        enum err e;

        do {
                struct stop s = {.paging = {.ledger = cli_ledger(j->cli), .words = words_that_fit, .about = filter},
                                 .until = to};

                from = to > step ? to - step : 0;
                log_page_free(*ret);
                *ret = s.paging.page = mem_new(1, sizeof(**ret));
                s.paging.page->from = from;
                s.paging.page->until = to;
                e = history_walk(j->cli, from, page_until, &s);
                step *= 4;
        } while (e == OK && from > 0 && (*ret)->n < PAGE_ROWS / 2);
        return e;
}

/* ---- one entry, and all of them ---- */

static bool describe_entry(void *context, const struct history_entry *entry)
{
        struct bytes *ret = context;
        char time[TIME_TEXT], id[HASH_HEX + 1], roster[HASH_HEX + 1];

        hash_to_hex(&entry->statement->id, id);
        hash_to_hex(&entry->statement->roster, roster);
        bytes_printf(ret, "entry %llu, %s, at %s\nid %s\nmade at %s ", (unsigned long long)entry->n,
                     statement_type_word(entry->statement->type), time_format(entry->at_ms, time), id,
                     time_format(entry->statement->made_at_ms, time));
        bytes_printf(ret, "under roster %.16s, having seen %llu entries\n", roster,
                     (unsigned long long)entry->statement->head_size);
        return false;
}

enum err jobs_entry(const struct jobs *j, uint64_t n, char **ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE, line = BYTES_NONE;
        CLEANUP_LINE struct line l = {0};
        enum err e;

        if ((e = history_walk(j->cli, n, describe_entry, &text)) != OK)
                return e;
        if ((e = replica_line(client_replica(j->cli->client), n, &line)) != OK)
                return e;
        if ((e = line_read(bytes_span(&line), &l)) != OK)
                return e;
        bytes_printf(&text,
                     "signatures: %zu, each checked against the roster in force when the entry came (v checks all "
                     "again)\n",
                     l.envelope.n_signatures);
        *ret = mem_text(bytes_text(&text));
        return OK;
}

enum err jobs_verify(const struct jobs *j, char **ret)
{
        const struct ledger *l = cli_ledger(j->cli);
        CLEANUP_BYTES struct bytes file = BYTES_NONE, text = BYTES_NONE;
        struct hash root = ledger_root(l);
        const struct export_job job = {
                .genesis = &client_home(j->cli->client)->genesis,
                .known_size = ledger_size(l),
                .known_root = &root,
                .progress = j->progress,
                .context = j->context,
        };
        struct export_verdict verdict = {0};
        enum err e;

        if ((e = replica_export(client_replica(j->cli->client), &file)) != OK)
                return e;
        e = export_verify(bytes_span(&file), &job, &verdict, NULL);
        if (e != OK)
                bytes_printf(&text, "NOT whole: %llu entries hold, it stops at entry %llu (%s)",
                             (unsigned long long)verdict.entries, (unsigned long long)verdict.first_bad, err_word(e));
        else
                bytes_printf(&text, "consistent: %llu entries, each signed, in order and within the rules%s",
                             (unsigned long long)verdict.entries,
                             verdict.is_anchored ? "; the signed head covers all of them"
                                                 : "; the tail is unanchored");
        *ret = mem_text(bytes_text(&text));
        return e;
}
