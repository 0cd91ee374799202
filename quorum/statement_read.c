#include "quorum/envelope.h"
#include "quorum/roster.h"
#include "quorum/statement_table.h"
#include "quorum/version.h"
#include <string.h>

static void fail(struct json_fields *f, enum err e, const char *key, const char *what)
{
        if (f->error == OK)
                f->error = err_because(e, "`%s`: %s", key, what);
}

static const char *checked(struct json_fields *f, const char *key, const char *text, bool (*is_valid)(const char *))
{
        if (text && !is_valid(text))
                fail(f, ERR_BAD_STATEMENT, key, "not a valid name");
        return text;
}

static const char *take_name(struct json_fields *f, const char *key)
{
        return checked(f, key, json_take_text(f, key, 1, NAME_MAX_CHARS), name_is_valid);
}

static const char *take_label(struct json_fields *f, const char *key)
{
        return checked(f, key, json_take_text(f, key, 1, NAME_MAX_CHARS), label_is_valid);
}

static const char *take_open_key(struct json_fields *f, const char *key)
{
        const char *text = json_take_text(f, key, 1, TEXT_MAX);
        struct key parsed;

        if (text && open_key_parse(span_text(text), &parsed) != OK)
                fail(f, ERR_BAD_KEY, key, "not an opening key, or a weak one");
        return text;
}

static unsigned take_word(struct json_fields *f, const char *key, const char *const words[])
{
        const char *text = json_take_text(f, key, 1, TEXT_MAX);

        for (unsigned i = 0; text && words[i]; i++)
                if (strcmp(words[i], text) == 0)
                        return i;
        fail(f, ERR_BAD_STATEMENT, key, "not one of its words");
        return 0;
}

static bool take_true(struct json_fields *f, const char *key)
{
        bool value = json_take_bool(f, key);

        if (!value)
                fail(f, ERR_BAD_STATEMENT, key, "may only be true, or be left out");
        return value;
}

/* ---- lists of ids and labels ---- */

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, because 1000 items must not cost half a million comparisons. */
static void refuse_twice(struct json_fields *f, const char *key, const char *const text[], size_t n)
{
        CLEANUP_FREE const char **sorted = mem_new(n + 1, sizeof(*sorted));

        for (size_t i = 0; i < n; i++)
                sorted[i] = text[i];
        qsort(sorted, n, sizeof(*sorted), by_text);
        for (size_t i = 1; i < n; i++)
                if (strcmp(sorted[i - 1], sorted[i]) == 0)
                        fail(f, ERR_BAD_STATEMENT, key, "the same twice");
}

/* The texts of a list, each 1…max code points, none twice; NULL on error. Owned by the caller. */
static const char **take_texts(struct json_fields *f, const char *key, size_t min, size_t max, size_t *ret_n)
{
        json_t *list = json_take_list(f, key, min, JSON_LIST_MAX), *item;
        const char **text;
        size_t i, points;

        *ret_n = 0;
        if (!list)
                return NULL;
        text = mem_new(json_array_size(list) + 1, sizeof(*text));
        json_array_foreach (list, i, item) {
                if (!json_is_string(item) ||
                    !utf8_valid(span_of(json_string_value(item), json_string_length(item)), &points) || points < 1 ||
                    points > max)
                        fail(f, ERR_BAD_STATEMENT, key, "a list of short texts was expected");
                else
                        text[i] = json_string_value(item);
        }
        if (f->error != OK) {
                free(text);
                return NULL;
        }
        *ret_n = json_array_size(list);
        refuse_twice(f, key, text, *ret_n);
        return text;
}

static void take_ids(struct json_fields *f, const char *key, struct hash_list *ret)
{
        size_t n;
        CLEANUP_FREE const char **text = take_texts(f, key, 1, HASH_HEX, &n);

        ret->h = mem_new(n + 1, sizeof(*ret->h));
        ret->n = n;
        for (size_t i = 0; i < n; i++)
                if (hash_from_hex(span_text(text[i]), &ret->h[i]) != OK)
                        fail(f, ERR_BAD_STATEMENT, key, "not an id");
}

