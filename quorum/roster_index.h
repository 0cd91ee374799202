/* How a roster finds people, policies, … by name and people by key (private to roster*.c): pointers sorted once. */
#pragma once
#include "quorum/roster.h"

struct roster_index {
        const struct person **by_name, **by_signs; /* n_people each */
        const struct emergency **emergency;
        const struct policy **policy;
        const struct credential **credential;
};

/* Sorts what the roster holds by now; called again after each part was read. */
void roster_sort(struct roster *r);
