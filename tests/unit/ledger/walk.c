/* A long random life: whatever is said, check and apply agree, a refused statement leaves no trace, a ledger that is
 * saved and loaded on the way stays the same as one that never was, and so does one that only ever hears what was
 * taken. */
#include "tests/unit/ledger/fold.h"
#include <string.h>

#define STEPS 30000

struct walk {
        struct fold *f;          /* hears everything */
        struct ledger *reloaded; /* hears everything, is saved and loaded now and then */
        struct ledger *replayed; /* hears only what was taken */
        uint64_t seed;
        unsigned taken[STATEMENT_COUNT];
        bool was_said[ERR_COUNT];
};

static uint32_t dice(struct walk *w, uint32_t sides)
{
        w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(w->seed >> 33) % sides;
}

static const char *anybody(struct walk *w)
{
        static const char *const names[] = {"alice", "bob",   "carol", "alice", "bob",   "carol",  "dave",  "erin",
                                            "erin",  "frank", "grace", "rot-1", "rot-1", "broker", "broker"};
        return names[dice(w, COUNT_OF(names))];
}

/* Mostly one of the last ones. */
static struct hash some_version(struct walk *w)
{
        struct version_view v;
        size_t n = ledger_versions(w->f->ledger), back = dice(w, 12) == 0 ? dice(w, (uint32_t)n) : dice(w, 4);
        ledger_version_at(w->f->ledger, back < n ? n - 1 - back : 0, &v);
        return v.id;
}

static struct hash some_request(struct walk *w)
{
        struct request_view r;
        size_t n = ledger_requests(w->f->ledger), back;
        if (n == 0)
                return some_version(w);
        back = dice(w, 12) == 0 ? dice(w, (uint32_t)n) : dice(w, 3);
        ledger_request_at(w->f->ledger, back < n ? n - 1 - back : 0, w->f->now_ms, &r);
        return r.id;
}

static const char *some_incident(struct walk *w)
{
        static const char *const incidents[] = {"INC-1", "INC-2", "INC-3", "INC-4"};
        return incidents[dice(w, COUNT_OF(incidents))];
}

static struct hash good_version(struct walk *w)
{
        struct version_view v;
        bool is_there = ledger_current_version(w->f->ledger, dice(w, 5) == 0 ? WEB : PG, &v);
        return is_there && dice(w, 4) != 0 ? v.id : some_version(w);
}

static struct statement some_ask(struct walk *w)
{
        struct statement s = fold_ask(w->f,
                                      dice(w, 8) == 0 ? anybody(w)
                                      : dice(w, 2)    ? "erin"
                                                      : "frank",
                                      good_version(w));
        if (dice(w, 2) == 0)
                s.request.incident = some_incident(w);
        if (dice(w, 20) == 0)
                s.request.emergency = "E1";
        if (dice(w, 20) == 0)
                s.request.open_for_ms = 9 * HOUR;
        if (dice(w, 20) == 0)
                s.made_at_ms -= HOUR;
        return s;
}

static struct statement some_rotation(struct walk *w)
{
        struct version_view current, pending;
        const char *by = dice(w, 8) == 0 ? anybody(w) : "rot-1";
        if (dice(w, 6) == 0 || !ledger_current_version(w->f->ledger, PG, &current))
                return fold_claim(w->f, by, some_version(w), w->f->now_ms + MINUTE * dice(w, 60));
        bool has_pending = ledger_pending_version(w->f->ledger, PG, &pending);
        struct hash new_one = has_pending ? pending.id : current.id;
        struct hash old = has_pending                    ? current.id
                          : current.fields->has_previous ? current.fields->previous
                                                         : current.id;
        static const enum rotation_step steps[] = {STEP_SET,      STEP_SET,      STEP_TEST,
                                                   STEP_TEST,     STEP_PROMOTED, STEP_PROMOTED,
                                                   STEP_PROMOTED, STEP_REVOKE,   STEP_DONE};
        enum rotation_step step = steps[dice(w, COUNT_OF(steps))];
        bool wants_outcome = step == STEP_SET || step == STEP_TEST || step == STEP_REVOKE;
        return fold_step(w->f, by, old, new_one, step,
                         !wants_outcome ? OUTCOME_NONE
                         : dice(w, 3)   ? OUTCOME_OK
                                        : OUTCOME_STARTED + dice(w, 4));
}

