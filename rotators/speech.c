/* What one round has to say to the broker, all at once. */
#include "base/log.h"
#include "rotators/rotator.h"
#include <string.h>

void speech_add(struct speech *speech, struct task *t, enum engine_step step, const struct statement *s)
{
        struct word *w = mem_new(1, sizeof *w);
        w->step = step;
        w->job = t->job;
        w->s = *s;
        if (s->type == STATEMENT_ROTATION && s->rotation.handle)
                w->s.rotation.handle = w->handle = mem_text(s->rotation.handle);
        t->job->is_busy = true;
        speech->word = mem_grow(speech->word, speech->n + 1, sizeof(struct word *));
        speech->word[speech->n++] = w;
}

void speech_add_version(struct speech *speech, struct task *t, struct sealed_version *sealed)
{
        const struct statement s = {.type = STATEMENT_VERSION, .version = sealed->fields};
        speech_add(speech, t, ENGINE_SEAL, &s);
        struct word *w = speech->word[speech->n - 1];
        w->sealed = sealed;
        w->blobs[w->n_blobs++] = bytes_span(&sealed->ciphertext);
        for (unsigned i = 0; i < sealed->fields.n_shares; i++)
                w->blobs[w->n_blobs++] = bytes_span(&sealed->share_file[i]);
}

/* Only now is it certain that `set` has been announced, and that it has not run. */
static void note_said(struct word *w)
{
        if (w->step == ENGINE_START_SET)
                w->job->seen = SEEN_UNTOUCHED;
        if (w->step == ENGINE_CHECK)
                w->job->has_told_check = true;
}

MUST_CHECK static enum err weigh_all(const struct rotator *r, struct speech *speech, const struct say_item items[])
{
        enum err worst = OK;
        for (size_t i = 0; i < speech->n; i++) {
                struct word *w = speech->word[i];
                if (items[i].error == OK) {
                        note_said(w);
                        continue;
                }
                enum err e = err_because(items[i].error, "%s", items[i].why ? items[i].why : "it was not sent");
                if ((e = task_weigh(r, w->job, w->step, e)) != OK)
                        worst = e;
        }
        return worst;
}

enum err speech_hold(struct rotator *r, struct speech *speech)
{
        struct say_item *items = mem_new(speech->n + 1, sizeof *items);
        for (size_t i = 0; i < speech->n; i++)
                items[i] = (struct say_item){.s = speech->word[i]->s,
                                             .blobs = speech->word[i]->blobs,
                                             .n_blobs = speech->word[i]->n_blobs};
        enum err e = jobs_flush(&r->jobs); /* our own notes come first */
        if (e == OK)
                e = client_say_many(r->client, items, speech->n);
        if (e == OK)
                e = weigh_all(r, speech, items);
        for (size_t i = 0; i < speech->n; i++)
                free(items[i].why);
        free(items);
        speech_done(speech);
        return e;
}

void speech_done(struct speech *speech)
{
        for (size_t i = 0; i < speech->n; i++) {
                struct word *w = speech->word[i];
                w->job->is_busy = false;
                if (w->sealed)
                        sealed_version_done(w->sealed);
                free(w->sealed);
                free(w->handle);
                free(w);
        }
        free(speech->word);
        *speech = (struct speech){0};
}
