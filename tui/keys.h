/* Bytes from a terminal become keys: UTF-8, the escape sequences of arrows and friends, and the brackets around a
 * paste. Pure; the lone ESC is told from a sequence by the loop's patience (KEY_PATIENCE_MS). */
#pragma once
#include "base/bytes.h"

#define KEY_PATIENCE_MS 25

enum key_code {
        K_NONE,
        K_CHAR, /* point */
        K_CTRL, /* point: 'a'…'z' */
        K_ENTER,
        K_ESC,
        K_TAB,
        K_BACK_TAB,
        K_BACKSPACE,
        K_DELETE,
        K_UP,
        K_DOWN,
        K_LEFT,
        K_RIGHT,
        K_PAGE_UP,
        K_PAGE_DOWN,
        K_HOME,
        K_END,
        K_PASTE_BEGIN,
        K_PASTE_END,
        K_OTHER, /* some key that means nothing here */
};

struct key_press {
        enum key_code code;
        uint32_t point;
};

struct key_reader {
        unsigned char held[32];
        size_t n;
};

/* Takes one byte; true when a key is complete. */
bool key_feed(struct key_reader *r, unsigned char byte, struct key_press *ret);
/* Nothing followed within the patience: what is held is a key of its own. False when nothing is held. */
bool key_give_up(struct key_reader *r, struct key_press *ret);
static inline bool key_is_pending(const struct key_reader *r)
{
        return r->n > 0;
}
/* How a key is called in help: "j", "Enter", "^L". */
#define KEY_NAME 16
const char *key_name(struct key_press k, char ret[KEY_NAME]);
