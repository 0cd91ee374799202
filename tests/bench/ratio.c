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

static void print_row(const char *what, const char *ours, const char *floor, double ratio, enum goal goal,
                      double wanted)
{
        bool is_met = goal == GOAL_AT_MOST ? ratio <= wanted : ratio >= wanted;
        printf("%-46s %13s %13s %8.2f   %s %4.2f  %s\n", what, ours, floor, ratio,
               goal == GOAL_AT_MOST ? "<=" : ">=", wanted, is_met ? "met" : "MISSED");
        fflush(stdout);
}

void ratio_print_times(const char *what, double ours_ns, double floor_ns, double at_most)
{
        char ours[32], bare[32];
        snprintf(ours, sizeof ours, "%.1f us", ours_ns / 1e3);
        snprintf(bare, sizeof bare, "%.1f us", floor_ns / 1e3);
        print_row(what, ours, bare, ours_ns / floor_ns, GOAL_AT_MOST, at_most);
}

void ratio_print_rates(const char *what, double ours_ns, double floor_ns, double at_least)
{
        char ours[32], bare[32];
        snprintf(ours, sizeof ours, "%.0f /s", 1e9 / ours_ns);
        snprintf(bare, sizeof bare, "%.0f /s", 1e9 / floor_ns);
        print_row(what, ours, bare, floor_ns / ours_ns, GOAL_AT_LEAST, at_least);
}

void ratio_print_time(const char *what, double ns)
{
        char text[32];
        snprintf(text, sizeof text, "%.1f us", ns / 1e3);
        printf("%-46s %13s\n", what, text);
}
