/* Everything that the screens show and remember, as plain data without secrets, and how it changes:
 *
 *   bytes → key → action → model_update() → effect        result → model_take()        model → frame_draw() → canvas
 *
 * Pure: no clock, terminal or broker. What is selected, asked for confirmation or followed is known by its id, never
 * by its row. */
#pragma once
#include "tui/effect.h"
#include "tui/input.h"
#include "tui/sheet.h"

#define SCREEN_LIST(X)                                                                                               \
        X(NOW, now)                                                                                                  \
        X(CREDENTIALS, credentials)                                                                                  \
        X(ASK, ask)                                                                                                  \
        X(WAITING, waiting)                                                                                          \
        X(APPROVE, approve)                                                                                          \
        X(OPENED, opened)                                                                                            \
        X(INCIDENT, incident)                                                                                        \
        X(LOG, log)                                                                                                  \
        X(PEOPLE, people)                                                                                            \
        X(ROTATIONS, rotations)                                                                                      \
        X(ROTATION, rotation)                                                                                        \
        X(LOTS, lots)                                                                                                \
        X(PLAN, plan)                                                                                                \
        X(REPORT, report)

enum screen_id {
#define X(NAME, name) SCREEN_##NAME,
        SCREEN_LIST(X)
#undef X
                SCREEN_COUNT
};

/* What keys mean. Screens name those that they know in their own tables. */
enum action {
        ACT_NONE,
        ACT_UP,
        ACT_DOWN,
        ACT_PAGE_UP,
        ACT_PAGE_DOWN,
        ACT_FIRST,
        ACT_LAST,
        ACT_ENTER,
        ACT_BACK,
        ACT_HELP,
        ACT_QUIT,
        ACT_STOP,
        ACT_REDRAW,
        ACT_SUSPEND,
        ACT_LOCK,
        ACT_GO_NOW,
        ACT_GO_CREDENTIALS,
        ACT_GO_LOG,
        ACT_GO_PEOPLE,
        ACT_GO_INCIDENT,
        ACT_GO_ROTATIONS,
        ACT_FILTER,
        ACT_ASK,
        ACT_NEXT,
        ACT_PREVIOUS,
        ACT_LESS,
        ACT_MORE,
        ACT_SEND,
        ACT_REVIEW,
        ACT_APPROVE,
        ACT_DENY,
        ACT_SUSPICIOUS,
        ACT_CANCEL,
        ACT_OPEN,
        ACT_SHOW,
        ACT_FILE,
        ACT_RUN,
        ACT_DONE,
        ACT_EXTEND,
        ACT_HOLD,
        ACT_POSTMORTEM,
        ACT_VERIFY,
        ACT_ORDER,
        ACT_REPORT,
};

struct key_about {
        struct key_press key;
        enum action action;
        const char *label; /* one or two words for the bottom line; NULL: only in the help */
        const char *help;
};

#define KEY_ABOUT(key, action, label, help) {key, action, label, help},
#define CHAR(c)                                                                                                      \
        {                                                                                                            \
                K_CHAR, c                                                                                            \
        }
#define KEY(code)                                                                                                    \
        {                                                                                                            \
                code, 0                                                                                              \
        }
#define CTRL(c)                                                                                                      \
        {                                                                                                            \
                K_CTRL, c                                                                                            \
        }

/* What is typed below a screen, and for what. Nothing irreversible happens without one. */
enum prompt_kind {
        PROMPT_NONE,
        PROMPT_FILTER,
        PROMPT_SEND,       /* "yes" */
        PROMPT_OVERRIDE,   /* "OVERRIDE" */
        PROMPT_CODE,       /* the request's code */
        PROMPT_DENY,       /* a reason */
        PROMPT_SUSPICIOUS, /* a reason */
        PROMPT_CANCEL,     /* "cancel" */
        PROMPT_OPEN,       /* "open" */
        PROMPT_DARK,       /* "DARK" */
        PROMPT_DONE,       /* "done" */
        PROMPT_EXTEND,     /* a time */
        PROMPT_HOLD,       /* "hold" */
        PROMPT_FILE,       /* a path */
        PROMPT_RUN,        /* a command */
        PROMPT_CRITERION,  /* yes, no, drill */
        PROMPT_WHY,        /* a reason for an order */
        PROMPT_ROTATE,     /* "rotate 20", as many as there are */
};

/* How a request stands, as far as somebody who is about to answer must know. */
struct standing {
        bool is_there;
        enum request_state state;
        enum request_end end;
        size_t n_approvals, n_denials;
        unsigned approvals, threshold;
};

struct prompt {
        enum prompt_kind kind;
        struct hash about;     /* a request, or zero */
        struct standing stood; /* that request, when the question was asked */
        unsigned tries;
        struct input input;
};

struct row {
        unsigned kind;
        size_t index;
        struct hash id;
};

struct rows {
        size_t n, cap;
        struct row *row;
};
void rows_add(struct rows *r, unsigned kind, size_t index, const struct hash *id);
void rows_done(struct rows *r);

enum ask_field { ASK_EMERGENCY, ASK_INCIDENT, ASK_REASON, ASK_TIME, ASK_FIELDS };

struct asking {
        char credential[130];
        char emergency[130];
        unsigned field;
        struct input incident, reason;
        int64_t open_for_ms;
};

#define FIELDS_MAX 64u

