/* Rule 13: what was said without the broker, brought to it afterwards. The statements inside are signed for real. */
#include "quorum/admit.h"
#include "tests/unit/ledger/fold.h"

/* A recovery in the making: what each test changes before it is told. */
struct tale {
        struct world *w;
        struct ledger *l;
        struct sealed_version sealed;
        struct hash version;
        struct statement request, approvals[4], open;
        size_t n_approvals;
        const char *really_by;      /* who signs the first approval in its signer's name, or NULL */
        struct hash answers, opens; /* another request than this one, for the first approval and the open */
        struct hash id;             /* of the request, once told */
        struct hash first_approval; /* its id, once told */
        struct envelope outer;      /* once told */
};

static void catch_up(struct tale *t)
{
        for (size_t i = (size_t)ledger_size(t->l); i < t->w->n_lines; i++)
                cr_assert_eq(admit_line(t->l, world_line(t->w, i), false, NULL), OK, "%s", err_reason());
}

/* What erin and two holders say when the log is as it is now. */
static void say_it(struct tale *t)
{
        t->request = world_request(t->w, "erin", PG, &t->version, NULL);
        t->request.request.incident = "INC-9";
        t->approvals[0] = world_approval(t->w, "alice", &t->id, &t->version, 1);
        t->approvals[1] = world_approval(t->w, "bob", &t->id, &t->version, 2);
        t->n_approvals = 2;
        t->open = world_say_as(t->w, STATEMENT_OPEN, "erin");
}

static struct tale *tale_new(void)
{
        struct tale *t = mem_new(1, sizeof *t);
        t->w = world_new();
        t->l = ledger_new();
        world_genesis(t->w);
        struct statement s = world_version(t->w, PG, 1, NULL, "alice", &t->sealed);
        world_append(t->w, &s);
        t->version = world_last_id(t->w);
        catch_up(t);
        say_it(t);
        t->w->now_ms += DAY; /* the broker was away for a day */
        return t;
}

static void tale_free(struct tale **t)
{
        envelope_done(&(*t)->outer);
        sealed_version_done(&(*t)->sealed);
        ledger_free((*t)->l);
        world_free((*t)->w);
        free(*t);
}
#define CLEANUP_TALE __attribute__((cleanup(tale_free)))

static struct hash add(struct tale *t, const struct statement *s, const char *signer, struct statement *into)
{
        struct offline_statement *o = &into->recovery.offline[into->recovery.n++];
        struct envelope e = {0};
        world_envelope(t->w, s, &e);
        if (signer) {
                bytes_done(&e.signatures[0]);
                e.signatures[0] = BYTES_NONE;
                e.n_signatures = 0;
                world_sign(t->w, signer, &e);
        }
        o->payload = e.payload;
        o->signature = e.signatures[0];
        return hash_of(bytes_span(&o->payload));
}

static void write_recovery(struct tale *t, const char *by)
{
        static const struct hash none = {0};
        struct offline_statement parts[SHARE_MAX + 2] = {0};
        struct statement s = world_say_as(t->w, STATEMENT_RECOVERY, by);
        s.recovery.offline = parts;
        t->id = add(t, &t->request, NULL, &s);
        for (size_t i = 0; i < t->n_approvals; i++) {
                bool is_astray = i == 0 && !hash_equal(&t->answers, &none);
                t->approvals[i].approval.request = is_astray ? t->answers : t->id;
                struct hash id = add(t, &t->approvals[i], i == 0 ? t->really_by : NULL, &s);
                if (i == 0)
                        t->first_approval = id;
        }
        t->open.open.request = hash_equal(&t->opens, &none) ? t->id : t->opens;
        (void)add(t, &t->open, NULL, &s);
        envelope_done(&t->outer);
        t->outer = (struct envelope){0};
        world_envelope(t->w, &s, &t->outer);
        for (size_t i = 0; i < s.recovery.n; i++) {
                bytes_done(&parts[i].payload);
                bytes_done(&parts[i].signature);
        }
}

