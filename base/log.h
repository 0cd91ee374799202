/* Log lines for people: one JSON object per line on stderr, with defined fields only. Never the audit log, never a
 * secret. */
#pragma once
#include "base/bytes.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_NOTICE, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_field {
        const char *name;
        const char *text; /* NULL: the number counts */
        int64_t number;
};

static inline struct log_field F_TEXT(const char *name, const char *text) {
        return (struct log_field){name, text ? text : "", 0};
}

static inline struct log_field
F_INT(const char *name, int64_t value) {
        return (struct log_field){name, NULL, value};
}

/* log_event(LOG_LEVEL_NOTICE, "request.opened", F_TEXT("id", id), F_INT("n", n));  events are noun.past_verb. */
#define log_event(level, event, ...)                                                                                 \
        log_write((level), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){NULL, NULL, 0}})
void log_write(enum log_level level, const char *event, const struct log_field *fields);
void log_set_program(const char *name); /* the "program" field */
void log_set_level(enum log_level least);
