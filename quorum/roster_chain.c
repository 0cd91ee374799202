#include "quorum/roster.h"
#include <inttypes.h>
#include <string.h>

/* The person of this roster whose signing key it is, if an admin. */
static const struct person *admin_of(const struct roster *r, const struct key *signs)
{
        const struct person *p = r ? roster_person_by_signs(r, signs) : NULL;

        return p && !p->is_rotator && roster_is_admin(r, p->name) ? p : NULL;
}

static bool is_first(const struct key signers[], size_t i)
{
        for (size_t j = 0; j < i; j++)
                if (key_equal(&signers[j], &signers[i]))
                        return false;
        return true;
}

/* Within one roster a key is one person's and a person has one key, so distinct keys are distinct persons. Each
 * roster counts for itself: what was one person's key there may be another's here. */
static bool has_threshold(const struct roster *r, const struct key signers[], size_t n_signers)
{
        size_t count = 0;

        for (size_t i = 0; i < n_signers; i++)
                if (is_first(signers, i) && admin_of(r, &signers[i]))
                        count++;
        return count >= r->admins_need;
}

static enum err check_signers(const struct roster *old, const struct roster *new_roster, const struct key signers[],
                              size_t n_signers, const char *ret_by[])
{
        for (size_t i = 0; i < n_signers; i++) {
                const struct person *p = admin_of(old, &signers[i]);

                if (!p)
                        p = admin_of(new_roster, &signers[i]);
                if (!p)
                        return ERR_AUTH;
                if (ret_by)
                        ret_by[i] = p->name;
        }
        return OK;
}

static enum err check_genesis(const struct roster *r)
{
        if (r->number != 1)
                return err_because(ERR_ROSTER_GAP, "roster %" PRIu64 " where the first was expected", r->number);
        if (r->has_previous)
                return err_because(ERR_BAD_ROSTER, "the first roster has `previous: none`");
        return OK;
}

static enum err check_number(const struct roster *old, const struct roster *new_roster)
{
        uint64_t was = old->number, is = new_roster->number;

        if (is < was)
                return err_because(ERR_ROSTER_ROLLBACK, "roster %" PRIu64 " after %" PRIu64, is, was);
        if (is == was)
                return hash_equal(&old->id, &new_roster->id)
                               ? err_because(ERR_ROSTER_ROLLBACK, "roster %" PRIu64 " is in force already", is)
                               : err_because(ERR_ROSTER_FORK, "another roster %" PRIu64, is);
        if (is - was > 1)
                return err_because(ERR_ROSTER_GAP, "roster %" PRIu64 " after %" PRIu64, is, was);
        if (!new_roster->has_previous || !hash_equal(&new_roster->previous, &old->id))
                return err_because(ERR_ROSTER_FORK, "roster %" PRIu64 " follows another roster %" PRIu64, is, was);
        return OK;
}

enum err roster_follows(const struct roster *old, const struct roster *new_roster, const struct key signers[],
                        size_t n_signers, const char *ret_by[])
{
        enum err e;

        if ((e = check_signers(old, new_roster, signers, n_signers, ret_by)) != OK)
                return e;
        if ((e = old ? check_number(old, new_roster) : check_genesis(new_roster)) != OK)
                return e;
        if (old && !has_threshold(old, signers, n_signers))
                return err_because(ERR_THRESHOLD, "fewer than %u admins of the roster in force", old->admins_need);
        if (!has_threshold(new_roster, signers, n_signers))
                return err_because(ERR_THRESHOLD, "fewer than %u admins of the new roster", new_roster->admins_need);
        return OK;
}
