/* Ratios measured side by side: ours and its bare floor in alternating rounds of one run; medians count. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct contender {
        const char *name;
        void (*run)(void *context); /* one repetition */
        void *context;
};

enum goal { GOAL_AT_MOST, GOAL_AT_LEAST };

/* Median nanoseconds of one repetition of each, over `rounds` alternating rounds of `repeat` repetitions. */
void ratio_measure(const struct contender c[], size_t n, unsigned rounds, unsigned repeat, double ret_median_ns[]);
/* Prints one row: what, ours, floor, ratio, goal, and whether it was met. ratio = ours/floor of times for AT_MOST, of
 * rates (floor time / our time) for AT_LEAST. */
void ratio_print(const char *what, double ours_ns, double floor_ns, enum goal goal, double wanted);
