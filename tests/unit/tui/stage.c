#include "tests/unit/tui/stage.h"
#include "base/clock.h"
#include "quorum/admit.h"
#include <assert.h>
#include <locale.h>
#include <string.h>

void stage_fold(struct stage *s, struct span line)
{
        enum err e = admit_line(s->ledger, line, false, NULL);

        assert(e == OK);
        s->world->now_ms += SECOND_MS;
}

void stage_say(struct stage *s, struct statement *t)
{
        stage_fold(s, world_append(s->world, t));
}

void stage_look(struct stage *s)
{
        struct result r = {.is_unlocked = true};

        r.picture = picture_of(s->ledger, "acme-prod", s->me, s->world->now_ms);
        s->effect = model_tick(&s->model, s->world->now_ms);
        s->effect = model_take(&s->model, &r);
        result_done(&r);
}

struct stage *stage_new(const char *me)
{
        static const char *const holders[] = {"alice", "bob", "carol"};
        struct stage *s = mem_new(1, sizeof(*s));
        struct sealed_version sealed;

        setlocale(LC_CTYPE, "C.UTF-8"); /* as the program does */
        s->me = me;
        s->world = world_new();
        s->ledger = ledger_new();
        model_init(&s->model, 24, 80);
        snprintf(s->model.folder, sizeof(s->model.folder), "/dev/shm");
        stage_fold(s, world_genesis(s->world));
        struct statement t = world_version(s->world, "prod/postgres/root", 1, NULL, "alice", &sealed);

        stage_say(s, &t);
        sealed_version_done(&sealed);
        s->version = world_last_id(s->world);
        for (size_t i = 0; i < COUNT_OF(holders); i++) {
                t = world_say_as(s->world, STATEMENT_CUSTODY, holders[i]);
                t.custody.versions = (struct hash_list){1, &s->version};
                stage_say(s, &t);
        }
        stage_look(s);
        return s;
}

void stage_free(struct stage *s)
{
        model_done(&s->model);
        ledger_free(s->ledger);
        world_free(s->world);
        free(s);
}

void stage_ask_because(struct stage *s, const char *reason)
{
        struct statement t = world_request(s->world, "erin", "prod/postgres/root", &s->version, NULL);

        t.request.incident = "INC-7";
        t.request.emergency = "E1";
        t.request.reason = reason;
        stage_say(s, &t);
        s->request = world_last_id(s->world);
        stage_look(s);
}

void stage_ask(struct stage *s)
{
        stage_ask_because(s, "The main database is down and so is SSO");
}

void stage_approve(struct stage *s, const char *who, unsigned index)
{
        struct statement t = world_approval(s->world, who, &s->request, &s->version, index);

        stage_say(s, &t);
        stage_look(s);
}

/* ---- a recovery ---- */

static struct hash say_offline(struct stage *s, const struct statement *t, struct statement *into)
{
        struct offline_statement *o = &into->recovery.offline[into->recovery.n++];
        struct envelope e = {0};

        world_envelope(s->world, t, &e);
        o->payload = e.payload;
        o->signature = e.signatures[0];
        return hash_of(bytes_span(&o->payload));
}

void stage_recover(struct stage *s)
{
        struct offline_statement parts[4] = {0};
        struct statement told = world_say_as(s->world, STATEMENT_RECOVERY, "erin");
        struct statement t = world_request(s->world, "erin", "prod/postgres/root", &s->version, NULL);

        told.recovery.untimed = true;
        told.recovery.offline = parts;
        t.request.incident = "INC-9";
        t.request.reason = "The broker's host burnt down";
        s->request = say_offline(s, &t, &told);
        t = world_approval(s->world, "alice", &s->request, &s->version, 1);
        say_offline(s, &t, &told);
        t = world_approval(s->world, "bob", &s->request, &s->version, 2);
        say_offline(s, &t, &told);
        t = world_say_as(s->world, STATEMENT_OPEN, "erin");
        t.open.request = s->request;
        say_offline(s, &t, &told);
        stage_say(s, &told);
        for (size_t i = 0; i < told.recovery.n; i++) {
                bytes_done(&parts[i].payload);
                bytes_done(&parts[i].signature);
        }
        stage_look(s);
}

/* ---- keys by name ---- */

