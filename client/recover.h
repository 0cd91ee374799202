/* Asking, approving and opening with nothing but a vault's export and one's identity: no broker, no network, no
 * trusted clock. The statements are signed as ever and kept, so that a broker can be told of them afterwards.
 *
 * The requester's folder:
 *   requests/ID   the one-time key, sealed to the requester's own `opens` key
 *   asked/ID      the request, as a block
 *   answers/ID    the good answers so far, blocks one after the other
 *   opened/ID     the signed `open`, written before anything is handed over */
#pragma once
#include "client/act.h"
#include "quorum/block.h"
#include "quorum/vault.h"

struct recovery {
        struct vault vault;
        struct identity me;
        const char *name;   /* mine, in the export's roster */
        struct home folder; /* only its path is used: the requester's folder */
        int64_t clock_ms;
};

#define CLEANUP_RECOVERY __attribute__((cleanup(recovery_done)))

void recovery_done(struct recovery *r);
/* Finds my name by my keys. Errors: ERR_NOT_ALLOWED (no entry), ERR_AUTH (another opening key). */
MUST_CHECK enum err recovery_find_me(struct recovery *r);
/* The moment that all that is said offline counts as said at. */
int64_t recovery_now_ms(const struct recovery *r);

/* ---- asking ---- */
/* The same ask again gives the same request, from the folder. with_share: NULL, or the holder whose sealed share goes
 * with the block, so that they need no export. ret_block: appended. Errors: as act_request(), ERR_NOT_FOUND (no such
 * holder). */
MUST_CHECK enum err recovery_ask(struct recovery *r, const struct ask *a, const char *with_share,
                                 struct hash *ret_request, struct bytes *ret_block);

/* ---- approving ---- */
/* Takes a request in and makes all checks of act_review() that need no broker. Where the vault has no sealed parts,
 * the share must come with the block: ERR_BAD_BLOB when it is not mine of this version. Errors: those of vault_say()
 * and act_review(). */
MUST_CHECK enum err recovery_review(struct recovery *r, const struct block *request, struct approval_case *ret,
                                    struct secret *ret_scalar);
/* After the typed code: re-seals the share, signs; ret_block: appended. */
MUST_CHECK enum err recovery_approve(struct recovery *r, const struct block *request,
                                     const struct approval_case *reviewed, const struct secret *scalar,
                                     struct bytes *ret_block);

/* ---- opening ---- */
struct recovery_opening;
/* Goes on with a request of the folder. Errors: ERR_NO_ENTRY, ERR_BAD_CONTAINER, those of vault_say(). */
MUST_CHECK enum err recovery_resume(struct recovery *r, const struct hash *request, struct recovery_opening **ret);
void recovery_opening_free(struct recovery_opening *o);
/* An answer: verified, its share opened and fitting its commitments, then kept in the folder. ret_holder: who signed
 * it ("" when that is not known); lives as long as the recovery. Errors: ERR_DUPLICATE (we have this holder's),
 * ERR_MISMATCH (of another request), ERR_AUTH, ERR_BAD_BLOB, ERR_BAD_SHARE, … */
MUST_CHECK enum err recovery_take_answer(struct recovery_opening *o, const struct block *answer,
                                         const char **ret_holder);
/* The request as it stands with the answers so far. */
void recovery_standing(const struct recovery_opening *o, struct request_view *ret);
/* Signs and keeps the `open`, joins the shares. Errors: ERR_NOT_READY, ERR_MISMATCH. */
MUST_CHECK enum err recovery_join(struct recovery_opening *o, struct secret *ret_version_identity);
MUST_CHECK enum err recovery_open(struct recovery_opening *o, const struct secret *version_identity,
                                  struct document *ret);
/* Those of my requests that the folder has; *ret is to be freed. */
MUST_CHECK enum err recovery_list(const struct recovery *r, struct home_entry **ret, size_t *ret_n);

/* ---- when the broker is back ---- */
/* The requests of the folder that were opened; *ret is to be freed. */
MUST_CHECK enum err recovery_opened(const struct home *folder, struct home_entry **ret, size_t *ret_n);
/* Brings one of them to the broker as a `recovery` statement, by its requester or an admin, and sees it in the log,
 * unless the log has it already (ret_is_new: it had not); and drops its one-time key: from now on the credential is
 * asked for as ever. Errors: ERR_NO_ENTRY, those of the rules, asked of the own log before anything is sent, and of
 * client_say(). */
MUST_CHECK enum err recovery_import(struct client *c, const struct home *folder, const struct hash *request,
                                    bool *ret_is_new);
