/* Hooks that run at the same time: so many in all, so many at one target. Each errand has a thread that does nothing
 * but run its hook; everything it needs was copied before, and nobody touches it until it comes back. A hook that can
 * stays behind its errand, for the next one at the same target: never more processes than places. */
#pragma once
#include "rotators/engine.h"
#include "rotators/hook_call.h"

struct errand {
        struct hash old_version;
        enum engine_step step;
        char *target, *credential, *key;
        struct bytes handle, old_handle;
        struct document pending, opened;
        struct secret request;
        struct hook_call call; /* borrows from the above and from the configuration */
        /* what came of it */
        enum err error;
        char *why; /* of the error */
        struct hook_result result;
};
void errand_free(struct errand *e);

struct crew;
struct crew *crew_new(unsigned total, unsigned per_target);
void crew_free(struct crew *c); /* nobody may be out any more */
bool crew_has_room(struct crew *c, const char *target);
/* Takes the errand over; there must be room. Errors: ERR_MEMORY (it did not run; it is freed). */
MUST_CHECK enum err crew_send(struct crew *c, struct errand *e);
/* One that has come back (the caller's now), or NULL when none does within wait_ms or nobody is out. */
struct errand *crew_take(struct crew *c, int64_t wait_ms);
unsigned crew_out(struct crew *c); /* out, or back and not taken */
/* Ends the hooks that have stayed and have nothing to do. */
void crew_rest(struct crew *c);

/* ---- target.c ---- */
/* What counts as one target: the hook, and the host, endpoint or URL that its configuration names. The caller's to
 * free. */
char *target_of(const struct hook_entry *hook, struct span roster_config);
