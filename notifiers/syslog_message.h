/* What a page looks like as a syslog message (RFC 5424), framed for TLS (RFC 5425: octet counting). */
#pragma once
#include "notifiers/words.h"

#define SYSLOG_FACT_MAX    150u
#define SYSLOG_MESSAGE_MAX 8192u /* what receivers should take (RFC 5425, 4.3.1) */

struct syslog_origin {
        const char *hostname;
        unsigned facility;  /* 0…23 */
        int64_t default_ms; /* the time of an event that names none */
};

/* The number of "authpriv", "local0", … Errors: ERR_CONFIG. */
MUST_CHECK enum err syslog_facility(const char *name, unsigned *ret);
/* "LENGTH MESSAGE": what the event says stands in structured data under its keys, one line for people behind it. */
void syslog_frame(const struct delivery *d, const struct syslog_origin *from, struct bytes *ret);
