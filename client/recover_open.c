/* Opening without a broker: answers in any order, each verified before it counts. */
#include "client/recover_inside.h"
#include "quorum/admit.h"
#include <string.h>

struct recovery_opening {
        struct recovery *r;
        struct hash request;
        struct secret padlock_key;
        struct secret scalars; /* SHARE_MAX · SCALAR_BYTES */
        unsigned indices[SHARE_MAX];
        unsigned n_good;
        struct bytes kept; /* the folder's answers file, as it is */
};

void recovery_opening_free(struct recovery_opening *o)
{
        if (!o)
                return;
        secret_wipe(&o->padlock_key);
        secret_wipe(&o->scalars);
        bytes_done(&o->kept);
        free(o);
}

void recovery_standing(const struct recovery_opening *o, struct request_view *ret)
{
        (void)ledger_request_by_id(o->r->vault.ledger, &o->request, recovery_now_ms(o->r), ret);
}

/* Looked up each time: a view does not outlive what is said next. */
static const struct version_fields *version_of(const struct recovery_opening *o)
{
        struct version_view version = {0};
        struct request_view r;

        recovery_standing(o, &r);
        (void)ledger_version_by_id(o->r->vault.ledger, &r.version, &version);
        return version.fields;
}

/* ---- an answer ---- */

static bool has_index(const struct recovery_opening *o, unsigned index)
{
        for (unsigned i = 0; i < o->n_good; i++)
                if (o->indices[i] == index)
                        return true;
        return false;
}

static enum err check_approval(const struct recovery_opening *o, const struct statement *s, struct span file)
{
        const struct version_share *theirs = version_share_of(version_of(o), s->by[0]);
        struct hash is = hash_of(file);

        if (!hash_equal(&s->approval.request, &o->request))
                return err_because(ERR_MISMATCH, "it answers another request");
        if (!theirs || theirs->index != s->approval.index)
                return err_because(ERR_MISMATCH, "it is no share of this version");
        if (has_index(o, theirs->index))
                return ERR_DUPLICATE;
        return hash_equal(&is, &s->approval.share) ? OK
                                                   : err_because(ERR_BAD_BLOB, "another share than the one signed");
}

static void keep_scalar(struct recovery_opening *o, unsigned index, const struct secret *scalar)
{
        memcpy(o->scalars.bytes + (size_t)o->n_good * SCALAR_BYTES, scalar->bytes, SCALAR_BYTES);
        o->indices[o->n_good++] = index;
}

/* The share first: what does not fit must not count as an approval. */
static enum err take(struct recovery_opening *o, const struct block *answer, const struct statement *s)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct hash id;
        enum err e;

        if ((e = check_approval(o, s, bytes_span(&answer->file))) != OK)
                return e;
        e = version_open_resealed(version_of(o), s->approval.index, &o->request, bytes_span(&answer->file),
                                  &o->padlock_key, &scalar);
        if (e != OK)
                return e;
        if ((e = vault_say(&o->r->vault, &answer->envelope, &id)) != OK)
                return e;
        keep_scalar(o, s->approval.index, &scalar);
        return OK;
}

static enum err take_verified(struct recovery_opening *o, const struct block *answer, const char **ret_holder)
{
        const struct roster *roster = ledger_roster(o->r->vault.ledger);
        struct statement *s = NULL;
        enum err e;

        *ret_holder = "";
        if ((e = admit_statement(roster, &answer->envelope, &s)) != OK)
                return e;
        *ret_holder = roster_person(roster, s->by[0]) ? roster_person(roster, s->by[0])->name : "";
        e = take(o, answer, s);
        statement_free(s);
        return e;
}

enum err recovery_take_answer(struct recovery_opening *o, const struct block *answer, const char **ret_holder)
{
        CLEANUP_FREE char *path = home_path_of(&o->r->folder, HOME_ANSWERS, &o->request);
        enum err e = take_verified(o, answer, ret_holder);

        if (e != OK)
                return e;
        block_write(answer, &o->kept);
        return file_write(path, 0600, bytes_span(&o->kept));
}

/* ---- going on ---- */

