/* A world for the load generator: one requester, HOLDERS holders, one credential whose version needs two of them, and
 * statements of theirs in any number. Signs under the head {1, genesis}, so that nothing depends on the order in
 * which the broker takes them. Ends the program on errors. */
#pragma once
#include "quorum/envelope.h"
#include "quorum/identity.h"
#include "quorum/version.h"

#define HOLDERS 32u

struct load_world {
        struct identity requester, holder[HOLDERS];
        char name[HOLDERS][8];
        struct hash installation, root; /* of the genesis */
        struct hash version;            /* its id */
        struct sealed_version sealed;
        struct secret scalar[HOLDERS]; /* the holders' opened shares */
};

struct load_world *load_world_new(void); /* everybody's keys: the same in every run */
/* The genesis roster for this `broker: {…}` line. */
void load_world_roster(const struct load_world *w, const char *broker, struct bytes *ret_yaml);
/* An envelope in JSON, signed by the first holder, who is the admin. */
void load_world_sign_roster(const struct load_world *w, struct span yaml, struct bytes *ret_json);
/* The broker's first line: from now on statements can be made. */
void load_world_begin(struct load_world *w, struct span genesis_line);

/* Each makes the body of POST /v1/statements. */
void load_say_version(struct load_world *w, struct bytes *ret_body);
void load_say_request(const struct load_world *w, struct bytes *ret_body, struct hash *ret_id, struct key *ret_reply);
/* ret_line: how long its line in the log is; ret_blob: how long its blob. Either may be NULL. */
void load_say_approval(const struct load_world *w, unsigned holder, const struct hash *request,
                       const struct key *reply, struct bytes *ret_body, size_t *ret_line, size_t *ret_blob);
