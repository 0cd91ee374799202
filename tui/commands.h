/* Every command of `breakglass`, in the order of the help. Each lives in its own cmd_NAME.c. */
#pragma once
#include "tui/cli.h"

#define COMMAND_LIST(X)                                                                                              \
        X(keygen)                                                                                                    \
        X(passphrase)                                                                                                \
        X(paper)                                                                                                     \
        X(whoami)                                                                                                    \
        X(join)                                                                                                      \
        X(roster)                                                                                                    \
        X(seal)                                                                                                      \
        X(request)                                                                                                   \
        X(inbox)                                                                                                     \
        X(approve)                                                                                                   \
        X(deny)                                                                                                      \
        X(cancel)                                                                                                    \
        X(open)                                                                                                      \
        X(close)                                                                                                     \
        X(hold)                                                                                                      \
        X(extend)                                                                                                    \
        X(rotate)                                                                                                    \
        X(status)                                                                                                    \
        X(postmortem)                                                                                                \
        X(drill)                                                                                                     \
        X(recover)                                                                                                   \
        X(log)                                                                                                       \
        X(doctor)

#define X(name) extern const struct command command_##name;
COMMAND_LIST(X)
#undef X
extern const struct command command_home; /* `breakglass` alone */
