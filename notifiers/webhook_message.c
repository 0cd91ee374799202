#include "notifiers/webhook_message.h"
#include "base/clock.h"
#include <stdlib.h>

void webhook_id(const struct delivery *d, struct bytes *ret)
{
        /* A digest, because `.` parts the signed fields and a header takes no white space. */
        struct hash h = hash_of(span_text(event_text(d, "dedup_key")));
        bytes_add_text(ret, "msg_");
        bytes_add_hex(ret, h.b, HASH_BYTES / 2);
}

void webhook_message(const struct delivery *d, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes type = BYTES_NONE;
        int64_t at = event_int(d, "at");
        char time[TIME_TEXT];
        char *data = json_dumps(d->event, JSON_COMPACT | JSON_ENSURE_ASCII);
        bytes_printf(&type, "breakglass.%s", event_text(d, "kind"));
        bytes_add_text(ret, "{\"type\":");
        bytes_add_json(ret, bytes_span(&type));
        bytes_printf(ret, ",\"timestamp\":\"%s\",\"data\":", time_format(at > 0 ? at : clock_now_ms(), time));
        bytes_add_text(ret, data ? data : "{}");
        bytes_add_byte(ret, '}');
        free(data);
}
