#include "place.h"
#include <assert.h>
#include <ftw.h>
#include <string.h>

static char folder[64];

void place_make(void)
{
        strcpy(folder, "/tmp/breakglass-place-XXXXXX");
        assert(mkdtemp(folder));
        setenv("XDG_STATE_HOME", folder, 1);
        unsetenv("BREAKGLASS_INSTALLATION");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
        return remove(path);
}

void place_remove(void)
{
        nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *place_path(const char *installation, const char *file)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;

        bytes_printf(&path, "%s/breakglass/%s/%s", folder, installation, file);
        return mem_text(bytes_text(&path));
}

void place_read(const char *installation, const char *file, struct bytes *ret)
{
        CLEANUP_FREE char *path = place_path(installation, file);
        enum err e = file_read(path, 64u * 1024u * 1024u, ret);

        assert(e == OK);
}

void place_write(const char *installation, const char *file, struct span content)
{
        CLEANUP_FREE char *path = place_path(installation, file);
        enum err e = file_write(path, 0600, content);

        assert(e == OK);
}
