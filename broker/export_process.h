/* The process that makes one scheduled export, or hands one to the program that takes it elsewhere, and ends: a slow
 * disk or a hung program holds up nobody but it. JSON lines on one socket (broker/child.h):
 *
 *   in   {"do":"make", …struct export_order…}   or   {"do":"hand-over","program":"/…","timeout_ms":…,"input":{…}}
 *   out  {"result":"written", …struct export_outcome…}   or   {"result":"accepted","was_killed":false,"detail":"…"}
 */
#pragma once
#include "broker/delivery.h"
#include "broker/export_make.h"

#define EXPORT_COMMAND "export-process"

int export_process_main(void);

/* ---- the lines, each with its newline; readers take them without ---- */
void export_order_write(const struct export_order *o, struct bytes *ret);

struct export_handing {
        const char *program;
        int64_t timeout_ms;
        struct span config; /* the program's, a JSON object */
        unsigned attempt;
        const char *folder, *name; /* name: the roster's */
        struct hash installation;
        const struct export_name *file;
        uint64_t bytes;
};
void export_handing_write(const struct export_handing *h, struct bytes *ret);

/* What the process was told. Texts live as long as `root`. */
struct export_task {
        bool is_handing;
        struct export_order order;
        const char *program;
        int64_t timeout_ms;
        struct bytes input; /* for the program's stdin */
        void *root;
};
void export_task_done(struct export_task *t);
/* Errors: ERR_BAD_STATEMENT. */
MUST_CHECK enum err export_task_read(struct span line, struct export_task *ret);

void export_outcome_write(const struct export_outcome *o, struct bytes *ret);
/* Errors: ERR_BAD_STATEMENT. */
MUST_CHECK enum err export_outcome_read(struct span line, const struct hash *installation,
                                        struct export_outcome *ret);

struct export_handed {
        enum delivery what;
        bool was_killed;
        char detail[256];
};
void export_handed_write(const struct export_handed *h, struct bytes *ret);
/* Errors: ERR_BAD_STATEMENT. */
MUST_CHECK enum err export_handed_read(struct span line, struct export_handed *ret);
