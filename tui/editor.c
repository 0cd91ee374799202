#include "tui/editor.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define TEXT_MAX_BYTES (256u * 1024u)

extern char **environ;

static const char *editor_name(void)
{
        const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");

        return visual && *visual ? visual : editor && *editor ? editor : "vi";
}

/* Through a shell, as everybody's $EDITOR may hold options; the path is an argument of its own. */
static enum err run_editor(char *path)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        int status;
        pid_t child;

        bytes_printf(&script, "exec %s \"$1\"", editor_name());
        char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script.p, (char *)"sh", path, NULL};

        if (posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ) != 0)
                return err_because(ERR_ABORTED, "no editor could be started");
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return err_because(ERR_ABORTED, "the editor was lost");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return err_because(ERR_ABORTED, "the editor (%s) failed; set $EDITOR or use --file", editor_name());
        return OK;
}

void editor_cut(struct span edited, struct bytes *ret)
{
        const unsigned char *cut = edited.n ? memmem(edited.p, edited.n, EDITOR_CUT, strlen(EDITOR_CUT)) : NULL;
        size_t n = cut ? (size_t)(cut - edited.p) : edited.n;

        while (n > 0 && strchr(" \t\r\n", edited.p[n - 1]))
                n--;
        bytes_add(ret, edited.p, n);
}

static char *make_path(void)
{
        const char *runtime = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");

        return path_join(runtime && *runtime ? runtime : tmp && *tmp ? tmp : "/tmp", "breakglass-XXXXXX.md");
}

static enum err edit(char *path, int fd, struct span draft, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes edited = BYTES_NONE, before = BYTES_NONE;
        enum err e;

        if ((e = fd_write_all(fd, draft.p, draft.n)) != OK)
                return e;
        if ((e = run_editor(path)) != OK)
                return e;
        if ((e = file_read(path, TEXT_MAX_BYTES, &edited)) != OK)
                return e;
        editor_cut(bytes_span(&edited), ret);
        editor_cut(draft, &before);
        if (ret->n == 0 || span_equal(bytes_span(ret), bytes_span(&before)))
                return err_because(ERR_ABORTED, "the text is empty or unchanged");
        return OK;
}

enum err editor_write(struct span draft, struct bytes *ret)
{
        CLEANUP_FREE char *path = make_path();
        CLEANUP_FD int fd = mkostemps(path, 3, O_CLOEXEC);
        enum err e;

        if (fd < 0)
                return err_because(ERR_IO, "%s: %s", path, strerror(errno));
        e = edit(path, fd, draft, ret);
        unlink(path);
        return e;
}
