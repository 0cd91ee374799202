#include "base/harden.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static enum err forbid_core_dumps(void)
{
        const struct rlimit none = {0, 0};

        if (setrlimit(RLIMIT_CORE, &none) != 0)
                return err_because(ERR_UNSAFE_ENVIRONMENT, "core dumps could not be forbidden: %s", strerror(errno));
        return OK;
}

static enum err forbid_tracing(void)
{
        if (!HAS_ASAN && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
                return err_because(ERR_UNSAFE_ENVIRONMENT, "tracing could not be forbidden: %s", strerror(errno));
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
                return err_because(ERR_UNSAFE_ENVIRONMENT, "new privileges could not be given up: %s",
                                   strerror(errno));
        return OK;
}

/* sodium_malloc hides a lock that failed, so one is tried openly. */
static enum err probe_locked_memory(void)
{
        static unsigned char probe[4096];

        if (sodium_init() < 0)
                return err_because(ERR_UNSAFE_ENVIRONMENT, "libsodium could not start");
        if (sodium_mlock(probe, sizeof(probe)) != 0)
                return err_because(ERR_MEMORY, "memory could not be locked: %s", strerror(errno));
        if (sodium_munlock(probe, sizeof(probe)) != 0)
                return err_because(ERR_MEMORY, "memory could not be unlocked: %s", strerror(errno));
        return OK;
}

enum err harden_process(void)
{
        enum err e;

        if ((e = forbid_core_dumps()) != OK)
                return e;
        if ((e = forbid_tracing()) != OK)
                return e;
        return probe_locked_memory();
}
