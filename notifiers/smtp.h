/* One mail over SMTP, always inside TLS, and what the server's answer means for the page. */
#pragma once
#include "notifiers/deliver.h"

#define SMTP_RECIPIENTS_MAX 32u

struct smtp_mail {
        const char *url;      /* smtps://HOST:PORT/HELLO, or smtp:// for STARTTLS; HELLO may be empty */
        const char *username; /* or NULL: no login */
        const char *password;
        const char *from, *to[SMTP_RECIPIENTS_MAX]; /* checked addresses */
        size_t n_to;
        const char *ca_file, *proxy_url;
        struct span message;
};

/* Accepted (o->exit PLUGIN_OK, id untouched) when the server took the mail for at least one recipient;
 * ret_refused says how many it refused. Otherwise `o` says why: 4yz and no connection try again, a refused login
 * refused, no TLS misconfigured, 5yz failed, no answer after the last byte unknown. */
void smtp_send(const struct smtp_mail *m, size_t *ret_refused, struct outcome *o);
