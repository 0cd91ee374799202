#include "notifiers/http.h"
#include <criterion/criterion.h>

Test(judge, every_status_has_its_meaning)
{
        static const struct {
                long status;
                enum plugin_exit exit;
                int64_t retry_after_s;
        } rows[] = {
                {429, PLUGIN_TRY_AGAIN, 3600},  {408, PLUGIN_TRY_AGAIN, 3600},  {500, PLUGIN_TRY_AGAIN, 3600},
                {503, PLUGIN_TRY_AGAIN, 3600},  {401, PLUGIN_REFUSED, 0},       {403, PLUGIN_REFUSED, 0},
                {404, PLUGIN_MISCONFIGURED, 0}, {410, PLUGIN_MISCONFIGURED, 0}, {400, PLUGIN_FAILED, 0},
                {413, PLUGIN_FAILED, 0},        {302, PLUGIN_MISCONFIGURED, 0}, {204, PLUGIN_FAILED, 0},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct outcome o = {.exit = PLUGIN_OK};
                struct https_answer a = {.status = rows[i].status, .retry_after_s = 3600};
                http_judge(&a, "", &o);
                cr_expect_eq(o.exit, rows[i].exit, "%ld", rows[i].status);
                cr_expect_eq(o.retry_after_s, rows[i].retry_after_s, "%ld", rows[i].status);
                outcome_done(&o);
        }
}
