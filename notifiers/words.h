/* The texts of a page: cut to a service's limits, made safe for one line, times readable. */
#pragma once
#include "notifiers/deliver.h"

/* Appends at most max code points of well-formed UTF-8; a longer text ends in "…". */
void words_cut(struct span utf8, size_t max, struct bytes *ret);
/* The same, with control, bidi and zero-width characters made visible first. NULL appends nothing. */
void words_safe(const char *text, size_t max, struct bytes *ret);
/* "Break-glass requested", "Glass broken", … for an event kind; the kind itself when it is a new one. */
const char *words_title(const char *kind);

struct fact {
        const char *label; /* as people read it */
        const char *key;   /* as machines read it */
        struct bytes text;
};
#define FACTS_MAX 15u
struct facts {
        size_t n;
        struct fact fact[FACTS_MAX];
};
/* What the event says, most important first, in safe texts of at most max code points. */
void facts_of(const struct delivery *d, size_t max, struct facts *ret);
void facts_done(struct facts *f);