static struct statement some_close(struct walk *w)
{
        enum close_why why = (enum close_why)dice(w, 4);
        const char *by = why == CLOSE_DONE ? anybody(w) : "broker";
        if (why == CLOSE_WEBHOOK || (why == CLOSE_DONE && dice(w, 2) == 0))
                return fold_close_incident(w->f, by, some_incident(w), why);
        return fold_close(w->f, by, some_request(w), why);
}

static struct statement some_version_said(struct walk *w)
{
        const char *credential = dice(w, 4) == 0 ? WEB : PG;
        if (dice(w, 4) == 0)
                return fold_initial(w->f, credential[5] == 'w' ? "dave" : "alice", credential);
        return fold_rotated(w->f, dice(w, 10) == 0 ? anybody(w) : "rot-1", credential);
}

static struct statement anything(struct walk *w)
{
        struct fold *f = w->f;
        switch (dice(w, 24)) {
        case 0: return some_version_said(w);
        case 1:
                if (dice(w, 3) == 0)
                        return fold_custody_of(f, anybody(w), some_version(w));
                return fold_order(f, dice(w, 4) == 0 ? "broker" : anybody(w), some_version(w));
        case 2: return some_ask(w);
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
        case 9: {
                struct statement s = fold_approval(f, anybody(w), some_request(w));
                s.approval.override = dice(w, 3) == 0;
                return s;
        }
        case 10: return fold_denial(f, anybody(w), some_request(w));
        case 11: return dice(w, 4) ? fold_open(f, "erin", some_request(w)) : fold_cancel(f, "erin", some_request(w));
        case 12:
        case 13: return fold_open(f, dice(w, 2) ? "erin" : "frank", some_request(w));
        case 14:
        case 15: return some_close(w);
        case 16: return fold_hold(f, anybody(w), some_incident(w));
        case 17: return fold_extend(f, anybody(w), some_request(w), HOUR * (1 + dice(w, 5)));
        case 18:
                if (dice(w, 30) == 0)
                        return fold_postmortem(f, anybody(w), some_incident(w));
                return fold_extend(f, anybody(w), some_request(w), HOUR * (1 + dice(w, 5)));
        case 19: return fold_approval(f, anybody(w), some_request(w));
        case 20: return fold_proposal(f, some_incident(w), f->now_ms + dice(w, 10) * MINUTE);
        case 21: return fold_notice(f, "broker", dice(w, 2) ? NOTICE_ACCEPTED : NOTICE_FAILED);
        default: return some_rotation(w);
        }
}

/* Rosters that move holders, requesters, keys and times about. */
static struct statement some_roster(struct walk *w, char *key_text, size_t key_size)
{
        static const char *const lines[] = {
                "approvals: 2, holders: [alice, bob, carol], requesters: [erin, frank]",
                "approvals: 2, holders: [alice, bob, carol, dave], requesters: [erin, frank]",
                "approvals: 2, holders: [alice, bob, dave], requesters: [erin, frank]",
                "approvals: 3, holders: [alice, bob, carol], requesters: [erin, frank]",
                "approvals: 2, holders: [bob, carol, alice], requesters: [frank, alice], holders_may_request: true",
                "approvals: 2, holders: [alice, bob, carol], requesters: [erin, alice], postmortem: block",
                "approvals: 2, holders: [alice, bob, carol], requesters: [erin, frank], rotate_every: 1d",
        };
        const char *edits[7] = {lines[0], lines[dice(w, COUNT_OF(lines))], NULL};
        size_t n = edits[1] == edits[0] ? 0 : 2;
        if (dice(w, 3) == 0) {
                edits[n] = "request_for: 30m, open_for: 1h";
                edits[n + 1] = "request_for: 30m, open_for: 4h";
                n += 2;
        }
        if (dice(w, 6) == 0) {
                static char from[128];
                snprintf(from, sizeof from, "opens: %s", world_opens(w->f->w, "carol"));
                snprintf(key_text, key_size, "opens: %s", fold_new_key(w->f));
                edits[n] = from;
                edits[n + 1] = key_text;
                n += 2;
        }
        edits[n] = NULL;
        return fold_roster(w->f, w->f->roster_number + (dice(w, 10) != 0), edits);
}

