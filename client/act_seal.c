/* Sealing a version, and proving custody of one's shares. */
#include "base/clock.h"
#include "client/act_inside.h"
#include <string.h>

#define CUSTODY_RENEW_MS (60 * DAY_MS)

/* ---- sealing ---- */

static uint64_t next_number(const struct ledger *l, const char *credential)
{
        struct version_view v;
        uint64_t highest = 0;

        for (size_t i = 0; i < ledger_versions(l); i++) {
                ledger_version_at(l, i, &v);
                if (strcmp(v.fields->credential, credential) == 0 && v.fields->number > highest)
                        highest = v.fields->number;
        }
        return highest + 1;
}

/* What the version says beside its keys; texts are the roster's. */
static void describe(const struct client *c, const struct credential *credential, const struct policy *policy,
                     const struct hash *rotation_of, struct version_fields *ret)
{
        struct version_view current;

        *ret = (struct version_fields){.credential = credential->name, .policy = policy->name, .is_initial = true};
        ret->number = next_number(client_ledger(c), credential->name);
        ret->need = policy->approvals;
        if (ledger_current_version(client_ledger(c), credential->name, &current)) {
                ret->has_previous = true;
                ret->previous = current.id;
        }
        if (rotation_of) {
                ret->is_initial = false;
                ret->rotation_of = *rotation_of;
        }
}

static unsigned holders_of(const struct roster *roster, const struct policy *policy,
                           struct version_holder ret[SHARE_MAX])
{
        unsigned n = 0;

        for (size_t i = 0; i < policy->holders.n && n < SHARE_MAX; i++) {
                const struct person *p = roster_person(roster, policy->holders.name[i]);

                ret[n++] = (struct version_holder){p->name, p->opens};
        }
        return n;
}

static enum err say_version(struct client *c, const struct sealed_version *sealed, struct hash *ret_version,
                            uint64_t *ret_n)
{
        struct statement s = {.type = STATEMENT_VERSION, .version = sealed->fields};
        struct span blobs[SHARE_MAX + 1];
        size_t n = 0;

        blobs[n++] = bytes_span(&sealed->ciphertext);
        for (unsigned i = 0; i < sealed->fields.n_shares; i++)
                blobs[n++] = bytes_span(&sealed->share_file[i]);
        return client_say(c, &s, blobs, n, ret_version, ret_n);
}

static enum err seal(struct client *c, const char *name, const struct hash *rotation_of,
                     const struct document_field fields[], size_t n, struct hash *ret_version, uint64_t *ret_n)
{
        const struct roster *roster = ledger_roster(client_ledger(c));
        const struct credential *credential = roster_credential(roster, name);
        CLEANUP_DOCUMENT struct document document = {0};
        struct version_holder holders[SHARE_MAX];
        struct sealed_version sealed = {0};
        struct version_fields about;
        const struct policy *policy;
        enum err e;

        if (!credential)
                return err_because(ERR_NOT_FOUND, "the roster has no credential of that name");
        if (!rotation_of && !name_list_has(&credential->sealers, client_me(c)))
                return err_because(ERR_SEALER, "%s is no sealer of %s", client_me(c), credential->name);
        policy = roster_policy_of(roster, credential->name);
        describe(c, credential, policy, rotation_of, &about);
        if ((e = document_build(about.credential, about.number, fields, n, &document)) != OK)
                return e;
        e = version_seal(&about, holders, holders_of(roster, policy, holders), &document, &sealed);
        if (e == OK)
                e = say_version(c, &sealed, ret_version, ret_n);
        sealed_version_done(&sealed);
        return e;
}

enum err act_seal(struct client *c, const char *credential, const struct document_field fields[], size_t n,
                  struct hash *ret_version, uint64_t *ret_n)
{
        enum err e = client_sync(c, 0, NULL);

        return e != OK ? e : seal(c, credential, NULL, fields, n, ret_version, ret_n);
}

enum err act_seal_rotation(struct client *c, const struct hash *old_version, const struct document_field fields[],
                           size_t n, struct hash *ret_version, uint64_t *ret_n)
{
        struct version_view old;
        enum err e = client_sync(c, 0, NULL);

        if (e != OK)
                return e;
        if (!ledger_version_by_id(client_ledger(c), old_version, &old))
                return err_because(ERR_NOT_FOUND, "the log has no such version");
        return seal(c, old.fields->credential, old_version, fields, n, ret_version, ret_n);
}

/* ---- custody ---- */

static bool is_live(const struct version_view *v)
{
        return !v->is_retired &&
               (v->state == VERSION_CURRENT || v->state == VERSION_PENDING || v->state == VERSION_SEALED);
}

/* My share in it, sealed to my present key, that I haven't vouched for lately. */
static bool is_due(const struct client *c, const struct version_view *v)
{
        const struct version_share *mine = version_share_of(v->fields, client_me(c));
        int64_t said = ledger_custody_of_version(client_ledger(c), &v->id, client_me(c));
        char opens[AGE_PUBLIC_TEXT];

        open_key_format(&client_identity(c)->opens, opens);
        return is_live(v) && mine && strcmp(mine->recipient, opens) == 0 &&
               (said == 0 || said + CUSTODY_RENEW_MS < act_now_ms(c));
}

static enum err prove(struct client *c, const struct version_view *v)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        enum err e;

        if ((e = client_blob(c, &version_share_of(v->fields, client_me(c))->sha256, &file)) != OK)
                return e;
        return version_open_share(v->fields, client_me(c), bytes_span(&file), &client_identity(c)->open, &scalar);
}

/* Failures that say nothing about the share. */
static bool is_outage(enum err e)
{
        return e == ERR_UNREACHABLE || e == ERR_MEMORY || e == ERR_RATE || e == ERR_SHUTTING_DOWN;
}

/* As many as one statement may name; they are said and the list is empty again. */
static enum err say_custody(struct client *c, struct hash_list *proven, size_t *ret_proven)
{
        struct statement s = {.type = STATEMENT_CUSTODY, .custody.versions = *proven};
        enum err e = proven->n > 0 ? client_say(c, &s, NULL, 0, NULL, NULL) : OK;

        if (e == OK)
                *ret_proven += proven->n;
        proven->n = 0;
        return e;
}

enum err act_prove_custody(struct client *c,
                           void (*bad)(void *context, const char *credential, uint64_t number, enum err e),
                           void *context, size_t *ret_proven)
{
        CLEANUP_FREE struct hash *list = mem_new(JSON_LIST_MAX, sizeof(*list));
        struct hash_list proven = {0, list};
        struct version_view v;
        enum err e;

        *ret_proven = 0;
        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        for (size_t i = 0; i < ledger_versions(client_ledger(c)); i++) {
                ledger_version_at(client_ledger(c), i, &v);
                if (!is_due(c, &v))
                        continue;
                if (is_outage(e = prove(c, &v)))
                        return e;
                if (e != OK && bad)
                        bad(context, v.fields->credential, v.fields->number, e);
                if (e != OK)
                        continue;
                list[proven.n++] = v.id;
                if (proven.n == JSON_LIST_MAX && (e = say_custody(c, &proven, ret_proven)) != OK)
                        return e;
        }
        return say_custody(c, &proven, ret_proven);
}
