/* From the log and our notes to the facts that the engine decides on. */
#include "base/file.h"
#include "rotators/rotator.h"
#include "tests/unit/ledger/fold.h"
#include <string.h>

static char folder[] = "/tmp/breakglass-look-XXXXXX";
static struct fold *f;
static struct config config;
static struct jobs jobs;
static struct hash v1;

static void set_up(void)
{
        cr_assert(mkdtemp(folder));
        cr_assert_eq(jobs_open(folder, &jobs), OK);
        config = (struct config){.n_hooks = 1};
        config.hooks[0] = (struct hook_entry){.name = "postgres", .program = "/bin/true"};
        f = fold_new();
        v1 = fold_version(f, PG);
}

static void tear_down(void)
{
        char command[80];
        snprintf(command, sizeof command, "rm -r %s", folder);
        jobs_close(&jobs);
        fold_free(f);
        cr_expect_eq(system(command), 0);
}

TestSuite(look, .init = set_up, .fini = tear_down);

/* What rot-1 sees of this version; false when it is none of its business. */
static bool look_as(const char *me, struct hash version, struct task *ret)
{
        const struct sight sight = {f->ledger, me, &config, &jobs};
        return task_look(&sight, fold_see_version(f, version).index, f->now_ms, ret);
}

static struct engine_facts facts_of(struct hash version)
{
        struct task t;
        cr_assert(look_as("rot-1", version, &t));
        return t.facts;
}

/* As if we had sealed that pending version: our note and its value are on the disk. */
static struct job *ours(struct hash old, struct hash pending)
{
        struct job *job = jobs_find(&jobs, &old) ? jobs_find(&jobs, &old) : jobs_add(&jobs, &old);
        struct version_view v = fold_see_version(f, pending);
        snprintf(job->recipient, sizeof job->recipient, "%s", v.fields->recipient);
        CLEANUP_FREE char *path = path_join(jobs.pending_folder, job->recipient);
        cr_assert_eq(file_write(path, 0600, span_text("sealed")), OK);
        return job;
}

static void add_rotator(void)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        bytes_printf(&line, "rotators:\n  rot-2: {signs: %s, ", world_signs(f->w, "mallory"));
        bytes_printf(&line, "opens: %s}\n", world_opens(f->w, "mallory"));
        static const char *const policy[] = {"rotators: [rot-1]", "rotators: [rot-1, rot-2]"};
        const char *const edits[] = {"rotators:\n", bytes_text(&line), policy[0], policy[1], NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, ++f->roster_number, edits)), OK);
}

Test(look, only_what_our_policy_and_a_hook_of_ours_name_is_ours)
{
        struct task t;
        struct hash web = fold_version(f, WEB);
        cr_expect(look_as("rot-1", v1, &t));
        cr_expect_str_eq(t.credential->name, PG);
        cr_expect_not(look_as("rot-2", v1, &t), "not in the policy");
        cr_expect_not(look_as(NULL, v1, &t), "not in the roster");
        cr_expect_not(look_as("rot-1", web, &t), "no hook");
        config.hooks[0].name = "mysql";
        cr_expect_not(look_as("rot-1", v1, &t), "no hook of that name here");
}

Test(look, due_is_what_the_log_says)
{
        cr_expect_not(facts_of(v1).is_due);
        expect(f, OK, fold_order(f, "alice", v1));
        cr_expect(facts_of(v1).is_due);
        cr_expect(facts_of(v1).is_current);
        cr_expect_not(facts_of(v1).has_job);
}

Test(look, a_pending_version_is_ours_only_with_its_value)
{
        struct hash pending = fold_pending(f, v1);
        cr_expect_eq(facts_of(v1).pending, ENGINE_NO_PENDING, "no note");
        struct job *job = ours(v1, pending);
        struct engine_facts facts = facts_of(v1);
        cr_expect_eq(facts.pending, ENGINE_PENDING);
        cr_expect(facts.is_fitting);
        cr_expect(facts.has_custody);
        cr_expect(facts.has_job);
        cr_assert_eq(job_drop_value(&jobs, job->recipient), OK);
        cr_expect_eq(facts_of(v1).pending, ENGINE_NO_PENDING, "no value");
}

