/* An account on another host whose SSH key is rotated, and an admin who may act as the account there. */
#pragma once
#include "rotators/hooks/sessions.h"

struct ssh_account {
        struct ssh_host host;
        struct bytes user, admin_user, admin_key_file, path, options;
        struct bytes tag;                   /* "breakglass:CREDENTIAL", the comment of our lines */
        struct bytes as_account, as_either; /* commands that read a script: as the account; as root, or the account */
        bool ends_sessions;
};

/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err ssh_account_read(const struct hook_input *in, struct ssh_account *ret);
void ssh_account_done(struct ssh_account *t);
/* Runs a script as the account itself, so that no link in its folder can lead an admin elsewhere: host_script_run().
 */
MUST_CHECK bool ssh_account_run(const struct ssh_account *t, const struct bytes *body, bool changes,
                                struct ssh_ran *ret, struct hook_answer *a);
/* Whether the account's sessions can be seen there, and the end of those that began at the moment or before it. false
 * with an answer. */
MUST_CHECK bool ssh_account_sees_sessions(const struct ssh_account *t, struct hook_answer *a);
MUST_CHECK bool ssh_account_end_sessions(const struct ssh_account *t, const char *moment, struct hook_answer *a);
