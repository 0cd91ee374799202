/* Snapshots: the same state again, and nothing that isn't one. */
#include "tests/unit/ledger/fold.h"
#include <sodium.h>
#include <string.h>

#define CHECKSUM_BYTES 32

/* A little of everything. */
static void live_a_while(struct fold *f)
{
        struct hash v1 = fold_version(f, PG), r;
        fold_version(f, WEB);
        struct statement s = fold_ask(f, "erin", v1);
        s.request.incident = "INC-7";
        expect(f, OK, s);
        r = f->last;
        expect(f, OK, fold_denial(f, "carol", r));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_open(f, "erin", r));
        fold_next_roster(f, "request_for: 30m, open_for: 1h", "request_for: 30m, open_for: 4h");
        expect(f, OK, fold_extend(f, "alice", r, 2 * HOUR));
        expect(f, OK, fold_extend(f, "bob", r, 3 * HOUR));
        fold_request(f, "frank", v1);
        expect(f, OK, fold_notice(f, "broker", NOTICE_FAILED));
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms + HOUR));
        expect(f, OK, fold_hold(f, "erin", "INC-7"));
        struct hash v2 = fold_pending(f, v1);
        expect(f, OK, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
        fold_set(f, v1, v2);
        fold_version(f, WEB); /* sealed */
        expect(f, OK, fold_close_incident(f, "alice", "INC-7", CLOSE_DONE));
        expect(f, OK, fold_ask(f, "erin", v1));
}

static struct ledger *load(struct span s)
{
        struct ledger *l = NULL;
        cr_assert_eq(ledger_load(s, &l), OK, "%s", err_reason());
        return l;
}

Test(snapshot, of_an_empty_ledger_is_one)
{
        CLEANUP_FOLD struct fold *f = fold_empty();
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        ledger_save(f->ledger, &b);
        struct ledger *l = load(bytes_span(&b));
        cr_assert_eq(ledger_size(l), 0);
        cr_assert_null(ledger_roster(l));
        ledger_free(l);
}

Test(snapshot, goes_on_where_it_was_saved)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        live_a_while(f);
        ledger_save(f->ledger, &b);
        struct ledger *l = load(bytes_span(&b));
        struct hash root = ledger_root(f->ledger), root_loaded = ledger_root(l);
        cr_assert(hash_equal(&root, &root_loaded));
        cr_assert_eq(ledger_last_at(l), f->now_ms);
        for (uint64_t size = 0; size <= ledger_size(l); size++) {
                struct hash a = ledger_root_at(f->ledger, size), c = ledger_root_at(l, size);
                cr_assert(hash_equal(&a, &c));
        }
        struct version_view before, after;
        ledger_version_at(f->ledger, 0, &before);
        ledger_version_at(l, 0, &after);
        cr_assert_str_eq(before.fields->recipient, after.fields->recipient);
        cr_assert_str_eq(before.fields->shares[1].recipient, after.fields->shares[1].recipient);
        cr_assert_eq(memcmp(before.fields->commitments, after.fields->commitments, sizeof before.fields->commitments),
                     0);
        ledger_free(f->ledger);
        f->ledger = l;
        struct version_view pending;
        cr_assert(ledger_pending_version(l, PG, &pending));
        struct hash old = pending.fields->previous, new_one = pending.id;
        expect(f, ERR_CLAIMED, fold_initial(f, "alice", PG));
        expect(f, OK, fold_ask(f, "frank", new_one));
        expect(f, OK, fold_approval(f, "alice", f->last));
        fold_promote(f, old, new_one);
        expect(f, ERR_IN_USE, fold_step(f, "rot-1", old, new_one, STEP_REVOKE, OUTCOME_STARTED));
        expect(f, OK, fold_postmortem(f, "erin", "INC-7"));
        fold_next_roster(f, NULL, NULL);
}

Test(snapshot, may_stand_behind_other_bytes)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        bytes_add_text(&b, "abc");
        ledger_save(f->ledger, &b);
        ledger_free(load(span_of(b.p + 3, b.n - 3)));
}

Test(snapshot, cut_anywhere_is_refused)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        struct ledger *l = NULL;
        live_a_while(f);
        ledger_save(f->ledger, &b);
        for (size_t n = 0; n < b.n; n += n < 2000 ? 1 : 97) {
                CLEANUP_FREE unsigned char *exact = malloc(n > 0 ? n : 1);
                memcpy(exact, b.p, n);
                cr_assert_eq(ledger_load(span_of(exact, n), &l), ERR_CORRUPT_STORE, "cut at %zu", n);
        }
        bytes_add_byte(&b, 0);
        cr_assert_eq(ledger_load(bytes_span(&b), &l), ERR_CORRUPT_STORE);
}

Test(snapshot, changed_anywhere_is_refused)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        struct ledger *l = NULL;
        live_a_while(f);
        ledger_save(f->ledger, &b);
        for (size_t i = 0; i<b.n; i += i + 200> b.n ? 1 : 53) {
                b.p[i] ^= 4;
                cr_assert_eq(ledger_load(bytes_span(&b), &l), ERR_CORRUPT_STORE, "changed at %zu", i);
                b.p[i] ^= 4;
        }
}

