/* The screens in a large installation, 5,000 credentials and 10,000 requests, straight from the ledger that the log
 * folds to: the work until the first frame stands, and from a key to the next frame. The terminal's own time is not
 * in it. The floor is the goal itself: what a person still calls at once. */
#include "base/clock.h"
#include "quorum/admit.h"
#include "tests/bench/ratio.h"
#include "tests/unit/support/world.h"
#include "tui/frame.h"

#include <locale.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CREDENTIALS     5000u
#define REQUESTS        10000u
#define OPEN            100u /* of the requests: a person has 5 at most; the others were given up */
#define AT_ONCE         250u /* shares of a custody statement */
#define AN_ORDER        1000u
#define AN_INCIDENT_HAS 5u
#define FIRST_PAINT_MS  100.0
#define KEYSTROKE_MS    16.0
#define ROUNDS          15u

struct place {
        struct world *w;
        struct ledger *ledger;
        char (*names)[32];
        struct hash *versions, *requests;
        const char *me;
        struct model model;
};

static void must(bool held, const char *what)
{
        if (!held) {
                fprintf(stderr, "bench_screens: %s: %s\n", what, err_reason());
                abort();
        }
}

/* ---- the installation ---- */

static void fold(struct place *p, struct span line)
{
        must(admit_line(p->ledger, line, false, NULL) == OK, "a line");
        p->w->now_ms += 10;
}

static void say(struct place *p, const struct statement *s)
{
        fold(p, world_append(p->w, s));
}

static void make_roster(struct place *p)
{
        static const char *const admins[] = {"alice", "bob", NULL};
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE, more = BYTES_NONE;

        world_roster_yaml(p->w, 1, NULL, &yaml);
        bytes_add_text(&more, "credentials:\n");
        for (unsigned i = 0; i < CREDENTIALS; i++) {
                snprintf(p->names[i], sizeof(p->names[i]), "prod/%s%02u/db%04u", i % 3 ? "eu" : "us", i % 40, i);
                bytes_printf(&more,
                             "  %s: {opens_what: superuser of database %u, policy: prod-db, sealers: [alice],"
                             " rotate: {hook: postgres}}\n",
                             p->names[i], i);
        }
        text_replace(&yaml, "credentials:\n", bytes_text(&more));
        fold(p, world_append_roster(p->w, bytes_span(&yaml), admins));
}

static void seal_all(struct place *p)
{
        static const char *const holders[] = {"alice", "bob", "carol"};

        for (unsigned i = 0; i < CREDENTIALS; i++) {
                struct sealed_version sealed;
                struct statement s = world_version(p->w, p->names[i], 1, NULL, "alice", &sealed);

                say(p, &s);
                sealed_version_done(&sealed);
                p->versions[i] = world_last_id(p->w);
        }
        for (unsigned i = 0; i < COUNT_OF(holders) * (CREDENTIALS / AT_ONCE); i++) {
                unsigned h = i % COUNT_OF(holders), first = i / COUNT_OF(holders) * AT_ONCE;
                struct statement s = world_say_as(p->w, STATEMENT_CUSTODY, holders[h]);

                s.custody.versions = (struct hash_list){AT_ONCE, p->versions + first};
                say(p, &s);
        }
}

static void ask_all(struct place *p)
{
        char incident[32];

        for (unsigned i = 0; i < REQUESTS; i++) {
                const struct hash *version = &p->versions[i % CREDENTIALS];
                struct statement s = world_request(p->w, "erin", p->names[i % CREDENTIALS], version, NULL);

                snprintf(incident, sizeof(incident), "INC-%u", i / AN_INCIDENT_HAS);
                s.request.incident = incident;
                say(p, &s);
                p->requests[i] = world_last_id(p->w);
                s = world_approval(p->w, "alice", &p->requests[i], version, 1);
                say(p, &s);
                if (i + OPEN >= REQUESTS)
                        continue;
                s = world_say_as(p->w, STATEMENT_CANCEL, "erin");
                s.cancel.request = p->requests[i];
                say(p, &s);
        }
}

/* Everything has leaked and was ordered; a rotator has taken the first half of it. */
static void order_all(struct place *p)
{
        for (unsigned i = 0; i < CREDENTIALS; i += AN_ORDER) {
                struct statement s = world_say_as(p->w, STATEMENT_ORDER, "alice");

                s.order.versions = (struct hash_list){AN_ORDER, p->versions + i};
                s.order.why = "everything has leaked";
                say(p, &s);
        }
        for (unsigned i = 0; i < CREDENTIALS / 2; i++) {
                struct statement s = world_say_as(p->w, STATEMENT_ROTATION, "rot-1");

                s.rotation.version = p->versions[i];
                s.rotation.step = STEP_CLAIM;
                s.rotation.until_ms = p->w->now_ms + HOUR_MS;
                say(p, &s);
        }
}

static void make_place(struct place *p)
{
        p->w = world_new();
        p->ledger = ledger_new();
        p->names = mem_new(CREDENTIALS, sizeof(*p->names));
        p->versions = mem_new(CREDENTIALS, sizeof(*p->versions));
        p->requests = mem_new(REQUESTS, sizeof(*p->requests));
        make_roster(p);
        seal_all(p);
        ask_all(p);
        order_all(p);
}

/* ---- what is measured ---- */

