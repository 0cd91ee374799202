#include "base/clock.h"
#include "client/recover_inside.h"
#include "client/review.h"
#include <errno.h>
#include <string.h>

void recovery_done(struct recovery *r)
{
        vault_done(&r->vault);
        identity_wipe(&r->me);
        free(r->folder.path);
        r->folder.path = NULL;
}

enum err recovery_find_me(struct recovery *r)
{
        const struct person *p = roster_person_by_signs(ledger_roster(r->vault.ledger), &r->me.signs);

        if (!p)
                return err_because(ERR_NOT_ALLOWED, "the export's roster has nobody with this identity's key");
        if (!key_equal(&p->opens, &r->me.opens))
                return err_because(ERR_AUTH, "the export's roster gives %s another opening key", p->name);
        r->name = p->name;
        return OK;
}

int64_t recovery_now_ms(const struct recovery *r)
{
        return ledger_last_at(r->vault.ledger);
}

/* ---- statements ---- */

enum err recovery_sign(const struct recovery *r, struct statement *s, struct envelope *ret)
{
        const struct ledger *l = r->vault.ledger;
        struct statement *parsed = NULL;
        enum err e;

        s->installation = *ledger_installation(l);
        s->roster = ledger_roster(l)->id;
        s->n_by = 1;
        s->by[0] = r->name;
        s->made_at_ms = r->clock_ms > ledger_last_at(l) ? r->clock_ms : ledger_last_at(l);
        statement_new_nonce(s);
        if (s->type == STATEMENT_REQUEST)
                s->request.expires_at_ms += s->made_at_ms;
        if (s->type == STATEMENT_APPROVAL)
                s->approval.expires_at_ms += s->made_at_ms;
        if ((e = sign_as(&r->me, s, ret)) != OK)
                return e;
        e = statement_parse(s->type, bytes_span(&ret->payload), &parsed);
        statement_free(parsed);
        return e;
}

/* The head that everybody with this export can check. */
static void take_head(const struct recovery *r, struct statement *s)
{
        s->head_size = r->vault.verdict.entries;
        s->head_root = r->vault.verdict.root;
}

enum err recovery_read_asked(const struct recovery *r, const struct hash *request, struct block *ret)
{
        CLEANUP_FREE char *path = home_path_of(&r->folder, HOME_ASKED, request);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = file_read(path, BLOCKS_MAX, &text);

        if (e != OK)
                return e;
        struct span rest = bytes_span(&text);

        return block_read(&rest, BLOCK_REQUEST, ret);
}

/* ---- asking ---- */

enum err recovery_list(const struct recovery *r, struct home_entry **ret, size_t *ret_n)
{
        return home_list(&r->folder, HOME_ASKED, ret, ret_n);
}

