/* What the files of the exporter share. */
#pragma once
#include "broker/export_process.h"
#include "broker/export_schedule.h"
#include "broker/exporter.h"

struct exporter {
        struct broker *broker;
        pthread_t thread;
        int wake_fd;
        atomic_bool is_ending, is_reloaded;

        /* the thread's own */
        struct config *config;
        struct export_name newest;             /* the newest good one */
        char handed_over[EXPORT_NAME_MAX + 1]; /* the last one that the program took */

        pthread_mutex_t lock; /* of what others look at */
        struct export_schedule schedule;
        struct export_view view;
};

/* exporter_outcome.c: what became of it, for the schedule, the log and whoever looks. started_ms: monotonic. */
void exporter_take_outcome(struct exporter *x, const struct export_order *order, const struct export_outcome *o,
                           int64_t started_ms);
void exporter_take_handed(struct exporter *x, const struct export_handed *h);
