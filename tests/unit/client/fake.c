#include "fake.h"
#include "quorum/admit.h"
#include "quorum/checkpoint.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void sign_head(struct fake *f, size_t size, struct bytes *ret)
{
        struct checkpoint c = {.installation = f->world->installation, .size = size};
        enum err e;

        c.root = ledger_root_at(f->ledger, size);
        e = checkpoint_sign(&c, &world_keys(f->world, "broker")->sign, ret);
        assert(e == OK);
}

static void add_line(struct fake *f, const struct bytes *line)
{
        f->lines = mem_grow(f->lines, f->n_lines + 1, sizeof(*f->lines));
        f->lines[f->n_lines++] = *line;
}

static enum err append(struct fake *f, const struct envelope *e, uint64_t *ret_n, struct statement **ret)
{
        struct bytes line = BYTES_NONE;
        struct hash id = hash_of(bytes_span(&e->payload));
        struct statement *s = NULL;
        struct hash leaf;
        enum err error;

        if (ledger_find(f->ledger, &id, ret_n))
                return OK;
        if ((error = admit_statement(ledger_roster(f->ledger), e, &s)) != OK)
                return error;
        line_write(f->n_lines, f->now_ms, e, &line);
        leaf = tree_leaf(bytes_span(&line));
        error = ledger_apply(f->ledger, s, f->now_ms, &leaf);
        if (error != OK) {
                bytes_done(&line);
                statement_free(s);
                return error;
        }
        *ret_n = f->n_lines;
        add_line(f, &line);
        if (ret)
                *ret = s;
        else
                statement_free(s);
        return OK;
}

enum err fake_append(struct fake *f, const struct envelope *e)
{
        uint64_t n;

        return append(f, e, &n, NULL);
}

struct bytes *fake_find_blob(struct fake *f, const struct hash *sha256)
{
        for (size_t i = 0; i < f->n_blobs; i++)
                if (hash_equal(&f->blobs[i].sha256, sha256))
                        return &f->blobs[i].bytes;
        return NULL;
}

/* ---- calls ---- */

static void refuse(struct bytes *ret_raw, enum err e)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;

        bytes_printf(&body, "{\"error\":\"%s\",\"message\":\"%s\"}", err_word(e),
                     err_reason()[0] ? "see above" : "no");
        peer_say(ret_raw, err_http(e), "application/json", bytes_span(&body));
}

static void about(struct fake *f, struct bytes *ret_raw)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_BYTES struct bytes note = BYTES_NONE;
        bool first = true;

        sign_head(f, f->n_lines - f->hidden_lines, &note);
        bytes_add_text(&body, "{\"name\":\"acme-prod\",\"installation\":\"");
        bytes_add_hex(&body, f->world->installation.b, HASH_BYTES);
        bytes_printf(&body, "\",\"program\":\"fake\",\"now\":%" PRId64 ",\"rosters\":[", f->now_ms);
        for (size_t i = 0; i < f->n_lines; i++) {
                if (!strstr(bytes_text(&f->lines[i]), "\"type\":\"roster\"") || (!first && f->roster_of_about))
                        continue;
                if (!first)
                        bytes_add_text(&body, ",");
                first = false;
                bytes_add_json(&body, bytes_span(&f->lines[i]));
        }
        bytes_add_text(&body, "],\"checkpoint\":");
        bytes_add_json(&body, bytes_span(&note));
        bytes_add_text(&body, "}");
        peer_say(ret_raw, 200, "application/json", bytes_span(&body));
}

static enum err read_envelope(const struct peer_request *q, json_t **ret_object, struct envelope *ret)
{
        enum err e = json_read(q->body, 4, ret_object);

        return e != OK ? e : envelope_read(json_object_get(*ret_object, "statement"), ret);
}

static enum err sign_in(struct fake *f, const struct peer_request *q)
{
        CLEANUP_JSON json_t *object = NULL;
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        struct statement *s = NULL;
        enum err e;

        if ((e = read_envelope(q, &object, &envelope)) != OK)
                return e;
        if ((e = admit_statement(ledger_roster(f->ledger), &envelope, &s)) != OK)
                return e;
        if (s->type != STATEMENT_SESSION || s->session.challenge[0] != 0xcc)
                e = ERR_AUTH;
        else if (s->head_size > f->n_lines - f->hidden_lines)
                e = ERR_FORK;
        statement_free(s);
        f->sessions++;
        return e;
}

static void sessions(struct fake *f, const struct peer_request *q, struct bytes *ret_raw)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        enum err e = sign_in(f, q);

        if (e != OK) {
                refuse(ret_raw, e);
                return;
        }
        bytes_add_text(&body, "{\"token\":\"");
        for (int i = 0; i < 64; i++)
                bytes_add_text(&body, "a");
        bytes_add_text(&body, "\",\"expires_at\":1}");
        peer_say(ret_raw, 200, "application/json", bytes_span(&body));
}

static void log_from(struct fake *f, uint64_t after, struct bytes *ret_raw)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        size_t size = f->n_lines - f->hidden_lines;

        for (uint64_t i = after; i < size; i++) {
                bytes_add_span(&body, bytes_span(&f->lines[i]));
                bytes_add_byte(&body, '\n');
        }
        bytes_add_byte(&body, '\n');
        sign_head(f, size, &body);
        peer_say(ret_raw, 200, "text/plain", bytes_span(&body));
}

