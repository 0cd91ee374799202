#include "broker/limits.h"
#include <criterion/criterion.h>
#include <sodium.h>

#define MINUTE INT64_C(60000)

static void init(void)
{
        cr_assert(sodium_init() >= 0);
}

static bool take(struct limits *l, const char *who, int64_t now)
{
        return limits_take(l, LIMIT_STATEMENTS, who, 3, MINUTE, now, NULL);
}

Test(limits, the_bucket_empties_and_fills_again, .init = init)
{
        struct limits *l = limits_new();
        int64_t wait = -1;
        cr_expect(take(l, "erin", 0) && take(l, "erin", 0) && take(l, "erin", 0));
        cr_expect_not(limits_take(l, LIMIT_STATEMENTS, "erin", 3, MINUTE, 0, &wait));
        cr_expect(wait > 19000 && wait <= 20001, "%lld", (long long)wait);
        cr_expect_not(take(l, "erin", 19000));
        cr_expect(take(l, "erin", 20001));
        cr_expect_not(take(l, "erin", 20002));
        limits_free(l);
}

Test(limits, nobody_pays_for_another_or_for_another_kind, .init = init)
{
        struct limits *l = limits_new();
        for (int i = 0; i < 3; i++)
                cr_expect(take(l, "erin", 0));
        cr_expect_not(take(l, "erin", 0));
        cr_expect(take(l, "frank", 0));
        cr_expect(limits_take(l, LIMIT_SESSIONS, "erin", 3, MINUTE, 0, NULL));
        limits_free(l);
}

Test(limits, asking_takes_nothing, .init = init)
{
        struct limits *l = limits_new();
        for (int i = 0; i < 100; i++)
                cr_expect(limits_has(l, LIMIT_STATEMENTS, "erin", 1, MINUTE, 0, NULL));
        cr_expect(limits_take(l, LIMIT_STATEMENTS, "erin", 1, MINUTE, 0, NULL));
        cr_expect_not(limits_has(l, LIMIT_STATEMENTS, "erin", 1, MINUTE, 0, NULL));
        limits_free(l);
}

Test(limits, a_crowd_of_strangers_does_not_free_whoever_is_held_back, .init = init)
{
        struct limits *l = limits_new();
        char who[32];
        unsigned freed = 0;
        for (int i = 0; i < 20; i++) {
                snprintf(who, sizeof who, "held-%d", i);
                for (int k = 0; k < 3; k++)
                        take(l, who, 0);
        }
        for (int i = 0; i < 20000; i++) {
                snprintf(who, sizeof who, "stranger-%d", i);
                limits_take(l, LIMIT_FAILURES, who, 3, MINUTE, 0, NULL);
        }
        for (int i = 0; i < 20; i++) {
                snprintf(who, sizeof who, "held-%d", i);
                freed += take(l, who, 0);
        }
        cr_expect_eq(freed, 0u);
        limits_free(l);
}
