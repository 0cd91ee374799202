/* What would be done next, for people: the engine is asked as always, and nothing is done. */
#include "rotators/rotator.h"

static void preview(const struct rotator *r, const struct task *t, struct engine_next next)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        printf("%s version %llu: ", t->credential->name, (unsigned long long)t->old.fields->number);
        if (next.step != ENGINE_REST) {
                printf("%s, with the hook %s\n", engine_step_word(next.step), t->hook->name);
                return;
        }
        task_explain_rest(r, t, next.rest_until_ms, &why);
        puts(bytes_text(&why));
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
                        preview(r, &t, engine_next(&t.facts));
        }
        return e;
}
