#include "rotators/crew.h"
#include "base/clock.h"
#include "rotators/hook_server.h"
#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES (512u * 1024u)

struct place {
        struct crew *crew;
        struct errand *errand; /* NULL: free */
        bool is_back;
        struct hook_server *server; /* NULL: none has stayed. Its errand's thread has it, while there is one */
        char *served;               /* its target */
};

struct crew {
        pthread_mutex_t lock;
        pthread_cond_t came_back;
        unsigned total, per_target;
        struct place *place; /* `total` of them */
};

void errand_free(struct errand *e)
{
        if (!e)
                return;
        free(e->target);
        free(e->credential);
        free(e->key);
        free(e->why);
        bytes_done(&e->handle);
        bytes_done(&e->old_handle);
        document_wipe(&e->pending);
        document_wipe(&e->opened);
        secret_wipe(&e->request);
        hook_result_done(&e->result);
        free(e);
}

struct crew *crew_new(unsigned total, unsigned per_target)
{
        struct crew *c = mem_new(1, sizeof *c);
        pthread_condattr_t monotonic;
        if (pthread_condattr_init(&monotonic) != 0 || pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
            pthread_cond_init(&c->came_back, &monotonic) != 0 || pthread_mutex_init(&c->lock, NULL) != 0)
                abort(); /* only for want of memory */
        pthread_condattr_destroy(&monotonic);
        c->total = total;
        c->per_target = per_target;
        c->place = mem_new(total, sizeof(struct place));
        return c;
}

void crew_free(struct crew *c)
{
        if (!c)
                return;
        assert(crew_out(c) == 0);
        crew_rest(c);
        pthread_cond_destroy(&c->came_back);
        pthread_mutex_destroy(&c->lock);
        free(c->place);
        free(c);
}

/* ---- under the lock ---- */

/* How well a free place fits: best with a hook that knows the target, worst with one that must go first. */
static unsigned fit(const struct place *p, const char *target)
{
        if (!p->server)
                return 2;
        return strcmp(p->served, target) ? 1 : 3;
}

static struct place *free_place(struct crew *c, const char *target)
{
        struct place *best = NULL;
        unsigned at_target = 0;
        for (unsigned i = 0; i < c->total; i++) {
                struct place *p = &c->place[i];
                if (p->errand)
                        at_target += !strcmp(p->errand->target, target);
                else if (!best || fit(p, target) > fit(best, target))
                        best = p;
        }
        return at_target < c->per_target ? best : NULL;
}

static unsigned count(const struct crew *c)
{
        unsigned n = 0;
        for (unsigned i = 0; i < c->total; i++)
                n += c->place[i].errand != NULL;
        return n;
}

static struct errand *take_back(struct crew *c)
{
        for (unsigned i = 0; i < c->total; i++)
                if (c->place[i].is_back) {
                        struct errand *e = c->place[i].errand;
                        c->place[i].errand = NULL;
                        c->place[i].is_back = false;
                        return e;
                }
        return NULL;
}

/* ---- in the errand's own thread ---- */

static void send_home(struct place *p)
{
        hook_server_stop(p->server);
        p->server = NULL;
        free(p->served);
        p->served = NULL;
}

/* By the hook that stayed here, or by a new one. */
MUST_CHECK static enum err run_served(struct place *p)
{
        struct errand *e = p->errand;
        enum err error = OK;
        if (p->server && !hook_server_is_ready(p->server))
                send_home(p);
        if (!p->server && (error = hook_server_start(e->call.hook, &p->server)) != OK)
                return error;
        if (!p->served)
                p->served = mem_text(e->target);
        error = hook_server_run(p->server, &e->call, &e->request, &e->result);
        hook_server_remember(p->server, &e->pending, &e->opened);
        return error;
}

static void *run(void *context)
{
        struct place *p = context;
        struct errand *e = p->errand;
        if (p->server && strcmp(p->served, e->target) != 0)
                send_home(p);
        e->error = e->call.hook->can_serve ? run_served(p) : hook_run_with(&e->call, &e->request, &e->result);
        e->why = mem_text(err_reason());
        pthread_mutex_lock(&p->crew->lock);
        p->is_back = true;
        pthread_cond_signal(&p->crew->came_back);
        pthread_mutex_unlock(&p->crew->lock);
        return NULL;
}

MUST_CHECK static bool start(struct place *p)
{
        pthread_attr_t attributes;
        pthread_t thread;
        if (pthread_attr_init(&attributes) != 0)
                return false;
        bool is_started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                          pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                          pthread_create(&thread, &attributes, run, p) == 0;
        pthread_attr_destroy(&attributes);
        return is_started;
}

/* ---- for the loop ---- */

bool crew_has_room(struct crew *c, const char *target)
{
        pthread_mutex_lock(&c->lock);
        bool has_room = free_place(c, target) != NULL;
        pthread_mutex_unlock(&c->lock);
        return has_room;
}

enum err crew_send(struct crew *c, struct errand *e)
{
        pthread_mutex_lock(&c->lock);
        struct place *p = free_place(c, e->target);
        assert(p);
        p->crew = c;
        p->errand = e;
        bool is_started = start(p);
        if (!is_started)
                p->errand = NULL;
        pthread_mutex_unlock(&c->lock);
        if (!is_started)
                errand_free(e);
        return is_started ? OK : err_because(ERR_MEMORY, "no thread could be started");
}

struct errand *crew_take(struct crew *c, int64_t wait_ms)
{
        int64_t end_ms = clock_monotonic_ms() + wait_ms;
        const struct timespec end = {end_ms / 1000, end_ms % 1000 * 1000000};
        struct errand *e;
        pthread_mutex_lock(&c->lock);
        while (!(e = take_back(c)) && wait_ms > 0 && count(c) > 0)
                if (pthread_cond_timedwait(&c->came_back, &c->lock, &end) != 0)
                        wait_ms = 0;
        pthread_mutex_unlock(&c->lock);
        return e;
}

unsigned crew_out(struct crew *c)
{
        pthread_mutex_lock(&c->lock);
        unsigned n = count(c);
        pthread_mutex_unlock(&c->lock);
        return n;
}

void crew_rest(struct crew *c)
{
        pthread_mutex_lock(&c->lock);
        for (unsigned i = 0; i < c->total; i++)
                if (!c->place[i].errand && c->place[i].server)
                        send_home(&c->place[i]);
        pthread_mutex_unlock(&c->lock);
}
