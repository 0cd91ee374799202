#include "rotators/crew.h"
#include <string.h>

#define CONFIG_DEPTH 4u

static const char *text_in(json_t *ours, json_t *rosters, const char *key)
{
        const char *text = json_string_value(json_object_get(ours, key));
        return text ? text : json_string_value(json_object_get(rosters, key));
}

char *target_of(const struct hook_entry *hook, struct span roster_config)
{
        static const char *const names[] = {"host", "endpoint", "url"};
        CLEANUP_JSON json_t *rosters = NULL;
        CLEANUP_BYTES struct bytes target = BYTES_NONE;
        if (json_read(roster_config, CONFIG_DEPTH, &rosters) != OK)
                rosters = NULL; /* the hook's request says what is wrong with it */
        bytes_add_text(&target, hook->name);
        for (size_t i = 0; i < COUNT_OF(names); i++) {
                const char *text = text_in(hook->config, rosters, names[i]);
                if (text)
                        bytes_printf(&target, " %s", text);
        }
        return mem_text(bytes_text(&target));
}
