#include "base/clock.h"
#include "client/inside.h"
#include <string.h>

static enum err open_parts(const struct client_options *o, struct client *c)
{
        const struct roster *roster;
        enum err e;

        if ((e = home_open(o->installation, &c->home)) != OK)
                return e;
        if ((e = replica_open(&c->home, &c->replica)) != OK)
                return e;
        e = o->n_brokers > 0 ? http_new(o->brokers, o->n_brokers, &c->http)
                             : http_new((const char *const *)c->home.brokers, c->home.n_brokers, &c->http);
        if (e != OK)
                return e;
        roster = client_roster(c);
        return http_set_pin(c->http, roster ? roster->broker_tls : NULL);
}

enum err client_open(const struct client_options *o, struct client **ret)
{
        static const struct client_options none;
        struct client *c = mem_new(1, sizeof(*c));
        enum err e;

        if (!o)
                o = &none;
        c->home = HOME_NONE;
        c->now_ms = o->now_ms ? o->now_ms : clock_now_ms;
        e = open_parts(o, c);
        if (e == OK)
                *ret = c;
        else
                client_close(c);
        return e;
}

void client_close(struct client *c)
{
        if (!c)
                return;
        client_lock(c);
        http_free(c->http);
        for (size_t i = 0; i < c->n_lanes; i++)
                http_free(c->lanes[i]);
        free(c->lanes);
        replica_close(c->replica);
        home_close(&c->home);
        roster_free(c->first_roster);
        parting_done(&c->parting);
        free(c->resent);
        free(c);
}

const struct ledger *client_ledger(const struct client *c)
{
        return replica_ledger(c->replica);
}

struct replica *client_replica(struct client *c)
{
        return c->replica;
}

struct home *client_home(struct client *c)
{
        return &c->home;
}

int64_t client_now_ms(const struct client *c)
{
        return c->now_ms();
}

const struct roster *client_roster(const struct client *c)
{
        const struct roster *r = ledger_roster(client_ledger(c));

        return r ? r : c->first_roster;
}

/* ---- identity ---- */

static enum err alarm_another_key(const char *name)
{
        return err_because(
                ERR_AUTH,
                "ALARM: the roster gives the name `%s` to another key than yours; compare the roster with an "
                "admin by voice before you trust anything",
                name);
}

/* By the name remembered from an earlier roster: was it given to somebody else? */
static enum err check_remembered(struct client *c, const struct roster *roster)
{
        CLEANUP_FREE char *name = NULL;
        enum err e = home_read_line(&c->home, "me", &name);

        if (e == ERR_NO_ENTRY || (e == OK && !roster_person(roster, name)))
                return err_because(
                        ERR_NOT_ALLOWED,
                        "the roster has no entry for this identity; give the line that `breakglass keygen` "
                        "printed to an admin");
        return e == OK ? alarm_another_key(name) : e;
}

static enum err remember(struct client *c, const char *name)
{
        CLEANUP_FREE char *known = NULL;

        if (c->name && strcmp(c->name, name) == 0)
                return OK;
        if (home_read_line(&c->home, "me", &known) == OK && strcmp(known, name) == 0)
                return OK;
        return home_write_line(&c->home, "me", name);
}

enum err client_find_me(struct client *c)
{
        const struct roster *roster = client_roster(c);
        const struct person *p;
        enum err e;

        if (!c->is_unlocked || !roster)
                return OK;
        p = roster_person_by_signs(roster, &c->me.signs);
        if (!p)
                return check_remembered(c, roster);
        if (!key_equal(&p->opens, &c->me.opens))
                return alarm_another_key(p->name);
        if ((e = remember(c, p->name)) != OK)
                return e;
        if (!c->name || strcmp(c->name, p->name) != 0) {
                free(c->name);
                c->name = mem_text(p->name);
        }
        return OK;
}

enum err client_unlock(struct client *c, struct identity *me)
{
        enum err e;

        client_lock(c);
        c->me = *me;
        *me = (struct identity){0};
        c->is_unlocked = true;
        if ((e = client_find_me(c)) != OK)
                client_lock(c);
        return e;
}

void client_lock(struct client *c)
{
        identity_wipe(&c->me);
        c->is_unlocked = false;
        c->is_signed_in = false;
        free(c->name);
        c->name = NULL;
        if (c->http)
                http_set_token(c->http, NULL);
}

bool client_is_unlocked(const struct client *c)
{
        return c->is_unlocked;
}

const char *client_me(const struct client *c)
{
        return c->name;
}

const struct identity *client_identity(const struct client *c)
{
        return c->is_unlocked ? &c->me : NULL;
}
