#include "broker/events.h"
#include "quorum/code.h"
#include "tests/unit/ledger/fold.h"
#include <string.h>

static const struct name_list nobody;

static void write_opened(struct fold *f, struct hash request, struct bytes *json)
{
        CLEANUP_EVENT struct event e = {0};
        struct request_view r = fold_see(f, request);
        event_opened(&r, f->now_ms, &e);
        event_write(&e, f->ledger, &nobody, false, json);
}

Test(events, an_opening_says_who_what_why_and_where_the_log_stands)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes json = BYTES_NONE;
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        write_opened(f, r, &json);
        CLEANUP_JSON json_t *e = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
        char id[HASH_HEX + 1], root[HASH_HEX + 1];
        struct hash head = ledger_root(f->ledger);
        hash_to_hex(&r, id);
        hash_to_hex(&head, root);
        cr_assert_not_null(e, "%s", bytes_text(&json));
        cr_expect_str_eq(json_string_value(json_object_get(e, "kind")), "opened");
        cr_expect_str_eq(json_string_value(json_object_get(e, "severity")), "critical");
        cr_expect_str_eq(json_string_value(json_object_get(e, "who")), "erin");
        cr_expect_str_eq(json_string_value(json_object_get(e, "credential")), PG);
        cr_expect_str_eq(json_string_value(json_object_get(e, "request_id")), id);
        cr_expect_str_eq(json_string_value(json_object_get(e, "emergency")), "E2");
        cr_expect_not_null(json_object_get(e, "emergency_means"));
        cr_expect_eq(json_integer_value(json_object_get(e, "threshold")), 2);
        cr_expect_eq(json_integer_value(json_object_get(e, "access_until")), f->now_ms + HOUR);
        cr_expect_str_eq(json_string_value(json_object_get(json_object_get(e, "head"), "root")), root);
}

Test(events, never_the_code_and_the_reason_only_where_the_policy_shares_it)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes before = BYTES_NONE, after = BYTES_NONE;
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        struct request_view view = fold_see(f, r);
        char code[CODE_TEXT];
        code_of(&r, code);
        write_opened(f, r, &before);
        cr_assert_null(strstr(bytes_text(&before), "\"reason\""), "%s", bytes_text(&before));
        cr_expect_null(strstr(bytes_text(&before), view.reason));
        fold_next_roster(f, "prod-db: {approvals: 2", "prod-db: {share_reasons: true, approvals: 2");
        write_opened(f, r, &after);
        cr_expect_not_null(strstr(bytes_text(&after), "\"reason\""));
        cr_expect_null(strstr(bytes_text(&after), code));
}

Test(events, the_key_of_an_event_is_the_same_every_time_and_no_others)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), a = fold_opened(f, "erin", v), b = fold_opened(f, "frank", v);
        struct request_view ra = fold_see(f, a), rb = fold_see(f, b);
        CLEANUP_EVENT struct event first = {0};
        CLEANUP_EVENT struct event again = {0};
        CLEANUP_EVENT struct event other = {0};
        CLEANUP_EVENT struct event ready = {0};
        event_opened(&ra, 1, &first);
        event_opened(&ra, 2, &again);
        event_opened(&rb, 1, &other);
        event_ready(&ra, 1, &ready);
        cr_expect_str_eq(first.dedup_key, again.dedup_key);
        cr_expect_str_neq(first.dedup_key, other.dedup_key);
        cr_expect_str_neq(first.dedup_key, ready.dedup_key);
        cr_expect(first.is_urgent && !ready.is_urgent);
}

Test(events, hostile_text_stays_inside_its_json_string)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes json = BYTES_NONE;
        struct hash v = fold_version(f, PG);
        struct statement s = fold_ask(f, "erin", v);
        s.request.reason = "\",\"kind\":\"closed\"}\n\x1b[2J";
        expect(f, OK, s);
        fold_next_roster(f, "prod-db: {approvals: 2", "prod-db: {share_reasons: true, approvals: 2");
        struct request_view r;
        ledger_request_at(f->ledger, 0, f->now_ms, &r);
        CLEANUP_EVENT struct event e = {0};
        event_requested(&r, f->now_ms, &e);
        event_write(&e, f->ledger, &nobody, false, &json);
        CLEANUP_JSON json_t *read = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
        cr_assert_not_null(read, "%s", bytes_text(&json));
        cr_expect_str_eq(json_string_value(json_object_get(read, "kind")), "requested");
        cr_expect_str_eq(json_string_value(json_object_get(read, "reason")), "\",\"kind\":\"closed\"}\n\x1b[2J");
        cr_expect_null(memchr(json.p, '\n', json.n));
}
