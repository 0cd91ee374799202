/* What the worker does with the client: each job is one act of client/act.h, told as a result. */
#pragma once
#include "tui/cli.h"
#include "tui/effect.h"

struct jobs {
        struct cli *cli;
        bool has_review;
        struct approval_case reviewed; /* only act_approve() looks into it: its texts died with the next sync */
        struct secret scalar;
        uint64_t pictured_size; /* of the log, in the last picture */
        bool pictured_unlocked;
        int64_t pictured_at_ms, custody_at_ms;
        void (*progress)(void *context, uint64_t entries);
        void *context;
};

void jobs_perform(struct jobs *j, const struct effect *job, struct identity *me, struct result *ret);
/* A picture comes when the log has grown, or the last one is so old. */
void jobs_follow(struct jobs *j, unsigned wait_s, int64_t picture_ms, struct result *ret);
/* Wipes what was under review. */
void jobs_forget(struct jobs *j);

/* ---- work_read.c: what only reads the own copy ---- */
/* A statement's words; false: it is left out. */
typedef bool (*page_words)(const struct ledger *l, const struct statement *s, const void *about, struct bytes *ret);
/* The entries from this one on. */
enum err jobs_page(const struct jobs *j, uint64_t from, page_words words, const void *about, struct log_page **ret);
enum err jobs_timeline(const struct jobs *j, const char *incident, struct log_page **ret);
enum err jobs_log(const struct jobs *j, uint64_t until, const char *filter, struct log_page **ret);
enum err jobs_entry(const struct jobs *j, uint64_t n, char **ret);
enum err jobs_verify(const struct jobs *j, char **ret);
struct seen_case *jobs_see(const struct jobs *j, const struct approval_case *c);

/* ---- work_rotate.c ---- */
enum err jobs_rotation(const struct jobs *j, const struct effect *job, struct result *ret);
enum err jobs_plan(const struct jobs *j, const struct effect *job, struct result *ret);
enum err jobs_order(struct jobs *j, const struct effect *job, struct result *ret);

/* ---- work_rosters.c ---- */
#define ROSTERS_SHOWN 20u /* the newest */
enum err jobs_rosters(const struct jobs *j, struct log_page **ret);
