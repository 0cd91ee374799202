/* What would be done next, for people: the engine is asked as always, and nothing is done. */
#include "base/clock.h"
#include "rotators/rotator.h"

static void preview(const struct task *t, struct engine_next next)
{
        printf("%s version %llu: ", t->credential->name, (unsigned long long)t->old.fields->number);
        if (next.step != ENGINE_REST)
                printf("%s, with the hook %s\n", engine_step_word(next.step), t->hook->name);
        else if (next.rest_until_ms == INT64_MAX)
                puts("waits for the log (holders' custody, another rotator, or an admin)");
        else
                printf("waits for %lld s\n", (long long)((next.rest_until_ms - t->facts.now_ms) / SECOND_MS));
}

enum err rotator_preview(struct rotator *r)
{
        enum err e = client_sync(r->client, 0, NULL);
        const struct ledger *l = client_ledger(r->client);
        const struct sight sight = {l, client_me(r->client), &r->config, &r->jobs};
        for (size_t i = 0; e == OK && i < ledger_versions(l); i++) {
                struct task t;
                if (!task_look(&sight, i, client_now_ms(r->client), &t))
                        continue;
                bool is_at_rest = t.facts.is_current && !t.facts.is_due && !t.facts.has_job;
                if (!is_at_rest)
                        preview(&t, engine_next(&t.facts));
        }
        return e;
}
