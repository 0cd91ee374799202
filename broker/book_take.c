#include "base/log.h"
#include "broker/book_internal.h"
#include "quorum/sshsig.h"
#include <string.h>

/* Beyond so many pending versions of one credential within an hour its target refuses everything: a person must look.
 * Older ones don't count, or nobody could go on after mending it. */
#define PENDING_MAX 5u

bool book_kept(struct book *b, enum err e)
{
        if (e == OK)
                return true;
        if (!b->is_fatal)
                log_event(LOG_LEVEL_ERROR, "store.failed", F_TEXT("error", err_word(e)), F_TEXT("why", err_reason()));
        b->is_fatal = true;
        return false;
}

bool book_begin(struct book *b)
{
        if (!b->has_begun && !b->is_fatal)
                b->has_begun = book_kept(b, store_begin(b->setup.store));
        return b->has_begun;
}

/* ---- the broker's own statements ---- */

static void write_head(struct book *b, int64_t at_ms, struct statement *s)
{
        s->installation = *ledger_installation(b->ledger);
        s->roster = ledger_roster(b->ledger)->id;
        s->n_by = 1;
        s->by[0] = "broker";
        s->made_at_ms = at_ms;
        s->head_size = ledger_size(b->ledger);
        s->head_root = ledger_root(b->ledger);
        statement_new_nonce(s);
}

static enum err sign_own(struct book *b, struct submission *s, int64_t at_ms)
{
        struct statement draft = {0};
        const struct signing_key *key = book_key(b, &ledger_roster(b->ledger)->broker_signs);
        if (!key)
                return ERR_INTERNAL;
        s->draft(s, &draft);
        write_head(b, at_ms, &draft);
        s->envelope.type = draft.type;
        snprintf(s->envelope.type_word, sizeof s->envelope.type_word, "%s", statement_type_word(draft.type));
        statement_write(&draft, &s->envelope.payload);
        s->envelope.n_signatures = 1;
        enum err e = sshsig_sign(&key->key, statement_namespace(draft.type), bytes_span(&s->envelope.payload),
                                 &s->envelope.signatures[0]);
        return e == OK ? statement_parse(draft.type, bytes_span(&s->envelope.payload), &s->statement) : e;
}

/* ---- rules that are the broker's alone ---- */

static enum err check_open_requests(struct book *b, struct submission *s, int64_t at_ms)
{
        int64_t n = 0;
        for (size_t i = 0; i < b->n_live; i++) {
                struct request_view r;
                ledger_request_at(b->ledger, b->live[i], at_ms, &r);
                n += r.state != REQUEST_ENDED && !strcmp(r.requester, s->statement->by[0]);
        }
        if (n < b->config->limits.open_requests)
                return OK;
        s->retry_after_ms = MINUTE_MS;
        return err_because(ERR_RATE, "%s has %lld open requests", s->statement->by[0], (long long)n);
}

static enum err check_pending(struct book *b, struct submission *s, int64_t at_ms)
{
        unsigned n = 0;
        for (size_t i = ledger_versions(b->ledger); i-- > 0;) {
                struct version_view v;
                ledger_version_at(b->ledger, i, &v);
                n += v.state == VERSION_PENDING && v.at_ms > at_ms - HOUR_MS &&
                     !strcmp(v.fields->credential, s->statement->version.credential);
        }
        if (n < PENDING_MAX)
                return OK;
        s->retry_after_ms = HOUR_MS;
        return err_because(ERR_RATE, "%u pending versions of one credential", n);
}

static enum err check_new_roster(struct book *b, const struct statement *s)
{
        if (book_key(b, &s->new_roster->broker_signs))
                return OK;
        return err_because(ERR_BAD_KEY, "the roster names a signing key of the broker that is not here; give it as "
                                        "keys: sign_next and restart first");
}

/* Where the policy wants it, somebody outside has heard of the request before it is opened, or one person more than
 * needed has, or the opener goes on without on the record. */
static enum err check_paged(struct book *b, const struct statement *s, int64_t at_ms)
{
        struct request_view r;
        char key[PAGED_KEY];
        bool is_paged = false;
        if (s->open.dark || !ledger_request_by_id(b->ledger, &s->open.request, at_ms, &r) ||
            !roster_credential(ledger_roster(b->ledger), r.credential) ||
            !roster_policy_of(ledger_roster(b->ledger), r.credential)->page_needs_acceptance)
                return OK;
        if (r.approvals > r.threshold)
                return OK;
        paged_key(&r.id, key);
        if (!book_kept(b, store_knows(b->setup.store, key, &is_paged)))
                return ERR_NOT_DURABLE;
        return is_paged ? OK : err_because(ERR_TOO_EARLY, "no page about this request was accepted yet");
}

