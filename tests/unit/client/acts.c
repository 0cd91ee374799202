/* People's acts against a broker in the same process: what is asked, approved, opened and closed, and what is refused
 * when the broker or the world lies. */
#include "base/clock.h"
#include "client/act.h"
#include "client/http.h"
#include "fake.h"
#include "place.h"
#include "quorum/admit.h"
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define NAME       "acme-prod"
#define CREDENTIAL "prod/postgres/root"

static struct world *world;
static struct fake fake;
static int64_t clock_offset_ms;

static int64_t now_ms(void)
{
        return fake.now_ms + clock_offset_ms;
}

static void start(void)
{
        world = world_new();
        fake_start(&fake, world);
        place_make();
}

static void stop(void)
{
        fake_stop(&fake);
        world_free(world);
        place_remove();
}

TestSuite(acts, .init = start, .fini = stop);

/* ---- people ---- */

static void copy_identity(const char *name, struct identity *ret)
{
        const struct identity *from = world_keys(world, name);

        *ret = (struct identity){.signs = from->signs, .opens = from->opens};
        cr_assert_eq(secret_copy(from->sign.bytes, from->sign.len, &ret->sign), OK);
        cr_assert_eq(secret_copy(from->open.bytes, from->open.len, &ret->open), OK);
}

/* Each has a state folder of their own under the test's. */
static void use_folder_of(const char *name)
{
        static char base[256];
        char mine[300];

        if (strncmp(base, getenv("XDG_STATE_HOME"), strlen("/tmp/breakglass-place-XXXXXX")) != 0)
                snprintf(base, sizeof(base), "%s", getenv("XDG_STATE_HOME"));
        snprintf(mine, sizeof(mine), "%.28s/%s", base, name);
        setenv("XDG_STATE_HOME", mine, 1);
}

static enum err try_person(const char *name, struct client **ret)
{
        CLEANUP_BYTES struct bytes where = BYTES_NONE;
        struct client_options options = {.now_ms = now_ms};
        struct client *joined = NULL;
        struct identity me = {0};
        enum err e;

        use_folder_of(name);
        bytes_printf(&where, "%s#", fake.peer.address);
        bytes_add_hex(&where, world->installation.b, HASH_BYTES);
        if ((e = client_join(bytes_text(&where), NULL, &joined)) != OK)
                return e;
        client_close(joined);
        if ((e = client_open(&options, ret)) != OK)
                return e;
        copy_identity(name, &me);
        return client_unlock(*ret, &me);
}

static struct client *person(const char *name)
{
        struct client *c = NULL;

        cr_assert_eq(try_person(name, &c), OK, "%s: %s", name, err_reason());
        return c;
}

/* ---- the story so far ---- */

static struct hash seal_one(const char *value)
{
        struct document_field fields[] = {
                {.name = "password", .value = (const unsigned char *)value, .len = strlen(value)}};
        struct client *alice = person("alice");
        struct hash version;
        uint64_t n;

        cr_assert_eq(act_seal(alice, CREDENTIAL, fields, 1, &version, &n), OK, "%s", err_reason());
        client_close(alice);
        return version;
}

static enum err try_ask(struct client *c, struct hash *ret)
{
        struct ask a = {.credential = CREDENTIAL, .emergency = "E1", .incident = "INC-7", .reason = "SSO is down"};

        return act_request(c, &a, ret, NULL);
}

static struct hash ask_as(struct client *c)
{
        struct hash request;

        cr_assert_eq(try_ask(c, &request), OK, "%s", err_reason());
        return request;
}

static enum err try_approve(const char *name, const struct hash *request)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct client *c = person(name);
        struct approval_case seen;
        uint64_t n;
        enum err e = act_review(c, request, &seen, &scalar);

        if (e == OK)
                e = act_approve(c, &seen, &scalar, false, &n);
        client_close(c);
        return e;
}

static void approve(const char *name, const struct hash *request)
{
        cr_assert_eq(try_approve(name, request), OK, "%s: %s", name, err_reason());
}

