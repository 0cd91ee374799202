#include "base/file.h"
#include "broker/commands.h"
#include "broker/config.h"
#include "broker/vault_export.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static enum err write_to(const struct config *c, int fd, uint64_t *ret_entries)
{
        const struct vault_source from = {c->state, c->sign_key, c->sign_next_key};
        return vault_export_write(&from, fd, ret_entries);
}

/* Under its name only when it is whole and durable: a backup that was cut short never replaces a good one. */
static enum err write_file(const struct config *c, const char *path, uint64_t *ret_entries)
{
        CLEANUP_BYTES struct bytes temporary = BYTES_NONE;
        bytes_printf(&temporary, "%s.tmp-%d", path, (int)getpid());
        const char *name = bytes_text(&temporary);
        CLEANUP_FD int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return err_because(ERR_IO, "%s: %s", name, strerror(errno));
        enum err e = write_to(c, fd, ret_entries);
        if (e == OK && (fsync(fd) != 0 || rename(name, path) != 0))
                e = err_because(ERR_IO, "%s: %s", path, strerror(errno));
        if (e != OK)
                (void)unlink(name);
        return e == OK ? file_sync_folder_of(path) : e;
}

static enum err write_out(const struct config *c, const char *out_path)
{
        const bool is_stdout = strcmp(out_path, "-") == 0;
        uint64_t entries = 0;
        enum err e = is_stdout ? write_to(c, STDOUT_FILENO, &entries) : write_file(c, out_path, &entries);
        if (e == OK)
                fprintf(is_stdout ? stderr : stdout, "%llu entries exported to %s\n", (unsigned long long)entries,
                        is_stdout ? "stdout" : out_path);
        return e;
}

int command_export(const char *config_path, const char *out_path)
{
        struct config *c = NULL;
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = write_out(c, out_path);
        config_drop(c);
        return e == OK ? EXIT_OK : command_failed((int)e);
}
