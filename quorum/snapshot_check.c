/* Each check says what the fold and the views take for granted; whoever changes the checksum too gets a wrong answer,
 * never a crash. */
#include "quorum/snapshot_check.h"
#include <string.h>

#define TIME_MAX JSON_INT_MAX

/* ---- single values ---- */

static bool is_row(const struct ledger *l, enum table_name t, uint32_t i)
{
        return i < l->table[t].n;
}

static bool is_row_or_none(const struct ledger *l, enum table_name t, uint32_t i)
{
        return i == NONE || is_row(l, t, i);
}

static bool is_time(int64_t ms)
{
        return ms >= 0 && ms <= TIME_MAX;
}

static bool is_text(const struct ledger *l, uint32_t text)
{
        return text == 0 || text / TEXT_CHUNK < l->text.n_chunks;
}

static bool is_name(const struct ledger *l, uint32_t i)
{
        return is_row(l, TABLE_name, i);
}

/* The name of somebody who is or was in a roster. */
static bool is_person_name(const struct ledger *l, uint32_t i)
{
        return is_name(l, i) && is_row(l, TABLE_person, row_name(l, i)->person);
}

static bool is_line(const struct ledger *l, uint64_t n)
{
        return n < count_line(l);
}

/* Lists whose members are added in front point down, those that grow at the end point up: both end. */
static bool points_down(uint32_t from, uint32_t to)
{
        return to == NONE || to < from;
}

static bool points_up(const struct ledger *l, enum table_name t, uint32_t from, uint32_t to)
{
        return to == NONE || (to > from && is_row(l, t, to));
}

/* ---- rows ---- */

static bool sound_line(const struct ledger *l, uint32_t i)
{
        const struct line_row *r = row_line(l, i);
        if (r->type == STATEMENT_VERSION)
                return is_row(l, TABLE_version, r->row);
        if (r->type == STATEMENT_REQUEST)
                return is_row(l, TABLE_request, r->row);
        return r->type < STATEMENT_COUNT;
}

static bool sound_name(const struct ledger *l, uint32_t i)
{
        const struct name_row *r = row_name(l, i);
        return is_text(l, r->text) && is_row_or_none(l, TABLE_person, r->person) &&
               is_row_or_none(l, TABLE_credential, r->credential) && is_row_or_none(l, TABLE_incident, r->incident) &&
               is_row_or_none(l, TABLE_channel, r->channel);
}

static bool sound_key(const struct ledger *l, uint32_t i)
{
        return row_key(l, i)->uses != 0;
}

static bool sound_roster(const struct ledger *l, uint32_t i)
{
        return is_line(l, row_roster(l, i)->n);
}

static bool sound_person(const struct ledger *l, uint32_t i)
{
        const struct person_row *r = row_person(l, i);
        return is_person_name(l, r->name) && row_name(l, r->name)->person == i &&
               is_row_or_none(l, TABLE_request, r->first_owed) && is_row_or_none(l, TABLE_proof, r->first_proof) &&
               is_row_or_none(l, TABLE_seat, r->last_seat);
}

static bool sound_seat(const struct ledger *l, uint32_t i)
{
        const struct seat_row *r = row_seat(l, i);
        return is_person_name(l, r->name) && is_row(l, TABLE_roster, r->first) &&
               is_row_or_none(l, TABLE_roster, r->end) && points_down(i, r->before);
}

static bool sound_proof(const struct ledger *l, uint32_t i)
{
        return is_time(row_proof(l, i)->at_ms) && points_down(i, row_proof(l, i)->next);
}

static bool sound_credential(const struct ledger *l, uint32_t i)
{
        const struct credential_row *r = row_credential(l, i);
        return is_name(l, r->name) && row_name(l, r->name)->credential == i && is_time(r->postmortem_within_ms) &&
               is_row_or_none(l, TABLE_version, r->current) && is_row_or_none(l, TABLE_version, r->last_waiting) &&
               is_row_or_none(l, TABLE_version, r->last_version);
}

static bool sound_version_parts(const struct ledger *l, const struct version_row *r)
{
        return r->need >= 1 && r->need <= SHARE_MAX && r->n_shares >= 1 && r->n_shares <= SHARE_MAX &&
               (uint64_t)r->first_share + r->n_shares <= count_share(l) &&
               (uint64_t)r->first_commitment + r->need <= count_point(l) && r->state <= VERSION_DROPPED &&
               r->set <= OUTCOME_UNKNOWN && r->test <= OUTCOME_UNKNOWN && r->revoke <= OUTCOME_UNKNOWN &&
               r->evidence <= OLD_UNPROVEN;
}

