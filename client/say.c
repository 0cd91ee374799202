/* Saying something: composed and signed, stored, sent, and found in the log again. */
#include "base/clock.h"
#include "client/inside.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define BODY_MAX (4u * 1024u * 1024u)

void outgoing_done(struct outgoing *o)
{
        bytes_done(&o->body);
}

/* ---- composing ---- */

void client_fill_head(struct client *c, struct statement *s)
{
        const struct ledger *l = client_ledger(c);
        struct checkpoint head = {0};

        s->installation = c->home.genesis;
        s->roster = client_roster(c)->id;
        s->n_by = 1;
        s->by[0] = c->name;
        s->made_at_ms = client_now_ms(c);
        statement_new_nonce(s);
        s->head_size = ledger_size(l);
        if (s->head_size > 0) {
                s->head_root = ledger_root(l);
        } else if (checkpoint_read(replica_head(c->replica), &head) == OK) {
                s->head_size = head.size;
                s->head_root = head.root;
        }
}

enum err sign_as(const struct identity *me, const struct statement *s, struct envelope *ret)
{
        ret->type = s->type;
        snprintf(ret->type_word, sizeof(ret->type_word), "%s", statement_type_word(s->type));
        statement_write(s, &ret->payload);
        ret->n_signatures = 1;
        return identity_sign(me, s->type, bytes_span(&ret->payload), &ret->signatures[0]);
}

enum err client_sign(struct client *c, const struct statement *s, struct envelope *ret)
{
        return sign_as(&c->me, s, ret);
}

static void write_body(const struct envelope *e, const struct span blobs[], size_t n_blobs, struct bytes *ret)
{
        bytes_add_text(ret, "{\"statement\":");
        envelope_write(e, ret);
        bytes_add_text(ret, ",\"blobs\":[");
        for (size_t i = 0; i < n_blobs; i++) {
                bytes_add_text(ret, i > 0 ? ",\"" : "\"");
                bytes_add_base64(ret, blobs[i]);
                bytes_add_text(ret, "\"");
        }
        bytes_add_text(ret, "]}");
}

/* What we are about to sign must be what everybody will read. */
static enum err check_form(const struct envelope *e)
{
        struct statement *parsed = NULL;
        enum err error = statement_parse(e->type, bytes_span(&e->payload), &parsed);

        statement_free(parsed);
        return error;
}

enum err client_compose(struct client *c, struct statement *s, const struct span blobs[], size_t n_blobs,
                        struct outgoing *ret)
{
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        enum err e;

        if (!c->is_unlocked || !c->name || !ledger_roster(client_ledger(c)))
                return err_because(ERR_USAGE, "nobody is signed in");
        client_fill_head(c, s);
        if ((e = client_sign(c, s, &envelope)) != OK)
                return e;
        if ((e = check_form(&envelope)) != OK)
                return e;
        s->id = hash_of(bytes_span(&envelope.payload));
        ret->id = s->id;
        write_body(&envelope, blobs, n_blobs, &ret->body);
        if (ret->body.n > LINE_MAX_BYTES)
                return err_because(ERR_TOO_LARGE, "statement and blobs are over %u MiB",
                                   LINE_MAX_BYTES / 1024u / 1024u);
        return OK;
}

/* ---- storing ---- */

enum err client_store(struct client *c, const struct outgoing *o)
{
        CLEANUP_FREE char *path = home_path_of(&c->home, HOME_OUTGOING, &o->id);

        return file_write(path, 0600, bytes_span(&o->body));
}

static enum err load(struct client *c, const struct hash *id, struct outgoing *ret)
{
        CLEANUP_FREE char *path = home_path_of(&c->home, HOME_OUTGOING, id);

        ret->id = *id;
        return file_read(path, BODY_MAX, &ret->body);
}

/* Not synced: what a power cut brings back is found in the log, or refused again. */
static enum err forget(struct client *c, const struct hash *id)
{
        CLEANUP_FREE char *path = home_path_of(&c->home, HOME_OUTGOING, id);

        if (unlink(path) != 0 && errno != ENOENT)
                return err_because(ERR_IO, "remove %s: %s", path, strerror(errno));
        return OK;
}