static void take_labels(struct json_fields *f, const char *key, struct statement *s)
{
        s->request.acknowledges = take_texts(f, key, 0, NAME_MAX_CHARS, &s->request.n_acknowledges);
        for (size_t i = 0; i < s->request.n_acknowledges; i++)
                (void)checked(f, key, s->request.acknowledges[i], label_is_valid);
}

/* ---- the plain fields ---- */

static void take_evidence(struct json_fields *outer, struct statement *s)
{
        static const char *const new_words[] = {"works", NULL};
        struct json_fields f;

        json_fields_begin(&f, json_take_object(outer, "evidence"));
        s->rotation.old = take_word(&f, "old", statement_old_words);
        (void)take_word(&f, "new", new_words);
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
        case FIELD_NAME: *(const char **)p = take_name(f, field->key); break;
        case FIELD_LABEL: *(const char **)p = take_label(f, field->key); break;
        case FIELD_TEXT: *(const char **)p = json_take_text(f, field->key, 1, field->max); break;
        case FIELD_KEY: *(const char **)p = take_open_key(f, field->key); break;
        case FIELD_HASH: json_take_hash(f, field->key, p); break;
        case FIELD_INT: *(int64_t *)p = json_take_int(f, field->key, 0, JSON_INT_MAX); break;
        case FIELD_INDEX: *(unsigned *)p = (unsigned)json_take_int(f, field->key, 1, SHARE_MAX); break;
        case FIELD_TRUE: *(bool *)p = take_true(f, field->key); break;
        case FIELD_WORD: *(unsigned *)p = take_word(f, field->key, field->words); break;
        case FIELD_IDS: take_ids(f, field->key, p); break;
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
                fail(f, ERR_BAD_STATEMENT, "close", "exactly one of incident and request");
        if (has_incident && (s->close.why == CLOSE_TIME || s->close.why == CLOSE_EXPIRED))
                fail(f, ERR_BAD_STATEMENT, "why", "time and expired name a request");
        if (!has_incident && s->close.why == CLOSE_WEBHOOK)
                fail(f, ERR_BAD_STATEMENT, "why", "webhook names an incident");
}

static void check_rotation(struct json_fields *f, const struct statement *s)
{
        enum rotation_step step = s->rotation.step;
        bool wants_outcome = step == STEP_SET || step == STEP_TEST || step == STEP_REVOKE;

        if ((step == STEP_CLAIM) == s->rotation.has_pending)
                fail(f, ERR_BAD_STATEMENT, "pending", "in every step but claim");
        if (step == STEP_CLAIM && !json_has(f, "until"))
                fail(f, ERR_BAD_STATEMENT, "until", "a claim needs it");
        if (wants_outcome && s->rotation.outcome == OUTCOME_NONE)
                fail(f, ERR_BAD_STATEMENT, "outcome", "this step needs it");
        if (step == STEP_DONE && s->rotation.old == OLD_NONE)
                fail(f, ERR_BAD_STATEMENT, "evidence", "this step needs it");
}

