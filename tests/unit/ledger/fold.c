#include "tests/unit/ledger/fold.h"
#include <sodium.h>
#include <string.h>

static struct hash number_hash(const char *what, uint64_t n)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        bytes_printf(&b, "%s %llu", what, (unsigned long long)n);
        return hash_of(bytes_span(&b));
}

struct fold *fold_empty(void)
{
        struct fold *f = mem_new(1, sizeof *f);
        f->w = world_new();
        f->ledger = ledger_new();
        f->now_ms = WORLD_START_MS;
        return f;
}

struct fold *fold_new(void)
{
        struct fold *f = fold_empty();
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 1, NULL)), OK);
        return f;
}

static void survives_a_snapshot(const struct ledger *l)
{
        CLEANUP_BYTES struct bytes before = BYTES_NONE, after = BYTES_NONE;
        struct ledger *again = NULL;
        ledger_save(l, &before);
        cr_assert_eq(ledger_load(bytes_span(&before), &again), OK, "%s", err_reason());
        ledger_save(again, &after);
        cr_assert(span_equal(bytes_span(&before), bytes_span(&after)), "a loaded snapshot differs");
        ledger_free(again);
}

void fold_free(struct fold *f)
{
        if (!f)
                return;
        survives_a_snapshot(f->ledger);
        ledger_free(f->ledger);
        world_free(f->w);
        free(f);
}

struct statement fold_say(struct fold *f, enum statement_type type, const char *by)
{
        struct statement s = {.type = type, .n_by = 1, .by = {by}, .made_at_ms = f->now_ms};
        s.id = number_hash("statement", ++f->serial);
        s.head_size = ledger_size(f->ledger);
        if (ledger_roster(f->ledger)) {
                s.installation = *ledger_installation(f->ledger);
                s.roster = ledger_roster(f->ledger)->id;
                s.head_root = ledger_root(f->ledger);
        }
        return s;
}

enum err fold_put(struct fold *f, const struct statement *s)
{
        CLEANUP_BYTES struct bytes before = BYTES_NONE, after = BYTES_NONE;
        struct hash leaf = number_hash("leaf", ledger_size(f->ledger));
        enum err checked = ledger_check(f->ledger, s, f->now_ms);
        ledger_save(f->ledger, &before);
        enum err applied = ledger_apply(f->ledger, s, f->now_ms, &leaf);
        cr_assert_eq(checked, applied, "checked %s, applied %s", err_word(checked), err_word(applied));
        ledger_save(f->ledger, &after);
        bool is_same = span_equal(bytes_span(&before), bytes_span(&after));
        cr_assert_eq(is_same, applied != OK, "only what is taken in changes the state");
        f->last = s->id;
        return applied;
}

void expect_at(struct fold *f, enum err want, struct statement s, const char *file, int line)
{
        err_forget();
        enum err got = fold_put(f, &s);
        cr_assert_eq(got, want, "%s:%d: a %s got %s (%s), not %s", file, line, statement_type_word(s.type),
                     err_word(got), err_reason(), err_word(want));
}

const char *fold_new_key(struct fold *f)
{
        static char ring[64][AGE_PUBLIC_TEXT];
        struct hash secret = number_hash("key", ++f->serial);
        struct key k;
        char *text = ring[f->serial % COUNT_OF(ring)];
        cr_assert_eq(crypto_scalarmult_base(k.b, secret.b), 0);
        open_key_format(&k, text);
        return text;
}

/* ---- rosters ---- */

struct statement fold_roster(struct fold *f, uint64_t number, const char *const edits[])
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct statement s = {.type = STATEMENT_ROSTER, .n_by = 2, .by = {"alice", "bob"}};
        const struct roster *now = ledger_roster(f->ledger);
        world_roster_yaml(f->w, number, now ? &now->id : NULL, &yaml);
        for (size_t i = 0; edits && edits[i]; i += 2)
                text_replace(&yaml, edits[i], edits[i + 1]);
        s.id = hash_of(bytes_span(&yaml));
        cr_assert_eq(roster_parse(bytes_span(&yaml), &s.new_roster), OK, "%s", err_reason());
        return s;
}

enum err fold_put_roster(struct fold *f, struct statement s)
{
        enum err e = fold_put(f, &s);
        if (e == OK)
                f->roster_number = s.new_roster->number;
        roster_free(s.new_roster);
        return e;
}

void fold_next_roster(struct fold *f, const char *from, const char *to)
{
        const char *const edits[] = {from, to, NULL};
        enum err e = fold_put_roster(f, fold_roster(f, f->roster_number + 1, from ? edits : NULL));
        cr_assert_eq(e, OK, "%s: %s", err_word(e), err_reason());
}

/* ---- versions ---- */

