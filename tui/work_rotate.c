/* Jobs about rotations: what is said about one, the dry run of many, their order. */
#include "tui/history.h"
#include "tui/rotate.h"
#include "tui/words.h"
#include "tui/work_jobs.h"

/* What names many is told as far as it is about this one. */
static bool words_of_rotation(const struct ledger *l, const struct statement *s, const void *version,
                              struct bytes *ret)
{
        if (!history_is_about_rotation(l, s, version))
                return false;
        if (s->type == STATEMENT_ORDER)
                bytes_printf(ret, "%s orders it, with %zu in all: %s", s->by[0], s->order.versions.n, s->order.why);
        else if (s->type == STATEMENT_CUSTODY)
                bytes_printf(ret, "%s has checked the share of the new value", s->by[0]);
        else
                describe_statement(l, s, ret);
        return true;
}

enum err jobs_rotation(const struct jobs *j, const struct effect *job, struct result *ret)
{
        struct version_view v;

        ret->id = job->id;
        if (!ledger_version_by_id(cli_ledger(j->cli), &job->id, &v))
                return ERR_NOT_FOUND;
        /* Nothing can be about it before its own entry, which is the first that tells. */
        return jobs_page(j, v.n + 1, words_of_rotation, &job->id, &ret->page);
}

static struct rotate_options options_of(const struct effect *job)
{
        struct rotate_options o = {0};
        struct texts *const lists[] = {[LOT_OPENED_BY] = &o.opened_by,
                                       [LOT_INCIDENT] = &o.incidents,
                                       [LOT_POLICY] = &o.policies,
                                       [LOT_TAG] = &o.tags};

        o.all = job->number == LOT_ALL;
        if (!o.all)
                lists[job->number]->text[lists[job->number]->n++] = job->text[0];
        return o;
}

enum err jobs_plan(const struct jobs *j, const struct effect *job, struct result *ret)
{
        const struct rotate_options o = options_of(job);

        ret->id = job->id;
        ret->plan = mem_new(1, sizeof(*ret->plan));
        return rotate_choose(j->cli, &o, ret->plan);
}

/* Only what was confirmed: the log may have gone on since. */
enum err jobs_order(struct jobs *j, const struct effect *job, struct result *ret)
{
        const struct rotate_options o = options_of(job);
        struct hash digest;
        enum err e;

        ret->plan = mem_new(1, sizeof(*ret->plan));
        if ((e = client_sync(j->cli->client, 0, NULL)) != OK)
                return e;
        if ((e = rotate_choose(j->cli, &o, ret->plan)) != OK)
                return e;
        digest = rotate_plan_digest(ret->plan);
        if (!hash_equal(&digest, &job->id))
                return err_because(ERR_MISMATCH, "the list has changed since you saw it; look again");
        return rotate_order(j->cli, job->text[1], ret->plan);
}
