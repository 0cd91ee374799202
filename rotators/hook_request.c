/* What a hook is told: the public part as text, the secret part never outside locked memory. */
#include "base/clock.h"
#include "rotators/hook_call.h"
#include <sodium.h>
#include <string.h>

#define CONFIG_DEPTH 4u

/* The roster's configuration, over it our own: nobody who may write a roster sends our admin access elsewhere. */
MUST_CHECK static enum err merge_config(const struct hook_call *call, char **ret)
{
        CLEANUP_JSON json_t *merged = NULL;
        enum err e = json_read(call->roster_config, CONFIG_DEPTH, &merged);
        if (e != OK)
                return e;
        if (json_object_update(merged, call->hook->config) != 0)
                return err_because(ERR_CONFIG, "the hook's configuration must be a map");
        *ret = json_dumps(merged, JSON_COMPACT);
        return *ret ? OK : ERR_CONFIG;
}

MUST_CHECK static enum err write_public(const struct hook_call *call, struct bytes *ret)
{
        CLEANUP_FREE char *config = NULL;
        enum err e = merge_config(call, &config);
        if (e != OK)
                return e;
        bytes_printf(ret, "{\"step\":\"%s\",\"idempotency_key\":\"%s\",\"credential\":", call->step,
                     call->idempotency_key);
        bytes_add_json(ret, span_text(call->credential));
        bytes_printf(ret, ",\"config\":%s,\"deadline\":%lld", config, (long long)(clock_now_ms() + call->timeout_ms));
        if (call->sequence)
                bytes_printf(ret, ",\"sequence\":%lld", (long long)call->sequence);
        if (call->handle) {
                bytes_add_text(ret, ",\"handle\":");
                bytes_add_json(ret, span_text(call->handle));
        }
        if (call->old_handle) {
                bytes_add_text(ret, ",\"old_handle\":");
                bytes_add_json(ret, span_text(call->old_handle));
        }
        if (call->is_old_by_hand)
                bytes_add_text(ret, ",\"old_by_hand\":true");
        return OK;
}

static size_t fields_size(const struct document *d)
{
        size_t n = 32;
        for (size_t i = 0; d && i < d->n_fields; i++)
                n += FIELD_NAME_MAX + 8 + sodium_base64_ENCODED_LEN(d->field[i].len, sodium_base64_VARIANT_ORIGINAL);
        return n;
}

static void put(struct secret *to, size_t *at, const void *p, size_t n)
{
        memcpy(to->bytes + *at, p, n);
        *at += n;
}

static void put_text(struct secret *to, size_t *at, const char *text)
{
        put(to, at, text, strlen(text));
}

/* ,"pending":{"NAME":"BASE64",…}: names and base64 need no escapes. */
static void put_fields(struct secret *to, size_t *at, const char *key, const struct document *d)
{
        if (!d)
                return;
        put_text(to, at, ",\"");
        put_text(to, at, key);
        put_text(to, at, "\":{");
        for (size_t i = 0; i < d->n_fields; i++) {
                put_text(to, at, i ? ",\"" : "\"");
                put_text(to, at, d->field[i].name);
                put_text(to, at, "\":\"");
                char *text = (char *)to->bytes + *at;
                sodium_bin2base64(text, to->len - *at, d->field[i].value, d->field[i].len,
                                  sodium_base64_VARIANT_ORIGINAL);
                *at += strlen(text);
                put_text(to, at, "\"");
        }
        put_text(to, at, "}");
}

enum err hook_write_request(const struct hook_call *call, struct secret *ret)
{
        CLEANUP_BYTES struct bytes public_part = BYTES_NONE;
        size_t at = 0;
        enum err e;
        if ((e = write_public(call, &public_part)) != OK)
                return e;
        if ((e = secret_new(public_part.n + fields_size(call->pending) + fields_size(call->opened) + 8, ret)) != OK)
                return e;
        put(ret, &at, public_part.p, public_part.n);
        put_fields(ret, &at, "pending", call->pending);
        put_fields(ret, &at, "opened", call->opened);
        put_text(ret, &at, "}\n");
        ret->len = at; /* the room behind it stays zero */
        return OK;
}
