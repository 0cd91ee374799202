/* What the ledger says when asked about versions and requests. */
#include "quorum/ledger_state.h"

/* ---- versions ---- */

size_t ledger_versions(const struct ledger *l)
{
        return count_version(l);
}

void ledger_version_at(const struct ledger *l, size_t i, struct version_view *ret)
{
        const struct version_row *v = row_version(l, (uint32_t)i);
        *ret = (struct version_view){
                .index = i,
                .n = v->n,
                .at_ms = v->at_ms,
                .id = v->id,
                .fields = l->fields[i],
                .sealer = name_text(l, v->sealer),
                .state = (enum version_state)v->state,
                .current_since_ms = v->current_since_ms,
                .evidence = (enum old_evidence)v->evidence,
                .is_retired = row_credential(l, v->credential)->entry == NONE,
        };
}

bool ledger_version_by_id(const struct ledger *l, const struct hash *id, struct version_view *ret)
{
        uint32_t i = find_of_type(l, id, STATEMENT_VERSION);
        if (i == NONE)
                return false;
        ledger_version_at(l, i, ret);
        return true;
}

/* Also of a retired credential. */
static const struct credential_row *credential_row_of(const struct ledger *l, const char *credential)
{
        uint32_t name = name_find(l, credential);
        uint32_t c = name == NONE ? NONE : row_name(l, name)->credential;
        return c == NONE ? NULL : row_credential(l, c);
}

bool ledger_current_version(const struct ledger *l, const char *credential, struct version_view *ret)
{
        const struct credential_row *c = credential_row_of(l, credential);
        if (!c || c->current == NONE)
                return false;
        ledger_version_at(l, c->current, ret);
        return true;
}

static uint32_t newest_pending(const struct ledger *l, const struct credential_row *c)
{
        uint32_t v = c->last_waiting;
        while (v != NONE && row_version(l, v)->state != VERSION_PENDING)
                v = row_version(l, v)->next_waiting;
        return v;
}

bool ledger_pending_version(const struct ledger *l, const char *credential, struct version_view *ret)
{
        const struct credential_row *c = credential_row_of(l, credential);
        if (!c)
                return false;
        uint32_t v = version_being_set(l, row_name(l, c->name)->credential);
        if (v == NONE)
                v = newest_pending(l, c);
        if (v == NONE)
                return false;
        ledger_version_at(l, v, ret);
        return true;
}

bool ledger_is_eligible(const struct ledger *l, const struct version_view *v, const char *holder)
{
        const struct version_row *row = row_version(l, (uint32_t)v->index);
        uint32_t name = name_find(l, holder);
        uint32_t i = name == NONE ? NONE : share_position(l, row, name);
        return i != NONE && (row->eligible >> i & 1) != 0;
}

unsigned ledger_eligible(const struct ledger *l, const struct version_view *v)
{
        return bits_of(row_version(l, (uint32_t)v->index)->eligible);
}

unsigned ledger_threshold(const struct ledger *l, const struct version_view *v)
{
        return version_threshold(l, row_version(l, (uint32_t)v->index));
}

bool ledger_is_outdated(const struct ledger *l, const struct version_view *v)
{
        const struct version_row *row = row_version(l, (uint32_t)v->index);
        return row->state == VERSION_CURRENT && row->is_outdated;
}

static int64_t custody_at(const struct ledger *l, const struct version_row *v, uint32_t holder)
{
        uint32_t i = share_position(l, v, holder);
        return i == NONE ? 0 : share_at(l, v, i)->custody_at_ms;
}

int64_t ledger_custody_of_credential(const struct ledger *l, const char *credential, const char *holder)
{
        const struct credential_row *c = credential_row_of(l, credential);
        uint32_t name = name_find(l, holder), v = c ? c->last_version : NONE;
        int64_t latest_ms = 0;
        for (; name != NONE && v != NONE; v = row_version(l, v)->before) {
                int64_t this_ms = custody_at(l, row_version(l, v), name);
                latest_ms = this_ms > latest_ms ? this_ms : latest_ms;
        }
        return latest_ms;
}

int64_t ledger_custody_of_version(const struct ledger *l, const struct hash *version, const char *holder)
{
        uint32_t v = find_of_type(l, version, STATEMENT_VERSION), name = name_find(l, holder);
        return v == NONE || name == NONE ? 0 : custody_at(l, row_version(l, v), name);
}

unsigned ledger_custody_wanted(const struct ledger *l, const struct version_view *v, int64_t now_ms,
                               struct bytes *ret)
{
        const struct version_row *row = row_version(l, (uint32_t)v->index);
        const char *separator = "";
        unsigned n = 0;
        for (uint32_t i = 0; i < row->n_shares; i++) {
                const struct share_row *share = share_at(l, row, i);
                if ((row->eligible >> i & 1) == 0)
                        continue;
                if (rotation_share_is_proven(l, share, now_ms)) {
                        n++;
                        continue;
                }
                bytes_printf(ret, "%s%s", separator, name_text(l, share->holder));
                separator = ", ";
        }
        return n;
}

