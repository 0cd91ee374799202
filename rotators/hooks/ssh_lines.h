/* The authorized_keys file of an account on another host: read and changed over SSH, line by line, in one step that
 * nobody sees half done. */
#pragma once
#include "rotators/hooks/ssh_account.h"

/* The whole file, empty when there is none; false with an answer when it cannot be read, or not be written later. */
MUST_CHECK bool ssh_lines_read(const struct ssh_account *t, struct bytes *ret, struct hook_answer *a);
/* Drops the lines with one of the keys (base64), and adds a line with our tag for `add` (base64; empty: none);
 * there is at least one of both.
 * false with an answer. */
MUST_CHECK bool ssh_lines_change(const struct ssh_account *t, const struct span drop[], size_t n, struct span add,
                                 struct hook_answer *a);
/* The moment (sessions.h) of the file's last change. false with an answer. */
MUST_CHECK bool ssh_lines_changed_at(const struct ssh_account *t, struct bytes *ret, struct hook_answer *a);