/* The verdict; nothing is folded in. */
static enum err told_by(struct tale *t, const char *by)
{
        struct statement *s = NULL;
        write_recovery(t, by);
        err_forget();
        enum err e = admit_statement(ledger_roster(t->l), &t->outer, &s);
        if (e == OK)
                e = ledger_check(t->l, s, t->w->now_ms);
        statement_free(s);
        return e;
}

static enum err told(struct tale *t)
{
        return told_by(t, "erin");
}

static void tell(struct tale *t)
{
        write_recovery(t, "erin");
        world_append_envelope(t->w, &t->outer);
        catch_up(t);
}

static struct request_view see(const struct tale *t)
{
        struct request_view r;
        cr_assert(ledger_request_by_id(t->l, &t->id, t->w->now_ms, &r));
        return r;
}

/* ---- what it changes ---- */

Test(recovery, puts_the_opening_into_the_log_at_the_moment_of_telling)
{
        CLEANUP_TALE struct tale *t = tale_new();
        struct approval_view a;
        tell(t);
        struct request_view r = see(t);
        cr_assert_eq(r.state, REQUEST_ENDED);
        cr_assert_eq(r.end, END_OFFLINE);
        cr_assert_eq(r.n, 2);
        cr_assert_eq(r.opened_n, 2);
        cr_assert_eq(r.opened_at_ms, t->w->now_ms);
        cr_assert_eq(r.ended_at_ms, t->w->now_ms);
        cr_assert_eq(r.made_at_ms, WORLD_START_MS);
        cr_assert_eq(r.approvals_ever, 2);
        cr_assert_str_eq(r.requester, "erin");
        ledger_approval_at(t->l, r.index, 0, t->w->now_ms, &a);
        cr_assert_str_eq(a.approver, "alice");
        cr_assert(hash_equal(&a.id, &t->first_approval), "an approval is known by its own id, not its line's");
}

Test(recovery, makes_rotation_due_and_asks_for_the_post_mortem)
{
        CLEANUP_TALE struct tale *t = tale_new();
        struct rotation_view rotation;
        struct incident_view incident;
        cr_assert(ledger_rotation(t->l, &t->version, t->w->now_ms, &rotation));
        cr_assert_eq(rotation.due, NOT_DUE);
        tell(t);
        cr_assert(ledger_rotation(t->l, &t->version, t->w->now_ms, &rotation));
        cr_assert_eq(rotation.due, DUE_SPENT);
        cr_assert_not(rotation.must_wait, "nothing of it is live");
        cr_assert(ledger_incident_by_name(t->l, "INC-9", t->w->now_ms, &incident));
        cr_assert(incident.owes_postmortem);
        cr_assert_eq(incident.opened, 1);
        cr_assert_not(incident.is_open);
        cr_assert_eq(incident.postmortem_due_ms, t->w->now_ms + 5 * DAY);
        struct statement s = world_say_as(t->w, STATEMENT_POSTMORTEM, "erin");
        s.postmortem.incident = "INC-9";
        s.postmortem.text = "the host burnt down";
        world_append(t->w, &s);
        catch_up(t);
        cr_assert(ledger_incident_by_name(t->l, "INC-9", t->w->now_ms, &incident));
        cr_assert_not(incident.owes_postmortem);
}

/* A request of this person as a line of the log. */
static struct hash ask_the_broker(struct tale *t, const char *who)
{
        struct statement s = world_request(t->w, who, PG, &t->version, NULL);
        world_append(t->w, &s);
        return world_last_id(t->w);
}

