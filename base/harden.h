/* What every program of ours does first: no core dumps, no tracing, libsodium ready, and proof that memory can be
 * locked. */
#pragma once
#include "base/err.h"

/* RLIMIT_CORE 0, PR_SET_DUMPABLE 0, no_new_privs, sodium_init, a real sodium_mlock probe.
 * Errors: ERR_MEMORY (nothing can be locked), ERR_UNSAFE_ENVIRONMENT. */
MUST_CHECK enum err harden_process(void);
