/* What an update asks of the world, and what the world answers. The loop performs effects; those that need the broker
 * become jobs of the worker, whose results come back as events. */
#pragma once
#include "quorum/document.h"
#include "tui/picture.h"

enum effect_kind {
        EFFECT_NONE,
        /* ---- the loop's own ---- */
        EFFECT_QUIT,
        EFFECT_REDRAW,  /* the terminal may show rubbish: paint all of it */
        EFFECT_SUSPEND, /* ^Z */
        EFFECT_UNLOCK,  /* leave the screens, ask for the passphrase */
        EFFECT_LOCK,    /* wipe identity and opened secret */
        EFFECT_EDIT,    /* result.text in $EDITOR */
        EFFECT_HIDE,    /* forget the opened secret */
        EFFECT_FILE,    /* text[0]: path, field: which */
        EFFECT_RUN,     /* text[0]: shell command */
        /* ---- jobs ---- */
        EFFECT_ASK,        /* text: credential, emergency, incident or NULL, reason; ms: open_for */
        EFFECT_REVIEW,     /* id */
        EFFECT_FORGET,     /* drop what was reviewed */
        EFFECT_APPROVE,    /* id, flag: override */
        EFFECT_DENY,       /* id, text[0]: reason, flag: suspicious */
        EFFECT_CANCEL,     /* id */
        EFFECT_OPEN,       /* id, flag: dark */
        EFFECT_CLOSE,      /* id, text[0]: incident or NULL */
        EFFECT_HOLD,       /* text[0]: incident */
        EFFECT_EXTEND,     /* id, ms */
        EFFECT_TIMELINE,   /* text[0]: incident */
        EFFECT_DRAFT,      /* text[0]: incident */
        EFFECT_POSTMORTEM, /* text: incident, text; number: enum criterion */
        EFFECT_LOG,        /* number: up to this entry; text[0]: filter */
        EFFECT_ENTRY,      /* number: the entry */
        EFFECT_VERIFY,
        EFFECT_ROSTERS,  /* what each of them changed */
        EFFECT_ROTATION, /* id: the old version, whose statements are read */
        EFFECT_PLAN,     /* number: enum lot_kind, text[0]: its name */
        EFFECT_ORDER,    /* the same, text[1]: why, id: the plan's digest, as it was confirmed */
        EFFECT_COUNT
};

#define EFFECT_TEXTS 4u

struct effect {
        enum effect_kind kind;
        struct hash id;
        const char *text[EFFECT_TEXTS]; /* the model's: good until its next update */
        int64_t ms;
        uint64_t number;
        bool flag;
};

#define EFFECT(...) ((struct effect){__VA_ARGS__})

/* What a reviewed request says: from verified bytes. */
struct seen_case {
        struct arena arena;
        struct request_view request; /* texts in the arena */
        const char *who, *opens_what, *emergency, *example, *not_this;
        uint64_t version;
        unsigned my_index, others_spent, requests_24h, debts;
        bool wants_override, opens_it;
        size_t n_approvals, n_denials;
        const char **approvals; /* "bob", "carol, by override" */
        const char **denials;   /* "dave: because" */
        bool has_suspicion;
};
void seen_case_free(struct seen_case *c);

struct log_row {
        uint64_t n;
        int64_t at_ms;
        const char *type, *words;
};

/* A part of the log in words, oldest first. */
struct log_page {
        struct arena arena;
        size_t n;
        struct log_row *rows;
        uint64_t from;  /* the lowest entry looked at */
        uint64_t until; /* and the one behind the highest */
};
void log_page_free(struct log_page *p);

/* An answer. Whoever takes it owns what it points to. */
struct result {
        enum effect_kind kind; /* EFFECT_NONE: news of the log or the link */
        enum err err;
        char *reason; /* or NULL */
        struct hash id;
        uint64_t n;      /* the entry made; progress of a verification */
        unsigned handed; /* secrets handed to rotators */
        bool is_away, is_alarm, is_unlocked;
        char *link_reason; /* why away or alarmed */
        struct picture *picture;
        struct seen_case *seen;
        struct log_page *page;
        struct rotate_plan *plan;
        struct document *document; /* the loop keeps it; the model sees names and lengths */
        char *text;                /* a draft, a verdict, an entry's details */
};
void result_done(struct result *r);
