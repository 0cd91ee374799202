/* What breakglassd does besides running: each returns the exit code. */
#pragma once
#include "quorum/envelope.h"

int command_keygen(const char *folder);
int command_check_config(const char *config_path);
int command_init(const char *config_path, const char *roster_path);
/* A new store from a vault export; log: a longer copy of the log (a client's `log export`), genesis: the pin, roster:
 * the next roster, signed, to come right behind (the way to new keys of the broker when the old ones are lost, too);
 * all three may be NULL. */
struct restore_from {
        const char *vault, *log, *genesis, *roster;
};
int command_restore(const char *config_path, const struct restore_from *from);
int command_export(const char *config_path, const char *out_path);
int command_notifier_test(const char *config_path, const char *name_or_path);
/* A statement's envelope from a file, as `roster sign` writes it. */
MUST_CHECK enum err command_read_envelope(const char *path, struct envelope *ret);
/* "breakglassd: CODE-WORD: sentence (reason)" on stderr. Returns the exit code of e. */
int command_failed(int e);