static unsigned bad_shares;
static char bad_holder[64];

static void note_bad_share(void *context, const char *holder, enum err e)
{
        bad_shares++;
        snprintf(bad_holder, sizeof(bad_holder), "%s", holder);
}

static enum err open_as(struct client *c, const struct hash *request, const char *value)
{
        CLEANUP_DOCUMENT struct document d = {0};
        enum err e = act_open(c, request, false, note_bad_share, NULL, &d);
        const struct document_field *field;

        if (e != OK)
                return e;
        field = document_field(&d, "password");
        cr_assert_not_null(field);
        cr_assert(span_is(span_of(field->value, field->len), value));
        return OK;
}

static bool has_key(const char *who, const struct hash *request)
{
        char name[HASH_HEX + 16];

        use_folder_of(who);
        strcpy(name, "requests/");
        hash_to_hex(request, name + 9);
        CLEANUP_BYTES struct bytes full = BYTES_NONE;
        bytes_printf(&full, "%s/breakglass/" NAME "/%s", getenv("XDG_STATE_HOME"), name);
        return file_exists(bytes_text(&full));
}

static size_t outgoing_of(struct client *c)
{
        struct home_entry *list = NULL;
        size_t n = 0;

        cr_assert_eq(home_list(client_home(c), HOME_OUTGOING, &list, &n), OK);
        free(list);
        return n;
}

/* ---- the main job ---- */

Test(acts, two_of_three_open_what_was_sealed)
{
        struct client *erin;
        struct hash request;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        cr_assert(has_key("erin", &request));
        cr_assert_eq(open_as(erin, &request, "hunter2"), ERR_NOT_READY);
        approve("alice", &request);
        cr_assert_eq(open_as(erin, &request, "hunter2"), ERR_NOT_READY);
        approve("carol", &request);
        cr_assert_eq(open_as(erin, &request, "hunter2"), OK, "%s", err_reason());
        cr_assert_eq(open_as(erin, &request, "hunter2"), OK, "as often as wanted until the close");
        cr_assert_eq(outgoing_of(erin), 0);
        client_close(erin);
}

Test(acts, a_close_hands_the_value_sealed_to_the_rotator_and_drops_the_key)
{
        CLEANUP_SECRET struct secret handed = SECRET_NONE;
        CLEANUP_DOCUMENT struct document document = {0};
        struct blob_list list = {0};
        struct hash request, version;
        struct client *erin, *rotator;
        unsigned n_handed;
        uint64_t n;

        version = seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        approve("alice", &request);
        approve("bob", &request);
        cr_assert_eq(open_as(erin, &request, "hunter2"), OK);
        cr_assert_eq(act_close_incident(erin, "INC-7", &n_handed, &n), OK, "%s", err_reason());
        cr_assert_eq(n_handed, 1);
        cr_assert_not(has_key("erin", &request));
        cr_assert_eq(open_as(erin, &request, "hunter2"), ERR_ENDED);
        client_close(erin);

        rotator = person("rot-1");
        cr_assert_eq(client_sync(rotator, 0, NULL), OK);
        cr_assert_eq(client_handovers(rotator, &version, &list), OK);
        cr_assert_eq(list.n, 1);
        cr_assert_eq(age_open(&world_keys(world, "rot-1")->open, bytes_span(&list.blob[0]), AGE_ONE_STANZA,
                              DOCUMENT_MAX, &handed),
                     OK);
        cr_assert_eq(document_read(&handed, CREDENTIAL, 1, &document), OK);
        cr_assert_str_eq(document.field[0].name, "password");
        blob_list_done(&list);
        client_close(rotator);
}

Test(acts, a_mebibyte_goes_round)
{
        static char value[1024 * 1024 - 512];
        struct client *erin;
        struct hash request;

        memset(value, 'x', sizeof(value) - 1);
        seal_one(value);
        erin = person("erin");
        request = ask_as(erin);
        approve("alice", &request);
        approve("bob", &request);
        cr_assert_eq(open_as(erin, &request, value), OK, "%s", err_reason());
        client_close(erin);
}

