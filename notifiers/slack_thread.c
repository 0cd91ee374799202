#include "notifiers/slack_thread.h"
#include "base/file.h"
#include "base/log.h"
#include <string.h>

#define THREAD_FILE_MAX 256u

/* The file's path; NULL where the event is about no request. Only hex digits become a file's name. */
static char *path_of(const struct delivery *d, const char *folder)
{
        const char *request = event_text(d, "request_id");
        struct hash id;
        if (!request || hash_from_hex(span_text(request), &id) != OK)
                return NULL;
        return path_join(folder, request);
}

static bool is_id(const char *text)
{
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.");
        return n > 0 && n <= SLACK_ID_MAX && text[n] == 0;
}

bool slack_thread_find(const struct delivery *d, const char *folder, struct slack_thread *ret)
{
        CLEANUP_FREE char *path = path_of(d, folder);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        char *rest = NULL;
        if (!path || file_read(path, THREAD_FILE_MAX, &text) != OK || text.n == 0)
                return false;
        const char *channel = strtok_r((char *)text.p, " \n", &rest);
        const char *ts = channel ? strtok_r(NULL, " \n", &rest) : NULL;
        if (!ts || !is_id(channel) || !is_id(ts))
                return false;
        snprintf(ret->channel, sizeof ret->channel, "%s", channel);
        snprintf(ret->ts, sizeof ret->ts, "%s", ts);
        return true;
}

void slack_thread_keep(const struct delivery *d, const char *folder, const char *channel, const char *ts)
{
        CLEANUP_FREE char *path = path_of(d, folder);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        if (!path || !is_id(channel) || !is_id(ts))
                return;
        bytes_printf(&text, "%s %s\n", channel, ts);
        enum err e = file_make_folder(folder, 0700);
        if (e == OK)
                e = file_write(path, 0600, bytes_span(&text));
        if (e != OK)
                log_event(LOG_LEVEL_WARNING, "thread.not_kept", F_TEXT("why", err_reason()));
}

void slack_thread_settle(const struct delivery *d, const char *folder)
{
        bool has_ended =
                event_is(d, "closed") || event_is(d, "expired") || json_is_true(json_object_get(d->event, "ended"));
        bool is_to_be_rotated = event_int(d, "access_until") > 0 || event_int(d, "spent") > 0;
        if (!event_is(d, "rotated") && (!has_ended || is_to_be_rotated))
                return;
        CLEANUP_FREE char *path = path_of(d, folder);
        if (path && file_remove(path) != OK)
                log_event(LOG_LEVEL_WARNING, "thread.not_forgotten", F_TEXT("why", err_reason()));
}
