#include "quorum/roster.h"
#include "quorum/statement_table.h"
#include "quorum/statement_take.h"
#include "quorum/version.h"
#include <string.h>

static void take_labels(struct json_fields *f, const char *key, struct statement *s)
{
        s->request.acknowledges = payload_texts(f, key, 0, NAME_MAX_CHARS, &s->request.n_acknowledges);
        for (size_t i = 0; i < s->request.n_acknowledges; i++)
                (void)payload_checked(f, key, s->request.acknowledges[i], label_is_valid);
}

/* ---- the plain fields ---- */

static void take_evidence(struct json_fields *outer, struct statement *s)
{
        static const char *const new_words[] = {"works", NULL};
        struct json_fields f;

        json_fields_begin(&f, json_take_object(outer, "evidence"));
        s->rotation.old = payload_word(&f, "old", statement_old_words);
        (void)payload_word(&f, "new", new_words);
        s->rotation.has_new_works = true;
        if (json_has(&f, "handle"))
                s->rotation.handle = json_take_text(&f, "handle", 1, TEXT_MAX);
        if (outer->error == OK)
                outer->error = json_fields_end(&f);
}

static void take_field(struct json_fields *f, const struct field *field, struct statement *s)
{
        void *p = statement_member(s, field->at);

        if (field->is_optional && !json_has(f, field->key))
                return;
        if (field->flag_at)
                *(bool *)statement_member(s, field->flag_at) = true;
        switch (field->kind) {
        case FIELD_NAME: *(const char **)p = payload_name(f, field->key); break;
        case FIELD_LABEL: *(const char **)p = payload_label(f, field->key); break;
        case FIELD_TEXT: *(const char **)p = json_take_text(f, field->key, 1, field->max); break;
        case FIELD_KEY: *(const char **)p = payload_open_key(f, field->key); break;
        case FIELD_HASH: json_take_hash(f, field->key, p); break;
        case FIELD_INT: *(int64_t *)p = json_take_int(f, field->key, 0, JSON_INT_MAX); break;
        case FIELD_INDEX: *(unsigned *)p = (unsigned)json_take_int(f, field->key, 1, SHARE_MAX); break;
        case FIELD_TRUE: *(bool *)p = payload_true(f, field->key); break;
        case FIELD_WORD: *(unsigned *)p = payload_word(f, field->key, field->words); break;
        case FIELD_IDS: payload_ids(f, field->key, p); break;
        case FIELD_LABELS: take_labels(f, field->key, s); break;
        case FIELD_EVIDENCE: take_evidence(f, s); break;
        case FIELD_CHALLENGE: json_take_hex(f, field->key, p, sizeof(s->session.challenge)); break;
        }
}

/* ---- what one field alone doesn't show ---- */

static void check_close(struct json_fields *f, const struct statement *s)
{
        bool has_incident = json_has(f, "incident");

        if (has_incident == json_has(f, "request"))
                payload_fail(f, ERR_BAD_STATEMENT, "close", "exactly one of incident and request");
        if (has_incident && (s->close.why == CLOSE_TIME || s->close.why == CLOSE_EXPIRED))
                payload_fail(f, ERR_BAD_STATEMENT, "why", "time and expired name a request");
        if (!has_incident && s->close.why == CLOSE_WEBHOOK)
                payload_fail(f, ERR_BAD_STATEMENT, "why", "webhook names an incident");
}

static void check_rotation(struct json_fields *f, const struct statement *s)
{
        enum rotation_step step = s->rotation.step;
        bool wants_outcome = step == STEP_SET || step == STEP_TEST || step == STEP_REVOKE;

        if ((step == STEP_CLAIM) == s->rotation.has_pending)
                payload_fail(f, ERR_BAD_STATEMENT, "pending", "in every step but claim");
        if (step == STEP_CLAIM && !json_has(f, "until"))
                payload_fail(f, ERR_BAD_STATEMENT, "until", "a claim needs it");
        if (wants_outcome && s->rotation.outcome == OUTCOME_NONE)
                payload_fail(f, ERR_BAD_STATEMENT, "outcome", "this step needs it");
        if (step == STEP_DONE && s->rotation.old == OLD_NONE)
                payload_fail(f, ERR_BAD_STATEMENT, "evidence", "this step needs it");
}

