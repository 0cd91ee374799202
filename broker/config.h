/* The broker's configuration: a strict YAML file. Secrets are only ever named by file.
 *
 *   state: /var/lib/breakglass
 *   listen: {unix: /run/breakglass/api.sock, unix_mode: "0660", tls: "0.0.0.0:7443"}
 *   admin: 127.0.0.1:7480
 *   keys: {sign: FILE, sign_next: FILE, tls_key: FILE, tls_cert: FILE}
 *   limits: {…}  channels: {NAME: {program, config, timeout, per_minute, events}}
 *   webhooks: {pagerduty: {secret_file, grace}, NAME: {secret_file, public_key_file, grace}}  heartbeat: 1d
 *   exports: {every: 1h, keep: 24, folder: /var/backups/breakglass, program, config, timeout}
 */
#pragma once
#include "base/bytes.h"
#include <stdatomic.h>

#define CONFIG_MAX_BYTES (256u * 1024u)
#define CHANNELS_MAX     32u
#define WEBHOOKS_MAX     8u

struct config_limits {
        int64_t connections;            /* in all, per listener */
        int64_t connections_per_caller; /* per network address, or per user id on the unix socket */
        int64_t body_bytes;
        int64_t request_deadline_ms;           /* from the first byte of a request to its last */
        int64_t answer_deadline_ms;            /* for a caller to take an answer */
        int64_t open_requests;                 /* of one person; one more is refused */
        int64_t requests_per_hour;             /* of one person */
        int64_t statements_per_minute;         /* of one person */
        int64_t rotator_statements_per_minute; /* of one rotator, which says eight for each rotation */
        int64_t sessions_per_minute;
        int64_t failures_per_minute; /* of one caller: unknown signers, bad signatures, bad tokens */
        int64_t long_polls;          /* of one person at a time */
        int64_t threads;             /* per listener */
};

struct config_channel {
        char *name, *program;
        struct bytes config; /* a JSON object */
        int64_t timeout_ms;
        int64_t per_minute; /* of pages that are no openings; 0: no limit */
        size_t n_events;
        char **events; /* only these kinds; none: all */
};

/* Who may propose a close: PagerDuty by its own signature, everybody else by Standard Webhooks. */
struct config_webhook {
        char *name;
        char *secret_file, *public_key_file; /* or NULL, but not both */
        int64_t grace_ms;
};

/* Exports of the vault, made by the broker itself (broker/exporter.h). */
struct config_exports {
        int64_t every_ms; /* 0: none are made */
        int64_t keep;     /* the newest of them stay in the folder */
        char *folder;
        char *program;       /* or NULL: takes each new one elsewhere */
        struct bytes config; /* the program's: a JSON object */
        int64_t timeout_ms;  /* of the program */
};

/* Shared by whoever still looks at it; a reload puts another in its place. */
struct config {
        atomic_uint refs;
        char *state;
        char *unix_path; /* or NULL */
        unsigned unix_mode;
        char *tls_address; /* "ADDR:PORT" or NULL */
        char *admin;       /* or NULL */
        char *sign_key, *sign_next_key, *tls_key, *tls_cert;
        struct config_limits limits;
        size_t n_channels;
        struct config_channel channels[CHANNELS_MAX];
        size_t n_webhooks;
        struct config_webhook webhooks[WEBHOOKS_MAX];
        int64_t heartbeat_ms; /* 0: never */
        struct config_exports exports;
};

/* Errors: ERR_CONFIG (the reason says line and column), ERR_NO_ENTRY, ERR_TOO_LARGE, ERR_IO. */
MUST_CHECK enum err config_read(const char *path, struct config **ret);
MUST_CHECK enum err config_parse(struct span yaml, struct config **ret);
struct config *config_keep(struct config *c);
void config_drop(struct config *c);

/* "1.2.3.4:80", "[::1]:80" → host and port. Errors: ERR_CONFIG. */
MUST_CHECK enum err config_address(const char *text, char ret_host[64], unsigned *ret_port);
const struct config_channel *config_channel(const struct config *c, const char *name);
/* Whether the channel wants this kind of event. */
bool config_channel_wants(const struct config_channel *ch, const char *kind);
const struct config_webhook *config_webhook(const struct config *c, const char *name); /* NULL */
bool config_webhook_is_pagerduty(const struct config_webhook *hook);
/* Whether every channel's program may be run: file_check_program(). */
MUST_CHECK enum err config_check_programs(const struct config *c);
/* Whether exports may be written and handed on as configured: export_folder_check(), file_check_program(). */
MUST_CHECK enum err config_check_exports(const struct config *c);
/* Why a reload can't take the new configuration over without a restart; NULL when it can. */
const char *config_needs_restart(const struct config *old, const struct config *fresh);
