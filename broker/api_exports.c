#include "broker/api.h"
#include "broker/exporter.h"
#include <inttypes.h>

/* For anybody, like /v1/about: how old the newest verified export is, and no word of where it lies. */
void api_exports(struct call *c)
{
        struct export_view v;
        struct bytes body = BYTES_NONE;
        bool is_failing = false;
        exporter_view(c->broker->exporter, &v);
        for (size_t i = 0; i < EXPORT_TROUBLES; i++)
                is_failing |= v.trouble[i].standing == EXPORT_TROUBLED;
        bytes_printf(&body, "{\"every\":%" PRId64 ",\"is_failing\":%s", v.every_ms, is_failing ? "true" : "false");
        if (v.last_at_ms)
                bytes_printf(&body, ",\"last_at\":%" PRId64 ",\"entries\":%" PRIu64, v.last_at_ms, v.entries);
        bytes_add_byte(&body, '}');
        api_answer_json(c, &body);
}
