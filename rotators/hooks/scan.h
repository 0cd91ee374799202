/* A scanner over JSON bytes that copies nothing: it only says where a value begins and ends. */
#pragma once
#include "base/bytes.h"

#define SCAN_DEPTH_MAX 32u

struct scan {
        struct span text;
        size_t at;
        bool is_first;  /* of the object's pairs, of the list's items */
        enum err error; /* sticky: ERR_BAD_STATEMENT */
};

struct scan scan_begin(struct span text);
/* Walks an object: scan_enter(), then scan_key() until it says false. Keys are plain: an escape in one is an error.
 */
void scan_enter(struct scan *s);
bool scan_key(struct scan *s, struct span *ret_key);
/* The same for other people's objects: a key may hold escapes, and is given as it is written. */
bool scan_any_key(struct scan *s, struct span *ret_key);
/* Walks a list: scan_enter_list(), then scan_item() until it says false. */
void scan_enter_list(struct scan *s);
bool scan_item(struct scan *s, struct span *ret);
/* The next value with its quotes or brackets. */
struct span scan_value(struct scan *s);
/* The next value, which must be a text without escapes; without its quotes. */
struct span scan_plain_text(struct scan *s);
/* Nothing but white space is left. */
void scan_end(struct scan *s);
