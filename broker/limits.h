/* Who may do how much of what: token buckets by kind and name, in one table of fixed size. Thread-safe. */
#pragma once
#include "base/attr.h"
#include <stdbool.h>
#include <stdint.h>

enum limit_kind { LIMIT_STATEMENTS, LIMIT_SESSIONS, LIMIT_FAILURES, LIMIT_REQUESTS, LIMIT_HOOKS };

struct limits;
struct limits *limits_new(void);
void limits_free(struct limits *l);

/* A bucket holds `count` tokens and fills up within per_ms. Takes one; false when empty, and ret_wait_ms (may be
 * NULL) is how long until the next one. now_ms: monotonic. */
bool limits_take(struct limits *l, enum limit_kind kind, const char *who, int64_t count, int64_t per_ms,
                 int64_t now_ms, int64_t *ret_wait_ms);
/* The same question without taking. */
bool limits_has(struct limits *l, enum limit_kind kind, const char *who, int64_t count, int64_t per_ms,
                int64_t now_ms, int64_t *ret_wait_ms);