static void check_notice(struct json_fields *f, const struct statement *s)
{
        if (s->notice.outcome == NOTICE_PROPOSED_CLOSE && (!s->notice.incident || !json_has(f, "deadline")))
                payload_fail(f, ERR_BAD_STATEMENT, "outcome", "a proposed close needs incident and deadline");
}

static void check_together(struct json_fields *f, const struct statement *s)
{
        if (f->error != OK)
                return;
        if (s->type == STATEMENT_CLOSE)
                check_close(f, s);
        if (s->type == STATEMENT_ROTATION)
                check_rotation(f, s);
        if (s->type == STATEMENT_NOTICE)
                check_notice(f, s);
}

/* ---- the head ---- */

static void take_by(struct json_fields *f, struct statement *s)
{
        /* Only a roster may carry several signatures, and its payload is no JSON. */
        json_t *list = json_take_list(f, "by", 1, 1);
        const char *name = json_string_value(json_array_get(list, 0));

        if (!name || (strcmp(name, "broker") != 0 && !name_is_valid(name))) {
                payload_fail(f, ERR_BAD_STATEMENT, "by", "one name was expected");
                return;
        }
        s->by[0] = name;
        s->n_by = 1;
}

static void take_seen_head(struct json_fields *outer, struct statement *s)
{
        struct json_fields f;

        json_fields_begin(&f, json_take_object(outer, "head"));
        s->head_size = (uint64_t)json_take_int(&f, "size", 0, JSON_INT_MAX);
        json_take_hash(&f, "root", &s->head_root);
        if (outer->error == OK)
                outer->error = json_fields_end(&f);
}

/* `v` comes before everything else: a later form may have other fields. */
static void take_v_and_type(struct json_fields *f, const struct statement *s)
{
        const char *type;

        if (json_take_int(f, "v", 0, JSON_INT_MAX) != 1)
                payload_fail(f, ERR_UPGRADE, "v", "only 1 is known here");
        type = json_take_text(f, "type", 1, TEXT_MAX);
        if (type && strcmp(type, statement_type_word(s->type)) != 0)
                payload_fail(f, ERR_BAD_STATEMENT, "type", "another than the envelope's");
}

static void take_head(struct json_fields *f, struct statement *s)
{
        take_v_and_type(f, s);
        json_take_hash(f, "installation", &s->installation);
        json_take_hash(f, "roster", &s->roster);
        take_by(f, s);
        s->made_at_ms = json_take_int(f, "made_at", 0, JSON_INT_MAX);
        json_take_hex(f, "nonce", s->nonce, NONCE_BYTES);
        take_seen_head(f, s);
}

static enum err read_payload(struct statement *s, struct span payload)
{
        const struct field_table *fields = statement_fields(s->type);
        struct json_fields f;
        enum err e;

        if ((e = json_read(payload, PAYLOAD_DEPTH_MAX, &s->json_)) != OK)
                return e;
        json_fields_begin(&f, s->json_);
        take_head(&f, s);
        if (s->type == STATEMENT_VERSION)
                payload_version(&f, &s->version);
        if (s->type == STATEMENT_RECOVERY)
                payload_recovery(&f, s);
        for (size_t i = 0; i < fields->n && f.error == OK; i++)
                take_field(&f, &fields->field[i], s);
        check_together(&f, s);
        if ((e = json_fields_end(&f)) != OK)
                return e;
        return s->type == STATEMENT_VERSION ? version_check(&s->version) : OK;
}

static enum err read_roster(struct statement *s, struct span payload)
{
        enum err e;

        if ((e = roster_parse(payload, &s->new_roster)) != OK)
                return e;
        s->roster = s->new_roster->previous;
        return OK;
}

enum err statement_parse(enum statement_type type, struct span payload, struct statement **ret)
{
        struct statement *s;
        enum err e;

        if (type >= STATEMENT_COUNT)
                return ERR_UPGRADE;
        s = mem_new(1, sizeof(*s));
        s->type = type;
        s->id = hash_of(payload);
        e = type == STATEMENT_ROSTER ? read_roster(s, payload) : read_payload(s, payload);
        if (e != OK) {
                statement_free(s);
                return e;
        }
        *ret = s;
        return OK;
}