static enum err take_kept(struct recovery_opening *o)
{
        CLEANUP_FREE char *path = home_path_of(&o->r->folder, HOME_ANSWERS, &o->request);
        enum err e = file_read(path, BLOCKS_MAX, &o->kept);

        if (e != OK)
                return e == ERR_NO_ENTRY ? OK : e;
        for (struct span rest = bytes_span(&o->kept); e != ERR_NOT_FOUND;) {
                CLEANUP_BLOCK struct block b = {0};
                const char *holder;

                if ((e = block_read(&rest, BLOCK_ANSWER, &b)) == OK)
                        e = take_verified(o, &b, &holder);
                if (e == ERR_MEMORY)
                        return e;
        }
        err_forget();
        return OK;
}

static enum err resume(struct recovery_opening *o)
{
        CLEANUP_BLOCK struct block asked = {0};
        struct request_view r;
        struct hash id;
        enum err e;

        if ((e = recovery_read_asked(o->r, &o->request, &asked)) != OK)
                return e;
        if ((e = home_load_key(&o->r->folder, &o->request, &o->r->me.open, &o->padlock_key)) != OK)
                return e;
        if ((e = vault_say(&o->r->vault, &asked.envelope, &id)) != OK)
                return e;
        if (!hash_equal(&id, &o->request))
                return err_because(ERR_MISMATCH, "the kept request is another");
        recovery_standing(o, &r);
        if (strcmp(r.requester, o->r->name) != 0)
                return err_because(ERR_NOT_ALLOWED, "the request is %s's", r.requester);
        if ((e = secret_new((size_t)SHARE_MAX * SCALAR_BYTES, &o->scalars)) != OK)
                return e;
        return take_kept(o);
}

enum err recovery_resume(struct recovery *r, const struct hash *request, struct recovery_opening **ret)
{
        struct recovery_opening *o = mem_new(1, sizeof(*o));
        enum err e;

        *o = (struct recovery_opening){.r = r, .request = *request};
        if ((e = resume(o)) != OK)
                recovery_opening_free(o);
        else
                *ret = o;
        return e;
}

/* ---- the moment of use ---- */

/* Signed and on disk before anything is handed over; a second run says nothing new. */
static enum err say_open(struct recovery_opening *o)
{
        CLEANUP_FREE char *path = home_path_of(&o->r->folder, HOME_OPENED, &o->request);
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct statement s = {.type = STATEMENT_OPEN, .open = {.request = o->request}};
        struct hash id;
        enum err e;

        if (file_exists(path))
                return OK;
        s.head_size = o->r->vault.verdict.entries;
        s.head_root = o->r->vault.verdict.root;
        if ((e = recovery_sign(o->r, &s, &envelope)) != OK)
                return e;
        if ((e = vault_say(&o->r->vault, &envelope, &id)) != OK)
                return e;
        envelope_write(&envelope, &text);
        bytes_add_byte(&text, '\n');
        return file_write(path, 0600, bytes_span(&text));
}

enum err recovery_join(struct recovery_opening *o, struct secret *ret_version_identity)
{
        const struct version_fields *version;
        struct request_view r;
        enum err e;

        recovery_standing(o, &r);
        if (r.approvals < r.threshold)
                return err_because(ERR_NOT_READY, "%u of %u good answers so far", r.approvals, r.threshold);
        if ((e = say_open(o)) != OK)
                return e;
        /* Exactly as many as it takes, of those that fit. */
        version = version_of(o);
        if ((e = secret_resize(&o->scalars, (size_t)version->need * SCALAR_BYTES)) != OK)
                return e;
        return version_combine(version, o->indices, &o->scalars, ret_version_identity);
}

enum err recovery_open(struct recovery_opening *o, const struct secret *version_identity, struct document *ret)
{
        const struct version_fields *version = version_of(o);
        CLEANUP_BYTES struct bytes ciphertext = BYTES_NONE;
        enum err e = vault_part(&o->r->vault, &version->ciphertext_sha256, &ciphertext);

        return e == OK ? version_open_document(version, bytes_span(&ciphertext), version_identity, ret) : e;
}