/* ---- requests ---- */

size_t ledger_requests(const struct ledger *l)
{
        return count_request(l);
}

static enum request_state state_of(const struct request_view *v, bool is_ready)
{
        if (v->end != END_NONE)
                return REQUEST_ENDED;
        if (v->opened_n != 0)
                return REQUEST_OPENED;
        return is_ready ? REQUEST_READY : REQUEST_WAITING;
}

void ledger_request_at(const struct ledger *l, size_t i, int64_t now_ms, struct request_view *ret)
{
        const struct request_row *r = row_request(l, (uint32_t)i);
        const struct version_row *v = row_version(l, r->version);
        *ret = (struct request_view){
                .index = i,
                .n = r->n,
                .at_ms = r->at_ms,
                .id = r->id,
                .requester = name_text(l, r->requester),
                .credential = name_text(l, row_credential(l, r->credential)->name),
                .emergency = name_text(l, r->emergency),
                .reason = text_at(l, r->reason),
                .incident = name_text(l, row_incident(l, r->incident)->name),
                .has_incident = r->has_incident,
                .version = v->id,
                .reply_to = r->reply_to,
                .made_at_ms = r->made_at_ms,
                .open_for_ms = r->asked_open_for_ms,
                .expires_at_ms = r->expires_at_ms,
                .opened_at_ms = r->opened_at_ms,
                .opened_n = r->opened_n,
                .access_until_ms = r->opened_n != 0 ? request_access_until(r) : 0,
                .close_is_logged = r->end != END_NONE,
                .threshold = version_threshold(l, v),
                .approvals = request_valid_approvals(l, r, now_ms),
                .approvals_ever = r->n_approvals,
                .denials = r->n_denials,
                .is_dark = r->is_dark,
        };
        ret->end = request_end_at(l, r, now_ms, &ret->ended_at_ms);
        ret->state = state_of(ret, request_ready_until(l, r) > now_ms);
}

bool ledger_request_by_id(const struct ledger *l, const struct hash *id, int64_t now_ms, struct request_view *ret)
{
        uint32_t i = find_of_type(l, id, STATEMENT_REQUEST);
        if (i == NONE)
                return false;
        ledger_request_at(l, i, now_ms, ret);
        return true;
}

size_t ledger_approvals(const struct ledger *l, size_t request)
{
        return row_request(l, (uint32_t)request)->n_approvals;
}

void ledger_approval_at(const struct ledger *l, size_t request, size_t i, int64_t now_ms, struct approval_view *ret)
{
        const struct request_row *r = row_request(l, (uint32_t)request);
        const struct version_row *v = row_version(l, r->version);
        uint32_t k = r->first_approval;
        while (i-- > 0)
                k = row_approval(l, k)->next;
        const struct approval_row *a = row_approval(l, k);
        const struct share_row *share = share_at(l, v, a->position);
        *ret = (struct approval_view){
                .n = a->n,
                .id = a->offline == NONE ? ledger_id_at(l, a->n) : row_offline(l, a->offline)->id,
                .approver = name_text(l, share->holder),
                .index = share->index,
                .share = a->share,
                .at_ms = a->at_ms,
                .made_at_ms = a->made_at_ms,
                .expires_at_ms = a->expires_at_ms,
                .is_override = a->is_override,
                .is_valid = (v->eligible >> a->position & 1) != 0 && a->expires_at_ms > now_ms,
        };
}

size_t ledger_denials(const struct ledger *l, size_t request)
{
        return row_request(l, (uint32_t)request)->n_denials;
}

void ledger_denial_at(const struct ledger *l, size_t request, size_t i, struct denial_view *ret)
{
        uint32_t k = row_request(l, (uint32_t)request)->first_denial;
        while (i-- > 0)
                k = row_denial(l, k)->next;
        const struct denial_row *d = row_denial(l, k);
        *ret = (struct denial_view){d->n, name_text(l, d->denier), text_at(l, d->reason), d->at_ms, d->is_suspicious};
}

bool ledger_wants_override(const struct ledger *l, const struct hash *request, const char *approver,
                           unsigned *ret_others)
{
        uint32_t i = find_of_type(l, request, STATEMENT_REQUEST), name = name_find(l, approver);
        *ret_others = 0;
        if (i == NONE || name == NONE)
                return false;
        const struct request_row *r = row_request(l, i);
        uint32_t position = share_position(l, row_version(l, r->version), name);
        *ret_others = bits_of(request_others(l, r));
        return position != NONE && request_wants_override(l, r, position);
}
