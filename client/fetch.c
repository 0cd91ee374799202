/* Blobs: sealed bytes that the log names by their hash. */
#include "base/clock.h"
#include "client/inside.h"

#define HANDOVERS_MAX 1000u

enum err client_blob(struct client *c, const struct hash *sha256, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        struct hash is;
        enum err e;

        bytes_add_text(&path, "/v1/blobs/");
        bytes_add_hex(&path, sha256->b, HASH_BYTES);
        if ((e = client_call_signed_in(c, bytes_text(&path), BULK_MS, &blob)) != OK)
                return e;
        is = hash_of(bytes_span(&blob));
        if (!hash_equal(&is, sha256)) {
                home_keep_evidence(&c->home, bytes_span(&blob));
                return err_because(ERR_LYING_BROKER, "the broker hands over other bytes than the signed log names");
        }
        bytes_add_span(ret, bytes_span(&blob));
        return OK;
}

void blob_list_done(struct blob_list *l)
{
        for (size_t i = 0; i < l->n; i++)
                bytes_done(&l->blob[i]);
        free(l->blob);
        *l = (struct blob_list){0};
}

static enum err take_blobs(json_t *list, struct blob_list *ret)
{
        json_t *text;
        size_t i;

        ret->blob = mem_new(json_array_size(list) + 1, sizeof(*ret->blob));
        json_array_foreach (list, i, text) {
                const char *base64 = json_string_value(text);

                if (!base64 || base64_decode(span_text(base64), &ret->blob[ret->n++]) != OK)
                        return err_because(ERR_LYING_BROKER, "/v1/handovers: malformed");
        }
        return OK;
}

enum err client_handovers(struct client *c, const struct hash *version, struct blob_list *ret)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_JSON json_t *object = NULL;
        struct blob_list found = {0};
        struct json_fields f;
        json_t *list;
        enum err e;

        bytes_add_text(&path, "/v1/handovers/");
        bytes_add_hex(&path, version->b, HASH_BYTES);
        if ((e = client_call_signed_in(c, bytes_text(&path), BULK_MS, &body)) != OK)
                return e;
        if ((e = answer_json(bytes_span(&body), 3, &object)) != OK)
                return e;
        json_fields_begin(&f, object);
        list = json_take_list(&f, "blobs", 0, HANDOVERS_MAX);
        if (json_fields_end(&f) != OK)
                return err_because(ERR_LYING_BROKER, "/v1/handovers: malformed");
        e = take_blobs(list, &found);
        if (e == OK)
                *ret = found;
        else
                blob_list_done(&found);
        return e;
}
