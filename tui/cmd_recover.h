/* The parts of `breakglass recover`, and what they begin with. */
#pragma once
#include "client/recover.h"
#include "tui/options.h"

extern const struct command command_recover_verify, command_recover_ask, command_recover_approve,
        command_recover_open, command_recover_import;

#define RECOVER_TEXT_MAX (256u * 1024u) /* of blocks, at once */

struct recovering {
        const char *from, *genesis, *work; /* as given, or NULL */
        bool is_own_log;                   /* instead of an export */
        struct recovery r;
};

#define CLEANUP_RECOVERING __attribute__((cleanup(recovering_done)))

#define RECOVERING_OPTIONS(x)                                                                                        \
        {"from", OPTION_TEXT, &(x)->from, "EXPORT", "the vault's export"},                                           \
        {                                                                                                            \
                "genesis", OPTION_TEXT, &(x)->genesis, "HEX",                                                        \
                        "the installation that it must be (where none was joined)"                                   \
        }

/* The pin: --genesis, else that of the joined installation; and the own copy of the log, where there is one. Errors:
 * ERR_NO_PIN, ERR_USAGE. */
MUST_CHECK enum err recovering_pin(struct cli *cli, const struct recovering *x, struct hash *ret);
/* Reads and verifies the export under this pin (NULL: none), and against the own copy of the log where there is one.
 * Errors: those of vault_open(), ERR_CORRUPT_LOG (the own copy is another history). */
MUST_CHECK enum err recovering_read(struct cli *cli, struct recovering *x, const char *path, const struct hash *pin);
/* The own copy of the log, where this machine has one of this ledger's installation; else NULL. */
const struct ledger *recovering_own(const struct cli *cli, const struct ledger *l);
/* The own copy of the log, where there is one, and this ledger are one history. Errors: ERR_CORRUPT_LOG. */
MUST_CHECK enum err recovering_compare(const struct cli *cli, const struct ledger *l);
/* The requester's folder: --work, or where the environment says. */
MUST_CHECK enum err recovering_find_folder(struct recovering *x);
/* All of it: pin, export, identity, my name, the folder. */
MUST_CHECK enum err recovering_begin(struct cli *cli, struct recovering *x);
/* The same with this machine's own copy of the log instead of an export. Errors: ERR_USAGE when it has none. */
MUST_CHECK enum err recovering_begin_own(struct cli *cli, struct recovering *x);
void recovering_done(struct recovering *x);

/* A file's text, or stdin's for "-": to its end, or (until not NULL) to the line that has these words. */
MUST_CHECK enum err recovering_text(const char *path, const char *until, struct bytes *ret);
/* Blocks that came as parts of QR codes, behind the text as whole blocks. Errors: as block_parts_join(). */
MUST_CHECK enum err recovering_join_parts(struct bytes *text);

/* How a block leaves: as text, and as QR codes. */
struct block_out {
        const char *file, *qr_file; /* or NULL */
        bool qr;
};

#define BLOCK_OUT_OPTIONS(o, what)                                                                                   \
        {"block", OPTION_TEXT, &(o)->file, "FILE", "write the " what " to a new file instead of stdout"},            \
                {"qr", OPTION_FLAG, &(o)->qr, NULL, "show it as QR codes, one after the other"},                     \
        {                                                                                                            \
                "qr-file", OPTION_TEXT, &(o)->qr_file, "FILE", "write one large QR code to a new file, .svg or .pbm" \
        }

/* What is sure to fail fails before anything is signed. Errors: ERR_USAGE, ERR_DUPLICATE. */
MUST_CHECK enum err block_out_check(const struct cli *cli, const struct block_out *o);
/* The text goes to stdout when it is asked for nowhere else, and not with --json. */
MUST_CHECK enum err block_out_do(const struct cli *cli, const struct block_out *o, enum block_kind kind,
                                 const struct bytes *block);
