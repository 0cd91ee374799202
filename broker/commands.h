/* What breakglassd does besides running: each returns the exit code. */
#pragma once
#include "quorum/envelope.h"

int command_keygen(const char *folder);
int command_check_config(const char *config_path);
int command_init(const char *config_path, const char *roster_path);
/* A new store from a vault export; logs: longer copies of the log (clients' `log export`s), genesis: the pin or NULL,
 * roster: NULL or the next roster, signed, to come right behind (the way to new keys of the broker when the old ones
 * are lost, too). */
#define RESTORE_LOGS_MAX 64u
struct restore_from {
        const char *vault, *genesis, *roster;
        size_t n_logs;
        const char *logs[RESTORE_LOGS_MAX];
};
int command_restore(const char *config_path, const struct restore_from *from);
/* Into the store of a stopped broker: what clients' `log export`s have and its log lacks. */
int command_give_back(const char *config_path, const char *const files[], size_t n);
int command_export(const char *config_path, const char *out_path);
int command_notifier_test(const char *config_path, const char *name_or_path);
/* A statement's envelope from a file, as `roster sign` writes it. */
MUST_CHECK enum err command_read_envelope(const char *path, struct envelope *ret);
/* "breakglassd: CODE-WORD: sentence (reason)" on stderr. Returns the exit code of e. */
int command_failed(int e);