static void check_notice(struct json_fields *f, const struct statement *s)
{
        if (s->notice.outcome == NOTICE_PROPOSED_CLOSE && (!s->notice.incident || !json_has(f, "deadline")))
                fail(f, ERR_BAD_STATEMENT, "outcome", "a proposed close needs incident and deadline");
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

/* ---- version ---- */

static void take_commitments(struct json_fields *f, struct version_fields *v)
{
        json_t *list = json_take_list(f, "commitments", 0, JSON_LIST_MAX), *item;
        size_t i;

        if (!list)
                return;
        json_array_foreach (list, i, item) {
                struct span hex = span_of(json_string_value(item), json_string_length(item));

                if (i >= SHARE_MAX)
                        fail(f, ERR_BAD_VERSION, "commitments", "more than 32");
                else if (!json_is_string(item) || hex_decode(hex, v->commitments[i], POINT_BYTES) != OK)
                        fail(f, ERR_BAD_STATEMENT, "commitments", "64 hex digits each");
                if (f->error != OK)
                        return;
        }
        v->n_commitments = (unsigned)json_array_size(list);
}

static void take_share(struct json_fields *outer, json_t *object, struct version_share *ret)
{
        struct json_fields f;
        int64_t index;

        json_fields_begin(&f, object);
        ret->holder = take_name(&f, "holder");
        index = json_take_int(&f, "index", 0, JSON_INT_MAX);
        if (index < 1 || index > SHARE_MAX)
                fail(&f, ERR_BAD_VERSION, "index", "out of 1 to 32");
        ret->index = (unsigned)index;
        ret->recipient = take_open_key(&f, "recipient");
        json_take_hash(&f, "sha256", &ret->sha256);
        outer->error = json_fields_end(&f);
}

static void take_shares(struct json_fields *f, struct version_fields *v)
{
        json_t *list = json_take_list(f, "shares", 0, JSON_LIST_MAX), *item;
        size_t i;

        if (!list)
                return;
        json_array_foreach (list, i, item) {
                if (i >= SHARE_MAX)
                        fail(f, ERR_BAD_VERSION, "shares", "more than 32");
                else
                        take_share(f, item, &v->shares[i]);
                if (f->error != OK)
                        return;
        }
        v->n_shares = (unsigned)json_array_size(list);
}

static void take_ciphertext(struct json_fields *outer, struct version_fields *v)
{
        struct json_fields f;

        json_fields_begin(&f, json_take_object(outer, "ciphertext"));
        json_take_hash(&f, "sha256", &v->ciphertext_sha256);
        v->ciphertext_bytes = (uint64_t)json_take_int(&f, "bytes", 0, JSON_INT_MAX);
        if (outer->error == OK)
                outer->error = json_fields_end(&f);
}

static void take_version_reason(struct json_fields *f, struct version_fields *v)
{
        const char *reason = json_take_text(f, "reason", 1, TEXT_MAX);
        size_t prefix = strlen(ROTATION_OF);

        if (!reason)
                return;
        v->is_initial = strcmp(reason, "initial") == 0;
        if (!v->is_initial && (strncmp(reason, ROTATION_OF, prefix) != 0 ||
                               hash_from_hex(span_text(reason + prefix), &v->rotation_of) != OK))
                fail(f, ERR_BAD_STATEMENT, "reason", "`initial` or `rotation of` an id");
}

static void take_previous(struct json_fields *f, struct version_fields *v)
{
        const char *previous = json_take_text(f, "previous", 1, HASH_HEX);

        if (!previous)
                return;
        v->has_previous = strcmp(previous, "none") != 0;
        if (v->has_previous && hash_from_hex(span_text(previous), &v->previous) != OK)
                fail(f, ERR_BAD_STATEMENT, "previous", "`none` or an id");
}

static void take_version(struct json_fields *f, struct version_fields *v)
{
        int64_t need;

        v->credential = take_name(f, "credential");
        v->number = (uint64_t)json_take_int(f, "number", 0, JSON_INT_MAX);
        take_previous(f, v);
        v->policy = take_name(f, "policy");
        need = json_take_int(f, "need", 0, JSON_INT_MAX);
        if (need < 1 || need > SHARE_MAX)
                fail(f, ERR_BAD_VERSION, "need", "out of 1 to 32");
        v->need = (unsigned)need;
        v->recipient = take_open_key(f, "recipient");
        take_commitments(f, v);
        take_shares(f, v);
        take_ciphertext(f, v);
        take_version_reason(f, v);
}

/* ---- recovery ---- */

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

static void take_recovery(struct json_fields *f, struct statement *s)
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

/* ---- the head ---- */

static void take_by(struct json_fields *f, struct statement *s)
{
        /* Only a roster may carry several signatures, and its payload is no JSON. */
        json_t *list = json_take_list(f, "by", 1, 1);
        const char *name = json_string_value(json_array_get(list, 0));

        if (!name || (strcmp(name, "broker") != 0 && !name_is_valid(name))) {
                fail(f, ERR_BAD_STATEMENT, "by", "one name was expected");
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
                fail(f, ERR_UPGRADE, "v", "only 1 is known here");
        type = json_take_text(f, "type", 1, TEXT_MAX);
        if (type && strcmp(type, statement_type_word(s->type)) != 0)
                fail(f, ERR_BAD_STATEMENT, "type", "another than the envelope's");
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
                take_version(&f, &s->version);
        if (s->type == STATEMENT_RECOVERY)
                take_recovery(&f, s);
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