Test(recovery, leaves_no_share_to_be_spared)
{
        CLEANUP_TALE struct tale *t = tale_new();
        unsigned others;
        struct hash one = ask_the_broker(t, "frank");
        struct statement s = world_approval(t->w, "alice", &one, &t->version, 1);
        world_append(t->w, &s);
        struct hash next = ask_the_broker(t, "erin");
        catch_up(t);
        cr_assert(ledger_wants_override(t->l, &next, "carol", &others));
        cr_assert_eq(others, 1);
        say_it(t);
        tell(t);
        cr_assert_not(ledger_wants_override(t->l, &next, "carol", &others),
                      "who opened it once knows it all the same");
        cr_assert_eq(others, 0);
}

Test(recovery, survives_a_snapshot)
{
        CLEANUP_TALE struct tale *t = tale_new();
        CLEANUP_BYTES struct bytes before = BYTES_NONE, after = BYTES_NONE;
        struct ledger *again = NULL;
        tell(t);
        ledger_save(t->l, &before);
        cr_assert_eq(ledger_load(bytes_span(&before), &again), OK, "%s", err_reason());
        ledger_save(again, &after);
        cr_assert(span_equal(bytes_span(&before), bytes_span(&after)));
        ledger_free(t->l);
        t->l = again;
        cr_assert_eq(told_by(t, "bob"), ERR_DUPLICATE, "it knows what was said offline");
        cr_assert_eq(see(t).end, END_OFFLINE);
}

/* ---- who brings it, and once ---- */

Test(recovery, is_brought_by_its_requester_or_an_admin)
{
        CLEANUP_TALE struct tale *t = tale_new();
        cr_assert_eq(told_by(t, "bob"), OK, "%s", err_reason());
        cr_assert_eq(told_by(t, "frank"), ERR_NOT_ALLOWED);
        cr_assert_eq(told_by(t, "dave"), ERR_NOT_ALLOWED);
        cr_assert_eq(told_by(t, "broker"), ERR_NOT_ALLOWED);
}

Test(recovery, is_told_once)
{
        CLEANUP_TALE struct tale *t = tale_new();
        tell(t);
        cr_assert_eq(told(t), ERR_DUPLICATE);
        cr_assert_eq(told_by(t, "bob"), ERR_DUPLICATE);
        struct statement fresh = world_request(t->w, "erin", PG, &t->version, NULL);
        t->request = fresh;
        t->approvals[1] = world_approval(t->w, "carol", &t->id, &t->version, 3);
        cr_assert_eq(told(t), OK, "another opening is another recovery: %s", err_reason());
}

Test(recovery, leaves_no_statement_to_be_said_again_by_itself)
{
        CLEANUP_TALE struct tale *t = tale_new();
        CLEANUP_ENVELOPE struct envelope e = {0};
        struct statement *s = NULL;
        tell(t);
        world_envelope(t->w, &t->approvals[0], &e);
        cr_assert_eq(admit_statement(ledger_roster(t->l), &e, &s), OK);
        cr_assert_eq(ledger_check(t->l, s, t->w->now_ms), ERR_DUPLICATE);
        statement_free(s);
}

Test(recovery, of_what_the_log_has_as_a_line_is_none)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->w->now_ms -= DAY;
        world_append(t->w, &t->request);
        t->w->now_ms += DAY;
        catch_up(t);
        cr_assert_eq(told(t), ERR_DUPLICATE);
}

/* ---- whether it is true ---- */

Test(recovery, wants_every_signature_inside_by_its_signers_own_key)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->really_by = "carol";
        cr_assert_eq(told(t), ERR_AUTH);
        t->really_by = "erin";
        cr_assert_eq(told(t), ERR_AUTH);
}

Test(recovery, is_of_this_installation)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->approvals[1].installation = hash_of(span_text("another"));
        cr_assert_eq(told(t), ERR_MISMATCH);
}

Test(recovery, was_said_on_this_very_log)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->approvals[1].head_root = hash_of(span_text("another"));
        cr_assert_eq(told(t), ERR_FORK);
        say_it(t);
        t->open.head_size = t->w->n_lines + 1;
        cr_assert_eq(told(t), ERR_FORK);
        say_it(t);
        t->request.head_size = 0;
        cr_assert_eq(told(t), ERR_FORK);
}

