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
static struct offline_statement lend(const struct envelope *e)
{
        return (struct offline_statement){.payload = e->payload, .signature = e->signatures[0]};
}

static enum err say(struct client *c, const struct told *t, uint64_t *ret_n)
{
        struct offline_statement parts[SHARE_MAX + 2];
        struct statement s = {.type = STATEMENT_RECOVERY};

        parts[0] = lend(&t->request.envelope);
        for (size_t i = 0; i < t->n_answers; i++)
                parts[i + 1] = lend(&t->answers[i].envelope);
        parts[t->n_answers + 1] = lend(&t->open);
        s.recovery.n = t->n_answers + 2;
        s.recovery.offline = parts;
        return client_say(c, &s, NULL, 0, NULL, ret_n);
}

enum err recovery_opened(const struct home *folder, struct home_entry **ret, size_t *ret_n)
{
        return home_list(folder, HOME_OPENED, ret, ret_n);
}

enum err recovery_import(struct client *c, const struct home *folder, const struct hash *request, uint64_t *ret_n)
{
        struct told t = {0};
        enum err e;

        if ((e = read_request(folder, request, &t)) == OK && (e = read_answers(folder, request, &t)) == OK &&
            (e = read_open(folder, request, &t)) == OK && (e = say(c, &t, ret_n)) == OK &&
            (e = home_drop_key(folder, request)) == ERR_NO_ENTRY)
                e = OK;
        told_done(&t);
        return e;
}