Test(acts, custody_is_said_once_for_every_share_held)
{
        struct client *bob;
        size_t proven;

        seal_one("hunter2");
        bob = person("bob");
        cr_assert_eq(act_prove_custody(bob, NULL, NULL, &proven), OK, "%s", err_reason());
        cr_assert_eq(proven, 1);
        cr_assert_eq(act_prove_custody(bob, NULL, NULL, &proven), OK);
        cr_assert_eq(proven, 0);
        client_close(bob);
}

Test(acts, a_request_is_found_by_entry_and_by_the_beginning_of_its_id)
{
        struct client *erin;
        struct request_view r;
        struct hash request;
        char id[HASH_HEX + 1], text[32];

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        hash_to_hex(&request, id);
        id[8] = '\0';
        cr_assert_eq(act_find_request(erin, id, &r), OK);
        cr_assert(hash_equal(&r.id, &request));
        snprintf(text, sizeof(text), "R%d", (int)r.n);
        cr_assert_eq(act_find_request(erin, text, &r), OK);
        cr_assert_eq(act_find_request(erin, text + 1, &r), OK);
        cr_assert_eq(act_find_request(erin, "R0", &r), ERR_NOT_FOUND);
        cr_assert_eq(act_find_request(erin, "abc", &r), ERR_NOT_FOUND);
        client_close(erin);
}

/* ---- approvers ---- */

Test(acts, the_approver_sees_what_was_signed)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct client *erin, *alice;
        struct approval_case seen;
        struct hash request;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        approve("bob", &request);
        alice = person("alice");
        cr_assert_eq(act_review(alice, &request, &seen, &scalar), OK, "%s", err_reason());
        cr_assert_str_eq(seen.request.reason, "SSO is down");
        cr_assert_str_eq(seen.request.requester, "erin");
        cr_assert_str_eq(seen.emergency->means, "Customer-facing outage");
        cr_assert_eq(seen.request.approvals, 1);
        cr_assert(seen.opens_it);
        cr_assert_eq(seen.my_index, 1);
        cr_assert_eq(scalar.len, SCALAR_BYTES);
        client_close(alice);
        client_close(erin);
}

Test(acts, who_may_not_approve_never_reaches_the_confirmation)
{
        struct client *erin;
        struct hash request;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        cr_assert_eq(try_approve("erin", &request), ERR_NOT_ALLOWED);
        cr_assert_eq(try_approve("dave", &request), ERR_NOT_ALLOWED);
        approve("alice", &request);
        cr_assert_eq(try_approve("alice", &request), ERR_DUPLICATE);
        client_close(erin);
}

Test(acts, what_changed_while_reading_is_refused)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct client *erin, *alice;
        struct approval_case seen;
        struct hash request;
        uint64_t n;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        alice = person("alice");
        cr_assert_eq(act_review(alice, &request, &seen, &scalar), OK);
        cr_assert_not(seen.opens_it);
        approve("bob", &request);
        cr_assert_eq(act_approve(alice, &seen, &scalar, false, &n), ERR_MISMATCH);
        cr_assert_not_null(strstr(err_reason(), "yours would open it"), "%s", err_reason());
        cr_assert_eq(act_cancel(erin, &request, &n), OK);
        cr_assert_eq(act_approve(alice, &seen, &scalar, false, &n), ERR_ENDED);
        client_close(alice);
        client_close(erin);
}

Test(acts, a_clock_that_is_off_or_an_expired_request_is_refused)
{
        struct client *erin;
        struct hash request;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        clock_offset_ms = -DAY_MS;
        cr_assert_eq(try_approve("alice", &request), ERR_CLOCK);
        clock_offset_ms = 2 * HOUR_MS;
        cr_assert_eq(try_approve("alice", &request), ERR_EXPIRED);
        clock_offset_ms = 0;
        client_close(erin);
}