Test(recovery, names_the_roster_that_was_in_force_at_its_head)
{
        CLEANUP_TALE struct tale *t = tale_new();
        world_next_roster(t->w, "team: db", "team: dba");
        catch_up(t);
        cr_assert_eq(told(t), OK, "a later roster changes nothing: %s", err_reason());
        t->open.roster = t->w->roster;
        cr_assert_eq(told(t), ERR_MISMATCH);
}

static const char *new_key(char text[SIGN_KEY_TEXT])
{
        struct identity id;
        cr_assert_eq(identity_new(&id), OK);
        sign_key_format(&id.signs, text);
        identity_wipe(&id);
        return text;
}

Test(recovery, counts_the_keys_that_counted_then)
{
        CLEANUP_TALE struct tale *t = tale_new();
        char fresh[SIGN_KEY_TEXT], old[SIGN_KEY_TEXT];
        snprintf(old, sizeof old, "%s", world_signs(t->w, "carol"));
        t->approvals[1] = world_approval(t->w, "carol", &t->id, &t->version, 3);
        world_next_roster(t->w, old, new_key(fresh));
        catch_up(t);
        cr_assert_eq(told(t), OK, "carol's old key counted when she approved: %s", err_reason());
        say_it(t);
        cr_assert_eq(told(t), OK, "%s", err_reason());
        t->approvals[1] = world_approval(t->w, "carol", &t->id, &t->version, 3); /* now, with the old key */
        cr_assert_eq(told(t), ERR_AUTH);
}

/* ---- whether it opened the version ---- */

Test(recovery, is_of_a_version_that_was_there)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->request.request.version = hash_of(span_text("none"));
        cr_assert_eq(told(t), ERR_NOT_FOUND);
        say_it(t);
        t->request.head_size = 1; /* before the version */
        t->request.head_root = ledger_root_at(t->l, 1);
        cr_assert_eq(told(t), ERR_NOT_FOUND);
        say_it(t);
        t->request.request.credential = WEB;
        cr_assert_eq(told(t), ERR_MISMATCH);
}

Test(recovery, is_told_of_a_credential_that_left_the_roster_too)
{
        CLEANUP_TALE struct tale *t = tale_new();
        world_next_roster(
                t->w,
                "  prod/postgres/root: {opens_what: superuser of the main database, policy: prod-db, sealers: "
                "[alice], tags: [db], rotate: {hook: postgres, config: {role: breakglass, host: db1}}}\n",
                "");
        catch_up(t);
        tell(t);
        cr_assert_eq(see(t).end, END_OFFLINE);
}

Test(recovery, uses_a_padlock_that_nobody_used)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->request.request.reply_to = world_opens(t->w, "frank");
        cr_assert_eq(told(t), ERR_BAD_KEY);
}

Test(recovery, counts_approvals_of_its_request_and_version_only)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->answers = hash_of(span_text("another"));
        cr_assert_eq(told(t), ERR_MISMATCH);
        t->answers = (struct hash){0};
        t->approvals[0].approval.version = hash_of(span_text("another"));
        cr_assert_eq(told(t), ERR_MISMATCH);
}

Test(recovery, counts_holders_with_their_own_share_only)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->approvals[1] = world_approval(t->w, "frank", &t->id, &t->version, 2);
        cr_assert_eq(told(t), ERR_NOT_ALLOWED);
        say_it(t);
        t->approvals[1].approval.index = 3;
        cr_assert_eq(told(t), ERR_MISMATCH);
        say_it(t);
        t->request.by[0] = t->open.by[0] = "bob";
        cr_assert_eq(told_by(t, "bob"), ERR_NOT_ALLOWED, "nobody approves their own request");
}

