#include "rotators/engine.h"
#include <criterion/criterion.h>

#define NOW    INT64_C(1764000000000)
#define LATER  (NOW + 3600 * 1000)
#define MARGIN INT64_C(70000)
#define LEASE  INT64_C(3600000)

/* A rotation under way whose lease is ours. */
static struct engine_facts under_way(enum rotation_outcome set, enum rotation_outcome test)
{
        return (struct engine_facts){.now_ms = NOW,
                                     .is_due = true,
                                     .is_current = true,
                                     .pending = ENGINE_PENDING,
                                     .is_fitting = true,
                                     .has_custody = true,
                                     .set = set,
                                     .test = test,
                                     .is_claimed_by_me = true,
                                     .my_lease_until_ms = LATER,
                                     .margin_ms = MARGIN,
                                     .is_checked = true,
                                     .has_job = true};
}

static struct engine_facts promoted(enum rotation_outcome revoke)
{
        struct engine_facts f = under_way(OUTCOME_OK, OUTCOME_OK);
        f.is_due = f.is_current = false;
        f.pending = ENGINE_PROMOTED;
        f.revoke = revoke;
        return f;
}

static void expect(const struct engine_facts *f, enum engine_step step, const char *why)
{
        struct engine_next next = engine_next(f);
        cr_expect_eq(next.step, step, "%s: %s instead of %s", why, engine_step_word(next.step),
                     engine_step_word(step));
}

static void expect_rest(const struct engine_facts *f, int64_t until_ms, const char *why)
{
        expect(f, ENGINE_REST, why);
        cr_expect_eq(engine_next(f).rest_until_ms, until_ms, "%s: until", why);
}

Test(engine, a_rotation_takes_its_steps_in_order)
{
        struct engine_facts f = {.now_ms = NOW, .is_due = true, .is_current = true};
        expect(&f, ENGINE_CHECK, "due");
        f.is_checked = true;
        expect(&f, ENGINE_CLAIM, "the target can be reached");
        f.is_claimed_by_me = true;
        f.my_lease_until_ms = LATER;
        expect(&f, ENGINE_SEAL, "claimed");
        f = under_way(OUTCOME_NONE, OUTCOME_NONE);
        f.has_custody = false;
        expect_rest(&f, INT64_MAX, "without custody");
        f.has_custody = true;
        expect(&f, ENGINE_START_SET, "with custody");
        f.set = OUTCOME_STARTED;
        f.seen = SEEN_UNTOUCHED;
        expect(&f, ENGINE_SET, "its start is in the log");
        f.set = OUTCOME_OK;
        expect(&f, ENGINE_TEST, "set");
        f.test = OUTCOME_OK;
        expect(&f, ENGINE_PROMOTE, "tested");
        f = promoted(OUTCOME_NONE);
        expect(&f, ENGINE_START_REVOKE, "promoted");
        f.revoke = OUTCOME_STARTED;
        expect(&f, ENGINE_REVOKE, "revoke is started");
        f.is_done = true;
        expect(&f, ENGINE_FORGET, "done");
        f.has_job = false;
        expect_rest(&f, INT64_MAX, "forgotten");
}

Test(engine, nothing_is_done_that_nobody_wants)
{
        struct engine_facts f = {.now_ms = NOW, .is_current = true};
        expect_rest(&f, INT64_MAX, "not due");
        f = promoted(OUTCOME_NONE);
        f.has_job = false;
        f.pending = ENGINE_NO_PENDING;
        expect_rest(&f, INT64_MAX, "another one rotated it");
}

Test(engine, after_a_crash_the_target_is_asked_before_anything_is_set)
{
        static const enum rotation_outcome unsure[] = {OUTCOME_STARTED, OUTCOME_UNKNOWN};
        for (size_t i = 0; i < COUNT_OF(unsure); i++) {
                struct engine_facts f = under_way(unsure[i], OUTCOME_NONE);
                expect(&f, ENGINE_RECONCILE, "nothing is known");
                f.seen = SEEN_PENDING;
                expect(&f, ENGINE_RECONCILE, "seen, but not yet said");
                f.seen = SEEN_OTHER;
                expect(&f, ENGINE_SET, "the target has another value");
        }
}

Test(engine, a_value_whose_set_is_unknown_is_never_replaced)
{
        static const enum rotation_outcome sets[] = {OUTCOME_STARTED, OUTCOME_UNKNOWN, OUTCOME_OK};
        for (size_t i = 0; i < COUNT_OF(sets); i++) {
                struct engine_facts f = under_way(sets[i], OUTCOME_NONE);
                f.is_fitting = false;
                f.is_rejected = true;
                enum engine_step step = engine_next(&f).step;
                cr_expect(step != ENGINE_SEAL && step != ENGINE_FORGET, "set %d: %s", sets[i],
                          engine_step_word(step));
        }
}

Test(engine, a_failed_set_is_started_anew_and_a_rejected_value_replaced)
{
        struct engine_facts f = under_way(OUTCOME_FAILED, OUTCOME_NONE);
        expect(&f, ENGINE_START_SET, "failed");
        f.is_rejected = true;
        f.rejections = ENGINE_REJECTIONS_MAX - 1;
        expect(&f, ENGINE_SEAL, "rejected");
        f.rejections = ENGINE_REJECTIONS_MAX;
        expect_rest(&f, INT64_MAX, "rejected too often");
}

