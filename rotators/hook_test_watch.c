#include "rotators/hook_test_watch.h"
#include "rotators/hook_call.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#define DEPTH_MAX    8u
#define TEXT_MAX     (128u * 1024u)
#define CHILDREN_MAX 4096u
#define PAUSE_NS     (4 * 1000 * 1000)

/* A whole file of /proc, as far as there is room; 0 where it is gone or not for us. */
static size_t read_proc(const char *path, unsigned char *to, size_t room)
{
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t n = 0;
        while (fd >= 0 && n < room) {
                ssize_t got = read(fd, to + n, room - n);
                if (got <= 0)
                        break;
                n += (size_t)got;
        }
        return n;
}

static void search(struct watch *w, long pid, const char *what, struct secret *room)
{
        char path[64], name[32] = "";
        snprintf(path, sizeof path, "/proc/%ld/%s", pid, what);
        size_t n = read_proc(path, room->bytes, room->len);
        for (size_t i = 0; i < w->n_values && w->found.n == 0; i++) {
                if (!hook_prints_secret(w->hook, w->value[i], span_of(room->bytes, n)))
                        continue;
                snprintf(path, sizeof path, "/proc/%ld/comm", pid);
                size_t len = read_proc(path, (unsigned char *)name, sizeof name - 1);
                name[len > 0 ? len - 1 : 0] = 0; /* without its newline */
                bytes_add_text(&w->found, "the process `");
                text_escape(span_text(name), &w->found);
                bytes_printf(&w->found, "` had it in its %s", strcmp(what, "environ") ? "arguments" : "environment");
        }
}

static void look_below(struct watch *w, long pid, struct secret *room, unsigned depth);

/* The children that one thread of a process has started. */
static void look_at_children(struct watch *w, long pid, const char *thread, struct secret *room, unsigned depth)
{
        char path[96], list[CHILDREN_MAX];
        snprintf(path, sizeof path, "/proc/%ld/task/%.16s/children", pid, thread);
        size_t n = read_proc(path, (unsigned char *)list, sizeof list - 1);
        list[n] = 0;
        for (char *at = list, *end; *at; at = end) {
                long child = strtol(at, &end, 10);
                if (end == at)
                        return;
                search(w, child, "cmdline", room);
                search(w, child, "environ", room);
                look_below(w, child, room, depth + 1);
        }
}

static void look_below(struct watch *w, long pid, struct secret *room, unsigned depth)
{
        char path[64];
        snprintf(path, sizeof path, "/proc/%ld/task", pid);
        DIR *threads = depth < DEPTH_MAX ? opendir(path) : NULL;
        for (struct dirent *d; threads && (d = readdir(threads));)
                if (d->d_name[0] != '.')
                        look_at_children(w, pid, d->d_name, room, depth);
        if (threads)
                closedir(threads);
}

static void *watch(void *context)
{
        struct watch *w = context;
        const struct timespec pause = {0, PAUSE_NS};
        CLEANUP_SECRET struct secret room = SECRET_NONE;
        if (secret_new(TEXT_MAX, &room) != OK)
                return NULL;
        while (!atomic_load(&w->must_stop)) {
                look_below(w, (long)getpid(), &room, 0);
                nanosleep(&pause, NULL);
        }
        return NULL;
}

enum err watch_start(struct watch *w, const struct hook_entry *hook, const struct document *const value[],
                     size_t n_values)
{
        *w = (struct watch){.hook = hook, .value = value, .n_values = n_values};
        if (pthread_create(&w->thread, NULL, watch, w) != 0)
                return err_because(ERR_IO, "no thread could be started");
        return OK;
}

void watch_stop(struct watch *w)
{
        atomic_store(&w->must_stop, true);
        pthread_join(w->thread, NULL);
}
