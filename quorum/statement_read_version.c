/* What a version says of its shares and its ciphertext. */
#include "quorum/statement_table.h"
#include "quorum/statement_take.h"
#include <string.h>

static void take_commitments(struct json_fields *f, struct version_fields *v)
{
        json_t *list = json_take_list(f, "commitments", 0, JSON_LIST_MAX), *item;
        size_t i;

        if (!list)
                return;
        json_array_foreach (list, i, item) {
                struct span hex = span_of(json_string_value(item), json_string_length(item));

                if (i >= SHARE_MAX)
                        payload_fail(f, ERR_BAD_VERSION, "commitments", "more than 32");
                else if (!json_is_string(item) || hex_decode(hex, v->commitments[i], POINT_BYTES) != OK)
                        payload_fail(f, ERR_BAD_STATEMENT, "commitments", "64 hex digits each");
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
        ret->holder = payload_name(&f, "holder");
        index = json_take_int(&f, "index", 0, JSON_INT_MAX);
        if (index < 1 || index > SHARE_MAX)
                payload_fail(&f, ERR_BAD_VERSION, "index", "out of 1 to 32");
        ret->index = (unsigned)index;
        ret->recipient = payload_open_key(&f, "recipient");
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
                        payload_fail(f, ERR_BAD_VERSION, "shares", "more than 32");
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
                payload_fail(f, ERR_BAD_STATEMENT, "reason", "`initial` or `rotation of` an id");
}

static void take_previous(struct json_fields *f, struct version_fields *v)
{
        const char *previous = json_take_text(f, "previous", 1, HASH_HEX);

        if (!previous)
                return;
        v->has_previous = strcmp(previous, "none") != 0;
        if (v->has_previous && hash_from_hex(span_text(previous), &v->previous) != OK)
                payload_fail(f, ERR_BAD_STATEMENT, "previous", "`none` or an id");
}

void payload_version(struct json_fields *f, struct version_fields *v)
{
        int64_t need;

        v->credential = payload_name(f, "credential");
        v->number = (uint64_t)json_take_int(f, "number", 0, JSON_INT_MAX);
        take_previous(f, v);
        v->policy = payload_name(f, "policy");
        need = json_take_int(f, "need", 0, JSON_INT_MAX);
        if (need < 1 || need > SHARE_MAX)
                payload_fail(f, ERR_BAD_VERSION, "need", "out of 1 to 32");
        v->need = (unsigned)need;
        v->recipient = payload_open_key(f, "recipient");
        take_commitments(f, v);
        take_shares(f, v);
        take_ciphertext(f, v);
        take_version_reason(f, v);
}
