#include "tests/unit/broker/desk.h"
#include <string.h>

#define SHARE_A  "the re-sealed share of alice, nobody else's"
#define SHARE_B  "the re-sealed share of bob, nobody else's"
#define HANDOVER "age-encryption.org/v1\nwhat the opener hands to the rotator"

static bool has_blob(struct desk *d, const char *text)
{
        struct hash sha256 = hash_of(span_text(text));
        struct blob_place place;
        size_t n;
        cr_assert_eq(store_find_blob(d->store, &sha256, &place, 1, &n), OK);
        return n > 0;
}

static struct hash opened(struct desk *d, struct hash *ret_version)
{
        *ret_version = desk_version(d);
        struct hash r = desk_request(d, "erin", ret_version);
        desk_approve(d, "alice", &r, ret_version, SHARE_A);
        desk_approve(d, "bob", &r, ret_version, SHARE_B);
        desk_open_request(d, "erin", &r);
        return r;
}

static enum err close_with(struct desk *d, const struct hash *request, const char *blob)
{
        struct statement s = desk_say(d, STATEMENT_CLOSE, "erin");
        s.close.request = *request;
        s.close.why = CLOSE_DONE;
        return blob ? desk_put_blob(d, &s, blob) : desk_put(d, &s);
}

Test(book_blobs, a_versions_blobs_are_kept_with_it)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        struct version_view view;
        ledger_version_by_id(book_read(d->book), &v, &view);
        struct blob_place place;
        size_t n;
        for (unsigned i = 0; i < view.fields->n_shares; i++) {
                cr_assert_eq(store_find_blob(d->store, &view.fields->shares[i].sha256, &place, 1, &n), OK);
                cr_expect(n == 1 && place.kind == BLOB_SHARE && hash_equal(&place.owner, &v));
        }
        cr_assert_eq(store_find_blob(d->store, &view.fields->ciphertext_sha256, &place, 1, &n), OK);
        cr_expect(n == 1 && place.kind == BLOB_CIPHERTEXT);
        book_read_done(d->book);
}

Test(book_blobs, a_refused_approval_leaves_nothing)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d), r = desk_request(d, "erin", &v);
        struct statement twice = desk_approval(d, "alice", &r, &v, SHARE_A);
        cr_assert_eq(desk_put_blob(d, &twice, SHARE_A), OK);
        twice = desk_approval(d, "alice", &r, &v, SHARE_B);
        cr_expect_eq(desk_put_blob(d, &twice, SHARE_B), ERR_DUPLICATE);
        d->now_ms += 30 * MINUTE_MS;
        twice = desk_approval(d, "bob", &r, &v, SHARE_B);
        cr_expect_eq(desk_put_blob(d, &twice, SHARE_B), ERR_EXPIRED);
        cr_expect_not(has_blob(d, SHARE_B));
        cr_expect_not(desk_has_on_disk(d, SHARE_B));
}

Test(book_blobs, re_sealed_shares_are_gone_from_the_disk_when_the_close_is_answered)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v, r = opened(d, &v);
        cr_assert(desk_has_on_disk(d, SHARE_A));
        cr_assert_eq(close_with(d, &r, NULL), OK, "%s", err_reason());
        cr_expect_not(has_blob(d, SHARE_A));
        cr_expect_not(desk_has_on_disk(d, SHARE_A));
        cr_expect_not(desk_has_on_disk(d, SHARE_B));
}

Test(book_blobs, every_end_of_a_request_erases)
{
        static const enum statement_type ends[] = {STATEMENT_CANCEL, STATEMENT_DENIAL, STATEMENT_COUNT};
        for (size_t i = 0; i < COUNT_OF(ends); i++) {
                CLEANUP_DESK struct desk *d = desk_new(NULL);
                struct hash v = desk_version(d), r = desk_request(d, "erin", &v);
                desk_approve(d, "alice", &r, &v, SHARE_A);
                if (ends[i] == STATEMENT_CANCEL) {
                        struct statement s = desk_say(d, STATEMENT_CANCEL, "erin");
                        s.cancel.request = r;
                        cr_assert_eq(desk_put(d, &s), OK);
                } else if (ends[i] == STATEMENT_DENIAL) {
                        static const char *const deniers[] = {"bob", "carol"};
                        for (size_t k = 0; k < 2; k++) {
                                struct statement s = desk_say(d, STATEMENT_DENIAL, deniers[k]);
                                s.denial.request = r;
                                s.denial.reason = "no";
                                cr_assert_eq(desk_put(d, &s), OK);
                        }
                } else {
                        d->now_ms += DAY_MS; /* it expires */
                        desk_poke(d);
                }
                cr_expect_not(has_blob(d, SHARE_A), "end %zu", i);
                cr_expect_not(desk_has_on_disk(d, SHARE_A), "end %zu", i);
        }
}

Test(book_blobs, a_request_that_ends_takes_no_others_shares_along)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v, first = opened(d, &v), second = desk_request(d, "frank", &v);
        struct statement s = desk_approval(d, "carol", &second, &v, "carol's for frank");
        cr_assert_eq(desk_put_blob(d, &s, "carol's for frank"), OK, "%s", err_reason());
        cr_assert_eq(close_with(d, &first, NULL), OK);
        cr_expect_not(has_blob(d, SHARE_A));
        cr_expect(has_blob(d, "carol's for frank"));
}

Test(book_blobs, what_the_closer_hands_over_stays_until_the_rotation_is_done)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v, r = opened(d, &v);
        cr_assert_eq(close_with(d, &r, HANDOVER), OK);
        cr_expect(has_blob(d, HANDOVER));
        desk_poke(d);
        cr_expect(has_blob(d, HANDOVER));
        /* rotated by hand: an initial version over the old one, custody, and `done` by the admin */
        struct sealed_version sealed = {0};
        struct bytes blobs[SHARE_MAX + 1];
        size_t n = 0;
        struct statement s = desk_head(d, world_version(d->w, PG, 2, &v, "alice", &sealed));
        s.version.is_initial = true;
        blobs[n++] = sealed.ciphertext;
        for (unsigned i = 0; i < sealed.fields.n_shares; i++)
                blobs[n++] = sealed.share_file[i];
        cr_assert_eq(desk_submit(d, desk_submission(d, &s, blobs, n), NULL), OK, "%s", err_reason());
        sealed_version_done(&sealed);
        struct hash fresh = d->id;
        static const char *const holders[] = {"alice", "bob"};
        for (size_t i = 0; i < 2; i++) {
                s = desk_say(d, STATEMENT_CUSTODY, holders[i]);
                s.custody.versions = (struct hash_list){1, &fresh};
                cr_assert_eq(desk_put(d, &s), OK, "%s", err_reason());
        }
        cr_expect(has_blob(d, HANDOVER));
        s = desk_say(d, STATEMENT_ROTATION, "alice");
        s.rotation.version = v;
        s.rotation.has_pending = true;
        s.rotation.pending = fresh;
        s.rotation.step = STEP_DONE;
        s.rotation.old = OLD_REPLACED;
        s.rotation.has_new_works = true;
        enum err e = desk_put(d, &s);
        cr_assert_eq(e, OK, "%s: %s", err_word(e), err_reason());
        cr_expect_not(has_blob(d, HANDOVER));
        cr_expect_not(desk_has_on_disk(d, HANDOVER));
}
