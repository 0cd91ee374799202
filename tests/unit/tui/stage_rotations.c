#include "tests/unit/tui/stage_rotations.h"
#include "base/clock.h"
#include <assert.h>
#include <string.h>

static struct hash seal(struct stage *s, const char *name, const struct hash *previous, const char *by)
{
        struct sealed_version sealed;
        struct statement t = world_version(s->world, name, previous ? 2 : 1, previous, by, &sealed);

        stage_say(s, &t);
        sealed_version_done(&sealed);
        return world_last_id(s->world);
}

static const char *db_name(size_t i)
{
        static char name[32];

        snprintf(name, sizeof(name), "prod/eu/db%zu", i + 1);
        return name;
}

struct stage *stage_many(const char *me, struct stage_rotations *ret)
{
        struct stage *s = stage_new(me);
        CLEANUP_BYTES struct bytes more = BYTES_NONE;

        *ret = (struct stage_rotations){0};
        bytes_add_text(&more, "credentials:\n");
        for (size_t i = 0; i < STAGE_DBS; i++)
                bytes_printf(&more,
                             "  %s: {opens_what: a database, policy: prod-db, sealers: [alice], tags: [eu],"
                             " rotate: {hook: postgres, config: {role: r, host: h}}}\n",
                             db_name(i));
        bytes_add_text(&more,
                       "  prod/eu/safe: {opens_what: a safe, policy: prod-db, sealers: [alice], tags: [eu]}\n"
                       "  prod/eu/spare: {opens_what: nothing yet, policy: prod-db, sealers: [alice], tags: [eu]}\n");
        stage_fold(s, world_next_roster(s->world, "credentials:\n", bytes_text(&more)));
        for (size_t i = 0; i < STAGE_DBS; i++)
                ret->db[i] = seal(s, db_name(i), NULL, "alice");
        ret->safe = seal(s, "prod/eu/safe", NULL, "alice");
        stage_look(s);
        return s;
}

void stage_order(struct stage *s, struct stage_rotations *r, size_t n)
{
        struct statement t = world_say_as(s->world, STATEMENT_ORDER, "alice");

        t.order.versions = (struct hash_list){n, r->db};
        t.order.why = "a laptop was stolen";
        r->order_n = ledger_size(s->ledger);
        stage_say(s, &t);
        stage_look(s);
}

void stage_claim(struct stage *s, const struct stage_rotations *r, size_t i, int64_t for_ms)
{
        struct statement t = world_say_as(s->world, STATEMENT_ROTATION, "rot-1");

        t.rotation.version = r->db[i];
        t.rotation.step = STEP_CLAIM;
        t.rotation.until_ms = s->world->now_ms + for_ms;
        stage_say(s, &t);
}

void stage_seal_pending(struct stage *s, struct stage_rotations *r, size_t i)
{
        r->pending[i] = seal(s, db_name(i), &r->db[i], "rot-1");
}

static void step(struct stage *s, const struct stage_rotations *r, size_t i, struct statement *t)
{
        t->rotation.version = r->db[i];
        t->rotation.has_pending = true;
        t->rotation.pending = r->pending[i];
        stage_say(s, t);
}

void stage_step(struct stage *s, const struct stage_rotations *r, size_t i, enum rotation_step which,
                enum rotation_outcome outcome)
{
        struct statement t = world_say_as(s->world, STATEMENT_ROTATION, "rot-1");

        t.rotation.step = which;
        t.rotation.outcome = outcome;
        step(s, r, i, &t);
}

void stage_rotate(struct stage *s, struct stage_rotations *r, size_t i, enum old_evidence old)
{
        stage_claim(s, r, i, 5 * MINUTE_MS);
        stage_seal_pending(s, r, i);
        stage_step(s, r, i, STEP_SET, OUTCOME_STARTED);
        stage_step(s, r, i, STEP_SET, OUTCOME_OK);
        stage_step(s, r, i, STEP_TEST, OUTCOME_OK);
        stage_step(s, r, i, STEP_PROMOTED, OUTCOME_NONE);
        struct statement t = world_say_as(s->world, STATEMENT_ROTATION, "rot-1");

        t.rotation.step = STEP_DONE;
        t.rotation.old = old;
        t.rotation.has_new_works = true;
        step(s, r, i, &t);
        stage_look(s);
}

/* Holders whose proofs are old would need months: the picture is told so instead. */
static void let_wait_for_custody(const struct stage *s, const struct hash *version)
{
        struct picture *p = s->model.picture;

        for (size_t i = 0; i < p->n_versions; i++) {
                struct picture_version *v = &p->versions[i];

                if (!hash_equal(&v->id, version))
                        continue;
                v->missing = "1/2: bob";
                v->rotation.has_fresh_custody = false;
                v->state = rotate_state_of(&v->rotation, false);
        }
        p->n_shown = 0;
        picture_add_rotations(p);
}

struct stage *stage_all_states(const char *me, struct stage_rotations *ret)
{
        struct stage *s = stage_many(me, ret);

        stage_order(s, ret, STAGE_DBS - 1);
        stage_rotate(s, ret, 0, OLD_REFUSED);
        stage_rotate(s, ret, 1, OLD_REPLACED);
        stage_rotate(s, ret, 2, OLD_UNPROVEN);
        for (size_t i = 3; i < 6; i++) {
                stage_claim(s, ret, i, 5 * MINUTE_MS);
                stage_seal_pending(s, ret, i);
        }
        stage_step(s, ret, 3, STEP_SET, OUTCOME_STARTED);
        stage_step(s, ret, 3, STEP_SET, OUTCOME_FAILED);
        stage_step(s, ret, 4, STEP_SET, OUTCOME_STARTED);
        stage_look(s);
        let_wait_for_custody(s, &ret->db[5]);
        stage_press(s, "R");
        return s;
}
