#include "base/clock.h"
#include "broker/api.h"
#include <inttypes.h>
#include <string.h>

#define BLOBS_MAX    (SHARE_MAX + 1u)
#define HANDOVER_MAX 32u
#define AGE_MAGIC    "age-encryption.org/v1\n"

/* ---- the blobs beside a statement ---- */

static enum err read_blobs(json_t *list, struct submission *s)
{
        size_t i;
        json_t *text;
        if (!list)
                return OK;
        s->blobs = mem_new(json_array_size(list) + 1, sizeof *s->blobs);
        json_array_foreach (list, i, text) {
                struct blob *b = &s->blobs[s->n_blobs++];
                if (!json_is_string(text) ||
                    base64_decode(span_of(json_string_value(text), json_string_length(text)), &b->bytes) != OK)
                        return err_because(ERR_BAD_STATEMENT, "a blob is not base64");
                b->sha256 = hash_of(bytes_span(&b->bytes));
        }
        return OK;
}

static const struct blob *find_blob(const struct submission *s, const struct hash *sha256)
{
        for (size_t i = 0; i < s->n_blobs; i++)
                if (hash_equal(&s->blobs[i].sha256, sha256))
                        return &s->blobs[i];
        return NULL;
}

static enum err check_version_blobs(const struct submission *s)
{
        const struct version_fields *v = &s->statement->version;
        const struct blob *ciphertext = find_blob(s, &v->ciphertext_sha256);
        if (s->n_blobs != v->n_shares + 1u || !ciphertext || ciphertext->bytes.n != v->ciphertext_bytes)
                return ERR_BAD_BLOB;
        for (unsigned i = 0; i < v->n_shares; i++)
                if (!find_blob(s, &v->shares[i].sha256))
                        return ERR_BAD_BLOB;
        return OK;
}

static enum err check_handover(const struct submission *s)
{
        if (s->n_blobs > HANDOVER_MAX)
                return ERR_BAD_BLOB;
        for (size_t i = 0; i < s->n_blobs; i++)
                if (s->blobs[i].bytes.n < strlen(AGE_MAGIC) ||
                    memcmp(s->blobs[i].bytes.p, AGE_MAGIC, strlen(AGE_MAGIC)) != 0)
                        return ERR_BAD_BLOB;
        return OK;
}

static enum err check_blobs(const struct submission *s)
{
        switch ((int)s->statement->type) {
        case STATEMENT_VERSION: return check_version_blobs(s);
        case STATEMENT_APPROVAL:
                return s->n_blobs == 1 && find_blob(s, &s->statement->approval.share) ? OK : ERR_BAD_BLOB;
        case STATEMENT_CLOSE: return check_handover(s);
        default: return s->n_blobs == 0 ? OK : ERR_BAD_BLOB;
        }
}

/* ---- the body ---- */

static enum err read_body(struct call *c, struct submission *s)
{
        CLEANUP_JSON json_t *root = NULL;
        struct json_fields f;
        json_t *blobs = NULL;
        enum err e = json_read(bytes_span(&c->body), 8, &root);
        if (e != OK)
                return e;
        json_fields_begin(&f, root);
        json_t *statement = json_take_object(&f, "statement");
        if (json_has(&f, "blobs"))
                blobs = json_take_list(&f, "blobs", 0, BLOBS_MAX);
        if ((e = json_fields_end(&f)) != OK || (e = envelope_read(statement, &s->envelope)) != OK)
                return e;
        if (s->envelope.type == STATEMENT_UNKNOWN || s->envelope.type == STATEMENT_SESSION)
                return err_because(ERR_BAD_STATEMENT, "no statement of this type goes into the log");
        e = read_blobs(blobs, s);
        bytes_done(&c->body); /* decoded: half of the memory back */
        return e;
}

/* A roster that is in force already can't follow itself: it is known by its hash once its signers were found to be
 * admins, which is what this error says. */
static bool is_known_roster(struct call *c, const struct submission *s, enum err e)
{
        struct hash id;
        uint64_t n;
        if (e != ERR_ROSTER_ROLLBACK)
                return false;
        id = submission_id(s);
        bool is_known = ledger_find(book_read(c->broker->book), &id, &n);
        book_read_done(c->broker->book);
        return is_known;
}

static enum err read_submission(struct call *c, struct submission *s, int64_t *ret_retry_ms)
{
        enum err e = read_body(c, s);
        if (e != OK)
                return e;
        s->seen = book_now(c->broker->book);
        e = api_admit(c, s->seen, &s->envelope, &s->statement, ret_retry_ms);
        if (is_known_roster(c, s, e))
                return OK;
        return e == OK ? check_blobs(s) : e;
}

/* ---- the answer ---- */

static void free_submission(void *state)
{
        submission_free(state);
}

static void count_request(struct call *c, const struct submission *s)
{
        struct config *config = broker_config(c->broker);
        if (s->envelope.type == STATEMENT_REQUEST && s->statement)
                limits_take(c->broker->limits, LIMIT_REQUESTS, s->statement->by[0], config->limits.requests_per_hour,
                            HOUR_MS, broker_monotonic(c->broker), NULL);
        config_drop(config);
}

static void answer(struct call *c)
{
        struct submission *s = c->state;
        struct bytes body = BYTES_NONE;
        struct hash id;
        char hex[HASH_HEX + 1];
        if (s->result != OK) {
                call_refuse(c, s->result, s->retry_after_ms);
                return;
        }
        count_request(c, s);
        id = submission_id(s);
        hash_to_hex(&id, hex);
        bytes_printf(&body, "{\"n\":%" PRIu64 ",\"id\":\"%s\",\"checkpoint\":", s->n, hex);
        bytes_add_json(&body, bytes_span(&s->now->checkpoint));
        bytes_add_byte(&body, '}');
        api_answer_json(c, &body);
}

static void wake(struct submission *s)
{
        call_wake(s->context);
}

void api_statement(struct call *c)
{
        struct submission *s = mem_new(1, sizeof *s);
        struct book *book = c->broker->book;
        int64_t retry_ms = 0;
        c->state = s;
        c->state_free = free_submission;
        book_expect(book, +1);
        enum err e = c->broker->is_stopping ? ERR_SHUTTING_DOWN : read_submission(c, s, &retry_ms);
        if (e != OK) {
                book_expect(book, -1);
                call_refuse(c, e, retry_ms);
                return;
        }
        s->done = wake;
        s->context = c;
        call_suspend(c, answer);
        book_submit(book, s); /* the call may be answered and gone from here on */
        book_expect(book, -1);
}
