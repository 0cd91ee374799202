/* A broker in the test's own process: the ledger's rules, a log, blobs, no durability, no rate limits. It can be told
 * to lie or to lose answers. */
#pragma once
#include "peer.h"
#include "quorum/ledger.h"
#include "tests/unit/support/world.h"

struct fake_blob {
        struct hash sha256;
        struct bytes bytes;
};

struct fake {
        struct peer peer;
        struct world *world;
        struct ledger *ledger;
        int64_t now_ms; /* of the next line; the clients' clock too */
        size_t n_lines;
        struct bytes *lines;
        size_t n_blobs;
        struct fake_blob *blobs;
        struct tree *tree;

        /* misbehaviour */
        bool loses_receipts;         /* takes statements, then hangs up */
        bool refuses_everything;     /* 503 shutting-down to statements */
        const char *roster_of_about; /* not NULL: hides all but the first roster */
        size_t hidden_lines;         /* shows a log that much shorter */
        struct hash swapped;         /* this blob … */
        struct hash swapped_for;     /* … is answered with that one */
        struct hash missing;         /* this blob is not found */
        unsigned statements;         /* POSTs of statements */
        unsigned sessions;
};

void fake_start(struct fake *f, struct world *w);
void fake_stop(struct fake *f);
/* A statement of the world's own hand, checked and appended. */
enum err fake_append(struct fake *f, const struct envelope *e);
struct bytes *fake_find_blob(struct fake *f, const struct hash *sha256);