Test(acts, a_share_spent_elsewhere_wants_an_override)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct client *erin, *frank, *bob;
        struct hash first, second;
        struct approval_case seen;
        uint64_t n;

        seal_one("hunter2");
        erin = person("erin");
        frank = person("frank");
        first = ask_as(erin);
        second = ask_as(frank);
        approve("alice", &first);
        bob = person("bob");
        cr_assert_eq(act_review(bob, &second, &seen, &scalar), OK, "%s", err_reason());
        cr_assert(seen.wants_override);
        cr_assert_eq(seen.others_spent, 1);
        cr_assert_eq(act_approve(bob, &seen, &scalar, false, &n), ERR_SPENT_LIMIT);
        cr_assert_eq(act_approve(bob, &seen, &scalar, true, &n), OK, "%s", err_reason());
        client_close(bob);
        client_close(frank);
        client_close(erin);
}

/* ---- a roster that is not mine ---- */

static void next_roster(const char *from, const char *to)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        CLEANUP_ENVELOPE struct envelope e = {0};
        const struct roster *roster = ledger_roster(fake.ledger);

        world_roster_yaml(world, roster->number + 1, &roster->id, &yaml);
        text_replace(&yaml, from, to);
        world_envelope_of(world, STATEMENT_ROSTER, bytes_span(&yaml), (const char *const[]){"alice", "bob", NULL},
                          &e);
        cr_assert_eq(fake_append(&fake, &e), OK, "%s", err_reason());
}

Test(acts, a_roster_entry_for_me_with_another_key_is_an_alarm)
{
        struct client *grace = person("grace");
        CLEANUP_FREE char *mine = mem_text(world_signs(world, "grace"));
        CLEANUP_FREE char *theirs = mem_text(world_signs(world, "mallory"));

        cr_assert_eq(client_sync(grace, 0, NULL), OK);
        cr_assert_str_eq(client_me(grace), "grace");
        next_roster(mine, theirs);
        cr_assert_eq(client_sync(grace, 0, NULL), ERR_AUTH);
        cr_assert_not_null(strstr(err_reason(), "ALARM"));
        client_close(grace);
}

Test(acts, another_opening_key_for_me_is_an_alarm)
{
        struct client *grace = person("grace");
        CLEANUP_FREE char *mine = mem_text(world_opens(world, "grace"));
        CLEANUP_FREE char *theirs = mem_text(world_opens(world, "mallory"));

        next_roster(mine, theirs);
        cr_assert_eq(client_sync(grace, 0, NULL), ERR_AUTH);
        client_close(grace);
}

Test(acts, who_is_not_in_the_roster_is_told_what_to_do)
{
        struct client *mallory = NULL;

        cr_assert_eq(try_person("mallory", &mallory), OK);
        cr_assert_null(client_me(mallory));
        cr_assert_eq(client_sync(mallory, 0, NULL), ERR_NOT_ALLOWED);
        client_close(mallory);
}

Test(acts, an_emergency_or_a_requester_that_the_policy_lost_is_refused)
{
        static const char policy[] = "requesters: [erin, frank], emergencies: [E1, E2]";
        struct client *erin;
        struct hash request;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        next_roster(policy, "requesters: [erin, frank], emergencies: [E2]");
        cr_assert_eq(try_approve("alice", &request), ERR_EMERGENCY);
        next_roster(policy, "requesters: [frank], emergencies: [E1, E2]");
        cr_assert_eq(try_approve("alice", &request), ERR_NOT_ALLOWED);
        next_roster("{means: A drill}", "{means: Another drill}");
        approve("alice", &request);
        client_close(erin);
}

/* ---- lost answers ---- */