static uint32_t random_u32(uint64_t *state)
{
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(*state >> 32);
}

/* Asks for everything there is. */
static void look_around(const struct ledger *l, int64_t now_ms)
{
        struct version_view v;
        struct request_view r;
        struct approval_view a;
        struct denial_view d;
        struct incident_view i;
        struct rotation_view t;
        struct channel_view c;
        struct duty duties[4];
        struct roster_view roster;
        int64_t next_ms;
        unsigned others;
        for (size_t k = 0; k < ledger_versions(l); k++) {
                ledger_version_at(l, k, &v);
                ledger_eligible(l, &v);
                ledger_threshold(l, &v);
                cr_assert(ledger_rotation(l, &v.id, now_ms, &t) || true);
                ledger_custody_of_credential(l, v.fields->credential, "alice");
                ledger_pending_version(l, v.fields->credential, &v);
        }
        for (size_t k = 0; k < ledger_requests(l); k++) {
                ledger_request_at(l, k, now_ms, &r);
                for (size_t j = 0; j < ledger_approvals(l, k); j++)
                        ledger_approval_at(l, k, j, now_ms, &a);
                for (size_t j = 0; j < ledger_denials(l, k); j++)
                        ledger_denial_at(l, k, j, &d);
                ledger_wants_override(l, &r.id, "bob", &others);
        }
        for (size_t k = 0; k < ledger_incidents(l); k++)
                ledger_incident_at(l, k, now_ms, &i);
        for (size_t k = 0; k < ledger_channels(l); k++)
                ledger_channel_at(l, k, &c);
        for (size_t k = 0; k < ledger_rosters(l); k++)
                ledger_roster_at(l, k, &roster);
        ledger_duties(l, now_ms, duties, COUNT_OF(duties), &next_ms);
}

static void hear(struct ledger *l, const struct statement *s, size_t n, int64_t at_ms)
{
        struct hash leaf = {{1}};
        for (size_t i = 0; i < n; i++)
                if (ledger_apply(l, &s[i], at_ms, &leaf) != OK)
                        err_forget(); /* whatever the verdict */
}

/* Says to the hostile ledger what could be said next to the honest one. */
static void talk(struct fold *f, struct ledger *hostile)
{
        struct version_view v;
        struct request_view r;
        const int64_t at_ms = ledger_last_at(hostile) + MINUTE;
        ledger_version_at(f->ledger, 0, &v);
        for (size_t k = 0; k < ledger_requests(f->ledger); k++) {
                ledger_request_at(f->ledger, k, f->now_ms, &r);
                struct statement all[] = {
                        fold_approval(f, "carol", r.id),         fold_denial(f, "alice", r.id),
                        fold_open(f, r.requester, r.id),         fold_close(f, "erin", r.id, CLOSE_DONE),
                        fold_extend(f, "carol", r.id, 2 * HOUR), fold_cancel(f, "frank", r.id)};
                hear(hostile, all, COUNT_OF(all), at_ms);
        }
        struct statement rest[] = {fold_custody_of(f, "alice", v.id),
                                   fold_ask(f, "erin", v.id),
                                   fold_close_incident(f, "alice", "INC-7", CLOSE_DONE),
                                   fold_postmortem(f, "erin", "INC-7"),
                                   fold_hold(f, "carol", "INC-7"),
                                   fold_claim(f, "rot-1", v.id, f->now_ms + HOUR)};
        hear(hostile, rest, COUNT_OF(rest), at_ms);
}

/* Somebody who changes bytes and checksum gets wrong answers, never a crash. */
Test(snapshot, a_hostile_one_never_crashes)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        static const uint32_t values[] = {0, 1, 2, 3, 31, 32, 255, 65535, UINT32_MAX - 1, UINT32_MAX, 0x7fffffff};
        uint64_t seed = 7;
        unsigned loaded = 0;
        live_a_while(f);
        ledger_save(f->ledger, &b);
        /* the rows and the header, not the tree's hashes at the end */
        const size_t end = b.n - CHECKSUM_BYTES - 2 * 32 * (size_t)ledger_size(f->ledger);
        for (int round = 0; round < 1500; round++) {
                CLEANUP_BYTES struct bytes evil = BYTES_NONE;
                struct ledger *l = NULL;
                bytes_add_span(&evil, bytes_span(&b));
                for (uint32_t n = 1 + random_u32(&seed) % 2; n > 0; n--) {
                        uint32_t value = values[random_u32(&seed) % COUNT_OF(values)];
                        memcpy(evil.p + random_u32(&seed) % (end / 4) * 4, &value, sizeof value);
                }
                crypto_generichash(evil.p + evil.n - CHECKSUM_BYTES, CHECKSUM_BYTES, evil.p, evil.n - CHECKSUM_BYTES,
                                   NULL, 0);
                if (ledger_load(bytes_span(&evil), &l) != OK)
                        continue;
                loaded++;
                look_around(l, f->now_ms);
                talk(f, l);
                look_around(l, f->now_ms);
                ledger_free(l);
        }
        cr_assert_gt(loaded, 100, "only %u were even looked at", loaded);
}