/* ---- sending ---- */

struct receipt {
        uint64_t n;
        struct bytes note;
};

static enum err read_receipt(struct span body, const struct hash *id, struct receipt *ret)
{
        CLEANUP_JSON json_t *object = NULL;
        struct json_fields f;
        struct hash said;
        const char *note;
        enum err e;

        if ((e = answer_json(body, 2, &object)) != OK)
                return e;
        json_fields_begin(&f, object);
        ret->n = (uint64_t)json_take_int(&f, "n", 0, JSON_INT_MAX);
        json_take_hash(&f, "id", &said);
        note = json_take_text(&f, "checkpoint", 1, 65536);
        if (json_fields_end(&f) != OK)
                return err_because(ERR_LYING_BROKER, "the broker's receipt is malformed");
        if (!hash_equal(&said, id))
                return err_because(ERR_LYING_BROKER, "the broker's receipt is for another statement");
        bytes_add_text(&ret->note, note);
        return OK;
}

/* The receipt's own checkpoint must cover the entry, before and after we have the lines. */
static enum err check_promise(struct client *c, const struct receipt *receipt)
{
        struct checkpoint says;
        enum err e;

        if ((e = replica_check_head(c->replica, bytes_span(&receipt->note), &says)) != OK)
                return e;
        return says.size > receipt->n ? OK
                                      : err_because(ERR_LYING_BROKER, "the receipt's checkpoint does not cover it");
}

static enum err find_in_log(struct client *c, const struct hash *id, const struct receipt *receipt)
{
        struct checkpoint says;
        uint64_t n;
        enum err e;

        if ((e = replica_check_head(c->replica, bytes_span(&receipt->note), &says)) != OK)
                return e;
        if (says.size > ledger_size(client_ledger(c)))
                return err_because(ERR_LYING_BROKER, "a shorter log than the receipt's checkpoint says");
        if (!ledger_find(client_ledger(c), id, &n))
                return err_because(ERR_LYING_BROKER, "the broker took the statement, but its log does not have it");
        if (n != receipt->n)
                return err_because(ERR_LYING_BROKER, "the receipt says entry %" PRIu64 ", the log has it as %" PRIu64,
                                   receipt->n, n);
        return OK;
}

/* The broker took the statement, and then could not be asked. */
static bool is_passing(enum err e)
{
        return e == ERR_UNREACHABLE || e == ERR_STATE_UNKNOWN || e == ERR_RATE || e == ERR_SHUTTING_DOWN ||
               e == ERR_NOT_DURABLE;
}

static enum err sync_to_entry(struct client *c, const struct hash *id, const struct receipt *receipt)
{
        size_t n_new;
        bool has_retried = c->has_retried;
        enum err e;

        if (ledger_find(client_ledger(c), id, &(uint64_t){0}))
                return find_in_log(c, id, receipt);
        c->has_retried = true; /* not within a retry */
        e = client_sync(c, 0, &n_new);
        c->has_retried = has_retried;
        if (is_passing(e))
                return err_because(ERR_STATE_UNKNOWN,
                                   "the broker took it as entry %" PRIu64 ", but did not show it; retry is safe",
                                   receipt->n);
        return e == OK ? find_in_log(c, id, receipt) : e;
}

enum err client_follow_receipt(struct client *c, const struct hash *id, struct span answer, uint64_t *ret_n)
{
        struct receipt receipt = {0};
        enum err e;

        if ((e = read_receipt(answer, id, &receipt)) == OK && (e = check_promise(c, &receipt)) == OK)
                e = sync_to_entry(c, id, &receipt);
        if (e == ERR_LYING_BROKER) {
                CLEANUP_FREE char *why = mem_text(err_reason());

                home_keep_evidence(&c->home, answer);
                (void)err_because(e, "%s", why);
        }
        if (e == OK && ret_n)
                *ret_n = receipt.n;
        bytes_done(&receipt.note);
        return e;
}

/* A refusal says that nothing was done; everything else leaves that open. */
static bool is_refusal(enum err e)
{
        return err_is_public(e);
}

static enum err post(struct client *c, const struct outgoing *o, uint64_t *ret_n)
{
        CLEANUP_BYTES struct bytes answer = BYTES_NONE;
        enum err e;

