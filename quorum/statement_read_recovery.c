/* The statements inside a recovery. */
#include "quorum/envelope.h"
#include "quorum/statement_take.h"

static enum err read_offline(json_t *object, enum statement_type type, struct offline_statement *ret)
{
        CLEANUP_ENVELOPE struct envelope e = {0};
        enum err error;

        if ((error = envelope_read(object, &e)) != OK)
                return error;
        if (e.type != type || e.n_signatures != 1)
                return err_because(ERR_BAD_STATEMENT, "a %s with one signature was expected",
                                   statement_type_word(type));
        if (e.payload.n > OFFLINE_MAX)
                return err_because(ERR_BAD_STATEMENT, "longer than %u bytes", OFFLINE_MAX);
        if ((error = statement_parse(type, bytes_span(&e.payload), &ret->said)) != OK)
                return error;
        ret->payload = e.payload;
        ret->signature = e.signatures[0];
        e.payload = e.signatures[0] = BYTES_NONE;
        return OK;
}

/* Each is read as it would be by itself; whose signature it bears is the ledger's to say, which knows every roster.
 */
static void take_offline(struct json_fields *f, json_t *object, enum statement_type type, struct statement *s)
{
        if (f->error == OK)
                f->error = read_offline(object, type, &s->recovery.offline[s->recovery.n++]);
}

void payload_recovery(struct json_fields *f, struct statement *s)
{
        json_t *request = json_take_object(f, "request"), *open = json_take_object(f, "open"), *item;
        json_t *approvals = json_take_list(f, "approvals", 1, SHARE_MAX);
        size_t i;

        s->recovery.offline = mem_new(SHARE_MAX + 2, sizeof(*s->recovery.offline));
        take_offline(f, request, STATEMENT_REQUEST, s);
        json_array_foreach (approvals, i, item)
                take_offline(f, item, STATEMENT_APPROVAL, s);
        take_offline(f, open, STATEMENT_OPEN, s);
}
