/* The parts of `breakglass recover`, and what they begin with. */
#pragma once
#include "client/recover.h"
#include "tui/options.h"

extern const struct command command_recover_verify, command_recover_ask, command_recover_approve,
        command_recover_open;

#define RECOVER_TEXT_MAX (256u * 1024u) /* of blocks, at once */

struct recovering {
        const char *from, *genesis, *work; /* as given, or NULL */
        struct recovery r;
};

#define CLEANUP_RECOVERING __attribute__((cleanup(recovering_done)))

#define RECOVERING_OPTIONS(x)                                                                                        \
        {"from", OPTION_TEXT, &(x)->from, "EXPORT", "the vault's export"},                                           \
        {                                                                                                            \
                "genesis", OPTION_TEXT, &(x)->genesis, "HEX",                                                        \
                        "the installation that it must be (where none was joined)"                                   \
        }

/* The pin: --genesis, else that of the joined installation. Errors: ERR_NO_PIN, ERR_USAGE. */
MUST_CHECK enum err recovering_pin(struct cli *cli, const struct recovering *x, struct hash *ret);
/* Reads and verifies the export under this pin (NULL: none), and against the own copy of the log where there is one.
 * Errors: those of vault_open(), ERR_CORRUPT_LOG (the own copy is another history). */
MUST_CHECK enum err recovering_read(struct cli *cli, struct recovering *x, const char *path, const struct hash *pin);
/* All of it: pin, export, identity, my name, the folder. */
MUST_CHECK enum err recovering_begin(struct cli *cli, struct recovering *x);
void recovering_done(struct recovering *x);

/* A file's text, or stdin's for "-": to its end, or (until not NULL) to the line that has these words. */
MUST_CHECK enum err recovering_text(const char *path, const char *until, struct bytes *ret);
/* A block to a new file and, without one, to stdout. */
MUST_CHECK enum err recovering_put_block(const char *path, const struct bytes *block);
