/* The hook for an ACL user of a Redis server (6 or newer).
 *
 * The server keeps the SHA-256 of a password, and takes it as such: the plaintext is sent only to log in. One `ACL
 * SETUSER name resetpass #HASH` takes the new one and drops all others in one step; `ACL SAVE` or `CONFIG REWRITE`
 * makes it durable. The handle is `sha256:DIGEST-OF-THE-STORED-HASH@RUN-ID@CONNECTION-NUMBER`: connections of that
 * run of the server with a lower number began before the change. */
#include "rotators/hooks/redis_account.h"

static const char description[] =
        "{\"hook\":\"redis\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"user\"],\"optional\":[\"socket\",\"host\",\"port\",\"admin_user\","
        "\"admin_password_file\",\"tls\",\"ca_file\",\"plaintext_network\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct redis_account account = {0};
        const struct single_target target = {.self = &account,
                                             .check = redis_account_check,
                                             .set = redis_account_set,
                                             .save = redis_account_save,
                                             .try_login = redis_account_try,
                                             .end_sessions = redis_account_end_sessions,
                                             .take_handle = redis_account_handle,
                                             .is_as_set = redis_account_is_as_set};
        if (redis_account_read(in, &account) == OK)
                single_run(&target, step, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        redis_account_done(&account);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "redis", .description = description, .run = run};
        return hook_main(&hook, argc, argv);
}
