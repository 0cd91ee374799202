#include "base/harden.h"
#include <criterion/criterion.h>
#include <sys/prctl.h>
#include <sys/resource.h>

Test(harden, a_hardened_process_leaves_no_core_and_gains_no_rights)
{
        struct rlimit core;

        cr_assert_eq(harden_process(), OK);
        cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
        cr_assert(core.rlim_cur == 0 && core.rlim_max == 0);
        cr_assert_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
#if !HAS_ASAN
        cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
#endif
}

#if !HAS_ASAN
Test(harden, a_process_that_cannot_lock_memory_is_told_so)
{
        const struct rlimit none = {0, 0};

        cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
        if (geteuid() == 0)
                cr_assert_eq(setuid(65534), 0); /* root may lock beyond its limit */
        cr_assert_eq(harden_process(), ERR_MEMORY);
        cr_assert_neq(err_reason()[0], '\0');
}
#endif