static struct statement version_by(struct fold *f, const char *by, const char *credential)
{
        static char ring[4][SHARE_MAX][AGE_PUBLIC_TEXT];
        static unsigned turn;
        char(*recipients)[AGE_PUBLIC_TEXT] = ring[turn++ % COUNT_OF(ring)];
        struct statement s = fold_say(f, STATEMENT_VERSION, by);
        struct version_fields *v = &s.version;
        const struct policy *policy = roster_policy_of(ledger_roster(f->ledger), credential);
        struct version_view current;
        v->credential = credential;
        for (size_t i = 0; i < ledger_versions(f->ledger); i++) {
                ledger_version_at(f->ledger, i, &current);
                if (strcmp(current.fields->credential, credential) == 0)
                        v->number = current.fields->number;
        }
        v->number++;
        v->has_previous = ledger_current_version(f->ledger, credential, &current);
        if (v->has_previous)
                v->previous = current.id;
        v->policy = policy->name;
        v->need = v->n_commitments = policy->approvals;
        v->recipient = fold_new_key(f);
        for (unsigned i = 0; i < v->need; i++) {
                unsigned char wide[64];
                crypto_hash_sha512(wide, (const unsigned char *)&f->serial, sizeof f->serial);
                wide[0] ^= (unsigned char)i;
                cr_assert_eq(crypto_core_ristretto255_from_hash(v->commitments[i], wide), 0);
        }
        v->n_shares = (unsigned)policy->holders.n;
        for (unsigned i = 0; i < v->n_shares; i++) {
                const char *holder = policy->holders.name[i];
                snprintf(recipients[i], sizeof recipients[i], "%s",
                         roster_person(ledger_roster(f->ledger), holder)->opens_text);
                v->shares[i] = (struct version_share){holder, i + 1, recipients[i], number_hash(holder, f->serial)};
        }
        v->ciphertext_sha256 = number_hash("ciphertext", f->serial);
        v->ciphertext_bytes = 456;
        return s;
}

struct statement fold_initial(struct fold *f, const char *by, const char *credential)
{
        struct statement s = version_by(f, by, credential);
        s.version.is_initial = true;
        return s;
}

struct statement fold_rotated(struct fold *f, const char *by, const char *credential)
{
        struct statement s = version_by(f, by, credential);
        s.version.rotation_of = s.version.previous;
        return s;
}

struct statement fold_custody_of(struct fold *f, const char *by, struct hash version)
{
        static struct hash ring[8];
        struct statement s = fold_say(f, STATEMENT_CUSTODY, by);
        struct hash *mine = &ring[f->serial % COUNT_OF(ring)];
        *mine = version;
        s.custody.versions = (struct hash_list){1, mine};
        return s;
}

/* ---- requests ---- */

struct statement fold_ask(struct fold *f, const char *by, struct hash version)
{
        struct statement s = fold_say(f, STATEMENT_REQUEST, by);
        struct version_view v;
        bool is_known = ledger_version_by_id(f->ledger, &version, &v);
        s.request.credential = is_known ? v.fields->credential : PG;
        s.request.version = version;
        s.request.emergency = "E2";
        s.request.reason = "the primary is down";
        s.request.open_for_ms = HOUR;
        s.request.reply_to = fold_new_key(f);
        s.request.expires_at_ms = f->now_ms + 15 * MINUTE;
        return s;
}

struct statement fold_approval(struct fold *f, const char *by, struct hash request)
{
        struct statement s = fold_say(f, STATEMENT_APPROVAL, by);
        struct request_view r = {0};
        struct version_view v;
        s.approval.request = request;
        s.approval.share = number_hash("share", f->serial);
        s.approval.expires_at_ms = f->now_ms + 14 * MINUTE;
        s.approval.index = 1;
        if (!ledger_request_by_id(f->ledger, &request, f->now_ms, &r))
                return s;
        s.approval.version = r.version;
        cr_assert(ledger_version_by_id(f->ledger, &r.version, &v));
        for (unsigned i = 0; i < v.fields->n_shares; i++)
                if (strcmp(v.fields->shares[i].holder, by) == 0)
                        s.approval.index = v.fields->shares[i].index;
        return s;
}

struct statement fold_denial(struct fold *f, const char *by, struct hash request)
{
        struct statement s = fold_say(f, STATEMENT_DENIAL, by);
        s.denial.request = request;
        s.denial.reason = "not now";
        return s;
}

struct statement fold_cancel(struct fold *f, const char *by, struct hash request)
{
        struct statement s = fold_say(f, STATEMENT_CANCEL, by);
        s.cancel.request = request;
        return s;
}

struct statement fold_open(struct fold *f, const char *by, struct hash request)
{
        struct statement s = fold_say(f, STATEMENT_OPEN, by);
        s.open.request = request;
        return s;
}

struct statement fold_close(struct fold *f, const char *by, struct hash request, enum close_why why)
{
        struct statement s = fold_say(f, STATEMENT_CLOSE, by);
        s.close.request = request;
        s.close.why = why;
        return s;
}

struct statement fold_close_incident(struct fold *f, const char *by, const char *incident, enum close_why why)
{
        struct statement s = fold_say(f, STATEMENT_CLOSE, by);
        s.close.incident = incident;
        s.close.why = why;
        return s;
}

