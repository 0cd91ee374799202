/* Taking a statement in: the checks that all types share, then the type's own rule, then the fold. */
#include "quorum/ledger_state.h"
#include <string.h>

#define CLOCK_TOLERANCE_MS (10 * INT64_C(60) * 1000)

static const struct rule *rule_of(enum statement_type t)
{
        switch (t) {
        case STATEMENT_VERSION: return &rule_version;
        case STATEMENT_CUSTODY: return &rule_custody;
        case STATEMENT_REQUEST: return &rule_request;
        case STATEMENT_APPROVAL: return &rule_approval;
        case STATEMENT_DENIAL: return &rule_denial;
        case STATEMENT_CANCEL: return &rule_cancel;
        case STATEMENT_OPEN: return &rule_open;
        case STATEMENT_CLOSE: return &rule_close;
        case STATEMENT_HOLD: return &rule_hold;
        case STATEMENT_EXTEND: return &rule_extend;
        case STATEMENT_ORDER: return &rule_order;
        case STATEMENT_ROTATION: return &rule_rotation;
        case STATEMENT_POSTMORTEM: return &rule_postmortem;
        case STATEMENT_NOTICE: return &rule_notice;
        case STATEMENT_RECOVERY: return &rule_recovery;
        case STATEMENT_ROSTER:
        case STATEMENT_SESSION:
        case STATEMENT_UNKNOWN: break;
        }
        return NULL;
}

/* The log that the signer had seen is a prefix of ours. */
static enum err head_check(const struct ledger *l, const struct statement *s)
{
        if (!l->roster || !hash_equal(&s->installation, ledger_installation(l)))
                return err_because(ERR_STALE_ROSTER, "made for another installation");
        if (!hash_equal(&s->roster, &l->roster->id))
                return err_because(ERR_STALE_ROSTER, "the roster it names is not the one in force");
        if (s->head_size < 1 || s->head_size > ledger_size(l))
                return err_because(ERR_FORK, "its head has %llu entries, the log %llu",
                                   (unsigned long long)s->head_size, (unsigned long long)ledger_size(l));
        struct hash root = ledger_root_at(l, s->head_size);
        if (!hash_equal(&s->head_root, &root))
                return err_because(ERR_FORK, "its head at %llu has another root", (unsigned long long)s->head_size);
        return OK;
}

static enum err signer_check(const struct ledger *l, const struct statement *s, struct act *a)
{
        if (s->n_by != 1)
                return err_because(ERR_BAD_STATEMENT, "only a roster has several signers");
        a->is_broker = strcmp(s->by[0], "broker") == 0;
        if (a->is_broker)
                return OK;
        a->by = name_find(l, s->by[0]);
        if (!person_of(l, a->by))
                return err_because(ERR_AUTH, "the signer is not in the roster");
        a->is_admin = roster_is_admin(l->roster, s->by[0]);
        return OK;
}

static enum err clock_check(const struct statement *s, int64_t at_ms)
{
        if (s->type != STATEMENT_REQUEST && s->type != STATEMENT_APPROVAL && s->type != STATEMENT_OPEN)
                return OK;
        int64_t off = s->made_at_ms > at_ms ? s->made_at_ms - at_ms : at_ms - s->made_at_ms;
        return off <= CLOCK_TOLERANCE_MS ? OK : ERR_CLOCK;
}

static enum err act_check(const struct ledger *l, const struct statement *s, int64_t at_ms, struct act *ret)
{
        enum err e;
        const struct rule *rule = rule_of(s->type);
        *ret = (struct act){.s = s, .at_ms = at_ms, .by = NONE};
        if (line_find(l, &s->id) != NONE)
                return err_because(ERR_DUPLICATE, "the log holds this very statement");
        if (offline_find(l, &s->id) != NONE)
                return err_because(ERR_DUPLICATE, "it was said offline, and a recovery in the log has it");
        if (at_ms < l->last_at_ms)
                return err_because(ERR_CORRUPT_LOG, "its time lies before the last line's");
        if (s->type == STATEMENT_ROSTER)
                return roster_check(l, s);
        if (!rule)
                return err_because(ERR_BAD_STATEMENT, "this type has no place in the log");
        if ((e = head_check(l, s)) != OK)
                return e;
        if ((e = signer_check(l, s, ret)) != OK)
                return e;
        if ((e = clock_check(s, at_ms)) != OK)
                return e;
        return rule->check(l, ret);
}

enum err ledger_check(const struct ledger *l, const struct statement *s, int64_t at_ms)
{
        struct act a;
        return act_check(l, s, at_ms, &a);
}

static void line_append(struct ledger *l, const struct statement *s, int64_t at_ms, const struct hash *leaf)
{
        uint32_t n;
        struct line_row *line = add_line(l, &n);
        line->id = s->id;
        line->type = (uint32_t)s->type;
        line->row = NONE;
        index_line(l, n);
        tree_add(l->tree, leaf);
        l->last_at_ms = at_ms;
}

enum err ledger_apply(struct ledger *l, const struct statement *s, int64_t at_ms, const struct hash *leaf)
{
        struct act a;
        enum err e = act_check(l, s, at_ms, &a);
        if (e != OK)
                return e;
        line_append(l, s, at_ms, leaf);
        if (s->type == STATEMENT_ROSTER) {
                roster_fold(l, s);
                return OK;
        }
        l->seen_size = s->head_size;
        l->seen_root = s->head_root;
        rule_of(s->type)->fold(l, &a);
        return OK;
}
