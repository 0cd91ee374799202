/* SIGTERM and SIGINT end the rotator only where it is allowed: between hooks, not while one runs. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* From here on they are held back. SIGPIPE is ignored. */
void stop_catch(void);
/* Where they may end the program at once; and where they may not. */
void stop_allow(void);
void stop_hold(void);
bool stop_is_wanted(void); /* one is held back */
/* Allowed meanwhile. */
void stop_sleep(int64_t ms);
