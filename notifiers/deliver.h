/* What every notifier program shares: one event comes in on stdin, one answer goes out as the last line of stdout.
 *
 *   stdin   {"event":{…},"config":{…},"attempt":N}
 *   stdout  {"status":"accepted","id":…}   or   {"status":"failed","why":…,"retry_after":S}
 *   exit    enum plugin_exit
 */
#pragma once
#include "base/json.h"
#include "base/plugin.h"
#include "base/secret.h"

#define DELIVERY_MAX_BYTES (256u * 1024u)
#define WHY_MAX            300u

struct delivery {
        json_t *root;
        json_t *event; /* both borrowed from root */
        json_t *config;
        int64_t attempt; /* from 1; 1 when the caller does not say */
};

struct outcome {
        enum plugin_exit exit;
        struct bytes id;       /* of an accepted one: what the service calls it */
        struct bytes why;      /* of any other: for people, never a token */
        int64_t retry_after_s; /* 0: the service did not say */
};

/* Reads stdin, calls deliver, prints its outcome. Returns the exit code of main(). */
int deliver_main(const char *name, void (*deliver)(const struct delivery *d, struct outcome *ret));

/* Errors: ERR_BAD_STATEMENT with the reason. Unknown keys of the event are ignored (a newer broker may say more). */
MUST_CHECK enum err delivery_read(struct span text, struct delivery *ret);
void delivery_done(struct delivery *d);
void outcome_done(struct outcome *o);
/* Sets exit and why; cut at WHY_MAX bytes, made safe for one line. */
void outcome_fail(struct outcome *o, enum plugin_exit exit, const char *format, ...) PRINTF_LIKE(3, 4);
/* What a conversation that got no answer means for a page: a peer that is not who it must be is no fault of the page,
 * which waits until somebody has looked. */
enum plugin_exit outcome_of_transfer(enum plugin_exit exit);
/* The last line of stdout, with its newline. */
void outcome_write(const struct outcome *o, struct bytes *ret);

/* ---- the event: NULL or 0 when absent ---- */
const char *event_text(const struct delivery *d, const char *key);
int64_t event_int(const struct delivery *d, const char *key);
bool event_is(const struct delivery *d, const char *kind);

/* ---- the configuration: every key must be in `known`, a NULL-ended list. Errors: ERR_CONFIG with the reason. ----
 */
MUST_CHECK enum err config_check(const struct delivery *d, const char *const known[]);
MUST_CHECK enum err config_text(const struct delivery *d, const char *key, const char *fallback, const char **ret);
/* The content of the private file that KEY names (an absolute path, or a name in $CREDENTIALS_DIRECTORY), without its
 * trailing newline, NUL-ended. Errors: ERR_CONFIG. */
MUST_CHECK enum err config_secret(const struct delivery *d, const char *key, struct secret *ret);
/* HOST:PORT or [V6]:PORT under this key, with nothing that would mean more in a URL. Errors: ERR_CONFIG. */
MUST_CHECK enum err config_host_port(const struct delivery *d, const char *key, const char **ret);
/* Reads `ca_file` and `proxy_url`, which every channel knows. Errors: ERR_CONFIG. */
MUST_CHECK enum err config_peer(const struct delivery *d, const char **ret_ca_file, const char **ret_proxy_url);
