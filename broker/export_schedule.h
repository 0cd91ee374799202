/* When the next scheduled export is due, when one is handed to the program that takes it elsewhere, and whether one
 * is overdue. Pure: times are monotonic milliseconds, passed in. */
#pragma once
#include "broker/delivery.h"

#define EXPORT_RETRY_MS      INT64_C(30000) /* after a first failure, doubled by each further one, at most `every` */
#define EXPORT_HAND_OVER_MAX 3u             /* so many attempts in a row without success are trouble */

struct export_schedule {
        int64_t every_ms; /* 0: none are made */
        bool hands_over;
        bool has_looked; /* what lies in the folder is known */
        int64_t due_ms;
        int64_t good_ms;   /* when the newest good export was of; before one is known: when the schedule began */
        unsigned failures; /* in a row */
        bool is_to_hand_over;
        bool is_handing_hopeless; /* the program said that a person has to mend something, or crashed */
        int64_t hand_over_due_ms;
        unsigned hand_over_failures;
};

enum export_step {
        EXPORT_STEP_NONE,
        EXPORT_STEP_LOOK /* make one unless there is a young one */,
        EXPORT_STEP_MAKE,
        EXPORT_STEP_HAND_OVER
};

void export_schedule_begin(struct export_schedule *s, int64_t every_ms, bool hands_over, int64_t now_ms);
/* What to do now; ret_at_ms: with nothing to do, when there will be (INT64_MAX: never). */
enum export_step export_schedule_next(const struct export_schedule *s, int64_t now_ms, int64_t *ret_at_ms);

/* There is a good export. of_ms: when it was of, ≤ now. is_new: it was not handed over yet. */
void export_schedule_good(struct export_schedule *s, int64_t of_ms, bool is_new, int64_t now_ms);
void export_schedule_failed(struct export_schedule *s, int64_t now_ms);
/* What lies there is not to be relied on: one is made at once. */
void export_schedule_distrust(struct export_schedule *s);
/* Another process is at work in the folder: no failure, soon again. */
void export_schedule_busy(struct export_schedule *s, int64_t now_ms);
/* What became of handing it over. was_killed: it hung, flooded or crashed. */
void export_schedule_handed_over(struct export_schedule *s, enum delivery what, bool was_killed, int64_t now_ms);

/* No good export for twice as long as there should be. */
bool export_schedule_is_overdue(const struct export_schedule *s, int64_t now_ms);
bool export_schedule_is_hand_over_failing(const struct export_schedule *s);
/* How long an export may take: after that it is killed. */
int64_t export_schedule_deadline(const struct export_schedule *s);