static bool sound_version(const struct ledger *l, uint32_t i)
{
        const struct version_row *r = row_version(l, i);
        return sound_version_parts(l, r) && is_line(l, r->n) && is_time(r->at_ms) && is_time(r->current_since_ms) &&
               is_time(r->claimed_until_ms) && is_time(r->begun_at_ms) && is_time(r->said_at_ms) &&
               (r->is_ordered ? r->ordered_n > 0 && is_line(l, r->ordered_n - 1) : r->ordered_n == 0) &&
               is_row(l, TABLE_credential, r->credential) && is_name(l, r->policy) && is_name(l, r->sealer) &&
               is_text(l, r->recipient_text) && points_down(i, r->next_waiting) && points_down(i, r->before) &&
               is_row_or_none(l, TABLE_name, r->claimed_by) && is_row_or_none(l, TABLE_version, r->replaced_by);
}

static bool sound_share(const struct ledger *l, uint32_t i)
{
        const struct share_row *r = row_share(l, i);
        return is_person_name(l, r->holder) && is_name(l, r->recipient_text) && is_time(r->custody_at_ms);
}

static bool sound_point(const struct ledger *l, uint32_t i)
{
        return is_row(l, TABLE_point, i);
}

static bool sound_request_times(const struct request_row *r)
{
        return is_time(r->at_ms) && is_time(r->made_at_ms) && is_time(r->expires_at_ms) &&
               is_time(r->asked_open_for_ms) && is_time(r->open_for_ms) && is_time(r->opened_at_ms) &&
               is_time(r->ended_at_ms);
}

static bool sound_request_lists(const struct ledger *l, uint32_t i)
{
        const struct request_row *r = row_request(l, i);
        return is_row_or_none(l, TABLE_approval, r->first_approval) &&
               is_row_or_none(l, TABLE_approval, r->last_approval) &&
               is_row_or_none(l, TABLE_denial, r->first_denial) && is_row_or_none(l, TABLE_denial, r->last_denial) &&
               is_row_or_none(l, TABLE_vote, r->first_vote) && points_up(l, TABLE_request, i, r->next_of_incident) &&
               points_down(i, r->previous_live) && points_up(l, TABLE_request, i, r->next_live) &&
               is_row_or_none(l, TABLE_request, r->previous_owed) && is_row_or_none(l, TABLE_request, r->next_owed);
}

static bool sound_request(const struct ledger *l, uint32_t i)
{
        const struct request_row *r = row_request(l, i);
        return sound_request_times(r) && sound_request_lists(l, i) && is_line(l, r->n) && is_line(l, r->opened_n) &&
               is_person_name(l, r->requester) && is_name(l, r->emergency) &&
               is_row(l, TABLE_credential, r->credential) && is_row(l, TABLE_version, r->version) &&
               is_row(l, TABLE_incident, r->incident) && is_text(l, r->reason) && r->end <= END_OFFLINE;
}

static bool sound_approval(const struct ledger *l, uint32_t i)
{
        const struct approval_row *r = row_approval(l, i);
        return is_line(l, r->n) && is_time(r->at_ms) && is_time(r->made_at_ms) && is_time(r->expires_at_ms) &&
               r->position < SHARE_MAX && points_up(l, TABLE_approval, i, r->next) &&
               is_row_or_none(l, TABLE_offline, r->offline);
}

static bool sound_denial(const struct ledger *l, uint32_t i)
{
        const struct denial_row *r = row_denial(l, i);
        return is_line(l, r->n) && is_time(r->at_ms) && is_name(l, r->denier) && is_text(l, r->reason) &&
               points_up(l, TABLE_denial, i, r->next);
}

static bool sound_vote(const struct ledger *l, uint32_t i)
{
        const struct vote_row *r = row_vote(l, i);
        return is_time(r->open_for_ms) && r->position < SHARE_MAX && points_down(i, r->next);
}

static bool sound_incident(const struct ledger *l, uint32_t i)
{
        const struct incident_row *r = row_incident(l, i);
        return is_name(l, r->name) && row_name(l, r->name)->incident == i && is_time(r->deadline_ms) &&
               is_row_or_none(l, TABLE_request, r->first_request) &&
               is_row_or_none(l, TABLE_request, r->last_request) &&
               (r->first_request == NONE) == (r->n_requests == 0) &&
               (r->last_request == NONE) == (r->n_requests == 0) && r->criterion <= CRITERION_DRILL;
}

static bool sound_channel(const struct ledger *l, uint32_t i)
{
        return is_name(l, row_channel(l, i)->name);
}

static bool sound_offline(const struct ledger *l, uint32_t i)
{
        const struct offline_row *r = row_offline(l, i);
        return r->type == STATEMENT_REQUEST ? is_row(l, TABLE_request, r->row)
                                            : r->type == STATEMENT_APPROVAL || r->type == STATEMENT_OPEN;
}

/* ---- lists: each row is in at most one, so that walking all of them is linear ---- */