struct statement fold_hold(struct fold *f, const char *by, const char *incident)
{
        struct statement s = fold_say(f, STATEMENT_HOLD, by);
        s.hold.incident = incident;
        return s;
}

struct statement fold_extend(struct fold *f, const char *by, struct hash request, int64_t open_for_ms)
{
        struct statement s = fold_say(f, STATEMENT_EXTEND, by);
        s.extend.request = request;
        s.extend.open_for_ms = open_for_ms;
        return s;
}

/* ---- rotation ---- */

struct statement fold_order(struct fold *f, const char *by, struct hash version)
{
        struct statement s = fold_custody_of(f, by, version);
        s.type = STATEMENT_ORDER;
        struct hash_list list = s.custody.versions;
        s.order.versions = list;
        s.order.why = "alice left";
        return s;
}

struct statement fold_claim(struct fold *f, const char *by, struct hash old, int64_t until_ms)
{
        struct statement s = fold_say(f, STATEMENT_ROTATION, by);
        s.rotation.version = old;
        s.rotation.step = STEP_CLAIM;
        s.rotation.until_ms = until_ms;
        return s;
}

struct statement fold_step(struct fold *f, const char *by, struct hash old, struct hash pending,
                           enum rotation_step step, enum rotation_outcome outcome)
{
        struct statement s = fold_say(f, STATEMENT_ROTATION, by);
        s.rotation.version = old;
        s.rotation.has_pending = true;
        s.rotation.pending = pending;
        s.rotation.step = step;
        s.rotation.outcome = outcome;
        if (step == STEP_DONE) {
                s.rotation.old = OLD_REFUSED;
                s.rotation.has_new_works = true;
        }
        return s;
}

/* ---- incidents ---- */

struct statement fold_postmortem(struct fold *f, const char *by, const char *incident)
{
        struct statement s = fold_say(f, STATEMENT_POSTMORTEM, by);
        s.postmortem.incident = incident;
        s.postmortem.criterion_met = CRITERION_YES;
        s.postmortem.text = "it was down";
        return s;
}

struct statement fold_notice(struct fold *f, const char *by, enum notice_outcome outcome)
{
        struct statement s = fold_say(f, STATEMENT_NOTICE, by);
        s.notice.event = "opened";
        s.notice.channel = "slack";
        s.notice.outcome = outcome;
        return s;
}

struct statement fold_proposal(struct fold *f, const char *incident, int64_t deadline_ms)
{
        struct statement s = fold_notice(f, "broker", NOTICE_PROPOSED_CLOSE);
        s.notice.channel = "pagerduty";
        s.notice.incident = incident;
        s.notice.deadline_ms = deadline_ms;
        return s;
}

/* ---- stories ---- */

struct hash fold_version(struct fold *f, const char *credential)
{
        expect(f, OK, fold_initial(f, strcmp(credential, WEB) == 0 ? "dave" : "alice", credential));
        return f->last;
}

struct hash fold_request(struct fold *f, const char *by, struct hash version)
{
        expect(f, OK, fold_ask(f, by, version));
        return f->last;
}

struct hash fold_opened(struct fold *f, const char *by, struct hash version)
{
        struct hash r = fold_request(f, by, version);
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_open(f, by, r));
        return r;
}

struct hash fold_spent(struct fold *f, struct hash version)
{
        struct hash r = fold_request(f, "erin", version);
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_cancel(f, "erin", r));
        return r;
}

struct hash fold_pending(struct fold *f, struct hash old)
{
        expect(f, OK, fold_order(f, "alice", old));
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        struct hash pending = f->last;
        expect(f, OK, fold_custody_of(f, "alice", old));
        expect(f, OK, fold_custody_of(f, "bob", old));
        return pending;
}

void fold_set(struct fold *f, struct hash old, struct hash pending)
{
        expect(f, OK, fold_step(f, "rot-1", old, pending, STEP_SET, OUTCOME_STARTED));
}

void fold_promote(struct fold *f, struct hash old, struct hash pending)
{
        fold_set(f, old, pending);
        expect(f, OK, fold_step(f, "rot-1", old, pending, STEP_SET, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", old, pending, STEP_TEST, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", old, pending, STEP_PROMOTED, OUTCOME_NONE));
}

/* ---- views ---- */

struct request_view fold_see(struct fold *f, struct hash request)
{
        struct request_view v;
        cr_assert(ledger_request_by_id(f->ledger, &request, f->now_ms, &v));
        return v;
}

struct version_view fold_see_version(struct fold *f, struct hash version)
{
        struct version_view v;
        cr_assert(ledger_version_by_id(f->ledger, &version, &v));
        return v;
}

struct rotation_view fold_see_rotation(struct fold *f, struct hash version)
{
        struct rotation_view v;
        cr_assert(ledger_rotation(f->ledger, &version, f->now_ms, &v));
        return v;
}
