/* A new value becomes the pending version: kept on our own disk before anybody else can know of it. */
#include "quorum/version.h"
#include "rotators/rotator.h"
#include <string.h>

/* ---- what the opener handed over ---- */

static bool read_handover(const struct rotator *r, const struct task *t, struct span file, struct document *ret)
{
        CLEANUP_SECRET struct secret raw = SECRET_NONE;
        return age_open(&client_identity(r->client)->open, file, AGE_ONE_STANZA, DOCUMENT_MAX, &raw) == OK &&
               document_read(&raw, t->old.fields->credential, t->old.fields->number, ret) == OK;
}

enum err task_fetch_opened(const struct rotator *r, const struct task *t, struct document *ret)
{
        struct blob_list list = {0};
        enum err e = client_handovers(r->client, &t->old.id, &list);
        if (e == ERR_NOT_FOUND)
                return OK;
        for (size_t i = 0; e == OK && i < list.n && ret->n_fields == 0; i++)
                (void)read_handover(r, t, bytes_span(&list.blob[i]), ret);
        blob_list_done(&list);
        return e;
}

/* ---- a new value ---- */

static struct value_rules rules_of(const struct task *t)
{
        struct value_rules rules = t->hook->rules;
        if (t->policy->value_length > 0)
                rules.length = t->policy->value_length;
        if (t->policy->value_alphabet)
                rules.alphabet = t->policy->value_alphabet;
        return rules;
}

static bool has_field(const struct document_field fields[], size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (!strcmp(fields[i].name, name))
                        return true;
        return false;
}

static size_t add_prepared(const struct hook_result *prepared, struct document_field fields[], size_t n)
{
        for (size_t i = 0; prepared && i < prepared->fields.n && n < DOCUMENT_FIELDS_MAX; i++) {
                const struct hook_field *f = &prepared->fields.field[i];
                if (has_field(fields, n, f->name))
                        continue; /* ours to make */
                fields[n].value = f->value;
                fields[n].len = f->len;
                snprintf(fields[n++].name, sizeof fields[0].name, "%s", f->name);
        }
        return n;
}

/* What we make and what the target has made is new; other fields are carried over where they were handed to us. */
MUST_CHECK static enum err build_document(const struct task *t, const struct version_fields *about,
                                          const struct hook_result *prepared, const struct document *opened,
                                          struct document *ret)
{
        CLEANUP_SECRET struct secret value = SECRET_NONE;
        CLEANUP_FREE struct document_field *fields = mem_new(DOCUMENT_FIELDS_MAX + 1, sizeof *fields);
        struct value_rules rules = rules_of(t);
        size_t n = 0;
        enum err e = rules.kind == VALUE_TARGET ? OK : value_new(&rules, &value);
        if (e != OK)
                return e;
        if (rules.kind != VALUE_TARGET) {
                fields[n].value = value.bytes;
                fields[n].len = value.len;
                snprintf(fields[n++].name, sizeof fields[0].name, "%s", t->hook->field);
        }
        n = add_prepared(prepared, fields, n);
        for (size_t i = 0; i < opened->n_fields && n < DOCUMENT_FIELDS_MAX; i++)
                if (!has_field(fields, n, opened->field[i].name))
                        fields[n++] = opened->field[i];
        return document_build(about->credential, about->number, fields, n, ret);
}

static struct version_fields describe_version(const struct rotator *r, const struct task *t)
{
        const struct ledger *l = client_ledger(r->client);
        struct version_fields about = {.credential = t->credential->name,
                                       .policy = t->policy->name,
                                       .need = t->policy->approvals,
                                       .has_previous = true,
                                       .previous = t->old.id,
                                       .rotation_of = t->old.id};
        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;
                ledger_version_at(l, i, &v);
                if (!strcmp(v.fields->credential, about.credential) && v.fields->number >= about.number)
                        about.number = v.fields->number + 1;
        }
        return about;
}

static unsigned list_holders(const struct rotator *r, const struct task *t, struct version_holder ret[SHARE_MAX])
{
        const struct roster *roster = ledger_roster(client_ledger(r->client));
        unsigned n = 0;
        for (; n < t->policy->holders.n && n < SHARE_MAX; n++) {
                const struct person *p = roster_person(roster, t->policy->holders.name[n]);
                ret[n] = (struct version_holder){p->name, p->opens};
        }
        return n;
}

/* Our own note comes before anybody else can know of the version. An earlier value may go: it was never posted, never
 * set, or is certain to have been refused. */
MUST_CHECK static enum err keep(struct rotator *r, struct task *t, const struct sealed_version *sealed,
                                const struct hook_result *prepared, const struct document *d)
{
        char earlier[AGE_PUBLIC_TEXT];
        enum err e = job_keep_value(&r->jobs, sealed->recipient_text, d, &client_identity(r->client)->opens);
        if (e != OK)
                return e;
        memcpy(earlier, t->job->recipient, sizeof earlier);
        memcpy(t->job->recipient, sealed->recipient_text, sizeof t->job->recipient);
        bytes_clear(&t->job->handle);
        if (prepared)
                bytes_add_span(&t->job->handle, bytes_span(&prepared->handle));
        t->job->is_rejected = false;
        t->job->seen = SEEN_NOTHING;
        if ((e = job_save(&r->jobs, t->job)) != OK)
                return e;
        bool was_unset = t->facts.pending == ENGINE_PENDING &&
                         (t->facts.set == OUTCOME_NONE || t->facts.set == OUTCOME_FAILED);
        bool was_posted = t->pending.fields != NULL;
        if (!*earlier || (!was_unset && was_posted))
                return OK;
        e = jobs_flush(&r->jobs); /* the note must not name what is gone */
        return e == OK ? job_drop_value(&r->jobs, earlier) : e;
}

enum err task_seal(struct rotator *r, struct task *t, const struct hook_result *prepared, struct speech *speech)
{
        CLEANUP_DOCUMENT struct document opened = {0}, fresh = {0};
        struct version_fields about = describe_version(r, t);
        struct version_holder holders[SHARE_MAX];
        struct sealed_version *sealed = mem_new(1, sizeof *sealed);
        unsigned n = list_holders(r, t, holders);
        enum err e;
        if ((e = task_fetch_opened(r, t, &opened)) == OK &&
            (e = build_document(t, &about, prepared, &opened, &fresh)) == OK &&
            (e = version_seal(&about, holders, n, &fresh, sealed)) == OK &&
            (e = keep(r, t, sealed, prepared, &fresh)) == OK) {
                speech_add_version(speech, t, sealed);
                return OK;
        }
        sealed_version_done(sealed);
        free(sealed);
        return e;
}
