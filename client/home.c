#include "client/home.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define SMALL_FILE_MAX (64u * 1024u)
#define BROKERS_MAX    16u

/* ---- where ---- */

static enum err root_folder(char **ret)
{
        const char *state = getenv("XDG_STATE_HOME");
        const char *house = getenv("HOME");

        if (state && state[0] == '/') {
                *ret = path_join(state, "breakglass");
                return OK;
        }
        if (!house || house[0] != '/')
                return err_because(ERR_USAGE, "neither XDG_STATE_HOME nor HOME names a folder");
        *ret = path_join(house, ".local/state/breakglass");
        return OK;
}

/* An installation's name becomes one folder name. */
static enum err folder_name(const char *name, char **ret)
{
        if (!name_is_valid(name))
                return err_because(ERR_USAGE, "that is no installation's name");
        *ret = mem_text(name);
        for (char *p = *ret; *p; p++)
                if (*p == '/')
                        *p = '_';
        return OK;
}

static bool is_joined(const char *root, const char *entry)
{
        CLEANUP_FREE char *folder = path_join(root, entry);
        CLEANUP_FREE char *pin = path_join(folder, "pin");

        return entry[0] != '.' && file_exists(pin);
}

/* The only installation that was joined. */
static enum err only_installation(const char *root, char **ret)
{
        CLEANUP_FREE char *found = NULL;
        DIR *dir = opendir(root);
        enum err e = OK;

        if (!dir)
                return err_because(ERR_NO_PIN, "no installation was joined here; run `breakglass join`");
        for (struct dirent *entry; e == OK && (entry = readdir(dir));) {
                if (!is_joined(root, entry->d_name))
                        continue;
                if (found)
                        e = err_because(ERR_USAGE,
                                        "several installations were joined; name one in BREAKGLASS_INSTALLATION");
                else
                        found = mem_text(entry->d_name);
        }
        closedir(dir);
        if (e == OK && !found)
                e = err_because(ERR_NO_PIN, "no installation was joined here; run `breakglass join`");
        if (e != OK)
                return e;
        *ret = found;
        found = NULL;
        return OK;
}

/* ---- small files ---- */

static enum err check_folder(const char *path)
{
        struct stat st;

        if (lstat(path, &st) != 0)
                return err_because(errno == ENOENT ? ERR_NO_PIN : ERR_IO, "%s: %s", path, strerror(errno));
        if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
                return err_because(ERR_UNSAFE_FILE, "%s must be a folder of yours alone (mode 0700)", path);
        return OK;
}

enum err home_read_line(const struct home *h, const char *file, char **ret)
{
        CLEANUP_FREE char *path = path_join(h->path, file);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = file_read(path, SMALL_FILE_MAX, &text);

        if (e != OK)
                return e;
        if (text.n < 2 || text.p[text.n - 1] != '\n' || memchr(text.p, '\0', text.n))
                return err_because(ERR_CORRUPT_STORE, "%s is damaged; join again", path);
        *ret = mem_text_n((const char *)text.p, text.n - 1);
        return OK;
}

enum err home_write_line(const struct home *h, const char *file, const char *line)
{
        CLEANUP_FREE char *path = path_join(h->path, file);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        bytes_printf(&text, "%s\n", line);
        return file_write(path, 0600, bytes_span(&text));
}

static enum err read_pin(struct home *h)
{
        CLEANUP_FREE char *pin = NULL;
        enum err e = home_read_line(h, "pin", &pin);

        if (e == ERR_NO_ENTRY)
                return err_because(ERR_NO_PIN, "%s has no pin; run `breakglass join`", h->path);
        if (e != OK)
                return e;
        if (hash_from_hex(span_text(pin), &h->genesis) != OK)
                return err_because(ERR_CORRUPT_STORE, "%s/pin is damaged; join again", h->path);
        return OK;
}

static enum err read_brokers(struct home *h)
{
        CLEANUP_FREE char *lines = NULL;
        enum err e = home_read_line(h, "brokers", &lines);
        char *rest = NULL;

        if (e == ERR_NO_ENTRY)
                return err_because(ERR_CORRUPT_STORE, "%s/brokers is missing; join again", h->path);
        if (e != OK)
                return e;
        h->brokers = mem_new(BROKERS_MAX, sizeof(*h->brokers));
        for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                if (h->n_brokers == BROKERS_MAX)
                        return err_because(ERR_CORRUPT_STORE, "%s/brokers has too many addresses", h->path);
                h->brokers[h->n_brokers++] = mem_text(line);
        }
        return OK;
}

