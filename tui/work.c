#include "tui/work.h"
#include "tui/work_jobs.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define WAIT_S     1u   /* of a long poll: a job that comes meanwhile waits for its end */
#define PICTURE_MS 5000 /* at least this often: time alone changes what is open */

struct queued {
        struct queued *next;
        struct effect job;
        char *text[EFFECT_TEXTS];
        struct identity me;
        struct result result;
};

struct queue {
        struct queued *first, *last;
};

struct work {
        struct jobs jobs;
        bool has_thread, must_stop;
        int wake_fd;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t come;
        struct queue in, out;
};

/* ---- queues ---- */

static void push(struct queue *q, struct queued *one)
{
        if (q->last)
                q->last->next = one;
        else
                q->first = one;
        q->last = one;
}

static struct queued *pop(struct queue *q)
{
        struct queued *one = q->first;

        if (!one)
                return NULL;
        q->first = one->next;
        if (!q->first)
                q->last = NULL;
        one->next = NULL;
        return one;
}

static void queued_free(struct queued *one)
{
        if (!one)
                return;
        for (size_t i = 0; i < EFFECT_TEXTS; i++)
                free(one->text[i]);
        identity_wipe(&one->me);
        result_done(&one->result);
        free(one);
}

static void give(struct work *w, struct result *r)
{
        struct queued *one = mem_new(1, sizeof(*one));

        one->result = *r;
        *r = (struct result){0};
        pthread_mutex_lock(&w->lock);
        push(&w->out, one);
        pthread_mutex_unlock(&w->lock);
        if (write(w->wake_fd, "", 1) < 0)
                return; /* full: it wakes anyway */
}

/* ---- the thread ---- */

static struct queued *next_job(struct work *w, bool wait)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        pthread_mutex_lock(&w->lock);
        while (wait && !w->in.first && !w->must_stop)
                if (pthread_cond_timedwait(&w->come, &w->lock, &until) != 0)
                        break;
        struct queued *one = w->must_stop ? NULL : pop(&w->in);

        pthread_mutex_unlock(&w->lock);
        return one;
}

static bool is_stopping(struct work *w)
{
        pthread_mutex_lock(&w->lock);
        bool stops = w->must_stop;

        pthread_mutex_unlock(&w->lock);
        return stops;
}

static void report_progress(void *context, uint64_t n)
{
        struct work *w = context;
        struct result r = {.kind = EFFECT_VERIFY, .n = n};

        give(w, &r);
}

static void *run(void *context)
{
        struct work *w = context;
        bool is_idle = false;

        while (!is_stopping(w)) {
                struct queued *one = next_job(w, is_idle);
                struct result r = {0};

                if (one) {
                        jobs_perform(&w->jobs, &one->job, &one->me, &r);
                        queued_free(one);
                        give(w, &r);
                        is_idle = false;
                        continue;
                }
                jobs_follow(&w->jobs, WAIT_S, PICTURE_MS, &r);
                /* A broker that is away, or an identity that is locked, answers at once: don't spin. */
                is_idle = r.is_away || r.is_alarm || !r.is_unlocked;
                give(w, &r);
        }
        return NULL;
}

/* ---- from outside ---- */

struct work *work_new(struct cli *cli)
{
        struct work *w = mem_new(1, sizeof(*w));

        w->jobs.cli = cli;
        w->jobs.progress = report_progress;
        w->jobs.context = w;
        w->wake_fd = -1;
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->come, NULL);
        return w;
}

void work_start(struct work *w, int wake_fd)
{
        sigset_t all, before;

        w->wake_fd = wake_fd;
        /* Signals are the loop's. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        w->has_thread = pthread_create(&w->thread, NULL, run, w) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void work_free(struct work *w)
{
        if (!w)
                return;
        pthread_mutex_lock(&w->lock);
        w->must_stop = true;
        pthread_cond_signal(&w->come);
        pthread_mutex_unlock(&w->lock);
        if (w->has_thread)
                pthread_join(w->thread, NULL);
        jobs_forget(&w->jobs);
        for (struct queued *one; (one = pop(&w->in));)
                queued_free(one);
        for (struct queued *one; (one = pop(&w->out));)
                queued_free(one);
        pthread_cond_destroy(&w->come);
        pthread_mutex_destroy(&w->lock);
        free(w);
}

void work_post(struct work *w, const struct effect *job, struct identity *me)
{
        struct queued *one = mem_new(1, sizeof(*one));

        one->job = *job;
        for (size_t i = 0; i < EFFECT_TEXTS; i++)
                if (job->text[i])
                        one->job.text[i] = one->text[i] = mem_text(job->text[i]);
        if (me) {
                one->me = *me;
                *me = (struct identity){0};
        }
        pthread_mutex_lock(&w->lock);
        push(&w->in, one);
        pthread_cond_signal(&w->come);
        pthread_mutex_unlock(&w->lock);
}

bool work_take(struct work *w, struct result *ret)
{
        pthread_mutex_lock(&w->lock);
        struct queued *one = pop(&w->out);

        pthread_mutex_unlock(&w->lock);
        if (!one)
                return false;
        *ret = one->result;
        one->result = (struct result){0};
        queued_free(one);
        return true;
}

void work_perform(struct work *w, const struct effect *job, struct result *ret)
{
        struct identity nobody = {0};

        jobs_perform(&w->jobs, job, &nobody, ret);
}

void work_follow(struct work *w, unsigned wait_s, bool always, struct result *ret)
{
        jobs_follow(&w->jobs, wait_s, always ? 0 : PICTURE_MS, ret);
}
