/* How a plugin (a notifier or a rotation hook) says by its exit code what became of its job; docs/notifiers.md and
 * docs/hooks.md give the whole contract. Any other code, and death by a signal, counts as PLUGIN_UNKNOWN. */
#pragma once

enum plugin_exit {
        PLUGIN_OK = 0,
        PLUGIN_FAILED = 1,         /* it did not happen, and saying it again will hardly help */
        PLUGIN_UNKNOWN = 3,        /* it was asked for, but no answer came */
        PLUGIN_TRY_AGAIN = 75,     /* EX_TEMPFAIL: it did not happen, later it may */
        PLUGIN_REFUSED = 77,       /* EX_NOPERM: the other side does not let us */
        PLUGIN_MISCONFIGURED = 78, /* EX_CONFIG: a person has to mend the configuration */
};
