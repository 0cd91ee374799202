/* The API's routes (docs/api.md). */
#pragma once
#include "broker/server.h"

extern const struct route api_routes[];
extern const size_t api_routes_n;
extern const struct route admin_routes[];
extern const size_t admin_routes_n;

void api_about(struct call *c);
void api_exports(struct call *c);
void api_challenge(struct call *c);
void api_session(struct call *c);
void api_log(struct call *c);
void api_proof(struct call *c);
void api_blob(struct call *c);
void api_handover(struct call *c);
void api_statement(struct call *c);
void api_hook(struct call *c);
void admin_health(struct call *c);
void admin_ready(struct call *c);
void admin_metrics(struct call *c);

/* A whole number without sign from the query. false: absent or malformed. */
bool api_number(const struct call *c, const char *key, uint64_t *ret);
void api_answer_json(struct call *c, struct bytes *body);

/* ---- admission of an envelope from outside: signer known → rate → signature → payload ---- */
/* Counts a failure of this caller for ERR_AUTH. now is the published state. ret_retry_ms for ERR_RATE. */
MUST_CHECK enum err api_admit(struct call *c, const struct published *now, const struct envelope *e,
                              struct statement **ret, int64_t *ret_retry_ms);
