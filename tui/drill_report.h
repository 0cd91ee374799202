/* What a drill showed, as the log has it: how long each part of a real opening would have taken, and which channels
 * of pages failed. */
#pragma once
#include "tui/cli.h"

struct drill_report {
        struct hash request;
        char credential[NAME_MAX_CHARS + 1];
        /* moments; 0: it did not come to that */
        int64_t asked_ms, paged_ms, ready_ms, opened_ms, ended_ms, rotated_ms;
        unsigned threshold, approvals;
        enum old_evidence evidence;           /* of the rotation afterwards */
        struct bytes accepted, failed, yeses; /* "slack, email", "bob after 40 s, carol after 2 min" */
};
#define CLEANUP_DRILL_REPORT __attribute__((cleanup(drill_report_done)))
void drill_report_done(struct drill_report *r);

/* Reads the log from the request on. Errors: ERR_NOT_FOUND, those of history_walk(). */
MUST_CHECK enum err drill_report_make(const struct cli *cli, const struct hash *request, struct drill_report *ret);
/* One line for each part, "label\ttext\n". */
void drill_report_write(const struct drill_report *r, struct bytes *ret);
json_t *drill_report_json(const struct drill_report *r);
