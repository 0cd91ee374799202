/* Recoveries in the ledger (rule 13): what was said without the broker, told to it afterwards.
 *
 * It is a report of what has happened, so no wish of a policy can refuse it; what counts is that it is true: signed
 * by the keys of its signers' own roster, on this very log, with as many shares as open the version. No clock of
 * theirs is believed: for the log, all of it happens when it is told. */
#include "quorum/ledger_state.h"
#include "quorum/sshsig.h"
#include <string.h>

static const struct statement *request_of(const struct act *a)
{
        return a->s->recovery.offline[0].said;
}

static const struct statement *open_of(const struct act *a)
{
        return a->s->recovery.offline[a->s->recovery.n - 1].said;
}

/* ---- check: each statement by itself ---- */

static enum err place_check(const struct ledger *l, const struct statement *s)
{
        if (!hash_equal(&s->installation, ledger_installation(l)))
                return err_because(ERR_MISMATCH, "something in it was said in another installation");
        if (s->head_size < 1 || s->head_size > ledger_size(l))
                return err_because(ERR_FORK, "something in it knows of more entries than this log has");
        struct hash root = ledger_root_at(l, s->head_size);
        return hash_equal(&s->head_root, &root)
                       ? OK
                       : err_because(ERR_FORK, "something in it was said on another history than this log's");
}

static enum err signature_check(const struct ledger *l, const struct offline_statement *o)
{
        const struct statement *s = o->said;
        const uint32_t roster = roster_at_size(l, s->head_size);
        if (roster == NONE || !hash_equal(&row_roster(l, roster)->id, &s->roster))
                return err_because(ERR_MISMATCH, "something in it names another roster than its head");
        const struct seat_row *seat = seat_find(l, s->by[0], roster);
        if (!seat || sshsig_verify(&seat->signs, statement_namespace(s->type), bytes_span(&o->payload),
                                   bytes_span(&o->signature)) != OK)
                return err_because(ERR_AUTH, "something in it is not signed by the keys of its roster");
        return OK;
}

static enum err offline_check(const struct ledger *l, const struct offline_statement *o)
{
        enum err e;
        if (line_find(l, &o->said->id) != NONE || offline_find(l, &o->said->id) != NONE)
                return err_because(ERR_DUPLICATE, "the log has its %s already", statement_type_word(o->said->type));
        if ((e = place_check(l, o->said)) != OK)
                return e;
        return signature_check(l, o);
}

static enum err statements_check(const struct ledger *l, const struct act *a)
{
        enum err e = OK;
        for (size_t i = 0; i < a->s->recovery.n && e == OK; i++)
                e = offline_check(l, &a->s->recovery.offline[i]);
        return e;
}

/* ---- check: together ---- */

/* Also of a credential that has left the roster since, and a version that was replaced since. */
static enum err version_check_asked(const struct ledger *l, const struct statement *request, uint32_t *ret)
{
        uint32_t i = find_of_type(l, &request->request.version, STATEMENT_VERSION);
        if (i == NONE || row_version(l, i)->n >= request->head_size)
                return err_because(ERR_NOT_FOUND, "its version was not in the log that its requester had");
        const uint32_t name = row_credential(l, row_version(l, i)->credential)->name;
        if (strcmp(name_text(l, name), request->request.credential) != 0)
                return err_because(ERR_MISMATCH, "the version is another credential's");
        *ret = i;
        return OK;
}

static enum err approver_check_offline(const struct ledger *l, const struct statement *s, const struct version_row *v,
                                       uint32_t *approvers)
{
        uint32_t position = share_position(l, v, name_find(l, s->by[0]));
        if (position == NONE)
                return err_because(ERR_NOT_ALLOWED, "%s holds no share of this version", s->by[0]);
        const struct share_row *share = share_at(l, v, position);
        const struct seat_row *seat = seat_find(l, s->by[0], roster_at_size(l, s->head_size));
        if (!seat || !key_equal(&seat->opens, &share->recipient))
                return err_because(ERR_NOT_ALLOWED, "%s's share was sealed to another key", s->by[0]);
        if (s->approval.index != share->index)
                return err_because(ERR_MISMATCH, "%s's share has another index", s->by[0]);
        if ((*approvers >> position & 1) != 0)
                return err_because(ERR_DUPLICATE, "%s is in it twice", s->by[0]);
        *approvers |= UINT32_C(1) << position;
        return OK;
}

