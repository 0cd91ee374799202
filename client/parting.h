/* Where the broker's log and the own verified copy part ways. A log that is the beginning of ours was cut, or its
 * broker was brought back from a backup: we can give the rest back. One that went on differently is a fork. */
#pragma once
#include "client/client.h"

enum parting_kind {
        PARTING_NONE,
        PARTING_CUT,    /* theirs is the beginning of ours */
        PARTING_FORK,   /* one up to `common`, then both go on */
        PARTING_UNKNOWN /* the broker shows no log that its head belongs to */
};

struct parting {
        enum parting_kind kind;
        uint64_t common; /* entries that both have; what only we have begins there */
        struct checkpoint ours, theirs;
        struct ledger *ledger; /* FORK: their log as far as it was shown, every line verified; else NULL */
        struct bytes lines;    /* FORK: what only they have, each with its newline */
};

void parting_done(struct parting *p);
/* How the last alarm's logs part ways; PARTING_NONE when there was no such alarm. */
const struct parting *client_parting(const struct client *c);
