#include "tui/hand_over.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* ---- to the terminal ---- */

static enum err put_text(const char *text)
{
        return fd_write_all(STDOUT_FILENO, text, strlen(text));
}

/* Lines of readable text; anything else could move the cursor or change the terminal. */
static bool is_readable(const struct document_field *f)
{
        if (!utf8_valid(span_of(f->value, f->len), &(size_t){0}))
                return false;
        for (size_t i = 0; i < f->len; i++) {
                unsigned char c = f->value[i];
                /* C1 controls are 0xC2 0x80…0x9F in UTF-8. */
                bool is_c1 = c == 0xC2 && i + 1 < f->len && f->value[i + 1] < 0xA0;

                if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F || is_c1)
                        return false;
        }
        return true;
}

static enum err show_raw(const struct document_field *f)
{
        enum err e = fd_write_all(STDOUT_FILENO, f->value, f->len);

        return e == OK && isatty(STDOUT_FILENO) ? put_text("\n") : e;
}

static enum err show_named(const struct document_field *f)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE;
        bool has_lines = memchr(f->value, '\n', f->len) != NULL;
        enum err e;

        if (isatty(STDOUT_FILENO) && !is_readable(f)) {
                bytes_printf(&head, "%s: %zu bytes that a terminal can't show; use --output FILE or --field %s\n",
                             f->name, f->len, f->name);
                return put_text(bytes_text(&head));
        }
        bytes_printf(&head, "%s:%s", f->name, has_lines ? "\n" : " ");
        if ((e = put_text(bytes_text(&head))) != OK)
                return e;
        if ((e = fd_write_all(STDOUT_FILENO, f->value, f->len)) != OK)
                return e;
        return put_text("\n");
}

enum err hand_over_show(const struct document *d, const char *field)
{
        enum err e = OK;

        fflush(stdout);
        if (field)
                return show_raw(document_field(d, field));
        for (size_t i = 0; e == OK && i < d->n_fields; i++)
                e = show_named(&d->field[i]);
        return e;
}

/* ---- to a file ---- */

enum err hand_over_check_file(const char *path, bool on_disk)
{
        CLEANUP_FREE char *folder = mem_text(path);
        char *slash = strrchr(folder, '/');

        if (slash)
                slash[slash == folder ? 1 : 0] = '\0';
        const char *where = slash ? folder : ".";

        if (access(where, W_OK) != 0)
                return err_because(ERR_NO_ENTRY, "the folder %s can't be written", where);
        if (file_exists(path))
                return err_because(ERR_DUPLICATE, "%s exists and is never overwritten", path);
        if (!on_disk && !file_is_in_memory(where))
                return err_because(ERR_UNSAFE_ENVIRONMENT,
                                   "%s is on a disk, where a deleted secret can be found again; use a tmpfs like "
                                   "$XDG_RUNTIME_DIR or /dev/shm, or say --on-disk",
                                   where);
        return OK;
}

static enum err write_field(const char *path, const struct document_field *f)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return err_because(errno == EEXIST ? ERR_DUPLICATE : ERR_IO, "%s: %s", path, strerror(errno));
        if (fchmod(fd, 0600) != 0)
                return err_because(ERR_IO, "%s: %s", path, strerror(errno));
        return fd_write_all(fd, f->value, f->len);
}

enum err hand_over_file(const struct document *d, const char *field, const char *path)
{
        enum err e = OK;

        if (field || d->n_fields == 1)
                return write_field(path, field ? document_field(d, field) : &d->field[0]);
        for (size_t i = 0; e == OK && i < d->n_fields; i++) {
                CLEANUP_BYTES struct bytes name = BYTES_NONE;

                bytes_printf(&name, "%s.%s", path, d->field[i].name);
                e = write_field(bytes_text(&name), &d->field[i]);
        }
        return e;
}
