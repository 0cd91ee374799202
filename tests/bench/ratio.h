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
/* One row: what, ours, floor, ratio, goal, met or MISSED. The goal is about ours/floor of the times. */
void ratio_print_times(const char *what, double ours_ns, double floor_ns, double at_most);
/* The same for rates: floor's time over our time, shown per second. */
void ratio_print_rates(const char *what, double ours_ns, double floor_ns, double at_least);
/* A figure without a goal. */
void ratio_print_time(const char *what, double ns);
