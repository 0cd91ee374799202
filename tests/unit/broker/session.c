#include "broker/session.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

static void init(void)
{
        cr_assert(sodium_init() >= 0);
}

static enum err find(struct sessions *s, const unsigned char token[TOKEN_BYTES], int64_t now, struct session *ret)
{
        CLEANUP_BYTES struct bytes hex = BYTES_NONE;
        bytes_add_hex(&hex, token, TOKEN_BYTES);
        return sessions_find(s, bytes_span(&hex), now, ret);
}

Test(session, a_challenge_counts_once_and_for_a_minute, .init = init)
{
        struct sessions *s = sessions_new();
        unsigned char a[CHALLENGE_BYTES], b[CHALLENGE_BYTES];
        sessions_challenge(s, 1000, a);
        sessions_challenge(s, 1000, b);
        cr_expect(memcmp(a, b, sizeof a) != 0);
        cr_expect_eq(sessions_spend(s, a, 1000 + CHALLENGE_LIFE_MS - 1), OK);
        cr_expect_eq(sessions_spend(s, a, 1000 + CHALLENGE_LIFE_MS - 1), ERR_AUTH);
        cr_expect_eq(sessions_spend(s, b, 1000 + CHALLENGE_LIFE_MS), ERR_AUTH);
        cr_expect_eq(sessions_spend(s, b, 999), ERR_AUTH, "from the future");
        sessions_free(s);
}

Test(session, every_bit_of_a_challenge_counts, .init = init)
{
        struct sessions *s = sessions_new(), *other = sessions_new();
        unsigned char a[CHALLENGE_BYTES];
        sessions_challenge(s, 1000, a);
        for (size_t i = 0; i < 8 * sizeof a; i++) {
                a[i / 8] ^= (unsigned char)(1u << i % 8);
                cr_expect_eq(sessions_spend(s, a, 1000), ERR_AUTH, "bit %zu", i);
                a[i / 8] ^= (unsigned char)(1u << i % 8);
        }
        cr_expect_eq(sessions_spend(other, a, 1000), ERR_AUTH, "another broker's");
        cr_expect_eq(sessions_spend(s, a, 1000), OK);
        sessions_free(s);
        sessions_free(other);
}

Test(session, a_crowd_of_challenges_pushes_nobodys_out, .init = init)
{
        struct sessions *s = sessions_new();
        unsigned char mine[CHALLENGE_BYTES], other[CHALLENGE_BYTES];
        sessions_challenge(s, 0, mine);
        for (int i = 0; i < 100000; i++)
                sessions_challenge(s, 1, other);
        cr_expect_eq(sessions_spend(s, mine, 2), OK);
        sessions_free(s);
}

Test(session, more_sign_ins_than_are_remembered_are_refused_not_forgotten, .init = init)
{
        struct sessions *s = sessions_new();
        unsigned char first[CHALLENGE_BYTES], c[CHALLENGE_BYTES];
        sessions_challenge(s, 0, first);
        cr_expect_eq(sessions_spend(s, first, 0), OK);
        enum err e = OK;
        for (int i = 0; i < 100000 && e == OK; i++) {
                sessions_challenge(s, 0, c);
                e = sessions_spend(s, c, 0);
        }
        cr_expect_eq(e, ERR_RATE);
        cr_expect_eq(sessions_spend(s, first, 0), ERR_AUTH);
        sessions_free(s);
}

Test(session, a_token_lives_ten_minutes_and_is_its_persons, .init = init)
{
        struct sessions *s = sessions_new();
        struct key signs = {{7}};
        unsigned char token[TOKEN_BYTES];
        struct session who;
        sessions_open(s, "erin", &signs, 0, token);
        cr_assert_eq(find(s, token, SESSION_LIFE_MS - 1, &who), OK);
        cr_expect_str_eq(who.name, "erin");
        cr_expect(key_equal(&who.signs, &signs));
        cr_expect_eq(find(s, token, SESSION_LIFE_MS, &who), ERR_AUTH);
        token[31] ^= 1;
        cr_expect_eq(find(s, token, 0, &who), ERR_AUTH);
        cr_expect_eq(sessions_find(s, span_text("abc"), 0, &who), ERR_AUTH);
        sessions_free(s);
}

Test(session, one_persons_many_sessions_push_out_only_their_own, .init = init)
{
        struct sessions *s = sessions_new();
        struct key signs = {{0}};
        unsigned char frank[TOKEN_BYTES], first[TOKEN_BYTES], last[TOKEN_BYTES];
        struct session who;
        sessions_open(s, "frank", &signs, 0, frank);
        sessions_open(s, "erin", &signs, 1, first);
        for (int i = 0; i < 5000; i++)
                sessions_open(s, "erin", &signs, 2, last);
        cr_expect_eq(find(s, frank, 3, &who), OK);
        cr_expect_eq(find(s, last, 3, &who), OK);
        cr_expect_eq(find(s, first, 3, &who), ERR_AUTH);
        sessions_free(s);
}