/* The opened secret as far as it is none. */
struct opened {
        bool is_held; /* the loop holds the document */
        size_t n;
        char names[FIELDS_MAX][FIELD_NAME_MAX + 1];
        size_t lens[FIELDS_MAX];
        unsigned lines[FIELDS_MAX]; /* that showing takes at the present width; 0: not text */
        bool is_totp[FIELDS_MAX];
        size_t field;
        bool is_shown;
        int64_t shown_at_ms;
        char said[256]; /* bad shares */
};

/* A whole lot that is to be ordered, and what was ordered. */
struct rotating {
        struct hash lot; /* of the picture's lots */
        enum lot_kind kind;
        char name[130];
        struct rotate_plan *plan; /* the dry run; NULL: it is on its way */
        bool is_planning;
        uint64_t planned_size;         /* of the log that it was asked for at */
        struct input why;              /* what is sent, once the number is typed */
        struct rotate_plan *following; /* what Rotations shows; NULL: all that the picture lists */
        struct hash told;              /* the one that is looked at */
        struct log_page *statements;   /* NULL: they are read */
        int64_t told_said_ms;          /* the last word about it, when they were asked for */
};

#define NOTE_TEXT 500u

struct model {
        int64_t now_ms, key_at_ms; /* of the last key */
        unsigned rows, columns;
        struct picture *picture; /* NULL until the first one came */
        bool is_away, is_alarm, is_locked, has_passphrase, has_words /* of paper */;
        char link_reason[NOTE_TEXT];
        enum effect_kind busy; /* a job under way */
        int64_t busy_since_ms;

        enum screen_id screen, trail[8];
        size_t n_trail;
        bool is_help, in_paste;
        unsigned scroll;
        struct hash selected[SCREEN_COUNT];
        size_t last_row[SCREEN_COUNT]; /* where it was, should it vanish */

        struct prompt prompt;
        char note[NOTE_TEXT];
        int note_role; /* enum role */

        struct input filter[SCREEN_COUNT];
        struct input sent;   /* what a prompt's effect carries: it outlives the prompt */
        char folder[256];    /* in memory: where secrets may be written */
        struct hash request; /* that Waiting, Approve and Opened are about */
        char incident[130];
        struct asking asking;
        struct seen_case *seen;
        bool is_reviewing; /* its answer is on the way */
        bool has_receipt;  /* I answered `seen` in this visit */
        bool override;
        struct opened opened;
        struct log_page *timeline, *log, *rosters;
        char holder[130];         /* whose shares People shows one by one; empty: everybody in short */
        uint64_t n_verified;      /* entries, so far */
        char *entry;              /* details of a log entry */
        char *draft, *postmortem; /* texts of post-mortems: to be edited; written, not sent */
        char written_of[130];     /* the incident that they are about */
        int64_t lock_after_ms;    /* of silence */
        struct rotating rotating;
};

struct screen {
        const char *title;
        const struct key_about *keys;
        size_t n_keys;
        /* What can be selected, in the order shown. NULL: nothing. */
        void (*list)(const struct model *m, struct rows *ret);
        /* Comes to the screen. NULL: nothing to prepare. */
        struct effect (*enter)(struct model *m);
        /* A key that no prompt wanted. typed: for forms. */
        struct effect (*update)(struct model *m, enum action a, struct key_press typed);
        /* Enter in a prompt of this screen. */
        struct effect (*confirm)(struct model *m);
        void (*draw)(const struct model *m, struct sheet *s);
        /* A new picture came: reads again what came from elsewhere. NULL: nothing did. */
        struct effect (*news)(struct model *m);
        /* Whether characters are text now, not commands. */
        bool (*is_typing)(const struct model *m);
};

#define X(NAME, name) extern const struct screen screen_##name;
SCREEN_LIST(X)
#undef X
const struct screen *screen_of(enum screen_id id);
const char *screen_word(enum screen_id id);

void model_init(struct model *m, unsigned rows, unsigned columns);
void model_done(struct model *m);
/* One key. */
struct effect model_update(struct model *m, struct key_press k);
/* A result; takes over what it owns, but the document. The effect is a follow-up (mostly none). */
struct effect model_take(struct model *m, struct result *r);
/* Time passes; locks after silence, hides what was shown for long. */
struct effect model_tick(struct model *m, int64_t now_ms);
void model_resize(struct model *m, unsigned rows, unsigned columns);

/* ---- for screens ---- */
struct effect model_go(struct model *m, enum screen_id to);
struct effect model_back(struct model *m);
void model_note(struct model *m, int role, const char *format, ...) PRINTF_LIKE(3, 4);
void model_ask(struct model *m, enum prompt_kind kind, const struct hash *about);
void model_end_prompt(struct model *m);
/* Whether the typed word is this one; else a note says so. */
bool model_typed(struct model *m, const char *word);
/* The effect, unless another job is under way. */
struct effect model_begin(struct model *m, struct effect e);
/* Has the request of Approve checked (again); reading never waits for an act to end. */
struct effect model_review(struct model *m);
/* The selected row; false when there is none. */
bool model_selected(const struct model *m, struct row *ret);
void model_move(struct model *m, enum action a);
const struct picture_request *model_request(const struct model *m);
/* What is different now, in words: "bob approved; 1 of 2 now". Empty when nothing is. now: NULL when it is gone. */
void standing_difference(const struct standing *before, const struct picture_request *now, int64_t now_ms,
                         struct bytes *ret);
/* "28:04" or "1:02:00"; "0:00" when past. */
const char *countdown(int64_t ms, char ret[32]);
