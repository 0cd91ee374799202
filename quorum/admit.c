#include "quorum/admit.h"
#include "quorum/sshsig.h"
#include <inttypes.h>
#include <string.h>

#define NAMESPACE_TEXT (sizeof("breakglass/") + sizeof(((struct envelope *)0)->type_word))

/* One answer for a stranger and for a bad signature, the reason included. */
static enum err refuse_signature(void)
{
        return err_because(ERR_AUTH, "not signed by the keys of its roster");
}

/* Whose key it is in this roster; NULL for a stranger. */
static const char *name_of(const struct roster *r, const struct key *signs)
{
        const struct person *p;

        if (!r)
                return NULL;
        if (key_equal(&r->broker_signs, signs))
                return "broker";
        p = roster_person_by_signs(r, signs);
        return p ? p->name : NULL;
}

static enum err read_signers(const struct envelope *e, struct key ret_signers[])
{
        for (size_t i = 0; i < e->n_signatures; i++)
                if (sshsig_signer(bytes_span(&e->signatures[i]), &ret_signers[i]) != OK)
                        return refuse_signature();
        return e->n_signatures > 0 ? OK : refuse_signature();
}

static enum err verify(const struct envelope *e, const struct key signers[])
{
        char name_space[NAMESPACE_TEXT];

        snprintf(name_space, sizeof(name_space), "breakglass/%s", e->type_word);
        for (size_t i = 0; i < e->n_signatures; i++)
                if (sshsig_verify(&signers[i], name_space, bytes_span(&e->payload), bytes_span(&e->signatures[i])) !=
                    OK)
                        return refuse_signature();
        return OK;
}

/* The new roster names its own new admins, so its signers are known only after it was parsed. */
static enum err admit_roster(const struct roster *roster, const struct envelope *e, const struct key signers[],
                             struct statement **ret)
{
        struct statement *s;
        enum err error;

        if ((error = statement_parse(STATEMENT_ROSTER, bytes_span(&e->payload), &s)) != OK)
                return error;
        s->n_by = e->n_signatures;
        error = roster_follows(roster, s->new_roster, signers, e->n_signatures, s->by);
        if (error != OK) {
                statement_free(s);
                return error == ERR_AUTH ? refuse_signature() : error;
        }
        *ret = s;
        return OK;
}

static enum err admit_payload(const struct envelope *e, const char *signer, struct statement **ret)
{
        struct statement *s;
        enum err error;

        if (e->type == STATEMENT_UNKNOWN)
                return err_because(ERR_UPGRADE, "an unknown type of statement");
        if (e->n_signatures != 1)
                return err_because(ERR_BAD_STATEMENT, "only a roster has several signatures");
        if ((error = statement_parse(e->type, bytes_span(&e->payload), &s)) != OK)
                return error;
        if (strcmp(s->by[0], signer) != 0) {
                statement_free(s);
                return err_because(ERR_BAD_STATEMENT, "`by` names another than the signer");
        }
        *ret = s;
        return OK;
}

static enum err admit(const struct roster *roster, const struct envelope *e, bool is_trusted, struct statement **ret)
{
        struct key signers[SIGNATURES_MAX];
        bool is_roster = e->type == STATEMENT_ROSTER;
        enum err error;

        if ((error = read_signers(e, signers)) != OK)
                return error;
        for (size_t i = 0; !is_roster && i < e->n_signatures; i++)
                if (!name_of(roster, &signers[i]))
                        return refuse_signature();
        if (!is_trusted && (error = verify(e, signers)) != OK)
                return error;
        if (is_roster)
                return admit_roster(roster, e, signers, ret);
        return admit_payload(e, name_of(roster, &signers[0]), ret);
}

enum err admit_statement(const struct roster *roster, const struct envelope *e, struct statement **ret)
{
        return admit(roster, e, false, ret);
}

/* ---- lines of the log ---- */

/* What `log verify` calls the inner error: bytes that aren't what was signed in that order, a newer program's words,
 * or a broken rule. */
static enum err verdict_of(enum err inner)
{
        switch ((int)inner) {
        case ERR_AUTH:
        case ERR_FORK:
        case ERR_ROSTER_GAP:
        case ERR_ROSTER_ROLLBACK:
        case ERR_ROSTER_FORK:
        case ERR_CORRUPT_LOG: return ERR_CORRUPT_LOG;
        case ERR_UPGRADE: return ERR_UPGRADE;
        default: return ERR_BAD_LOG;
        }
}

static enum err refuse(uint64_t n, enum err inner)
{
        CLEANUP_FREE char *why = mem_text(err_reason());

        return err_because(verdict_of(inner), "entry %" PRIu64 ": %s%s%s", n, err_word(inner), why[0] ? ": " : "",
                           why);
}

/* What can't be in this log at all, whatever the rules say. */
static enum err check_belongs(const struct ledger *l, const struct statement *s)
{
        uint64_t n;

        if (ledger_find(l, &s->id, &n))
                return err_because(ERR_CORRUPT_LOG, "the same statement as entry %" PRIu64, n);
        if (s->type == STATEMENT_SESSION)
                return err_because(ERR_BAD_STATEMENT, "a sign-in is never logged");
        if (s->type != STATEMENT_ROSTER && !hash_equal(&s->installation, ledger_installation(l)))
                return err_because(ERR_CORRUPT_LOG, "it is of another installation");
        return OK;
}

static enum err admit_next(struct ledger *l, struct span line_text, bool is_trusted, struct statement **ret)
{
        CLEANUP_LINE struct line line = {0};
        struct hash leaf = tree_leaf(line_text);
        enum err e;

        if ((e = line_read(line_text, &line)) != OK)
                return e;
        if (line.n != ledger_size(l))
                return err_because(ERR_CORRUPT_LOG, "it says that it is entry %" PRIu64, line.n);
        if ((e = admit(ledger_roster(l), &line.envelope, is_trusted, ret)) != OK)
                return e;
        if ((e = check_belongs(l, *ret)) != OK)
                return e;
        err_forget(); /* a reading that was only tried may have left a reason */
        return ledger_apply(l, *ret, line.at_ms, &leaf);
}

enum err admit_line(struct ledger *l, struct span line_text, bool is_trusted, struct statement **ret_statement)
{
        struct statement *s = NULL;
        uint64_t n = ledger_size(l);
        enum err e;

        err_forget();
        e = admit_next(l, line_text, is_trusted, &s);
        if (e == OK && ret_statement)
                *ret_statement = s;
        else
                statement_free(s);
        return e == OK ? OK : refuse(n, e);
}
