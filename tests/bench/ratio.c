#include "tests/bench/ratio.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ns(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

void ratio_measure(const struct contender c[], size_t n, unsigned rounds, unsigned repeat, double ret_median_ns[])
{
        double *took = calloc(n * rounds, sizeof *took);
        if (!took)
                abort();
        for (size_t i = 0; i < n; i++) /* warm up */
                c[i].run(c[i].context);
        for (unsigned r = 0; r < rounds; r++)
                for (size_t i = 0; i < n; i++) {
                        double began = now_ns();
                        for (unsigned k = 0; k < repeat; k++)
                                c[i].run(c[i].context);
                        took[i * rounds + r] = (now_ns() - began) / repeat;
                }
        for (size_t i = 0; i < n; i++) {
                qsort(took + i * rounds, rounds, sizeof *took, by_value);
                ret_median_ns[i] = took[i * rounds + rounds / 2];
        }
        free(took);
}

void ratio_print(const char *what, double ours_ns, double floor_ns, enum goal goal, double wanted)
{
        double ratio = goal == GOAL_AT_MOST ? ours_ns / floor_ns : floor_ns / ours_ns;
        bool met = goal == GOAL_AT_MOST ? ratio <= wanted : ratio >= wanted;
        printf("%-44s %10.1f us  floor %10.1f us  ratio %5.2f  goal %s %.2f  %s\n", what, ours_ns / 1e3,
               floor_ns / 1e3, ratio, goal == GOAL_AT_MOST ? "<=" : ">=", wanted, met ? "met" : "MISSED");
}
