#include "broker/export_name.h"
#include "base/clock.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define WORLD_HEX  12u
#define TIME_CHARS 16u /* 20261128T220000Z */
#define NAME_SHOWN 64
#define ENDING     ".export"

static void write_time(int64_t at_ms, char ret[TIME_CHARS + 1])
{
        const time_t seconds = (time_t)(at_ms / SECOND_MS);
        struct tm t = {0};
        gmtime_r(&seconds, &t);
        strftime(ret, TIME_CHARS + 1, "%Y%m%dT%H%M%SZ", &t);
}

static void write_world(const struct hash *installation, char ret[WORLD_HEX + 1])
{
        char hex[HASH_HEX + 1];
        hash_to_hex(installation, hex);
        memcpy(ret, hex, WORLD_HEX);
        ret[WORLD_HEX] = '\0';
}

void export_name_write(const char *roster_name, const struct hash *installation, int64_t at_ms, uint64_t entries,
                       struct export_name *ret)
{
        char when[TIME_CHARS + 1], world[WORLD_HEX + 1];
        write_time(at_ms, when);
        write_world(installation, world);
        *ret = (struct export_name){.stamp = {at_ms - at_ms % SECOND_MS, entries}};
        snprintf(ret->text, sizeof ret->text, "%.*s-%s-%s-%" PRIu64 ENDING, NAME_SHOWN, roster_name, world, when,
                 entries);
        for (char *c = ret->text; *c; c++)
                if (*c == '/')
                        *c = '_';
}

/* ---- reading: from the end, for the roster's name may hold anything ---- */

/* Cuts "-LAST" off the end of text and returns LAST. */
static char *cut_last(char *text)
{
        char *dash = strrchr(text, '-');
        if (!dash)
                return NULL;
        *dash = '\0';
        return dash + 1;
}

static bool read_entries(const char *text, uint64_t *ret)
{
        const size_t n = strlen(text);
        if (n == 0 || n > 18 || *text == '0' || strspn(text, "0123456789") != n)
                return false;
        *ret = strtoull(text, NULL, 10);
        return true;
}

/* The one spelling of an existing second. */
static bool read_time(const char *text, int64_t *ret_ms)
{
        struct tm t = {0};
        char again[TIME_CHARS + 1];
        const char *end = strptime(text, "%Y%m%dT%H%M%SZ", &t);
        if (!end || *end)
                return false;
        *ret_ms = (int64_t)timegm(&t) * SECOND_MS;
        write_time(*ret_ms, again);
        return !strcmp(again, text);
}

bool export_name_read(const char *file, const struct hash *installation, struct export_name *ret)
{
        char rest[EXPORT_NAME_MAX + 1], world[WORLD_HEX + 1];
        const size_t n = strlen(file), ending = strlen(ENDING);
        struct export_name name = {0};
        if (n > EXPORT_NAME_MAX || n <= ending || *file == '.' || strcmp(file + n - ending, ENDING) != 0)
                return false;
        memcpy(rest, file, n - ending);
        rest[n - ending] = '\0';
        write_world(installation, world);
        const char *entries = cut_last(rest), *when = cut_last(rest), *whose = cut_last(rest);
        if (!entries || !when || !whose || strcmp(whose, world) != 0 || !read_entries(entries, &name.stamp.entries) ||
            !read_time(when, &name.stamp.at_ms))
                return false;
        memcpy(name.text, file, n + 1);
        *ret = name;
        return true;
}

int export_stamp_compare(const struct export_stamp *a, const struct export_stamp *b)
{
        if (a->at_ms != b->at_ms)
                return a->at_ms < b->at_ms ? -1 : 1;
        return (a->entries > b->entries) - (a->entries < b->entries);
}

const struct export_name *export_names_newest(const struct export_name names[], size_t n, int64_t at_ms)
{
        while (n > 0 && names[n - 1].stamp.at_ms > at_ms)
                n--;
        return n > 0 ? &names[n - 1] : NULL;
}

size_t export_names_to_prune(const struct export_name names[], size_t n, size_t keep, const char *newest, bool ret[])
{
        size_t stay = 1, gone = 0; /* the newest */
        for (size_t i = n; i-- > 0;) {
                const bool is_newest = !strcmp(names[i].text, newest);
                ret[i] = !is_newest && stay >= keep;
                stay += !is_newest && !ret[i];
                gone += ret[i];
        }
        return gone;
}