static bool walk_approvals(const struct ledger *l, const struct request_row *r, uint32_t *budget)
{
        uint32_t n = 0, last = NONE;
        for (uint32_t i = r->first_approval; i != NONE; i = row_approval(l, i)->next, n++) {
                if ((*budget)-- == 0 || row_approval(l, i)->position >= row_version(l, r->version)->n_shares)
                        return false;
                last = i;
        }
        return n == r->n_approvals && last == r->last_approval;
}

static bool walk_denials(const struct ledger *l, const struct request_row *r, uint32_t *budget)
{
        uint32_t n = 0, last = NONE;
        for (uint32_t i = r->first_denial; i != NONE; i = row_denial(l, i)->next, n++) {
                if ((*budget)-- == 0)
                        return false;
                last = i;
        }
        return n == r->n_denials && last == r->last_denial;
}

static bool walk_votes(const struct ledger *l, const struct request_row *r, uint32_t *budget)
{
        for (uint32_t i = r->first_vote; i != NONE; i = row_vote(l, i)->next)
                if ((*budget)-- == 0)
                        return false;
        return true;
}

static bool requests_hang_together(const struct ledger *l)
{
        uint32_t approvals = count_approval(l), denials = count_denial(l), votes = count_vote(l);
        for (uint32_t i = 0; i < count_request(l); i++) {
                const struct request_row *r = row_request(l, i);
                if (!walk_approvals(l, r, &approvals) || !walk_denials(l, r, &denials) || !walk_votes(l, r, &votes))
                        return false;
        }
        return true;
}

static bool incidents_hang_together(const struct ledger *l)
{
        uint32_t budget = count_request(l);
        for (uint32_t k = 0; k < count_incident(l); k++) {
                uint32_t n = 0, last = NONE;
                for (uint32_t i = row_incident(l, k)->first_request; i != NONE; n++) {
                        if (budget-- == 0 || row_request(l, i)->incident != k)
                                return false;
                        last = i;
                        i = row_request(l, i)->next_of_incident;
                }
                if (n != row_incident(l, k)->n_requests || last != row_incident(l, k)->last_request)
                        return false;
        }
        return true;
}

/* Exactly the requests whose end is not logged, linked both ways. */
static bool live_hang_together(const struct ledger *l)
{
        uint32_t before = NONE, at = l->first_live;
        if (!is_row_or_none(l, TABLE_request, at))
                return false;
        for (uint32_t i = 0; i < count_request(l); i++) {
                if (row_request(l, i)->end != END_NONE)
                        continue;
                if (at != i || row_request(l, i)->previous_live != before)
                        return false;
                before = i;
                at = row_request(l, i)->next_live;
        }
        return at == NONE && l->last_live == before;
}

static bool owed_hang_together(const struct ledger *l)
{
        uint32_t owed = 0;
        for (uint32_t i = 0; i < count_request(l); i++)
                owed += row_request(l, i)->is_owed != 0;
        for (uint32_t k = 0; k < count_person(l); k++) {
                uint32_t before = NONE;
                for (uint32_t i = row_person(l, k)->first_owed; i != NONE; i = row_request(l, i)->next_owed) {
                        const struct request_row *r = row_request(l, i);
                        if (owed-- == 0 || !r->is_owed || r->previous_owed != before ||
                            row_name(l, r->requester)->person != k)
                                return false;
                        before = i;
                }
        }
        return owed == 0;
}

static bool waiting_hang_together(const struct ledger *l)
{
        for (uint32_t k = 0; k < count_credential(l); k++) {
                uint32_t i = row_credential(l, k)->last_waiting;
                for (; i != NONE; i = row_version(l, i)->next_waiting)
                        if (row_version(l, i)->credential != k)
                                return false;
        }
        return true;
}

bool snapshot_rows_are_sound(const struct ledger *l)
{
#define X(noun)                                                                                                      \
        for (uint32_t i = 0; i < count_##noun(l); i++)                                                               \
                if (!sound_##noun(l, i))                                                                             \
                        return false;
        TABLE_LIST(X)
#undef X
        return requests_hang_together(l) && incidents_hang_together(l) && live_hang_together(l) &&
               owed_hang_together(l) && waiting_hang_together(l);
}

/* ---- the roster ---- */

bool snapshot_roster_fits(const struct ledger *l)
{
        const struct roster *r = l->roster;
        uint32_t name;
        if (count_roster(l) == 0 || !hash_equal(&r->id, &row_roster(l, count_roster(l) - 1)->id) ||
            r->number != row_roster(l, count_roster(l) - 1)->number)
                return false;
        for (size_t i = 0; i < r->n_people; i++)
                if ((name = name_find(l, r->people[i].name)) == NONE || !is_person_name(l, name))
                        return false;
        for (size_t i = 0; i < r->n_credentials; i++)
                if ((name = name_find(l, r->credentials[i].name)) == NONE || row_name(l, name)->credential == NONE)
                        return false;
        return true;
}
