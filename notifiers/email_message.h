/* What a page looks like as a mail (RFC 5322): plain text and simple HTML side by side, threaded by request. */
#pragma once
#include "notifiers/words.h"

#define EMAIL_SUBJECT_MAX 160u
#define EMAIL_TEXT_MAX    1000u
#define EMAIL_ADDRESS_MAX 254u

struct envelope_addresses {
        const char *from;   /* email_is_address() */
        const char *to;     /* the same, several separated by ", " */
        int64_t default_ms; /* the time of an event that names none */
};

/* An address as it may stand between < and >: ASCII, one @, no quotes, comments or white space. */
bool email_is_address(const char *text);
/* "<HEX@DOMAIN>": the same for every attempt of the event. */
void email_id(const struct delivery *d, const char *from, struct bytes *ret);
/* The whole message with CRLF line ends. No text of a person begins a header or ends one: headers hold a single line
 * of printable ASCII or encoded words (RFC 2047), the parts are base64. */
void email_message(const struct delivery *d, const struct envelope_addresses *a, struct bytes *ret);
