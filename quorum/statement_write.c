#include "quorum/statement_table.h"
#include <assert.h>
#include <inttypes.h>

static void write_key(struct bytes *out, const char *key)
{
        bytes_printf(out, ",\"%s\":", key);
}

static void write_text(struct bytes *out, const char *key, const char *text)
{
        write_key(out, key);
        bytes_add_json(out, span_text(text));
}

static void write_int(struct bytes *out, const char *key, uint64_t value)
{
        write_key(out, key);
        bytes_printf(out, "%" PRIu64, value);
}

static void write_hex(struct bytes *out, const char *key, const void *p, size_t n)
{
        write_key(out, key);
        bytes_add_byte(out, '"');
        bytes_add_hex(out, p, n);
        bytes_add_byte(out, '"');
}

static void write_hash(struct bytes *out, const char *key, const struct hash *h)
{
        write_hex(out, key, h->b, HASH_BYTES);
}

static void begin_list(struct bytes *out, const char *key)
{
        write_key(out, key);
        bytes_add_byte(out, '[');
}

static void write_item(struct bytes *out, size_t i)
{
        if (i > 0)
                bytes_add_byte(out, ',');
}

static void write_ids(struct bytes *out, const char *key, const struct hash_list *ids)
{
        begin_list(out, key);
        for (size_t i = 0; i < ids->n; i++) {
                write_item(out, i);
                bytes_add_byte(out, '"');
                bytes_add_hex(out, ids->h[i].b, HASH_BYTES);
                bytes_add_byte(out, '"');
        }
        bytes_add_byte(out, ']');
}

static void write_texts(struct bytes *out, const char *key, const char *const text[], size_t n)
{
        begin_list(out, key);
        for (size_t i = 0; i < n; i++) {
                write_item(out, i);
                bytes_add_json(out, span_text(text[i]));
        }
        bytes_add_byte(out, ']');
}

static void write_evidence(struct bytes *out, const struct statement *s)
{
        bytes_printf(out, ",\"evidence\":{\"old\":\"%s\",\"new\":\"works\"", statement_old_words[s->rotation.old]);
        if (s->rotation.handle)
                write_text(out, "handle", s->rotation.handle);
        bytes_add_byte(out, '}');
}

/* Whether an optional field is there. A claim's `until` and a proposal's `deadline` are wanted even when zero. */
static bool is_present(const struct statement *s, const struct field *f)
{
        const void *p = statement_member(s, f->at);

        if (!f->is_optional)
                return true;
        if (f->flag_at)
                return *(const bool *)statement_member(s, f->flag_at);
        switch (f->kind) {
        case FIELD_NAME:
        case FIELD_LABEL:
        case FIELD_TEXT:
        case FIELD_KEY: return *(const char *const *)p != NULL;
        case FIELD_HASH: return !s->close.incident; /* only a close has such a one */
        case FIELD_INT:
                return *(const int64_t *)p != 0 ||
                       (s->type == STATEMENT_ROTATION && s->rotation.step == STEP_CLAIM) ||
                       (s->type == STATEMENT_NOTICE && s->notice.outcome == NOTICE_PROPOSED_CLOSE);
        case FIELD_TRUE: return *(const bool *)p;
        case FIELD_WORD: return *(const unsigned *)p != 0;
        case FIELD_LABELS: return *(const size_t *)p > 0;
        case FIELD_EVIDENCE: return s->rotation.old != OLD_NONE;
        case FIELD_INDEX:
        case FIELD_IDS:
        case FIELD_CHALLENGE: return true;
        }
        return false;
}

static void write_field(const struct statement *s, const struct field *f, struct bytes *out)
{
        const void *p = statement_member(s, f->at);

        switch (f->kind) {
        case FIELD_NAME:
        case FIELD_LABEL:
        case FIELD_TEXT:
        case FIELD_KEY: write_text(out, f->key, *(const char *const *)p); break;
        case FIELD_HASH: write_hash(out, f->key, p); break;
        case FIELD_INT: write_int(out, f->key, *(const uint64_t *)p); break;
        case FIELD_INDEX: write_int(out, f->key, *(const unsigned *)p); break;
        case FIELD_TRUE: bytes_printf(out, ",\"%s\":true", f->key); break;
        case FIELD_WORD: write_text(out, f->key, f->words[*(const unsigned *)p]); break;
        case FIELD_IDS: write_ids(out, f->key, p); break;
        case FIELD_LABELS: write_texts(out, f->key, s->request.acknowledges, s->request.n_acknowledges); break;
        case FIELD_EVIDENCE: write_evidence(out, s); break;
        case FIELD_CHALLENGE: write_hex(out, f->key, p, sizeof(s->session.challenge)); break;
        }
}