static enum err approvals_check(const struct ledger *l, const struct act *a, const struct version_row *v)
{
        const struct statement *request = request_of(a);
        uint32_t approvers = 0;
        for (size_t i = 1; i + 1 < a->s->recovery.n; i++) {
                const struct statement *s = a->s->recovery.offline[i].said;
                if (!hash_equal(&s->approval.request, &request->id) || !hash_equal(&s->approval.version, &v->id))
                        return err_because(ERR_MISMATCH, "an approval in it is of another request or version");
                if (strcmp(s->by[0], request->by[0]) == 0)
                        return err_because(ERR_NOT_ALLOWED, "nobody approves their own request");
                enum err e = approver_check_offline(l, s, v, &approvers);
                if (e != OK)
                        return e;
        }
        return bits_of(approvers) >= v->need ? OK
                                             : err_because(ERR_NOT_READY, "%u of %u shares: that opened nothing",
                                                           bits_of(approvers), v->need);
}

static enum err open_check(const struct act *a)
{
        if (!hash_equal(&open_of(a)->open.request, &request_of(a)->id))
                return err_because(ERR_MISMATCH, "the opening in it is of another request");
        return strcmp(open_of(a)->by[0], request_of(a)->by[0]) == 0
                       ? OK
                       : err_because(ERR_NOT_ALLOWED, "only who asked can open");
}

static enum err check_recovery(const struct ledger *l, struct act *a)
{
        enum err e;
        uint32_t version = NONE;
        if (a->is_broker || (!a->is_admin && strcmp(a->s->by[0], request_of(a)->by[0]) != 0))
                return err_because(ERR_NOT_ALLOWED, "its requester or an admin brings a recovery");
        if ((e = statements_check(l, a)) != OK)
                return e;
        if ((e = version_check_asked(l, request_of(a), &version)) != OK)
                return e;
        if ((e = reply_to_check(l, request_of(a)->request.reply_to, &a->key)) != OK)
                return e;
        if ((e = approvals_check(l, a, row_version(l, version))) != OK)
                return e;
        return open_check(a);
}

/* ---- fold ---- */

static uint32_t offline_enter(struct ledger *l, const struct statement *s, uint32_t row)
{
        uint32_t i;
        struct offline_row *o = add_offline(l, &i);
        o->id = s->id;
        o->type = (uint32_t)s->type;
        o->row = row;
        index_offline(l, i);
        return i;
}

static void fold_recovery(struct ledger *l, const struct act *a)
{
        const struct statement *request = request_of(a);
        const uint32_t version = find_of_type(l, &request->request.version, STATEMENT_VERSION);
        const uint32_t requester = name_find(l, request->by[0]);
        const uint32_t i = request_enter(l, request, requester, version, &a->key, a->at_ms);
        (void)offline_enter(l, request, i);
        for (size_t k = 1; k + 1 < a->s->recovery.n; k++) {
                const struct statement *s = a->s->recovery.offline[k].said;
                struct approval_row *row = approval_enter(l, s, i, name_find(l, s->by[0]), a->at_ms);
                row->offline = offline_enter(l, s, NONE);
        }
        (void)offline_enter(l, open_of(a), NONE);

        struct request_row *r = row_request(l, i);
        r->opened_n = this_line(l);
        r->opened_at_ms = r->ended_at_ms = a->at_ms;
        r->open_for_ms = 0; /* how long they used it nobody can say */
        r->end = END_OFFLINE;
        row_version(l, version)->was_opened = row_version(l, version)->is_spent = true;
        incident_owe(l, i);
}

const struct rule rule_recovery = {check_recovery, fold_recovery};