static struct key_press named_key(const char *name, size_t n)
{
        static const struct {
                const char *name;
                enum key_code code;
        } names[] = {{"Enter", K_ENTER},    {"Esc", K_ESC},           {"Tab", K_TAB},         {"BackTab", K_BACK_TAB},
                     {"Up", K_UP},          {"Down", K_DOWN},         {"Left", K_LEFT},       {"Right", K_RIGHT},
                     {"PgUp", K_PAGE_UP},   {"PgDn", K_PAGE_DOWN},    {"Home", K_HOME},       {"End", K_END},
                     {"Bksp", K_BACKSPACE}, {"Paste", K_PASTE_BEGIN}, {"/Paste", K_PASTE_END}};

        if (n == 2 && name[0] == '^')
                return (struct key_press){K_CTRL, (uint32_t)(unsigned char)name[1]};
        if (n == 5 && memcmp(name, "Burst", 5) == 0)
                return (struct key_press){K_ENTER, 1};
        for (size_t i = 0; i < COUNT_OF(names); i++)
                if (strlen(names[i].name) == n && memcmp(names[i].name, name, n) == 0)
                        return (struct key_press){names[i].code, 0};
        abort();
}

void stage_press(struct stage *s, const char *keys)
{
        while (*keys) {
                const char *end = *keys == '<' && keys[1] ? strchr(keys, '>') : NULL;
                struct key_press k = {K_CHAR, (uint32_t)(unsigned char)*keys};

                if (end && end > keys + 1)
                        k = named_key(keys + 1, (size_t)(end - keys - 1));
                s->effect = model_update(&s->model, k);
                keys = end && end > keys + 1 ? end + 1 : keys + 1;
        }
}

/* ---- answers ---- */

struct effect stage_answer(struct stage *s, enum effect_kind kind, enum err e)
{
        struct result r = {.kind = kind, .err = e, .id = s->request, .n = 42, .is_unlocked = true};

        r.picture = picture_of(s->ledger, "acme-prod", s->me, s->world->now_ms);
        s->effect = model_take(&s->model, &r);
        result_done(&r);
        return s->effect;
}

static struct seen_case *make_case(const struct stage *s)
{
        const struct picture_request *r = picture_request_of(s->model.picture, &s->request);
        struct seen_case *c = mem_new(1, sizeof(*c));

        c->request = r->view;
        c->request.requester = arena_text(&c->arena, r->view.requester);
        c->request.credential = arena_text(&c->arena, r->view.credential);
        c->request.emergency = arena_text(&c->arena, r->view.emergency);
        c->request.reason = arena_text(&c->arena, r->view.reason);
        c->request.incident = arena_text(&c->arena, r->view.incident);
        c->who = "erin, team sre";
        c->opens_what = "superuser of the main database";
        c->emergency = "Customer-facing outage and normal access is down";
        c->example = "SSO is down during a SEV1";
        c->not_this = "Normal access works but is slow";
        c->version = r->version;
        c->my_index = 1;
        c->requests_24h = 1;
        return c;
}

void stage_review(struct stage *s)
{
        struct result r = {.kind = EFFECT_REVIEW, .id = s->request, .is_unlocked = true};

        stage_press(s, "<Enter>");
        assert(s->effect.kind == EFFECT_REVIEW);
        r.seen = make_case(s);
        s->effect = model_take(&s->model, &r);
        result_done(&r);
}

void stage_open(struct stage *s)
{
        struct document *d = mem_new(1, sizeof(*d));
        struct result r = {.kind = EFFECT_OPEN, .is_unlocked = true, .document = d};

        stage_ask(s);
        stage_approve(s, "alice", 1);
        stage_approve(s, "bob", 2);
        struct statement t = world_say_as(s->world, STATEMENT_OPEN, "erin");

        t.open.request = s->request;
        stage_say(s, &t);
        stage_look(s);
        stage_press(s, "<Enter>");
        const struct document_field fields[] = {{"password", (const unsigned char *)"hunter2", 7},
                                                {"seed", (const unsigned char *)"abc", 3}};
        enum err e = document_build("prod/postgres/root", 1, fields, COUNT_OF(fields), d);

        assert(e == OK);
        r.id = s->request;
        r.picture = picture_of(s->ledger, "acme-prod", s->me, s->world->now_ms);
        s->effect = model_take(&s->model, &r);
        s->model.opened.lines[0] = s->model.opened.lines[1] = 1;
        result_done(&r);
}
