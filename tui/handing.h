/* The options of a command that hands an opened secret over, and the one way that they choose. */
#pragma once
#include "tui/hand_over.h"
#include "tui/options.h"

struct handing {
        bool show, exec, on_disk;
        const char *output, *field;
        const char *const *program; /* of --exec: what stands behind `--` */
        size_t n_program;
};

/* The options' lines of a command's table. */
#define HANDING_OPTIONS(h)                                                                                            \
        {"show", OPTION_FLAG, &(h)->show, NULL, "print the fields (the default at a terminal)"},                      \
                {"field", OPTION_TEXT, &(h)->field, "NAME", "only this field, raw"},                                  \
                {"output", OPTION_TEXT, &(h)->output, "FILE",                                                         \
                 "write to a new file, mode 0600, on a tmpfs; several fields go to FILE.NAME each"},                  \
                {"on-disk", OPTION_FLAG, &(h)->on_disk, NULL, "let --output write to a disk"},                        \
        {                                                                                                             \
                "exec", OPTION_FLAG, &(h)->exec, NULL,                                                                \
                        "run the command behind --; it reads the fields from /dev/fd/3, 4, …, once; {FIELD} in an " \
                        "argument becomes that path"                                                                  \
        }

/* What can go wrong with the choice, the file or the program goes wrong before the glass is broken. Errors: ERR_USAGE
 * and those of hand_over_check_file() and hand_over_check_program(). */
MUST_CHECK enum err handing_check(const struct cli *cli, struct handing *h);
MUST_CHECK enum err handing_do(struct cli *cli, const struct handing *h, const struct document *d);