static bool is_text(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_ask(const struct statement *s, const struct recovery *r, const struct ask *a)
{
        return strcmp(s->by[0], r->name) == 0 && hash_equal(&s->head_root, &r->vault.verdict.root) &&
               is_text(s->request.credential, a->credential) && is_text(s->request.emergency, a->emergency) &&
               is_text(s->request.incident, a->incident) && is_text(s->request.reason, a->reason);
}

/* Whoever asks the same again (the terminal is gone, the block was not copied) gets the same request. */
static bool find_asked(struct recovery *r, const struct ask *a, struct block *ret)
{
        CLEANUP_FREE struct home_entry *list = NULL;
        bool found = false;
        size_t n = 0;

        if (recovery_list(r, &list, &n) != OK)
                return false;
        for (size_t i = 0; i < n && !found; i++) {
                CLEANUP_BLOCK struct block b = {0};
                CLEANUP_FREE char *key = home_path_of(&r->folder, HOME_REQUESTS, &list[i].id);
                CLEANUP_FREE char *opened = home_path_of(&r->folder, HOME_OPENED, &list[i].id);
                struct statement *s = NULL;

                if (!file_exists(key) || file_exists(opened) || recovery_read_asked(r, &list[i].id, &b) != OK ||
                    statement_parse(STATEMENT_REQUEST, bytes_span(&b.envelope.payload), &s) != OK)
                        continue;
                if ((found = is_same_ask(s, r, a))) {
                        *ret = b;
                        b = (struct block){0};
                }
                statement_free(s);
        }
        err_forget();
        return found;
}

static enum err make_folders(const struct recovery *r)
{
        static const char *const names[] = {HOME_REQUESTS, HOME_ASKED, HOME_ANSWERS, HOME_OPENED};
        enum err e = file_make_folder(r->folder.path, 0700);

        for (size_t i = 0; e == OK && i < COUNT_OF(names); i++) {
                CLEANUP_FREE char *path = path_join(r->folder.path, names[i]);

                e = file_make_folder(path, 0700);
        }
        return e;
}

static enum err keep_asked(struct recovery *r, const struct hash *id, const struct secret *one_time, struct span text)
{
        CLEANUP_FREE char *path = home_path_of(&r->folder, HOME_ASKED, id);
        enum err e = home_keep_key(&r->folder, id, &r->me.opens, one_time);

        return e == OK ? file_write(path, 0600, text) : e;
}

static enum err compose(const struct recovery *r, const struct ask *a, const struct secret *one_time,
                        struct envelope *ret)
{
        const struct policy *policy = roster_policy_of(ledger_roster(r->vault.ledger), a->credential);
        struct statement s = {.type = STATEMENT_REQUEST};
        struct version_view version;
        char reply_to[AGE_PUBLIC_TEXT];
        struct key padlock;
        enum err e;

        if (!ledger_current_version(r->vault.ledger, a->credential, &version))
                return err_because(ERR_NOT_FOUND, "the export has no sealed %s", a->credential);
        if ((e = age_public_of(one_time, &padlock)) != OK)
                return e;
        open_key_format(&padlock, reply_to);
        take_head(r, &s);
        s.request.credential = a->credential;
        s.request.version = version.id;
        s.request.emergency = a->emergency;
        s.request.incident = a->incident;
        s.request.reason = a->reason;
        s.request.open_for_ms = a->open_for_ms ? a->open_for_ms : policy->open_for_ms;
        s.request.reply_to = reply_to;
        s.request.expires_at_ms = policy->request_for_ms; /* from made_at */
        return recovery_sign(r, &s, ret);
}

/* The holder's sealed share goes along; what is kept in the folder stays without. */
static enum err write_block(const struct recovery *r, struct block *b, const struct hash *request,
                            const char *with_share, struct bytes *ret_block)
{
        const struct version_share *share;
        struct version_view version;
        struct request_view asked;
        enum err e;

        if (with_share) {
                if (!ledger_request_by_id(r->vault.ledger, request, recovery_now_ms(r), &asked) ||
                    !ledger_version_by_id(r->vault.ledger, &asked.version, &version))
                        return ERR_NOT_FOUND;
                if (!(share = version_share_of(version.fields, with_share)))
                        return err_because(ERR_NOT_FOUND, "%s holds no share of this version", with_share);
                if ((e = vault_part(&r->vault, &share->sha256, &b->file)) != OK)
                        return e;
        }
        block_write(b, ret_block);
        return OK;
}

static enum err ask_anew(struct recovery *r, const struct ask *a, const char *with_share, struct hash *ret_request,
                         struct bytes *ret_block)
{
        CLEANUP_SECRET struct secret one_time = SECRET_NONE;
        CLEANUP_BLOCK struct block b = {.kind = BLOCK_REQUEST};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e;

        if ((e = age_new_identity(&one_time)) != OK)
                return e;
        if ((e = compose(r, a, &one_time, &b.envelope)) != OK)
                return e;
        if ((e = vault_say(&r->vault, &b.envelope, ret_request)) != OK)
                return e;
        block_write(&b, &text);
        if ((e = keep_asked(r, ret_request, &one_time, bytes_span(&text))) != OK)
                return e;
        return write_block(r, &b, ret_request, with_share, ret_block);
}

enum err recovery_ask(struct recovery *r, const struct ask *a, const char *with_share, struct hash *ret_request,
                      struct bytes *ret_block)
{
        CLEANUP_BLOCK struct block b = {0};
        enum err e;

        if (!roster_credential(ledger_roster(r->vault.ledger), a->credential))
                return err_because(ERR_NOT_FOUND, "the export's roster has no credential of that name");
        if ((e = make_folders(r)) != OK)
                return e;
        if (!find_asked(r, a, &b))
                return ask_anew(r, a, with_share, ret_request, ret_block);
        if ((e = vault_say(&r->vault, &b.envelope, ret_request)) != OK)
                return e;
        return write_block(r, &b, ret_request, with_share, ret_block);
}

/* ---- approving ---- */

static enum err read_line(void *context, uint64_t n, struct bytes *ret)
{
        const struct recovery *r = context;

        return vault_line(&r->vault, n, ret);
}

static enum err read_share(void *context, const struct hash *sha256, struct bytes *ret)
{
        const struct recovery *r = context;

        return vault_part(&r->vault, sha256, ret);
}

/* The common head of what I am going to say, for asking the rules: as of the moment that counts. */
static struct statement head_of_mine(const struct recovery *r)
{
        struct statement s = {.type = STATEMENT_APPROVAL, .n_by = 1, .by = {r->name}};

        s.installation = *ledger_installation(r->vault.ledger);
        s.roster = ledger_roster(r->vault.ledger)->id;
        s.made_at_ms = recovery_now_ms(r);
        statement_new_nonce(&s);
        take_head(r, &s);
        return s;
}

/* The share must be the very file that the version in our own verified log names for me. */
static enum err take_share(struct recovery *r, const struct block *request, const struct hash *id)
{
        const struct hash is = hash_of(bytes_span(&request->file));
        const struct version_fields *v;
        struct version_view version;
        struct request_view asked;

        if (!ledger_request_by_id(r->vault.ledger, id, recovery_now_ms(r), &asked) ||
            !ledger_version_by_id(r->vault.ledger, &asked.version, &version))
                return ERR_NOT_FOUND;
        v = version.fields;
        if (!version_share_of(v, r->name))
                return OK; /* the review says so */
        for (unsigned i = 0; i < v->n_shares; i++) {
                if (!hash_equal(&v->shares[i].sha256, &is))
                        continue;
                if (strcmp(v->shares[i].holder, r->name) != 0)
                        return err_because(ERR_BAD_BLOB, "the share in this block is %s's: have yours sent",
                                           v->shares[i].holder);
                vault_add_part(&r->vault, bytes_span(&request->file));
                return OK;
        }
        return err_because(ERR_BAD_BLOB, "the share in this block is none of the version that is asked for");
}

enum err recovery_review(struct recovery *r, const struct block *request, struct approval_case *ret,
                         struct secret *ret_scalar)
{
        struct statement say;
        struct hash id;
        enum err e;

        if ((e = vault_say(&r->vault, &request->envelope, &id)) != OK)
                return e;
        if (!vault_has_parts(&r->vault) && (e = take_share(r, request, &id)) != OK)
                return e;
        say = head_of_mine(r);

        const struct review v = {
                .ledger = r->vault.ledger,
                .me = r->name,
                .opens = &r->me.open,
                .now_ms = recovery_now_ms(r),
                .clock_ms = r->clock_ms,
                .is_untimed = true,
                .say = &say,
                .line = read_line,
                .share = read_share,
                .context = r,
        };

        return review_request(&v, &id, ret, ret_scalar);
}

/* The requester's head, which is a prefix of my log: theirs may be the older export, and must fit all the same. */
static enum err take_head_of(const struct block *request, struct statement *s)
{
        struct statement *asked = NULL;
        enum err e = statement_parse(STATEMENT_REQUEST, bytes_span(&request->envelope.payload), &asked);

        if (e != OK)
                return e;
        s->head_size = asked->head_size;
        s->head_root = asked->head_root;
        statement_free(asked);
        return OK;
}

enum err recovery_approve(struct recovery *r, const struct block *request, const struct approval_case *reviewed,
                          const struct secret *scalar, struct bytes *ret_block)
{
        CLEANUP_BLOCK struct block b = {.kind = BLOCK_ANSWER};
        struct statement s = {.type = STATEMENT_APPROVAL};
        enum err e;

        e = version_reseal_share(reviewed->version.fields, reviewed->my_index, scalar, &reviewed->request.id,
                                 &reviewed->request.reply_to, &b.file);
        if (e != OK)
                return e;
        if ((e = take_head_of(request, &s)) != OK)
                return e;
        s.approval.request = reviewed->request.id;
        s.approval.version = reviewed->version.id;
        s.approval.index = reviewed->my_index;
        s.approval.share = hash_of(bytes_span(&b.file));
        s.approval.expires_at_ms = reviewed->policy->request_for_ms; /* from made_at */
        s.approval.override = reviewed->wants_override;
        if ((e = recovery_sign(r, &s, &b.envelope)) != OK)
                return e;
        block_write(&b, ret_block);
        return OK;
}