        e = client_call(c, "/v1/statements", &(struct span){o->body.p, o->body.n}, BULK_MS, &answer);
        if (e == ERR_FORK)
                return client_alarm_fork(c);
        return e != OK ? e : client_follow_receipt(c, &o->id, bytes_span(&answer), ret_n);
}

static enum err give_up(struct client *c, const struct hash *id, enum err e)
{
        CLEANUP_FREE char *why = mem_text(err_reason());
        enum err dropped = forget(c, id);

        return dropped == OK ? err_because(e, "%s", why) : dropped;
}

enum err client_deliver(struct client *c, const struct outgoing *o, uint64_t *ret_n)
{
        enum err e = post(c, o, ret_n);

        if (e == OK)
                return client_keep_parts(c, &o->id) ? OK : forget(c, &o->id);
        /* That nobody could be reached now says nothing about an earlier try, so only a refusal ends it. */
        return is_refusal(e) ? give_up(c, &o->id, e) : e;
}

enum err client_deliver_now(struct client *c, const struct outgoing *o, uint64_t *ret_n)
{
        enum err e = client_deliver(c, o, ret_n);

        /* Nothing was ever sent: it must not surprise anybody later. */
        return e == ERR_UNREACHABLE ? give_up(c, &o->id, e) : e;
}

/* ---- the public verbs ---- */

enum err client_prepare(struct client *c, struct statement *s, const struct span blobs[], size_t n_blobs,
                        struct hash *ret_id)
{
        CLEANUP_OUTGOING struct outgoing o = {0};
        enum err e;

        if ((e = client_compose(c, s, blobs, n_blobs, &o)) != OK)
                return e;
        if ((e = client_store(c, &o)) != OK)
                return e;
        *ret_id = o.id;
        return OK;
}

enum err client_send(struct client *c, const struct hash *id, uint64_t *ret_n)
{
        CLEANUP_OUTGOING struct outgoing o = {0};
        enum err e = load(c, id, &o);

        return e != OK ? e : client_deliver(c, &o, ret_n);
}

enum err client_say(struct client *c, struct statement *s, const struct span blobs[], size_t n_blobs,
                    struct hash *ret_id, uint64_t *ret_n)
{
        CLEANUP_OUTGOING struct outgoing o = {0};
        enum err e;

        if ((e = client_compose(c, s, blobs, n_blobs, &o)) != OK)
                return e;
        if ((e = client_store(c, &o)) != OK)
                return e;
        if (ret_id)
                *ret_id = o.id;
        return client_deliver_now(c, &o, ret_n);
}

static void note_resent(struct client *c, const struct hash *id)
{
        c->resent = mem_grow(c->resent, c->n_resent + 1, sizeof(*c->resent));
        c->resent[c->n_resent++] = *id;
}

enum err client_retry_outgoing(struct client *c, size_t *ret_sent, size_t *ret_refused)
{
        CLEANUP_FREE struct home_entry *list = NULL;
        size_t n = 0;
        enum err e = home_list(&c->home, HOME_OUTGOING, &list, &n);

        *ret_sent = *ret_refused = 0;
        for (size_t i = 0; e == OK && i < n; i++) {
                bool is_logged = ledger_find(client_ledger(c), &list[i].id, &(uint64_t){0});

                if (!is_logged)
                        e = client_send(c, &list[i].id, NULL);
                else if (!client_keep_parts(c, &list[i].id))
                        e = forget(c, &list[i].id);
                if (e == OK) {
                        ++*ret_sent;
                        note_resent(c, &list[i].id);
                } else if (is_refusal(e) || e == ERR_NO_ENTRY) {
                        ++*ret_refused;
                        e = OK;
                }
        }
        return e;
}

enum err client_submit(struct client *c, const struct envelope *e, uint64_t *ret_n)
{
        CLEANUP_OUTGOING struct outgoing o = {0};
        enum err error;

        o.id = hash_of(bytes_span(&e->payload));
        write_body(e, NULL, 0, &o.body);
        if ((error = client_store(c, &o)) != OK)
                return error;
        return client_deliver(c, &o, ret_n);
}
