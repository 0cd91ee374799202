#include "tui/history.h"
#include "tui/pending.h"
#include "tui/rotate.h"
#include <stdlib.h>
#include <string.h>

bool rotate_is_wide(const struct rotate_options *o)
{
        return o->all || o->opened_by.n || o->incidents.n || o->policies.n || o->tags.n;
}

static bool has(const struct texts *list, const char *text)
{
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->text[i], text) == 0)
                        return true;
        return false;
}

/* ---- who saw it ---- */

static bool is_of_these(const struct rotate_options *o, const struct request_view *r)
{
        return (has(&o->opened_by, r->requester) && r->opened_n != 0) ||
               (has(&o->incidents, r->incident) && request_has_touched(r));
}

/* The versions that somebody saw, sorted: looked for once, not for each credential. */
struct seen {
        size_t n;
        struct hash *version;
};

static int by_bytes(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct hash));
}

static struct seen look_who_saw(const struct cli *cli, const struct rotate_options *o)
{
        const struct ledger *l = cli_ledger(cli);
        size_t n = o->opened_by.n || o->incidents.n ? ledger_requests(l) : 0;
        struct seen seen = {0, mem_new(n + 1, sizeof(*seen.version))};

        for (size_t i = 0; i < n; i++) {
                struct request_view r;

                ledger_request_at(l, i, cli_now(cli), &r);
                if (is_of_these(o, &r))
                        seen.version[seen.n++] = r.version;
        }
        qsort(seen.version, seen.n, sizeof(*seen.version), by_bytes);
        return seen;
}

static bool somebody_saw(const struct seen *seen, const struct hash *version)
{
        return bsearch(version, seen->version, seen->n, sizeof(*version), by_bytes) != NULL;
}

/* ---- names that are not there ---- */

static bool is_tag(const struct roster *roster, const char *tag)
{
        for (size_t i = 0; i < roster->n_credentials; i++)
                if (name_list_has(&roster->credentials[i].tags, tag))
                        return true;
        return false;
}

static bool is_policy(const struct roster *roster, const char *name)
{
        for (size_t i = 0; i < roster->n_policies; i++)
                if (strcmp(roster->policies[i].name, name) == 0)
                        return true;
        return false;
}

/* Somebody who has left the roster still has seen what they opened. */
static bool has_asked(const struct cli *cli, const char *person)
{
        for (size_t i = 0; i < ledger_requests(cli_ledger(cli)); i++) {
                struct request_view r;

                ledger_request_at(cli_ledger(cli), i, cli_now(cli), &r);
                if (strcmp(r.requester, person) == 0)
                        return true;
        }
        return false;
}

static enum err check_names(const struct cli *cli, const struct rotate_options *o)
{
        const struct ledger *l = cli_ledger(cli);
        const struct roster *roster = ledger_roster(l);
        struct version_view v;
        struct incident_view incident;

        for (size_t i = 0; i < o->credentials.n; i++)
                if (!ledger_current_version(l, o->credentials.text[i], &v))
                        return err_because(ERR_NOT_FOUND, "nothing is sealed as %s", o->credentials.text[i]);
        for (size_t i = 0; i < o->tags.n; i++)
                if (!is_tag(roster, o->tags.text[i]))
                        return err_because(ERR_NOT_FOUND, "no credential has the tag %s", o->tags.text[i]);
        for (size_t i = 0; i < o->policies.n; i++)
                if (!is_policy(roster, o->policies.text[i]))
                        return err_because(ERR_NOT_FOUND, "no policy is called %s", o->policies.text[i]);
        for (size_t i = 0; i < o->incidents.n; i++)
                if (!ledger_incident_by_name(l, o->incidents.text[i], cli_now(cli), &incident))
                        return err_because(ERR_NOT_FOUND, "no incident is called %s", o->incidents.text[i]);
        for (size_t i = 0; i < o->opened_by.n; i++)
                if (!roster_person(roster, o->opened_by.text[i]) && !has_asked(cli, o->opened_by.text[i]))
                        return err_because(ERR_NOT_FOUND, "nobody is called %s", o->opened_by.text[i]);
        return OK;
}

/* ---- the plan ---- */

static void add(const struct cli *cli, const struct version_view *v, struct rotate_plan *p)
{
        struct rotation_view r;
        bool is_due = ledger_rotation(cli_ledger(cli), &v->id, cli_now(cli), &r) && r.due != NOT_DUE;

        if (rotation_is_by_hand(cli_ledger(cli), v->fields->credential))
                rotate_plan_add(p, &v->id, ROTATE_BY_HAND, is_due);
        else
                rotate_plan_add(p, &v->id, is_due ? ROTATE_UNDER_WAY : ROTATE_ORDER, is_due);
}

static bool is_named(const struct rotate_options *o, const struct credential *c)
{
        if (o->all || has(&o->credentials, c->name) || has(&o->policies, c->policy))
                return true;
        for (size_t i = 0; i < o->tags.n; i++)
                if (name_list_has(&c->tags, o->tags.text[i]))
                        return true;
        return false;
}

enum err rotate_choose(const struct cli *cli, const struct rotate_options *o, struct rotate_plan *ret)
{
        const struct roster *roster = ledger_roster(cli_ledger(cli));
        enum err e = check_names(cli, o);

        if (e != OK)
                return e;
        struct seen seen = look_who_saw(cli, o);

        for (size_t i = 0; i < roster->n_credentials; i++) {
                const struct credential *c = &roster->credentials[i];
                struct version_view v;

                if (!ledger_current_version(cli_ledger(cli), c->name, &v))
                        ret->n_unsealed += is_named(o, c);
                else if (is_named(o, c) || somebody_saw(&seen, &v.id))
                        add(cli, &v, ret);
        }
        free(seen.version);
        return OK;
}

/* ---- orders of before ---- */

struct finding {
        const struct cli *cli;
        struct rotate_plan *plan;
        bool is_order;
};

static bool take_order(void *context, const struct history_entry *entry)
{
        struct finding *f = context;

        f->is_order = entry->statement->type == STATEMENT_ORDER;
        for (size_t i = 0; f->is_order && i < entry->statement->order.versions.n; i++) {
                struct version_view v;

                if (ledger_version_by_id(cli_ledger(f->cli), &entry->statement->order.versions.h[i], &v))
                        add(f->cli, &v, f->plan);
        }
        return false;
}

enum err rotate_find_orders(const struct cli *cli, const struct texts *entries, struct rotate_plan *ret)
{
        for (size_t i = 0; i < entries->n; i++) {
                struct finding f = {.cli = cli, .plan = ret};
                char *end = NULL;
                unsigned long long n = strtoull(entries->text[i], &end, 10);
                enum err e = OK;

                if (*end == '\0' && *entries->text[i] != '-' && n < ledger_size(cli_ledger(cli)))
                        e = history_walk(cli, n, take_order, &f);
                if (e != OK)
                        return e;
                if (!f.is_order)
                        return err_because(ERR_NOT_FOUND, "entry %s is no order of rotations", entries->text[i]);
        }
        return OK;
}
