/* A hook that stays: one request after another, each as if it were the first. */
#include "base/harden.h"
#include "rotators/hooks/hook.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define ROOM_FIRST 16384u

/* What came on stdin, in locked memory: from…to is not handed out yet. */
struct lines {
        struct secret room;
        size_t from, to;
};

/* Wipes what was handed out. */
static void forget_taken(struct lines *l)
{
        if (l->from == 0)
                return;
        memmove(l->room.bytes, l->room.bytes + l->from, l->to - l->from);
        sodium_memzero(l->room.bytes + l->to - l->from, l->from);
        l->to -= l->from;
        l->from = 0;
}

/* *ret_is_end: nothing comes any more. */
MUST_CHECK static enum err read_more(struct lines *l, bool *ret_is_end)
{
        ssize_t got;
        forget_taken(l);
        if (l->to == HOOK_INPUT_MAX)
                return err_because(ERR_TOO_LARGE, "a request of more than %u bytes", HOOK_INPUT_MAX);
        if (l->to == l->room.len) {
                enum err e = secret_resize(&l->room, 2 * l->to);
                if (e != OK)
                        return e;
        }
        do
                got = read(STDIN_FILENO, l->room.bytes + l->to, l->room.len - l->to);
        while (got < 0 && errno == EINTR);
        if (got < 0)
                return err_because(ERR_IO, "stdin: %s", strerror(errno));
        l->to += (size_t)got;
        *ret_is_end = got == 0;
        return OK;
}

/* A line that was cut off is none. What is in ret is wiped by the next call. */
MUST_CHECK static enum err next_line(struct lines *l, struct span *ret, bool *ret_is_end)
{
        size_t looked = 0;
        *ret_is_end = false;
        while (!*ret_is_end) {
                unsigned char *start = l->room.bytes + l->from;
                size_t n = l->to - l->from;
                unsigned char *end = n > looked ? memchr(start + looked, '\n', n - looked) : NULL;
                if (end) {
                        *ret = span_of(start, (size_t)(end - start));
                        l->from += ret->n + 1;
                        return OK;
                }
                enum err e = read_more(l, ret_is_end);
                if (e != OK)
                        return e;
                looked = n;
        }
        return OK;
}

static void run_request(const struct hook *h, struct span line, struct hook_answer *ret)
{
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        enum hook_step step;
        enum err e = hook_input_read(line, &in);
        ret->sequence = in.sequence;
        if (e != OK) {
                hook_fail(ret, PLUGIN_MISCONFIGURED, "%s: %s", err_word(e), err_reason());
        } else if (!in.step || !hook_step_from_word(h, in.step, &step)) {
                hook_fail(ret, PLUGIN_MISCONFIGURED, "no such step");
        } else {
                hook_run_in_time(h, step, &in, ret);
        }
}

MUST_CHECK static enum err answer(const struct hook *h, struct span line)
{
        struct hook_answer a = {.exit = PLUGIN_UNKNOWN, .is_served = true};
        err_forget();
        run_request(h, line, &a);
        enum err e = hook_answer_print(&a, STDOUT_FILENO);
        hook_answer_done(&a);
        return e;
}

MUST_CHECK static enum err serve(const struct hook *h, struct lines *l)
{
        bool is_end = false;
        enum err e = harden_process();
        if (e == OK)
                e = secret_new(ROOM_FIRST, &l->room);
        while (e == OK && !is_end) {
                struct span line = span_of(NULL, 0);
                e = next_line(l, &line, &is_end);
                if (e == OK && line.n > 0)
                        e = answer(h, line);
        }
        return e;
}

int hook_serve(const struct hook *h)
{
        struct lines l = {0};
        enum err e = serve(h, &l);
        secret_wipe(&l.room);
        if (e != OK)
                fprintf(stderr, "%s: %s: %s\n", h->name, err_word(e), err_reason());
        return e == OK ? PLUGIN_OK : PLUGIN_MISCONFIGURED;
}