static enum err check_own_rules(struct book *b, struct submission *s, int64_t at_ms)
{
        switch ((int)s->statement->type) {
        case STATEMENT_REQUEST: return check_open_requests(b, s, at_ms);
        case STATEMENT_VERSION: return s->statement->version.is_initial ? OK : check_pending(b, s, at_ms);
        case STATEMENT_ROSTER: return check_new_roster(b, s->statement);
        case STATEMENT_OPEN: return check_paged(b, s->statement, at_ms);
        default: return OK;
        }
}

/* ---- admission again, when the roster has changed since ---- */

static enum err admit_again(struct book *b, struct submission *s)
{
        if (s->draft || hash_equal(&s->seen->roster->roster->id, &ledger_roster(b->ledger)->id))
                return OK;
        statement_free(s->statement);
        s->statement = NULL;
        return admit_statement(ledger_roster(b->ledger), &s->envelope, &s->statement);
}

/* The first answer again. Also for a roster, whose second admission fails because it is in force. */
static bool is_known(const struct book *b, struct submission *s)
{
        struct hash id = submission_id(s);
        return ledger_find(b->ledger, &id, &s->n);
}

static enum err append(struct book *b, struct submission *s, int64_t at_ms)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        s->n = ledger_size(b->ledger);
        line_write(s->n, at_ms, &s->envelope, &line);
        if (line.n > LINE_MAX_BYTES)
                return ERR_TOO_LARGE;
        struct hash leaf = tree_leaf(bytes_span(&line));
        pthread_rwlock_wrlock(&b->ledger_lock);
        enum err e = ledger_apply(b->ledger, s->statement, at_ms, &leaf);
        pthread_rwlock_unlock(&b->ledger_lock);
        if (e != OK)
                return e;
        if (!book_begin(b) || !book_kept(b, store_append(b->setup.store, s->n, &s->statement->id, bytes_span(&line))))
                return ERR_NOT_DURABLE;
        pthread_mutex_lock(&b->time_lock);
        timepiece_stamp(&b->time, at_ms);
        pthread_mutex_unlock(&b->time_lock);
        b->n_lines++;
        if (s->statement->type == STATEMENT_ROSTER) {
                CLEANUP_BYTES struct bytes json = BYTES_NONE;
                bytes_add(&json, b->roster->lines_json.p, b->roster->lines_json.n - 1);
                bytes_add_byte(&json, ',');
                bytes_add_json(&json, bytes_span(&line));
                bytes_add_byte(&json, ']');
                roster_ref_drop(b->roster);
                b->roster = roster_ref_new(ledger_roster(b->ledger), bytes_span(&json));
        }
        return OK;
}

static enum err take(struct book *b, struct submission *s, int64_t at_ms)
{
        struct before before = {0};
        enum err e = s->draft ? sign_own(b, s, at_ms) : admit_again(b, s);
        if ((e == OK || e == ERR_ROSTER_ROLLBACK) && is_known(b, s))
                return OK;
        if (e != OK)
                return e;
        if ((e = check_own_rules(b, s, at_ms)) != OK)
                return e;
        effects_before(b, s->statement, at_ms, &before);
        if ((e = append(b, s, at_ms)) != OK)
                return e;
        effects_after(b, s, s->statement, &before, at_ms);
        hold_end(b);
        return b->is_fatal ? ERR_NOT_DURABLE : OK;
}

static bool is_new(struct book *b, struct submission *s, int64_t at_ms)
{
        bool fresh = true;
        if (s->remember_key && book_begin(b))
                book_kept(b, store_remember(b->setup.store, s->remember_key, at_ms, STORE_ONCE, &fresh));
        return fresh && !b->is_fatal;
}

void book_take(struct book *b, struct submission *s, int64_t at_ms)
{
        err_forget();
        if (hold_refuses(b, s)) {
                s->result = ERR_RESTORED;
                s->retry_after_ms = MINUTE_MS;
                return;
        }
        if (!is_new(b, s, at_ms)) {
                s->result = b->is_fatal ? ERR_NOT_DURABLE : ERR_DUPLICATE;
                return;
        }
        s->result = take(b, s, at_ms);
        if (s->result != OK && !b->is_fatal)
                log_event(LOG_LEVEL_NOTICE, "statement.refused", F_TEXT("type", s->envelope.type_word),
                          F_TEXT("who", s->statement && s->statement->n_by ? s->statement->by[0] : ""),
                          F_TEXT("error", err_word(s->result)), F_TEXT("why", err_reason()));
        if (s->page && !b->is_fatal && book_begin(b))
                book_kept(b, store_drop_page(b->setup.store, s->page));
}
