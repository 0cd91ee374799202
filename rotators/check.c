/* Every hook's `check`, for the person who has just written the configuration. */
#include "base/clock.h"
#include "rotators/hook_call.h"
#include "rotators/rotator.h"
#include <stdio.h>

#define CHECK_WAIT_MS (60 * SECOND_MS)

MUST_CHECK static enum err check_credential(struct rotator *r, const struct credential *c,
                                            const struct hook_entry *hook)
{
        struct hook_result result = {0};
        const struct hook_call call = {.hook = hook,
                                       .step = "check",
                                       .credential = c->name,
                                       .idempotency_key = "check",
                                       .roster_config = bytes_span(&c->hook_config),
                                       .timeout_ms = CHECK_WAIT_MS};
        enum err e = hook_run(&call, &result);
        if (e == OK)
                printf("%s: %s%s%s\n", c->name, result.exit == PLUGIN_OK ? "ok" : "NOT READY",
                       result.why.n ? ": " : "", bytes_text(&result.why));
        if (e == OK && result.exit != PLUGIN_OK)
                e = err_because(ERR_HOOK, "%s: %s", c->name, bytes_text(&result.why));
        hook_result_done(&result);
        return e;
}

enum err rotator_check(struct rotator *r)
{
        enum err e = client_sync(r->client, 0, NULL), worst = OK;
        const struct roster *roster = ledger_roster(client_ledger(r->client));
        for (size_t i = 0; e == OK && i < roster->n_credentials; i++) {
                const struct credential *c = &roster->credentials[i];
                const struct hook_entry *hook = config_hook(&r->config, c->hook);
                const struct policy *policy = roster_policy_of(roster, c->name);
                enum err one = hook && name_list_has(&policy->rotators, client_me(r->client))
                                       ? check_credential(r, c, hook)
                                       : OK;
                worst = one != OK ? one : worst;
        }
        return e != OK ? e : worst;
}