static enum err say_to_all(struct walk *w, const struct statement *s)
{
        struct fold *f = w->f;
        const uint64_t size = ledger_size(f->ledger);
        struct hash leaf = hash_of(span_of(&size, sizeof size));
        enum err verdict = ledger_check(f->ledger, s, f->now_ms);
        cr_assert_eq(ledger_apply(f->ledger, s, f->now_ms, &leaf), verdict);
        cr_assert_eq(ledger_apply(w->reloaded, s, f->now_ms, &leaf), verdict, "a loaded ledger says otherwise");
        if (verdict == OK)
                cr_assert_eq(ledger_apply(w->replayed, s, f->now_ms, &leaf), OK);
        w->was_said[verdict] = true;
        w->taken[s->type] += verdict == OK;
        return verdict;
}

static void say_roster(struct walk *w)
{
        char key_text[128];
        struct statement s = some_roster(w, key_text, sizeof key_text);
        if (say_to_all(w, &s) == OK)
                w->f->roster_number = s.new_roster->number;
        roster_free(s.new_roster);
}

/* Said offline by these, signed for real: the ledger checks what is inside a recovery itself. */
static struct hash offline(struct walk *w, const struct statement *s, struct statement *into)
{
        struct offline_statement *o = &into->recovery.offline[into->recovery.n++];
        struct envelope e = {0};
        world_envelope(w->f->w, s, &e);
        o->payload = e.payload;
        o->signature = e.signatures[0];
        cr_assert_eq(statement_parse(s->type, bytes_span(&o->payload), &o->said), OK, "%s", err_reason());
        return o->said->id;
}

static void say_recovery(struct walk *w)
{
        static const char *const holders[] = {"alice", "bob", "carol", "dave"};
        struct offline_statement parts[SHARE_MAX + 2] = {0};
        struct statement s = fold_say(w->f, STATEMENT_RECOVERY, dice(w, 3) ? "erin" : anybody(w));
        struct statement request = fold_ask(w->f, dice(w, 9) ? "erin" : "frank", some_version(w));
        if (dice(w, 2))
                request.request.incident = some_incident(w);
        s.recovery.offline = parts;
        struct hash id = offline(w, &request, &s);
        for (unsigned i = 0; i < COUNT_OF(holders); i++) {
                struct statement approval = fold_say(w->f, STATEMENT_APPROVAL, holders[i]);
                if (dice(w, 4) == 0)
                        continue;
                approval.approval.request = id;
                approval.approval.version = request.request.version;
                approval.approval.index = i + 1;
                (void)offline(w, &approval, &s);
        }
        struct statement open = fold_say(w->f, STATEMENT_OPEN, request.by[0]);
        open.open.request = id;
        (void)offline(w, &open, &s);
        say_to_all(w, &s);
        for (size_t i = 0; i < s.recovery.n; i++) {
                bytes_done(&parts[i].payload);
                bytes_done(&parts[i].signature);
                statement_free(parts[i].said);
        }
}

static void reload(struct walk *w)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE, b = BYTES_NONE;
        struct ledger *again = NULL;
        ledger_save(w->f->ledger, &a);
        ledger_save(w->reloaded, &b);
        cr_assert(span_equal(bytes_span(&a), bytes_span(&b)), "states differ at %llu",
                  (unsigned long long)ledger_size(w->f->ledger));
        cr_assert_eq(ledger_load(bytes_span(&b), &again), OK, "%s", err_reason());
        ledger_free(w->reloaded);
        w->reloaded = again;
}

