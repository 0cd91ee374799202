/* The roster: who exists, who may do what to which credential, and what counts as an emergency (design §4, Roster).
 *
 * Read strictly from YAML; plain data afterwards, owned by the roster. Lists keep the order of the file.
 */
#pragma once
#include "base/yaml.h"
#include "quorum/keys.h"

#define ROSTER_MAX_BYTES             (1024u * 1024u)
#define POSTMORTEM_WITHIN_DEFAULT_MS (INT64_C(5) * 24 * 60 * 60 * 1000)

struct paging;

struct name_list {
        size_t n;
        const char **name;
};

struct contact {
        const char *channel, *address;
};

struct person {
        const char *name;
        struct key signs, opens;
        const char *opens_text;  /* age1… as written */
        const char *team, *zone; /* or NULL */
        size_t n_contacts;
        struct contact *contacts;
        bool is_rotator;
};

struct emergency {
        const char *id, *means, *example, *not_this; /* example, not_this: or NULL */
        bool needs_incident;
};

struct policy {
        const char *name;
        unsigned approvals;
        struct name_list holders, requesters, emergencies, rotators;
        int64_t request_for_ms, open_for_ms, postmortem_within_ms;
        bool allow_single, holders_may_request, postmortem_blocks, page_needs_acceptance, share_reasons;
        int64_t rotate_every_ms;          /* 0: never by age */
        unsigned value_length;            /* 0: the hook's default */
        const char *value_alphabet;       /* or NULL */
        struct name_list from;            /* networks */
        const struct yaml_node *escalate; /* as written, or NULL: see paging.h */
};

struct credential {
        const char *name, *opens_what, *policy;
        struct name_list sealers, tags;
        const char *hook;         /* NULL: no hook, rotated by hand */
        struct bytes hook_config; /* a JSON object text, "{}" when absent */
};

struct roster {
        struct hash id; /* SHA-256 of the YAML bytes */
        uint64_t number;
        const char *name;
        bool has_previous;
        struct hash previous;
        struct key broker_signs;
        const char *broker_tls; /* sha256//… or NULL */
        unsigned admins_need;
        struct name_list admins;
        size_t n_people; /* people, then rotators */
        struct person *people;
        size_t n_emergencies;
        struct emergency *emergencies;
        size_t n_policies;
        struct policy *policies;
        size_t n_credentials;
        struct credential *credentials;
        struct bytes yaml;              /* the bytes */
        struct yaml_node *tree;         /* whole, for what programs read themselves */
        const struct yaml_node *notify; /* as written, or NULL */
        struct paging *paging;          /* whom to page (paging.h); NULL when that doesn't fit its grammar, … */
        char *paging_error;             /* … and why: "line L, column C: …" */
        void *owned_;
};

/* Errors: ERR_BAD_ROSTER (ERR_BAD_KEY for keys) with "line L, column C: …" as err_reason(). Checks everything that
 * needs no earlier roster: closed key list, names, references, distinct keys, 1 ≤ M ≤ N ≤ 32, M = 1 only with
 * allow_single, … */
MUST_CHECK enum err roster_parse(struct span yaml, struct roster **ret);
void roster_free(struct roster *r);

const struct person *roster_person(const struct roster *r, const char *name); /* people and rotators; NULL */
const struct person *roster_person_by_signs(const struct roster *r, const struct key *signs);
const struct emergency *roster_emergency(const struct roster *r, const char *id);
const struct policy *roster_policy(const struct roster *r, const char *name);
const struct credential *roster_credential(const struct roster *r, const char *name);
/* The credential's policy; never NULL for a credential of the roster. */
const struct policy *roster_policy_of(const struct roster *r, const char *credential);
bool name_list_has(const struct name_list *l, const char *name);
bool roster_is_admin(const struct roster *r, const char *name);

/* The chain rule for a roster statement (TUF root rule): number + 1, previous = id, every signature by an admin of
 * old or new, and both thresholds by distinct persons and distinct keys. old NULL: genesis (number 1, previous none,
 * its own threshold). signers: the keys whose signatures hold. ret_by (may be NULL): the signers' names, n_signers of
 * them. Errors: ERR_ROSTER_GAP, ERR_ROSTER_ROLLBACK, ERR_ROSTER_FORK, ERR_THRESHOLD, ERR_AUTH (a signer is no admin
 * of either), ERR_BAD_ROSTER. */
MUST_CHECK enum err roster_follows(const struct roster *old, const struct roster *new_roster,
                                   const struct key signers[], size_t n_signers, const char *ret_by[]);

/* What is allowed but unwise: one call per finding; admins, policies, credentials, notify. */
void roster_lint(const struct roster *r, void (*warn)(void *context, const char *sentence), void *context);