static void look(struct place *p)
{
        struct result r = {.is_unlocked = true};

        r.picture = picture_of(p->ledger, "acme-prod", p->me, p->w->now_ms);
        model_tick(&p->model, p->w->now_ms);
        model_take(&p->model, &r);
        result_done(&r);
}

static void draw(const struct place *p)
{
        struct canvas c;

        frame_draw(&p->model, &c);
        canvas_done(&c);
}

static void picture_only(void *context)
{
        struct place *p = context;

        picture_free(picture_of(p->ledger, "acme-prod", p->me, p->w->now_ms));
}

static void first_paint(void *context)
{
        struct place *p = context;

        model_done(&p->model);
        model_init(&p->model, 24, 80);
        look(p);
        draw(p);
}

static void press(struct place *p, struct key_press k)
{
        model_update(&p->model, k);
        draw(p);
}

static void go_credentials(void *context)
{
        press(context, (struct key_press){K_CHAR, 'c'});
}

static void go_rotations(void *context)
{
        press(context, (struct key_press){K_CHAR, 'R'});
}

/* Each letter of a filter, and back: eight keys. */
static void type_filter(void *context)
{
        struct place *p = context;

        for (const char *c = "db42"; *c; c++)
                press(p, (struct key_press){K_CHAR, (unsigned char)*c});
        for (unsigned i = 0; i < 4; i++)
                press(p, (struct key_press){K_BACKSPACE, 0});
}

static void move_down(void *context)
{
        press(context, (struct key_press){K_DOWN, 0});
}

static double worked_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

/* The median of the processor's time: what else the machine does is not ours. */
static double measure(struct place *p, void (*run)(void *))
{
        double ns[ROUNDS];

        for (unsigned i = 0; i < ROUNDS; i++) {
                double began = worked_ns();

                run(p);
                ns[i] = worked_ns() - began;
        }
        qsort(ns, ROUNDS, sizeof(ns[0]), by_size);
        return ns[ROUNDS / 2];
}

/* All of the list, and what one order was for. */
static void report_rotations(struct place *p, const char *who)
{
        char what[64];

        snprintf(what, sizeof(what), "screens: to Rotations, %s", who);
        ratio_print_times(what, measure(p, go_rotations), KEYSTROKE_MS * 1e6, 1.0);
        snprintf(what, sizeof(what), "screens: down on Rotations, %s", who);
        ratio_print_times(what, measure(p, move_down), KEYSTROKE_MS * 1e6, 1.0);
        press(p, (struct key_press){K_CHAR, '/'});
        snprintf(what, sizeof(what), "screens: a filter's key on Rotations, %s", who);
        ratio_print_times(what, measure(p, type_filter) / 8, KEYSTROKE_MS * 1e6, 1.0);
        press(p, (struct key_press){K_ESC, 0});
        press(p, (struct key_press){K_CHAR, '<'});
        snprintf(what, sizeof(what), "screens: down on one order, %s", who);
        ratio_print_times(what, measure(p, move_down), KEYSTROKE_MS * 1e6, 1.0);
        press(p, (struct key_press){K_CHAR, '>'});
}

static void report(struct place *p, const char *who)
{
        char what[64];

        p->me = who;
        snprintf(what, sizeof(what), "screens: first paint, %s", who);
        ratio_print_times(what, measure(p, first_paint), FIRST_PAINT_MS * 1e6, 1.0);
        snprintf(what, sizeof(what), "screens: down on Now, %s", who);
        ratio_print_times(what, measure(p, move_down), KEYSTROKE_MS * 1e6, 1.0);
        snprintf(what, sizeof(what), "screens: to Credentials, %s", who);
        ratio_print_times(what, measure(p, go_credentials), KEYSTROKE_MS * 1e6, 1.0);
        snprintf(what, sizeof(what), "screens: down on Credentials, %s", who);
        ratio_print_times(what, measure(p, move_down), KEYSTROKE_MS * 1e6, 1.0);
        press(p, (struct key_press){K_CHAR, '/'});
        snprintf(what, sizeof(what), "screens: a filter's keystroke, %s", who);
        ratio_print_times(what, measure(p, type_filter) / 8, KEYSTROKE_MS * 1e6, 1.0);
        press(p, (struct key_press){K_ESC, 0});
        report_rotations(p, who);
}

static size_t in_use(void)
{
        struct mallinfo2 m = mallinfo2();

        return m.uordblks + m.hblkhd;
}

static void report_memory(struct place *p)
{
        size_t before = in_use();

        look(p);
        char text[32];

        snprintf(text, sizeof(text), "%.1f MiB", (double)(in_use() - before) / (1024 * 1024));
        printf("%-46s %13s\n", "screens: memory of the model", text);
}

int main(void)
{
        struct place p = {.me = "erin"};

        must(sodium_init() >= 0, "libsodium");
        setlocale(LC_CTYPE, "C.UTF-8");
        make_place(&p);
        model_init(&p.model, 24, 80);
        report_memory(&p);
        ratio_print_time("screens: a new picture, behind the keys", measure(&p, picture_only));
        report(&p, "erin");
        report(&p, "alice");
        model_done(&p.model);
        ledger_free(p.ledger);
        world_free(p.w);
        free(p.names);
        free(p.versions);
        free(p.requests);
        return 0;
}
