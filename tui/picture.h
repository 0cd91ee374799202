/* What the ledger says at one moment, as the screens need it: plain data with texts of its own, so that screens and
 * their tests need neither ledger nor lock. Made by whoever owns the ledger, then never changed. */
#pragma once
#include "client/act.h"
#include "tui/arena.h"
#include "tui/rotate_plan.h"

struct picture_request {
        struct request_view view; /* texts in the picture */
        size_t n_approvals, n_denials;
        struct approval_view *approvals;
        struct denial_view *denials;
        const char *asked;     /* "alice, carol": eligible holders who have not approved; NULL once ended */
        const char *next_page; /* "carol (again), sre-leads": whom the escalation pages next; NULL: nobody */
        int64_t next_page_ms;
        const char *what;                     /* what the credential opens, NULL when it left the roster */
        uint64_t version;                     /* its number */
        const struct rotation_view *rotation; /* of that version; NULL: unknown */
        bool is_mine, waits_for_me, denied_by_me, is_by_hand;
};

struct picture_incident {
        struct incident_view view;
        struct hash id; /* of the name, for selecting */
};

struct picture_custody {
        const char *holder;
        int64_t checked_at_ms; /* that the share fits; 0: never */
        bool is_eligible;
};

enum readiness { READY_NO = 0, READY_SHAKY, READY_YES };

struct picture_credential {
        struct hash id; /* of the name */
        const char *name, *opens_what, *policy;
        const char *holders;                /* "alice, bob, carol" eligible now */
        unsigned need, n_eligible, n_fresh; /* fresh: checked their share of this version within 90 days */
        size_t n_custody;
        const struct picture_custody *custody; /* of the current version, one for each share */
        uint64_t number;                       /* of the current version, 0: none */
        int64_t last_opened_ms, open_for_ms, request_for_ms;
        enum readiness ready;
        bool may_ask, is_by_hand, is_outdated;
        size_t n_emergencies;
        size_t *emergencies;  /* indices */
        const char *rotation; /* how it goes, NULL when nothing is owed */
};

/* Asked for once, however many requests were for it. */
struct picture_version {
        const char *credential, *what; /* what: it opens; NULL when it left the roster */
        uint64_t number;
        bool is_live, is_by_hand, is_known, is_unfinished;
        size_t n_custody;
        struct picture_custody *custody; /* of a live one, one for each share */
        struct rotation_view rotation;   /* claimed_by in the picture */
        const char *standing;            /* in words, NULL when nothing is owed */
        struct hash id;
        enum rotate_state state; /* of its rotation */
        const char *missing;     /* "1/2: bob": who must still prove a share before it is set; NULL: nobody */
        bool is_shown;           /* among the rotations that are listed */
};

/* What many rotations can be ordered by. */
struct picture_lot {
        struct hash id;
        enum lot_kind kind;
        const char *name; /* "" for everything */
};

struct picture_rotation {
        struct hash id; /* of the old version */
        const char *credential, *standing;
        uint64_t number;
        bool is_bad; /* not proven dead */
};

struct picture_emergency {
        const char *id, *means, *example, *not_this;
        bool needs_incident;
};

struct picture_person {
        struct hash id; /* of the name */
        const char *name, *team, *zone;
        const char *roles; /* "admin, holder, requester" */
        bool is_rotator;
        unsigned held, fresh, stale, never; /* live versions with a share of theirs, by their last check */
        int64_t oldest_ms;                  /* the oldest check that there is; 0: none */
};

struct picture {
        struct arena arena;
        const char *installation, *me; /* me: NULL while locked and never seen */
        int64_t at_ms;
        uint64_t roster, size;
        int64_t last_at_ms;
        char head[17];
        size_t n_requests, n_incidents, n_credentials, n_rotations, n_emergencies, n_people, n_channels, n_debts;
        struct picture_request *requests; /* newest first */
        struct picture_incident *incidents;
        struct picture_credential *credentials;
        struct picture_rotation *rotations; /* unfinished ones */
        struct picture_version *versions;   /* by the ledger's index */
        size_t n_versions, n_shown, n_lots;
        size_t *by_id; /* versions, sorted by id */
        size_t *shown; /* versions whose rotation is due, under way or ended lately, the worst first */
        struct picture_lot *lots;
        const char *admins; /* "alice, bob" */
        struct picture_emergency *emergencies;
        struct picture_person *people;
        struct channel_view *channels;
        const char **debts;      /* incidents whose post-mortem is overdue */
        size_t n_ready, n_shaky; /* credentials */
        const char *names[16];   /* the last few that picture_name() kept */
        unsigned n_names;
        bool wants_custody; /* I have shares that I have not checked lately */
        bool is_admin;      /* I am one */
};

/* Never NULL. me: my name or NULL. */
struct picture *picture_of(const struct ledger *l, const char *installation, const char *me, int64_t now_ms);
void picture_free(struct picture *p);

const struct picture_request *picture_request_of(const struct picture *p, const struct hash *id);
const struct picture_credential *picture_credential_of(const struct picture *p, const char *name);
const struct picture_incident *picture_incident_of(const struct picture *p, const char *name);
bool picture_is_my_incident(const struct picture *p, const char *name); /* I asked in it */
const struct picture_emergency *picture_emergency_of(const struct picture *p, const char *id);
const struct picture_version *picture_version_of(const struct picture *p, const struct hash *id);
const struct picture_lot *picture_lot_of(const struct picture *p, const struct hash *id);

/* ---- the parts, in files of their own ---- */
/* A person's name or an emergency's: the same few recur. */
const char *picture_name(struct picture *p, const char *text);
void picture_add_versions(struct picture *p, const struct ledger *l);
void picture_add_requests(struct picture *p, const struct ledger *l);
void picture_add_credentials(struct picture *p, const struct ledger *l);
void picture_add_people(struct picture *p, const struct ledger *l);
void picture_add_rotations(struct picture *p);
void picture_add_lots(struct picture *p, const struct ledger *l);