static void write_commitments(const struct version_fields *v, struct bytes *out)
{
        begin_list(out, "commitments");
        for (unsigned i = 0; i < v->n_commitments; i++) {
                write_item(out, i);
                bytes_add_byte(out, '"');
                bytes_add_hex(out, v->commitments[i], POINT_BYTES);
                bytes_add_byte(out, '"');
        }
        bytes_add_byte(out, ']');
}

static void write_shares(const struct version_fields *v, struct bytes *out)
{
        begin_list(out, "shares");
        for (unsigned i = 0; i < v->n_shares; i++) {
                const struct version_share *share = &v->shares[i];

                write_item(out, i);
                bytes_add_text(out, "{\"holder\":");
                bytes_add_json(out, span_text(share->holder));
                write_int(out, "index", share->index);
                write_text(out, "recipient", share->recipient);
                write_hash(out, "sha256", &share->sha256);
                bytes_add_byte(out, '}');
        }
        bytes_add_byte(out, ']');
}

static void write_version_reason(const struct version_fields *v, struct bytes *out)
{
        write_key(out, "reason");
        if (v->is_initial) {
                bytes_add_text(out, "\"initial\"");
                return;
        }
        bytes_add_text(out, "\"" ROTATION_OF);
        bytes_add_hex(out, v->rotation_of.b, HASH_BYTES);
        bytes_add_byte(out, '"');
}

static void write_version(const struct version_fields *v, struct bytes *out)
{
        write_text(out, "credential", v->credential);
        write_int(out, "number", v->number);
        if (v->has_previous)
                write_hash(out, "previous", &v->previous);
        else
                write_text(out, "previous", "none");
        write_text(out, "policy", v->policy);
        write_int(out, "need", v->need);
        write_text(out, "recipient", v->recipient);
        write_commitments(v, out);
        write_shares(v, out);
        bytes_add_text(out, ",\"ciphertext\":{\"sha256\":\"");
        bytes_add_hex(out, v->ciphertext_sha256.b, HASH_BYTES);
        bytes_printf(out, "\",\"bytes\":%" PRIu64 "}", v->ciphertext_bytes);
        write_version_reason(v, out);
}

static void write_offline(const struct offline_statement *o, enum statement_type type, struct bytes *out)
{
        bytes_printf(out, "{\"type\":\"%s\",\"payload\":\"", statement_type_word(type));
        bytes_add_base64(out, bytes_span(&o->payload));
        bytes_add_text(out, "\",\"signatures\":[\"");
        bytes_add_base64(out, bytes_span(&o->signature));
        bytes_add_text(out, "\"]}");
}

static void write_recovery(const struct statement *s, struct bytes *out)
{
        const size_t last = s->recovery.n - 1;

        write_key(out, "request");
        write_offline(&s->recovery.offline[0], STATEMENT_REQUEST, out);
        begin_list(out, "approvals");
        for (size_t i = 1; i < last; i++) {
                write_item(out, i - 1);
                write_offline(&s->recovery.offline[i], STATEMENT_APPROVAL, out);
        }
        bytes_add_byte(out, ']');
        write_key(out, "open");
        write_offline(&s->recovery.offline[last], STATEMENT_OPEN, out);
}

static void write_head(const struct statement *s, struct bytes *out)
{
        bytes_printf(out, "{\"v\":1,\"type\":\"%s\"", statement_type_word(s->type));
        write_hash(out, "installation", &s->installation);
        write_hash(out, "roster", &s->roster);
        write_texts(out, "by", s->by, s->n_by);
        write_int(out, "made_at", (uint64_t)s->made_at_ms);
        write_hex(out, "nonce", s->nonce, NONCE_BYTES);
        bytes_printf(out, ",\"head\":{\"size\":%" PRIu64, s->head_size);
        write_hash(out, "root", &s->head_root);
        bytes_add_byte(out, '}');
}

void statement_write(const struct statement *s, struct bytes *ret)
{
        const struct field_table *fields = statement_fields(s->type);

        assert(s->type != STATEMENT_ROSTER);
        write_head(s, ret);
        if (s->type == STATEMENT_VERSION)
                write_version(&s->version, ret);
        if (s->type == STATEMENT_RECOVERY)
                write_recovery(s, ret);
        for (size_t i = 0; i < fields->n; i++)
                if (is_present(s, &fields->field[i]))
                        write_field(s, &fields->field[i], ret);
        bytes_add_byte(ret, '}');
}