Test(look, the_outcomes_said_for_ours_are_seen)
{
        struct hash pending = fold_pending(f, v1);
        ours(v1, pending);
        fold_set(f, v1, pending);
        cr_expect_eq(facts_of(v1).set, OUTCOME_STARTED);
        expect(f, OK, fold_step(f, "rot-1", v1, pending, STEP_SET, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", v1, pending, STEP_TEST, OUTCOME_FAILED));
        cr_expect_eq(facts_of(v1).set, OUTCOME_OK);
        cr_expect_eq(facts_of(v1).test, OUTCOME_FAILED);
}

Test(look, changed_holders_make_a_pending_version_unfit)
{
        struct hash pending = fold_pending(f, v1);
        ours(v1, pending);
        fold_next_roster(f, "holders: [alice, bob, carol], requesters: [erin, frank]",
                         "holders: [alice, bob, dave], requesters: [erin, frank]");
        cr_expect_not(facts_of(v1).is_fitting);
        cr_expect_eq(facts_of(v1).pending, ENGINE_PENDING);
}

Test(look, a_value_that_was_refused_does_not_hide_the_next_one)
{
        struct hash first = fold_pending(f, v1);
        fold_set(f, v1, first);
        expect(f, OK, fold_step(f, "rot-1", v1, first, STEP_SET, OUTCOME_FAILED));
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        struct hash second = f->last;
        ours(v1, second);
        struct engine_facts facts = facts_of(v1);
        cr_expect_eq(facts.pending, ENGINE_PENDING);
        cr_expect_eq(facts.set, OUTCOME_NONE, "the log speaks of the first one");
        cr_expect(facts.has_custody);
        fold_set(f, v1, second);
        cr_expect_eq(facts_of(v1).set, OUTCOME_STARTED);
}

Test(look, another_rotators_lease_is_respected_and_ours_known)
{
        add_rotator();
        expect(f, OK, fold_order(f, "alice", v1));
        expect(f, OK, fold_claim(f, "rot-2", v1, f->now_ms + HOUR));
        struct engine_facts facts = facts_of(v1);
        cr_expect_eq(facts.other_until_ms, fold_see_rotation(f, v1).claimed_until_ms);
        cr_expect_not(facts.is_claimed_by_me);
        f->now_ms += 2 * HOUR;
        cr_expect_eq(facts_of(v1).other_until_ms, AT_ONCE, "it ran out");
        expect(f, OK, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
        facts = facts_of(v1);
        cr_expect(facts.is_claimed_by_me);
        cr_expect_eq(facts.other_until_ms, AT_ONCE);
}

Test(look, another_rotators_unset_version_is_left_alone_for_a_while)
{
        add_rotator();
        expect(f, OK, fold_order(f, "alice", v1));
        expect(f, OK, fold_rotated(f, "rot-2", PG));
        int64_t posted = fold_see_version(f, f->last).at_ms;
        cr_expect_eq(facts_of(v1).other_until_ms, posted + 6 * HOUR);
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        cr_expect_eq(facts_of(v1).other_until_ms, AT_ONCE, "our own lost one holds nobody up");
}

Test(look, who_is_overtaken_starts_anew)
{
        add_rotator();
        struct hash mine = fold_pending(f, v1);
        ours(v1, mine);
        fold_set(f, v1, mine);
        expect(f, OK, fold_rotated(f, "rot-2", PG));
        struct hash theirs = f->last;
        cr_expect_eq(facts_of(v1).pending, ENGINE_PENDING, "theirs was not set");
        expect(f, OK, fold_step(f, "rot-2", v1, theirs, STEP_SET, OUTCOME_STARTED));
        cr_expect_eq(facts_of(v1).pending, ENGINE_NO_PENDING);
        expect(f, OK, fold_step(f, "rot-2", v1, theirs, STEP_SET, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-2", v1, theirs, STEP_TEST, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-2", v1, theirs, STEP_PROMOTED, OUTCOME_NONE));
        cr_expect_eq(facts_of(v1).pending, ENGINE_DROPPED);
        cr_expect_not(facts_of(v1).is_current);
}

Test(look, live_openings_of_the_old_version_are_seen)
{
        fold_opened(f, "erin", v1);
        struct hash pending = fold_pending(f, v1);
        ours(v1, pending);
        fold_promote(f, v1, pending);
        struct engine_facts facts = facts_of(v1);
        cr_expect_eq(facts.pending, ENGINE_PROMOTED);
        cr_expect_gt(facts.wait_until_ms, f->now_ms);
        f->now_ms = facts.wait_until_ms;
        cr_expect_eq(facts_of(v1).wait_until_ms, AT_ONCE);
}

Test(look, a_proof_uses_the_value_in_force_and_keeps_it)
{
        struct task t;
        struct hash v2 = fold_pending(f, v1);
        ours(v1, v2);
        fold_promote(f, v1, v2);
        cr_assert(look_as("rot-1", v1, &t));
        cr_expect_eq(t.proof, t.job);
        cr_expect_eq(t.proof_number, 2);

        struct hash v3 = fold_pending(f, v2);
        const struct job *later = ours(v2, v3);
        cr_expect_not(facts_of(v1).is_in_motion);
        fold_set(f, v2, v3);
        cr_expect(facts_of(v1).is_in_motion, "a later rotation changes the target");
        expect(f, OK, fold_step(f, "rot-1", v2, v3, STEP_SET, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", v2, v3, STEP_TEST, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", v2, v3, STEP_PROMOTED, OUTCOME_NONE));
        cr_assert(look_as("rot-1", v1, &t));
        cr_expect_not(t.facts.is_in_motion);
        cr_expect_eq(t.proof, later);
        cr_expect_eq(t.proof_number, 3);
        cr_expect(facts_of(v2).is_needed, "the first rotation's proof wants the second one's value");
        cr_expect_not(facts_of(v1).is_needed && facts_of(v1).is_done);
}

Test(look, a_finished_rotation_is_seen_only_while_something_is_kept)
{
        struct task t;
        struct hash v2 = fold_pending(f, v1);
        struct job *job = ours(v1, v2);
        fold_promote(f, v1, v2);
        struct statement s = fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE);
        s.rotation.old = OLD_REPLACED;
        s.rotation.has_new_works = true;
        expect(f, OK, s);
        cr_assert(look_as("rot-1", v1, &t));
        cr_expect(t.facts.is_done);
        cr_assert_eq(jobs_remove(&jobs, job, false), OK);
        cr_expect_not(look_as("rot-1", v1, &t));
}

/* v1 was replaced by a version of rot-1, but never ended; the other rotator rotates that one. */
static struct hash promoted_but_not_ended(void)
{
        struct hash v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        return v2;
}

Test(look, two_slots_are_not_free_while_the_rotation_before_is_unfinished)
{
        struct hash v2 = promoted_but_not_ended();
        expect(f, OK, fold_order(f, "alice", v2));
        cr_expect_eq(facts_of(v2).slot_until_ms, 0, "one slot: set itself ends the old one");
        config.hooks[0].slots = 2;
        cr_expect_eq(facts_of(v2).slot_until_ms, 0, "nobody is at work to end it: it is given up");
        expect(f, OK, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
        cr_expect_eq(facts_of(v2).slot_until_ms, fold_see_rotation(f, v1).claimed_until_ms, "somebody is");
        jobs_add(&jobs, &v1);
        cr_expect_eq(facts_of(v2).slot_until_ms, INT64_MAX, "we are");
}

Test(look, what_another_rotator_left_is_ended_by_who_has_the_value_in_force)
{
        struct hash v2 = promoted_but_not_ended();
        cr_expect_not(facts_of(v1).has_proof);
        cr_expect_eq(facts_of(v1).pending, ENGINE_PROMOTED);
        struct hash v3 = fold_pending(f, v2);
        ours(v2, v3);
        fold_promote(f, v2, v3);
        cr_expect(facts_of(v1).has_proof, "version 3 works, and is ours");
        cr_expect_not(facts_of(v1).has_job);
        cr_expect(facts_of(v2).is_needed, "so its value is kept until version 1 is ended, too");
}
