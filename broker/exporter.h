/* The broker's scheduled exports: when one is due, a process of its own makes it (broker/export_process.h), and, with
 * a program configured, another hands it over. What fails is tried again, said in the log and, by the book's
 * reminders, paged until it works. The newest of a burst is the one that is handed over. */
#pragma once
#include "broker/broker.h"
#include "broker/export_view.h"

struct exporter;
struct exporter *exporter_start(struct broker *b);
void exporter_reload(struct exporter *x); /* the configuration may have changed */
/* Ends what is at work: what it left half done is removed at the next start. */
void exporter_stop(struct exporter *x);
void exporter_free(struct exporter *x); /* when nobody can look at it any more */
void exporter_view(struct exporter *x, struct export_view *ret);
