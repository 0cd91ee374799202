#include "client/exports.h"
#include "base/clock.h"
#include "base/json.h"
#include "client/inside.h"

enum err exports_read(struct span body, struct exports_word *ret)
{
        CLEANUP_JSON json_t *object = NULL;
        struct exports_word w = {0};
        struct json_fields f;
        enum err e;

        if ((e = answer_json(body, 2, &object)) != OK)
                return e;
        json_fields_begin(&f, object);
        w.every_ms = json_take_int(&f, "every", 0, JSON_INT_MAX);
        w.is_failing = json_take_bool(&f, "is_failing");
        if (json_has(&f, "last_at")) {
                w.last_at_ms = json_take_int(&f, "last_at", 1, JSON_INT_MAX);
                w.entries = (uint64_t)json_take_int(&f, "entries", 1, JSON_INT_MAX);
        }
        if (json_fields_end(&f) != OK)
                return err_because(ERR_LYING_BROKER, "/v1/exports: malformed");
        *ret = w;
        return OK;
}

enum err client_exports(struct client *c, struct exports_word *ret)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        enum err e;

        if ((e = client_call(c, "/v1/exports", NULL, CALL_MS, &body)) != OK)
                return e;
        return exports_read(bytes_span(&body), ret);
}
