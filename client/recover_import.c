/* Telling the broker, when it is back, what was opened without it. */
#include "client/act_inside.h"
#include "client/recover_inside.h"

/* Borrowed by the statement that is written from it. */
struct told {
        struct block request;
        size_t n_answers;
        struct block answers[SHARE_MAX];
        struct envelope open;
};

static void told_done(struct told *t)
{
        block_done(&t->request);
        for (size_t i = 0; i < t->n_answers; i++)
                block_done(&t->answers[i]);
        envelope_done(&t->open);
}

static enum err read_request(const struct home *folder, const struct hash *id, struct told *t)
{
        CLEANUP_FREE char *path = home_path_of(folder, HOME_ASKED, id);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = file_read(path, BLOCKS_MAX, &text);

        if (e != OK)
                return e;
        struct span rest = bytes_span(&text);

        return block_read(&rest, BLOCK_REQUEST, &t->request);
}

/* What is damaged among them is left out: enough others may be there, and the log's rules count them. */
static enum err read_answers(const struct home *folder, const struct hash *id, struct told *t)
{
        CLEANUP_FREE char *path = home_path_of(folder, HOME_ANSWERS, id);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = file_read(path, BLOCKS_MAX, &text);

        if (e != OK)
                return e;
        for (struct span rest = bytes_span(&text); t->n_answers < SHARE_MAX;) {
                struct block *b = &t->answers[t->n_answers];

                if ((e = block_read(&rest, BLOCK_ANSWER, b)) == OK)
                        t->n_answers++;
                else
                        block_done(b);
                if (e == ERR_NOT_FOUND)
                        break;
        }
        return OK;
}

static enum err read_open(const struct home *folder, const struct hash *id, struct told *t)
{
        CLEANUP_FREE char *path = home_path_of(folder, HOME_OPENED, id);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_JSON json_t *json = NULL;
        enum err e;

        if ((e = file_read(path, OFFLINE_MAX * 2, &text)) != OK)
                return e;
        if ((e = json_read(bytes_span(&text), 8, &json)) != OK)
                return e;
        return envelope_read(json, &t->open);
}

/* Borrowed bytes: the payload and its one signature. */
static enum err lend(const struct envelope *e, enum statement_type type, struct offline_statement *ret)
{
        *ret = (struct offline_statement){.payload = e->payload, .signature = e->signatures[0]};
        return statement_parse(type, bytes_span(&e->payload), &ret->said);
}

static enum err lend_all(const struct told *t, struct offline_statement parts[])
{
        enum err e = lend(&t->request.envelope, STATEMENT_REQUEST, &parts[0]);

        for (size_t i = 0; i < t->n_answers && e == OK; i++)
                e = lend(&t->answers[i].envelope, STATEMENT_APPROVAL, &parts[i + 1]);
        return e == OK ? lend(&t->open, STATEMENT_OPEN, &parts[t->n_answers + 1]) : e;
}

/* Our own log first: that the recovery does not fit it is nothing to accuse the broker of. */
static enum err check_rules(struct client *c, struct statement *s)
{
        enum err e;

        client_fill_head(c, s);
        s->id = hash_of(span_of(s->nonce, sizeof(s->nonce))); /* of no entry */
        e = ledger_check(client_ledger(c), s, act_now_ms(c));
        return e == ERR_FORK ? err_because(ERR_MISMATCH, "the export that it was opened from has entries which the "
                                                         "broker's log has not: whoever still holds them gives them "
                                                         "back first (`breakglass status` on their machine says how)")
                             : e;
}

static enum err say(struct client *c, const struct told *t)
{
        struct offline_statement parts[SHARE_MAX + 2] = {0};
        struct statement s = {.type = STATEMENT_RECOVERY};
        enum err e;

        s.recovery.n = t->n_answers + 2;
        s.recovery.offline = parts;
        if ((e = lend_all(t, parts)) == OK && (e = check_rules(c, &s)) == OK)
                e = client_say(c, &s, NULL, 0, NULL, NULL);
        for (size_t i = 0; i < s.recovery.n; i++)
                statement_free(parts[i].said);
        return e;
}

enum err recovery_opened(const struct home *folder, struct home_entry **ret, size_t *ret_n)
{
        return home_list(folder, HOME_OPENED, ret, ret_n);
}

static enum err tell(struct client *c, const struct home *folder, const struct hash *request)
{
        struct told t = {0};
        enum err e;

        if ((e = read_request(folder, request, &t)) == OK && (e = read_answers(folder, request, &t)) == OK &&
            (e = read_open(folder, request, &t)) == OK)
                e = say(c, &t);
        told_done(&t);
        return e;
}

enum err recovery_import(struct client *c, const struct home *folder, const struct hash *request, bool *ret_is_new)
{
        struct request_view r;
        bool is_new = !ledger_request_by_id(client_ledger(c), request, ledger_last_at(client_ledger(c)), &r);
        enum err e = is_new ? tell(c, folder, request) : OK;

        if (e == OK && (e = home_drop_key(folder, request)) == ERR_NO_ENTRY)
                e = OK;
        if (e == OK)
                *ret_is_new = is_new;
        return e;
}
