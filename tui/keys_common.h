/* The keys that every screen knows. */
#pragma once
#include "tui/model.h"

#define COMMON_KEYS(X)                                                                                               \
        X(CHAR('?'), ACT_HELP, "help", "Show every key that works here; any key leaves.")                            \
        X(KEY(K_ESC), ACT_BACK, "back", "Go back; always safe, nothing is sent.")                                    \
        X(CHAR('n'), ACT_GO_NOW, NULL, "Go to Now: what is open and what waits.")                                    \
        X(CHAR('c'), ACT_GO_CREDENTIALS, NULL, "Go to the credentials.")                                             \
        X(CHAR('l'), ACT_GO_LOG, NULL, "Go to the log.")                                                             \
        X(CHAR('p'), ACT_GO_PEOPLE, NULL, "Go to people, pages and readiness.")                                      \
        X(CHAR('R'), ACT_GO_ROTATIONS, NULL, "Go to the rotations: due, under way, proven.")                         \
        X(CTRL('l'), ACT_REDRAW, NULL, "Paint the whole screen anew.")                                               \
        X(CTRL('z'), ACT_SUSPEND, NULL, "Go to the shell; `fg` comes back. What is shown is hidden first.")          \
        X(CTRL('x'), ACT_LOCK, NULL, "Lock now: wipe the identity and whatever is opened from memory.")              \
        X(CHAR('q'), ACT_QUIT, "quit", "Leave. Requests go on without this terminal.")                               \
        X(CTRL('c'), ACT_STOP, NULL, "Go back; on Now, leave.")

#define MOVE_KEYS(X)                                                                                                 \
        X(CHAR('j'), ACT_DOWN, NULL, "Down.")                                                                        \
        X(KEY(K_DOWN), ACT_DOWN, NULL, "Down.")                                                                      \
        X(CHAR('k'), ACT_UP, NULL, "Up.")                                                                            \
        X(KEY(K_UP), ACT_UP, NULL, "Up.")                                                                            \
        X(CTRL('f'), ACT_PAGE_DOWN, NULL, "A page down.")                                                            \
        X(KEY(K_PAGE_DOWN), ACT_PAGE_DOWN, NULL, "A page down.")                                                     \
        X(CTRL('b'), ACT_PAGE_UP, NULL, "A page up.")                                                                \
        X(KEY(K_PAGE_UP), ACT_PAGE_UP, NULL, "A page up.")                                                           \
        X(CHAR('g'), ACT_FIRST, NULL, "To the beginning.")                                                           \
        X(KEY(K_HOME), ACT_FIRST, NULL, "To the beginning.")                                                         \
        X(CHAR('G'), ACT_LAST, NULL, "To the end.")                                                                  \
        X(KEY(K_END), ACT_LAST, NULL, "To the end.")

extern const struct key_about common_keys[], move_keys[];
extern const size_t n_common_keys, n_move_keys;
/* What the key means on this screen: its own table first. */
enum action key_action(const struct screen *s, struct key_press k);