static enum err read_identity_path(struct home *h)
{
        enum err e = home_read_line(h, "identity", &h->identity_path);

        return e == ERR_NO_ENTRY ? OK : e;
}

static enum err open_lock(struct home *h)
{
        CLEANUP_FREE char *path = path_join(h->path, "lock");

        h->lock_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        return h->lock_fd >= 0 ? OK : err_because(ERR_IO, "open %s: %s", path, strerror(errno));
}

/* ---- opening and making ---- */

static enum err open_folder(struct home *h)
{
        enum err e;

        if ((e = check_folder(h->path)) != OK)
                return e;
        if ((e = read_pin(h)) != OK)
                return e;
        if ((e = read_brokers(h)) != OK)
                return e;
        if ((e = read_identity_path(h)) != OK)
                return e;
        return open_lock(h);
}

static enum err locate(const char *name, struct home *h)
{
        CLEANUP_FREE char *root = NULL;
        enum err e;

        if (!name || !*name)
                name = getenv("BREAKGLASS_INSTALLATION");
        if ((e = root_folder(&root)) != OK)
                return e;
        e = name && *name ? folder_name(name, &h->name) : only_installation(root, &h->name);
        if (e == OK)
                h->path = path_join(root, h->name);
        return e;
}

enum err home_open(const char *name, struct home *ret)
{
        struct home h = HOME_NONE;
        enum err e;

        if ((e = locate(name, &h)) == OK)
                e = open_folder(&h);
        if (e != OK)
                home_close(&h);
        else
                *ret = h;
        return e;
}

static enum err make_subfolder(const struct home *h, const char *name)
{
        CLEANUP_FREE char *path = path_join(h->path, name);

        return file_make_folder(path, 0700);
}

static enum err write_brokers(const struct home *h, const char *const brokers[], size_t n)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;

        if (n == 0 || n > BROKERS_MAX)
                return err_because(ERR_USAGE, "1 to %u addresses", BROKERS_MAX);
        for (size_t i = 0; i < n; i++)
                bytes_printf(&lines, "%s%s", i > 0 ? "\n" : "", brokers[i]);
        return home_write_line(h, "brokers", bytes_text(&lines));
}

/* The pin is written last: a folder without it was never joined. */
static enum err fill_folder(const struct home *h, const struct hash *genesis, const char *const brokers[],
                            size_t n_brokers, const char *identity_path)
{
        char pin[HASH_HEX + 1];
        enum err e;

        hash_to_hex(genesis, pin);
        if ((e = make_subfolder(h, HOME_REQUESTS)) != OK)
                return e;
        if ((e = make_subfolder(h, HOME_OUTGOING)) != OK)
                return e;
        if ((e = write_brokers(h, brokers, n_brokers)) != OK)
                return e;
        if (identity_path && (e = home_write_line(h, "identity", identity_path)) != OK)
                return e;
        return home_write_line(h, "pin", pin);
}

static enum err check_same_pin(const char *folder, const struct hash *genesis)
{
        struct home h = {.path = (char *)folder};
        enum err e = read_pin(&h);

        if (e == ERR_NO_PIN)
                return OK;
        if (e == OK && !hash_equal(&h.genesis, genesis))
                return err_because(ERR_DUPLICATE, "%s was joined with another pin; move it away first", folder);
        return e;
}

enum err home_create(const char *name, const struct hash *genesis, const char *const brokers[], size_t n_brokers,
                     const char *identity_path, struct home *ret)
{
        struct home h = HOME_NONE;
        enum err e;

        if ((e = locate(name, &h)) == OK && (e = file_make_folder(h.path, 0700)) == OK &&
            (e = check_folder(h.path)) == OK && (e = check_same_pin(h.path, genesis)) == OK &&
            (e = fill_folder(&h, genesis, brokers, n_brokers, identity_path)) == OK)
                e = home_open(name, ret);
        home_close(&h);
        return e;
}

void home_close(struct home *h)
{
        for (size_t i = 0; i < h->n_brokers; i++)
                free(h->brokers[i]);
        free(h->brokers);
        free(h->path);
        free(h->name);
        free(h->identity_path);
        if (h->lock_fd >= 0)
                close(h->lock_fd);
        *h = HOME_NONE;
}

enum err home_lock(const struct home *h)
{
        while (flock(h->lock_fd, LOCK_EX) != 0)
                if (errno != EINTR)
                        return err_because(ERR_IO, "lock %s: %s", h->path, strerror(errno));
        return OK;
}

void home_unlock(const struct home *h)
{
        flock(h->lock_fd, LOCK_UN);
}
