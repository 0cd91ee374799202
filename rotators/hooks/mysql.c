/* The hook for the password of a MariaDB account (mysql_native_password or ed25519, whichever it has).
 *
 * What the server is to store is made here: the plaintext reaches neither the server nor its log. An account has one
 * password, so that changing it ends the old one for new sessions; `revoke` also ends the old sessions. The handle is
 * `sha256:DIGEST-OF-THE-STORED-VERIFIER@SERVER-START@CONNECTION-NUMBER`. */
#include "rotators/hooks/mysql_account.h"

static const char description[] =
        "{\"hook\":\"mysql\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"user\",\"admin_user\"],\"optional\":[\"socket\",\"host\",\"port\",\"user_host\","
        "\"admin_password_file\",\"ca_file\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct mysql_account account = {0};
        const struct single_target target = {.self = &account,
                                             .check = mysql_account_check,
                                             .set = mysql_account_set,
                                             .try_login = mysql_account_try,
                                             .end_sessions = mysql_account_end_sessions,
                                             .take_handle = mysql_account_handle,
                                             .is_as_set = mysql_account_is_as_set};
        if (mysql_account_read(in, &account) == OK)
                single_run(&target, step, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        mysql_account_done(&account);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "mysql", .description = description, .run = run};
        return hook_main(&hook, argc, argv);
}