Test(acts, a_lost_receipt_leaves_the_state_unknown_and_the_retry_is_the_same_statement)
{
        struct client *erin;
        struct hash request, again;
        size_t lines;

        seal_one("hunter2");
        erin = person("erin");
        cr_assert_eq(client_sync(erin, 0, NULL), OK);
        lines = fake.n_lines;
        fake.loses_receipts = true;
        cr_assert_eq(try_ask(erin, &request), ERR_STATE_UNKNOWN);
        cr_assert_eq(outgoing_of(erin), 1);
        cr_assert(has_key("erin", &request));
        client_close(erin);
        fake.loses_receipts = false;
        erin = person("erin");
        cr_assert_eq(try_ask(erin, &again), OK, "%s", err_reason());
        cr_assert(hash_equal(&request, &again));
        cr_assert_eq(fake.n_lines, lines + 1);
        cr_assert_eq(outgoing_of(erin), 0);
        client_close(erin);
}

Test(acts, what_a_crash_left_unsent_is_sent_with_the_same_bytes)
{
        struct statement s = {.type = STATEMENT_REQUEST};
        struct client *erin;
        struct hash id;
        uint64_t n;

        s.request.version = seal_one("hunter2");
        s.request.credential = CREDENTIAL;
        s.request.emergency = "E2";
        s.request.reason = "a drill";
        s.request.open_for_ms = HOUR_MS;
        s.request.reply_to = world_opens(world, "mallory");
        s.request.expires_at_ms = fake.now_ms + MINUTE_MS;
        erin = person("erin");
        cr_assert_eq(client_sync(erin, 0, NULL), OK);
        cr_assert_eq(client_prepare(erin, &s, NULL, 0, &id), OK, "%s", err_reason());
        cr_assert_not(ledger_find(fake.ledger, &id, &n));
        client_close(erin);
        erin = person("erin");
        cr_assert_eq(client_sync(erin, 0, NULL), OK, "%s", err_reason());
        cr_assert(ledger_find(fake.ledger, &id, &n));
        cr_assert_eq(outgoing_of(erin), 0);
        client_close(erin);
}

Test(acts, a_refused_statement_and_its_key_are_not_kept)
{
        struct client *erin;
        struct hash request;

        seal_one("hunter2");
        erin = person("erin");
        fake.refuses_everything = true;
        cr_assert_eq(try_ask(erin, &request), ERR_SHUTTING_DOWN);
        cr_assert_eq(outgoing_of(erin), 0);
        cr_assert_not(has_key("erin", &request));
        client_close(erin);
}

Test(acts, a_broker_that_is_away_is_unreachable_and_nothing_is_kept)
{
        static const char *const nowhere[] = {"unix:/nowhere/at/all"};
        struct client_options options = {.brokers = nowhere, .n_brokers = 1, .now_ms = now_ms};
        struct client *erin;
        struct hash request;
        struct identity me;

        seal_one("hunter2");
        erin = person("erin");
        cr_assert_eq(client_sync(erin, 0, NULL), OK);
        client_close(erin);
        cr_assert_eq(client_open(&options, &erin), OK);
        copy_identity("erin", &me);
        cr_assert_eq(client_unlock(erin, &me), OK);
        cr_assert_eq(try_ask(erin, &request), ERR_UNREACHABLE);
        cr_assert_eq(outgoing_of(erin), 0);
        cr_assert_eq(ledger_versions(client_ledger(erin)), 1, "questions go on with the own copy");
        client_close(erin);
}

/* ---- a lying broker ---- */

static struct hash share_of(const struct hash *version, const char *holder)
{
        struct version_view v;

        cr_assert(ledger_version_by_id(fake.ledger, version, &v));
        return version_share_of(v.fields, holder)->sha256;
}

static struct hash resealed_by(const struct hash *request, const char *approver)
{
        struct request_view r;
        struct approval_view a;

        cr_assert(ledger_request_by_id(fake.ledger, request, fake.now_ms, &r));
        for (size_t i = 0; i < ledger_approvals(fake.ledger, r.index); i++) {
                ledger_approval_at(fake.ledger, r.index, i, fake.now_ms, &a);
                if (strcmp(a.approver, approver) == 0)
                        return a.share;
        }
        cr_assert_fail("no approval by %s", approver);
        return (struct hash){0};
}

