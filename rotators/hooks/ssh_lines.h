/* The authorized_keys file of an account on another host: read and changed over SSH by an admin, line by line, in one
 * step that nobody sees half done. */
#pragma once
#include "rotators/hooks/ssh_run.h"

struct ssh_account {
        struct ssh_host host;
        struct bytes user, admin_user, admin_key_file, path, options;
        struct bytes tag; /* "breakglass:CREDENTIAL", the comment of our lines */
};

/* Errors: ERR_CONFIG, ERR_IO with the reason. */
MUST_CHECK enum err ssh_account_read(const struct hook_input *in, struct ssh_account *ret);
void ssh_account_done(struct ssh_account *t);
/* The whole file, empty when there is none; false with an answer when it cannot be read, or not be written later. */
MUST_CHECK bool ssh_lines_read(const struct ssh_account *t, struct bytes *ret, struct hook_answer *a);
/* Drops the lines with one of the keys (base64), and adds a line with our tag for `add` (base64; empty: none);
 * there is at least one of both.
 * false with an answer. */
MUST_CHECK bool ssh_lines_change(const struct ssh_account *t, const struct span drop[], size_t n, struct span add,
                                 struct hook_answer *a);
