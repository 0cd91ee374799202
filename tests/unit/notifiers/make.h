/* An event as the broker would send it, for the tests of the notifiers. */
#pragma once
#include "notifiers/deliver.h"
#include <criterion/criterion.h>
#include <string.h>

/* more: further keys of the event, each with a leading comma; may replace nothing. */
static inline struct delivery make_delivery(const char *kind, const char *more)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct delivery d = {0};
        bytes_printf(&text,
                     "{\"event\":{\"kind\":\"%s\",\"dedup_key\":\"d-1\",\"text\":\"erin asks for prod/db/root\"%s},"
                     "\"config\":{},\"attempt\":1}",
                     kind, more);
        cr_assert_eq(delivery_read(bytes_span(&text), &d), OK, "%s", err_reason());
        return d;
}