Test(acts, a_swapped_share_is_a_lie)
{
        struct hash version = seal_one("hunter2"), request;
        struct client *erin = person("erin");

        request = ask_as(erin);
        fake.swapped = share_of(&version, "alice");
        fake.swapped_for = share_of(&version, "bob");
        cr_assert_eq(try_approve("alice", &request), ERR_LYING_BROKER);
        client_close(erin);
}

Test(acts, a_missing_or_foreign_resealed_share_stops_only_when_too_few_are_left)
{
        struct client *erin;
        struct hash request;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        approve("alice", &request);
        approve("bob", &request);
        fake.missing = resealed_by(&request, "bob");
        cr_assert_eq(open_as(erin, &request, "hunter2"), ERR_LYING_BROKER);
        cr_assert_str_eq(bad_holder, "bob");
        fake.missing = (struct hash){0};
        fake.swapped = resealed_by(&request, "bob");
        fake.swapped_for = resealed_by(&request, "alice");
        cr_assert_eq(open_as(erin, &request, "hunter2"), ERR_LYING_BROKER);
        bad_shares = 0;
        approve("carol", &request);
        cr_assert_eq(open_as(erin, &request, "hunter2"), OK, "%s", err_reason());
        cr_assert_eq(bad_shares, 1);
        cr_assert_str_eq(bad_holder, "bob");
        client_close(erin);
}

Test(acts, a_swapped_ciphertext_is_a_lie)
{
        struct hash version = seal_one("hunter2"), request;
        struct client *erin = person("erin");
        struct version_view v;

        request = ask_as(erin);
        approve("alice", &request);
        approve("bob", &request);
        cr_assert(ledger_version_by_id(fake.ledger, &version, &v));
        fake.swapped = v.fields->ciphertext_sha256;
        fake.swapped_for = share_of(&version, "bob");
        cr_assert_eq(open_as(erin, &request, "hunter2"), ERR_LYING_BROKER);
        client_close(erin);
}

Test(acts, a_shorter_log_is_a_lie_at_signing_in_too)
{
        struct client *erin;

        seal_one("hunter2");
        erin = person("erin");
        cr_assert_eq(client_sync(erin, 0, NULL), OK);
        fake.hidden_lines = 1;
        cr_assert_eq(client_sync(erin, 0, NULL), ERR_LYING_BROKER);
        client_close(erin);
        cr_assert_eq(try_person("erin", &erin), ERR_LYING_BROKER, "joining again");
}

Test(acts, an_older_roster_is_a_lie)
{
        struct client *erin = person("erin");

        next_roster("A drill", "Any drill");
        cr_assert_eq(client_sync(erin, 0, NULL), OK);
        client_close(erin);
        fake.roster_of_about = "the first";
        cr_assert_eq(try_person("erin", &erin), ERR_LYING_BROKER);
        cr_assert_not_null(strstr(err_reason(), "roster"), "%s", err_reason());
}

Test(acts, a_broker_that_takes_lines_back_gets_no_share)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct client *erin, *alice;
        struct approval_case seen;
        struct hash request;
        uint64_t n;

        seal_one("hunter2");
        erin = person("erin");
        request = ask_as(erin);
        alice = person("alice");
        cr_assert_eq(act_review(alice, &request, &seen, &scalar), OK);
        fake.hidden_lines = 1;
        cr_assert_eq(act_approve(alice, &seen, &scalar, false, &n), ERR_LYING_BROKER);
        cr_assert_eq(outgoing_of(alice), 0);
        client_close(alice);
        client_close(erin);
}

Test(acts, joining_wants_the_pin_and_compares_it)
{
        CLEANUP_BYTES struct bytes where = BYTES_NONE;
        struct hash other = hash_of(span_text("another roster"));
        struct client *c = NULL;

        cr_assert_eq(client_join(fake.peer.address, NULL, &c), ERR_NO_PIN);
        bytes_printf(&where, "%s#", fake.peer.address);
        bytes_add_hex(&where, other.b, HASH_BYTES);
        cr_assert_eq(client_join(bytes_text(&where), NULL, &c), ERR_LYING_BROKER);
}
