#include "rotators/stop.h"
#include "base/err.h"
#include <signal.h>
#include <time.h>
#include <unistd.h>

static void on_stop(int number UNUSED)
{
        _exit(0); /* everything that counts is on the disk or in the log; the kernel takes the locked memory back */
}

bool stop_is_wanted(void)
{
        sigset_t set;
        return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) == 1 || sigismember(&set, SIGINT) == 1);
}

static void change(int how)
{
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(how, &set, NULL);
}

void stop_allow(void)
{
        change(SIG_UNBLOCK);
}

void stop_hold(void)
{
        change(SIG_BLOCK);
}

void stop_catch(void)
{
        struct sigaction action = {.sa_handler = on_stop};
        stop_hold();
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        signal(SIGPIPE, SIG_IGN);
}

void stop_sleep(int64_t ms)
{
        const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
        stop_allow();
        nanosleep(&t, NULL);
        stop_hold();
}
