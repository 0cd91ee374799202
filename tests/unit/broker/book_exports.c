#include "base/clock.h"
#include "tests/unit/broker/desk.h"
#include <string.h>

#define ONE_CHANNEL "channels: {ops: {program: /bin/true}}\n"

/* One look at the exports as they stand now. */
static const char *pages_at(struct desk *d, enum export_trouble t, enum export_standing standing, const char *why)
{
        desk_drop_pages(d);
        desk_set_export(d, t, standing, why);
        book_remind(d->book);
        desk_poke(d);
        desk_poke(d); /* the look is in the batch before this one's answer */
        return desk_pages(d);
}

Test(book_exports, trouble_is_paged_once_and_again_each_day)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space"), "export-failed");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space"), "");
        d->now_ms += DAY_MS;
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space"), "export-failed");
}

Test(book_exports, its_end_is_paged_once_too)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_FINE, ""), "", "nothing was wrong");
        pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_FINE, ""), "export-recovered");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_FINE, ""), "");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space"), "export-failed");
}

Test(book_exports, each_kind_of_trouble_has_its_own_page_and_end)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_OVERDUE, EXPORT_TROUBLED, "2 h"), "export-failed");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_FINE, ""), "export-recovered");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_OVERDUE, EXPORT_TROUBLED, "3 h"), "",
                         "one more is not said again");
}

Test(book_exports, after_a_start_nothing_is_said_to_be_mended_before_it_was_tried)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space");
        cr_assert_eq(desk_reopen(d), OK);
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_UNKNOWN, ""), "");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_TROUBLED, "no space"), "", "nor said twice");
        cr_expect_str_eq(pages_at(d, EXPORT_TROUBLE_MAKING, EXPORT_FINE, ""), "export-recovered");
}