Test(recovery, counts_no_holder_whose_share_was_sealed_to_another_key)
{
        CLEANUP_TALE struct tale *t = tale_new();
        char fresh[AGE_PUBLIC_TEXT], old[AGE_PUBLIC_TEXT];
        struct identity id;
        cr_assert_eq(identity_new(&id), OK);
        open_key_format(&id.opens, fresh);
        identity_wipe(&id);
        snprintf(old, sizeof old, "%s", world_opens(t->w, "carol"));
        world_next_roster(t->w, old, fresh);
        catch_up(t);
        say_it(t);
        t->approvals[1] = world_approval(t->w, "carol", &t->id, &t->version, 3);
        cr_assert_eq(told(t), ERR_NOT_ALLOWED);
}

Test(recovery, counts_a_holder_once)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->approvals[1] = world_approval(t->w, "alice", &t->id, &t->version, 1);
        cr_assert_eq(told(t), ERR_DUPLICATE);
}

Test(recovery, takes_as_many_shares_as_open_the_version)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->n_approvals = 1;
        cr_assert_eq(told(t), ERR_NOT_READY);
        t->n_approvals = 3;
        t->approvals[2] = world_approval(t->w, "carol", &t->id, &t->version, 3);
        cr_assert_eq(told(t), OK, "%s", err_reason());
}

Test(recovery, has_the_requesters_open)
{
        CLEANUP_TALE struct tale *t = tale_new();
        t->opens = hash_of(span_text("another"));
        cr_assert_eq(told(t), ERR_MISMATCH);
        t->opens = (struct hash){0};
        t->open.by[0] = "frank";
        cr_assert_eq(told(t), ERR_NOT_ALLOWED);
}

/* ---- its form ---- */

static enum err parsed(struct tale *t, const char *from, const char *to)
{
        CLEANUP_BYTES struct bytes payload = BYTES_NONE;
        struct statement *s = NULL;
        write_recovery(t, "erin");
        bytes_add_span(&payload, bytes_span(&t->outer.payload));
        if (from)
                text_replace(&payload, from, to);
        enum err e = statement_parse(STATEMENT_RECOVERY, bytes_span(&payload), &s);
        statement_free(e == OK ? s : NULL);
        return e;
}

Test(recovery, has_one_form)
{
        CLEANUP_TALE struct tale *t = tale_new();
        cr_assert_eq(parsed(t, NULL, NULL), OK);
        cr_assert_eq(parsed(t, "\"untimed\":true", "\"untimed\":false"), ERR_BAD_STATEMENT);
        cr_assert_eq(parsed(t, ",\"untimed\":true", ""), ERR_BAD_STATEMENT);
        cr_assert_eq(parsed(t, "{\"type\":\"open\"", "{\"type\":\"cancel\""), ERR_BAD_STATEMENT);
        cr_assert_eq(parsed(t, "{\"type\":\"request\"", "{\"type\":\"approval\""), ERR_BAD_STATEMENT);
        cr_assert_eq(parsed(t, "{\"type\":\"open\"", "{\"more\":1,\"type\":\"open\""), ERR_BAD_STATEMENT);
        t->n_approvals = 0;
        cr_assert_eq(parsed(t, NULL, NULL), ERR_BAD_STATEMENT, "at least one approval");
}

Test(recovery, is_bounded)
{
        CLEANUP_TALE struct tale *t = tale_new();
        static char names[400][80];
        static const char *list[COUNT_OF(names)];
        for (size_t i = 0; i < COUNT_OF(names); i++) {
                snprintf(names[i], sizeof names[i], "INC-%056zu", i);
                list[i] = names[i];
        }
        t->request.request.acknowledges = list;
        t->request.request.n_acknowledges = 200;
        cr_assert_eq(parsed(t, NULL, NULL), OK);
        t->request.request.n_acknowledges = COUNT_OF(names);
        cr_assert_eq(parsed(t, NULL, NULL), ERR_BAD_STATEMENT, "what is inside has at most %u bytes", OFFLINE_MAX);
}