/* What must be true of every state. */
static void look(struct walk *w)
{
        const struct ledger *l = w->f->ledger;
        struct version_view v;
        struct request_view r;
        unsigned current_pg = 0;
        for (size_t i = 0; i < ledger_versions(l); i++) {
                ledger_version_at(l, i, &v);
                current_pg += v.state == VERSION_CURRENT && strcmp(v.fields->credential, PG) == 0;
                cr_assert((v.state == VERSION_CURRENT || v.state == VERSION_REPLACED) == (v.current_since_ms != 0));
                if (v.state == VERSION_CURRENT)
                        cr_assert_geq(ledger_eligible(l, &v), ledger_threshold(l, &v), "somebody was locked out");
        }
        cr_assert_eq(current_pg, 1, "every credential has exactly one current version");
        for (size_t i = 0; i < ledger_requests(l); i++) {
                ledger_request_at(l, i, w->f->now_ms, &r);
                cr_assert_leq(r.approvals, r.approvals_ever);
                cr_assert_eq(r.state == REQUEST_ENDED, r.end != END_NONE);
                cr_assert(r.state != REQUEST_READY || r.approvals >= r.threshold);
                cr_assert(r.end == END_NONE || r.ended_at_ms <= w->f->now_ms);
                cr_assert(r.opened_n == 0 || r.approvals_ever >= 2, "opened without its approvals");
                cr_assert(r.end != END_OFFLINE || r.opened_n == r.n);
        }
}

static void walk_on(struct walk *w)
{
        for (int i = 0; i < STEPS; i++) {
                w->f->now_ms += dice(w, 6) == 0 ? (int64_t)dice(w, 60000) : 0;
                w->f->now_ms += dice(w, 700) == 0 ? (int64_t)dice(w, 24 * 20) * HOUR : 0;
                w->f->now_ms += dice(w, 2000) == 0 ? 100 * DAY : 0;
                if (dice(w, 150) == 0) {
                        say_roster(w);
                        continue;
                }
                if (dice(w, 300) == 0) {
                        say_recovery(w);
                        continue;
                }
                struct statement s = anything(w);
                say_to_all(w, &s);
                if (i % 3000 == 0) {
                        reload(w);
                        look(w);
                }
        }
}

static void begin(struct walk *w)
{
        struct statement s = fold_roster(w->f, 1, NULL);
        cr_assert_eq(say_to_all(w, &s), OK);
        w->f->roster_number = 1;
        roster_free(s.new_roster);
        s = fold_initial(w->f, "alice", PG);
        cr_assert_eq(say_to_all(w, &s), OK);
        s = fold_initial(w->f, "dave", WEB);
        cr_assert_eq(say_to_all(w, &s), OK);
}

static void saw_enough(const struct walk *w)
{
        static const enum err words[] = {ERR_NOT_ALLOWED, ERR_HOLDER_CANNOT_REQUEST,
                                         ERR_NOT_READY,   ERR_TOO_EARLY,
                                         ERR_NOT_DUE,     ERR_SEALER,
                                         ERR_TOO_LONG,    ERR_NOT_FOUND,
                                         ERR_DUPLICATE,   ERR_STALE_VERSION,
                                         ERR_CLOCK,       ERR_SPENT_LIMIT,
                                         ERR_LOCKS_OUT,   ERR_IN_USE,
                                         ERR_CLAIMED,     ERR_CUSTODY,
                                         ERR_EXPIRED,     ERR_ENDED,
                                         ERR_EMERGENCY,   ERR_POSTMORTEM_OWED};
        for (int t = 0; t < STATEMENT_SESSION; t++)
                cr_expect_gt(w->taken[t], 0, "no %s was ever taken", statement_type_word((enum statement_type)t));
        for (size_t i = 0; i < COUNT_OF(words); i++)
                cr_expect(w->was_said[words[i]], "%s was never said", err_word(words[i]));
}

static void same_life(uint64_t seed)
{
        CLEANUP_FOLD struct fold *f = fold_empty();
        struct walk w = {.f = f, .seed = seed, .reloaded = ledger_new(), .replayed = ledger_new()};
        CLEANUP_BYTES struct bytes a = BYTES_NONE, b = BYTES_NONE;
        begin(&w);
        walk_on(&w);
        reload(&w);
        ledger_save(f->ledger, &a);
        ledger_save(w.replayed, &b);
        cr_assert(span_equal(bytes_span(&a), bytes_span(&b)), "a replay gives another state");
        saw_enough(&w);
        ledger_free(w.reloaded);
        ledger_free(w.replayed);
}

Test(walk, check_apply_reload_and_replay_agree)
{
        same_life(1);
}

Test(walk, and_so_in_another_life)
{
        same_life(20261122);
}