static void blob(struct fake *f, const char *hex, struct bytes *ret_raw)
{
        struct bytes *found = NULL;
        struct hash id;

        if (hash_from_hex(span_text(hex), &id) == OK && !hash_equal(&id, &f->missing))
                found = fake_find_blob(f, hash_equal(&id, &f->swapped) ? &f->swapped_for : &id);
        if (found)
                peer_say(ret_raw, 200, "application/octet-stream", bytes_span(found));
        else
                refuse(ret_raw, ERR_NOT_FOUND);
}

static void keep_blobs(struct fake *f, json_t *list)
{
        json_t *text;
        size_t i;

        json_array_foreach (list, i, text) {
                struct fake_blob b = {0};
                enum err e = base64_decode(span_text(json_string_value(text)), &b.bytes);

                assert(e == OK);
                b.sha256 = hash_of(bytes_span(&b.bytes));
                f->blobs = mem_grow(f->blobs, f->n_blobs + 1, sizeof(*f->blobs));
                f->blobs[f->n_blobs++] = b;
        }
}

static enum peer_verdict statements(struct fake *f, const struct peer_request *q, struct bytes *ret_raw)
{
        CLEANUP_JSON json_t *object = NULL;
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_BYTES struct bytes note = BYTES_NONE;
        struct hash id;
        uint64_t n = 0;
        enum err e;

        f->statements++;
        err_forget();
        e = f->refuses_everything ? ERR_SHUTTING_DOWN : read_envelope(q, &object, &envelope);
        if (e == OK)
                e = append(f, &envelope, &n, NULL);
        if (e != OK) {
                refuse(ret_raw, e);
                return PEER_ANSWER;
        }
        keep_blobs(f, json_object_get(object, "blobs"));
        if (f->loses_receipts)
                return PEER_HANG_UP;
        id = hash_of(bytes_span(&envelope.payload));
        sign_head(f, f->n_lines, &note);
        bytes_printf(&body, "{\"n\":%" PRIu64 ",\"id\":\"", n);
        bytes_add_hex(&body, id.b, HASH_BYTES);
        bytes_add_text(&body, "\",\"checkpoint\":");
        bytes_add_json(&body, bytes_span(&note));
        bytes_add_text(&body, "}");
        peer_say(ret_raw, 200, "application/json", bytes_span(&body));
        return PEER_ANSWER;
}

/* What closers handed over: every blob that no statement names. */
static void handovers(struct fake *f, struct bytes *ret_raw)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;

        bytes_add_text(&body, "{\"blobs\":[\"");
        if (f->n_blobs > 0)
                bytes_add_base64(&body, bytes_span(&f->blobs[f->n_blobs - 1].bytes));
        bytes_add_text(&body, "\"]}");
        peer_say(ret_raw, 200, "application/json", bytes_span(&body));
}

static bool is_signed_in(const struct peer_request *q)
{
        return strncmp(q->authorization, "Bearer aaaa", 11) == 0;
}

static enum peer_verdict answer(void *context, const struct peer_request *q, struct bytes *ret_raw)
{
        static const char challenge[] = "{\"challenge\":\"cccccccccccccccccccccccccccccccccccccccccccccccc"
                                        "cccccccccccccccc\",\"expires_at\":1}";
        struct fake *f = context;
        uint64_t after;

        if (strcmp(q->target, "/v1/about") == 0)
                about(f, ret_raw);
        else if (strcmp(q->target, "/v1/challenge") == 0)
                peer_say(ret_raw, 200, "application/json", span_text(challenge));
        else if (strcmp(q->target, "/v1/sessions") == 0)
                sessions(f, q, ret_raw);
        else if (strcmp(q->target, "/v1/statements") == 0)
                return statements(f, q, ret_raw);
        else if (!is_signed_in(q))
                refuse(ret_raw, ERR_AUTH);
        else if (sscanf(q->target, "/v1/log?after=%" SCNu64, &after) == 1)
                log_from(f, after, ret_raw);
        else if (strncmp(q->target, "/v1/blobs/", 10) == 0)
                blob(f, q->target + 10, ret_raw);
        else if (strncmp(q->target, "/v1/handovers/", 14) == 0)
                handovers(f, ret_raw);
        else
                refuse(ret_raw, ERR_NOT_FOUND);
        return PEER_ANSWER;
}

/* ---- life ---- */

void fake_start(struct fake *f, struct world *w)
{
        CLEANUP_LINE struct line line = {0};
        enum err e;

        *f = (struct fake){.world = w, .ledger = ledger_new(), .now_ms = w->now_ms};
        world_genesis(w);
        e = line_read(world_line(w, 0), &line);
        assert(e == OK);
        e = fake_append(f, &line.envelope);
        assert(e == OK);
        peer_start(&f->peer, answer, f);
}

void fake_stop(struct fake *f)
{
        peer_stop(&f->peer);
        for (size_t i = 0; i < f->n_lines; i++)
                bytes_done(&f->lines[i]);
        for (size_t i = 0; i < f->n_blobs; i++)
                bytes_done(&f->blobs[i].bytes);
        free(f->lines);
        free(f->blobs);
        ledger_free(f->ledger);
}