Test(engine, a_value_that_fits_its_policy_no_more_is_replaced_before_it_is_set)
{
        struct engine_facts f = under_way(OUTCOME_NONE, OUTCOME_NONE);
        f.is_fitting = false;
        expect(&f, ENGINE_SEAL, "the holders changed");
}

Test(engine, a_failed_test_never_promotes)
{
        struct engine_facts f = under_way(OUTCOME_OK, OUTCOME_FAILED);
        expect(&f, ENGINE_RECONCILE, "what is in force?");
        f.seen = SEEN_PENDING;
        expect(&f, ENGINE_TEST, "ours: try again");
        f.seen = SEEN_OTHER;
        expect(&f, ENGINE_START_SET, "another: set again");
        f.test = OUTCOME_UNKNOWN;
        f.seen = SEEN_NOTHING;
        expect(&f, ENGINE_RECONCILE, "unknown is no success either");
}

Test(engine, live_openings_are_waited_for)
{
        struct engine_facts f = promoted(OUTCOME_NONE);
        f.wait_until_ms = LATER;
        expect_rest(&f, LATER, "an opening lives");
        f.now_ms = f.wait_until_ms;
        f.my_lease_until_ms = LATER + LEASE;
        expect(&f, ENGINE_START_REVOKE, "its end");
        f.is_in_motion = true;
        expect_rest(&f, INT64_MAX, "the target is being changed again");
}

Test(engine, a_failed_proof_is_tried_again)
{
        struct engine_facts f = promoted(OUTCOME_FAILED);
        expect(&f, ENGINE_START_REVOKE, "failed");
        f.revoke = OUTCOME_UNKNOWN;
        expect(&f, ENGINE_REVOKE, "unknown: it can be run again");
}

Test(engine, nobody_works_without_the_lease)
{
        static const enum rotation_outcome sets[] = {OUTCOME_NONE, OUTCOME_STARTED, OUTCOME_OK, OUTCOME_FAILED};
        for (size_t i = 0; i < COUNT_OF(sets); i++) {
                struct engine_facts f = under_way(sets[i], OUTCOME_NONE);
                f.my_lease_until_ms = NOW + MARGIN - 1;
                expect(&f, ENGINE_CLAIM, "the lease runs out");
                f.is_claimed_by_me = false;
                expect(&f, ENGINE_CLAIM, "no lease");
                f.other_until_ms = LATER;
                expect_rest(&f, LATER, "another one's lease");
        }
        struct engine_facts f = promoted(OUTCOME_NONE);
        f.is_claimed_by_me = false;
        expect(&f, ENGINE_CLAIM, "revoke");
}

Test(engine, trouble_waits_for_its_time)
{
        struct engine_facts f = under_way(OUTCOME_STARTED, OUTCOME_NONE);
        f.not_before_ms = LATER;
        expect_rest(&f, LATER, "back-off");
        f.now_ms = LATER;
        f.my_lease_until_ms = LATER + LEASE;
        expect(&f, ENGINE_RECONCILE, "its end");
}

Test(engine, what_lost_is_forgotten_unless_an_earlier_proof_needs_it)
{
        struct engine_facts f = under_way(OUTCOME_NONE, OUTCOME_NONE);
        f.pending = ENGINE_DROPPED;
        expect(&f, ENGINE_FORGET, "another version won");
        f.is_needed = true;
        expect_rest(&f, INT64_MAX, "needed");
        f = promoted(OUTCOME_NONE);
        f.is_done = f.is_needed = true;
        expect_rest(&f, INT64_MAX, "done, but needed");
}

Test(engine, what_the_target_makes_is_prepared_before_it_is_sealed)
{
        struct engine_facts f = under_way(OUTCOME_NONE, OUTCOME_NONE);
        f.pending = ENGINE_NO_PENDING;
        f.wants_prepare = true;
        expect(&f, ENGINE_PREPARE, "claimed");
        f.is_checked = false;
        expect(&f, ENGINE_CHECK, "a new start looks again");
        f.other_until_ms = LATER;
        expect_rest(&f, LATER, "another one is at work: it is not looked at");
}

Test(engine, a_second_slot_is_made_only_when_it_is_free)
{
        struct engine_facts f = under_way(OUTCOME_NONE, OUTCOME_NONE);
        f.pending = ENGINE_NO_PENDING;
        f.wants_prepare = true;
        f.slot_until_ms = LATER;
        expect_rest(&f, LATER, "an opening of the value before lives in it");
        f.slot_until_ms = NOW;
        expect(&f, ENGINE_PREPARE, "its end");
}

Test(engine, what_another_one_left_is_ended_with_our_value)
{
        struct engine_facts f = promoted(OUTCOME_NONE);
        f.has_job = false;
        expect_rest(&f, INT64_MAX, "nothing is here to prove it with");
        f.has_proof = true;
        expect(&f, ENGINE_START_REVOKE, "our value is the one in force now");
}
