#include "broker/export_name.h"
#include <criterion/criterion.h>
#include <string.h>

#define AT     INT64_C(1795903200000) /* 2026-11-28T22:00:00Z */
#define PREFIX "acme-prod-010101010101-"

static struct hash world_of(unsigned char b)
{
        struct hash h;
        memset(h.b, b, sizeof h.b);
        return h;
}

Test(export_name, says_when_and_how_much)
{
        const struct hash ours = world_of(1);
        struct export_name n, again;
        export_name_write("acme-prod", &ours, AT + 999, 4131, &n);
        cr_expect_str_eq(n.text, PREFIX "20261128T220000Z-4131.export");
        cr_expect_eq(n.stamp.at_ms, AT, "rounded down to the second");
        cr_assert(export_name_read(n.text, &ours, &again));
        cr_expect_str_eq(again.text, n.text);
        cr_expect_eq(export_stamp_compare(&again.stamp, &n.stamp), 0);
}

Test(export_name, a_name_of_the_roster_leads_to_no_other_folder)
{
        const struct hash ours = world_of(1);
        struct export_name n;
        export_name_write("acme/prod", &ours, AT, 1, &n);
        cr_expect_null(strchr(n.text, '/'));
        cr_expect(export_name_read(n.text, &ours, &n));
}

Test(export_name, what_is_not_ours_is_nothing_to_us)
{
        static const char *const others[] = {
                "",
                ".export",
                "notes.txt",
                "acme-prod-020202020202-20261128T220000Z-4131.export",
                PREFIX "20261128T220000Z-4131.export.tmp",
                PREFIX "20261128T220000Z-.export",
                PREFIX "20261128T220000Z-0.export",
                PREFIX "20261128T220000Z-01.export",
                PREFIX "20261128T220000Z-+1.export",
                PREFIX "20261128T220000Z-1234567890123456789.export",
                PREFIX "20261128T22000Z-1.export",
                PREFIX "20261131T220000Z-1.export",
                PREFIX "20261128T220000-1.export",
                "010101010101-20261128T220000Z-1.export",
                "." PREFIX "20261128T220000Z-1.export",
        };
        const struct hash ours = world_of(1);
        struct export_name n;
        for (size_t i = 0; i < COUNT_OF(others); i++)
                cr_expect_not(export_name_read(others[i], &ours, &n), "%s", others[i]);
}

/* ---- the newest, and pruning ---- */

static void fill(struct export_name names[], size_t n)
{
        const struct hash ours = world_of(1);
        for (size_t i = 0; i < n; i++)
                export_name_write("acme-prod", &ours, AT + (int64_t)i * 1000, 10 + i, &names[i]);
}

/* Which go, as "xx..": x for one that goes. */
static const char *pruned(const struct export_name names[], size_t n, size_t keep, size_t newest)
{
        static char text[16];
        bool goes[16] = {false};
        const size_t gone = export_names_to_prune(names, n, keep, names[newest].text, goes);
        size_t counted = 0;
        for (size_t i = 0; i < n; i++) {
                text[i] = goes[i] ? 'x' : '.';
                counted += goes[i];
        }
        text[n] = '\0';
        cr_expect_eq(counted, gone);
        return text;
}

Test(export_name, what_is_of_the_future_is_not_the_newest)
{
        struct export_name names[3];
        fill(names, 3);
        cr_expect_eq(export_names_newest(names, 3, AT + 60000), &names[2]);
        cr_expect_eq(export_names_newest(names, 3, AT + 2000), &names[2]);
        cr_expect_eq(export_names_newest(names, 3, AT + 1999), &names[1]);
        cr_expect_null(export_names_newest(names, 3, AT - 1));
        cr_expect_null(export_names_newest(names, 0, AT));
}

Test(export_name, the_oldest_go)
{
        struct export_name names[5];
        fill(names, 5);
        cr_expect_str_eq(pruned(names, 5, 2, 4), "xxx..");
        cr_expect_str_eq(pruned(names, 5, 5, 4), ".....");
        cr_expect_str_eq(pruned(names, 5, 9, 4), ".....");
        cr_expect_str_eq(pruned(names, 5, 1, 4), "xxxx.");
}

Test(export_name, the_one_that_was_verified_never_goes)
{
        struct export_name names[5];
        fill(names, 5);
        cr_expect_str_eq(pruned(names, 5, 1, 0), ".xxxx", "whatever claims to be newer");
        cr_expect_str_eq(pruned(names, 5, 3, 1), "x.x..");
}
