/* The grammar of `notify` and `escalate`. The first error sticks; unlike roster_read.c it never refuses the roster.
 */
#include "base/clock.h"
#include "quorum/paging.h"
#include <stdarg.h>
#include <string.h>

const char *const paging_kinds[] = {
        "requested",      "escalated",      "unanswered",    "approved",    "ready",         "opened",
        "denied",         "closed",         "expired",       "rotated",     "rotation-due",  "rotation-failed",
        "postmortem-due", "close-proposed", "notifier-down", "notifier-up", "export-failed", "export-recovered",
        "roster-changed", "clock-behind",   "drill",         "heartbeat",   "test",          NULL};
const char *const paging_severities[] = {"critical", "error", "warning", "info", NULL};

struct reader {
        const struct roster *r;
        struct paging *p;
        char *error;
};

static void PRINTF_LIKE(3, 4) fail(struct reader *rd, const struct yaml_node *at, const char *format, ...)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        char sentence[512];
        va_list arguments;

        if (rd->error)
                return;
        va_start(arguments, format);
        vsnprintf(sentence, sizeof(sentence), format, arguments);
        va_end(arguments);
        bytes_printf(&text, "line %u, column %u: %s", at->key_line ? at->key_line : at->line,
                     at->key_line ? at->key_column : at->column, sentence);
        rd->error = mem_text(bytes_text(&text));
}

/* ---- single values ---- */

static bool is_map(struct reader *rd, const struct yaml_node *n)
{
        if (n->kind != YAML_MAP)
                fail(rd, n, "a map was expected");
        return n->kind == YAML_MAP;
}

/* So that every look-up below is short. */
static bool fits(struct reader *rd, const struct yaml_node *n)
{
        if (n->n > PAGING_NAMES_MAX)
                fail(rd, n, "more than %u of them", PAGING_NAMES_MAX);
        return !rd->error;
}

static const struct yaml_node *child(const struct yaml_node *map, const char *key)
{
        for (const struct yaml_node *c = map->child; c; c = c->next)
                if (strcmp(c->key, key) == 0)
                        return c;
        return NULL;
}

static bool stands_in(const char *const list[], const char *word)
{
        for (size_t i = 0; list[i]; i++)
                if (strcmp(list[i], word) == 0)
                        return true;
        return false;
}

/* Every key has to be one of `known` (NULL-ended). */
static bool keys_are_known(struct reader *rd, const struct yaml_node *map, const char *const known[])
{
        if (!is_map(rd, map))
                return false;
        for (const struct yaml_node *c = map->child; c; c = c->next)
                if (!stands_in(known, c->key))
                        fail(rd, c, "unknown key `%s`", c->key);
        return !rd->error;
}

static void add_item(struct reader *rd, const struct yaml_node *n, struct name_list *ret)
{
        if (n->kind != YAML_TEXT || !*n->text)
                fail(rd, n, "a name was expected");
        else if (ret->n == PAGING_NAMES_MAX)
                fail(rd, n, "more than %u names", PAGING_NAMES_MAX);
        else
                paging_add(ret, n->text);
}

/* One name, or a list of them; each has to be known, and `what` says as what. */
static void read_names(struct reader *rd, const struct yaml_node *n,
                       bool (*is_known)(const struct reader *, const char *), const char *what, struct name_list *ret)
{
        if (!n || rd->error)
                return;
        if (n->kind == YAML_MAP) {
                fail(rd, n, "a name or a list of names was expected");
                return;
        }
        if (n->kind == YAML_TEXT)
                add_item(rd, n, ret);
        for (const struct yaml_node *c = n->child; c; c = c->next)
                add_item(rd, c, ret);
        for (size_t i = 0; i < ret->n; i++)
                if (!is_known(rd, ret->name[i]))
                        fail(rd, n, "`%s` is not %s", ret->name[i], what);
}

/* ---- what a name may be ---- */

static bool is_kind(const struct reader *rd, const char *name)
{
        return stands_in(paging_kinds, name);
}

static bool is_severity(const struct reader *rd, const char *name)
{
        return stands_in(paging_severities, name);
}

static bool is_policy(const struct reader *rd, const char *name)
{
        return roster_policy(rd->r, name) != NULL;
}

static bool is_credential(const struct reader *rd, const char *name)
{
        return roster_credential(rd->r, name) != NULL;
}

static bool is_channel(const struct reader *rd, const char *name)
{
        return paging_channel(rd->p, name) != NULL;
}

static bool is_person(const struct reader *rd, const char *name)
{
        const struct person *p = roster_person(rd->r, name);

        return p && !p->is_rotator;
}

static bool is_receiver(const struct reader *rd, const char *name)
{
        return paging_receiver(rd->p, name) || is_channel(rd, name);
}

static bool is_anybody(const struct reader *rd, const char *name)
{
        return is_receiver(rd, name) || is_person(rd, name);
}

/* ---- notify ---- */

/* As the broker's configuration has it. */
static bool is_channel_name(const char *s)
{
        size_t n = strlen(s);

        return n >= 1 && n <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static void read_channel(struct reader *rd, const struct yaml_node *n)
{
        static const char *const keys[] = {"domain", NULL};
        const struct yaml_node *domain = keys_are_known(rd, n, keys) ? child(n, "domain") : NULL;

        if (!is_channel_name(n->key))
                fail(rd, n, "`%s` is no channel's name ([a-z0-9_-], at most 64)", n->key);
        if (domain && (domain->kind != YAML_TEXT || !*domain->text))
                fail(rd, domain, "a word was expected: what fails together with this channel");
        rd->p->channels[rd->p->n_channels++] =
                (struct paging_channel){n->key, domain && domain->kind == YAML_TEXT ? domain->text : NULL};
}

static void read_channels(struct reader *rd, const struct yaml_node *map)
{
        if (!map || !is_map(rd, map) || !fits(rd, map))
                return;
        rd->p->channels = mem_new(map->n + 1, sizeof(*rd->p->channels));
        for (const struct yaml_node *c = map->child; c && !rd->error; c = c->next)
                read_channel(rd, c);
}

static void read_receiver(struct reader *rd, const struct yaml_node *n)
{
        static const char *const keys[] = {"channels", "people", NULL};
        struct paging_receiver *to = &rd->p->receivers[rd->p->n_receivers++];

        to->name = n->key;
        if (!keys_are_known(rd, n, keys))
                return;
        if (is_channel(rd, n->key))
                fail(rd, n, "`%s` is a channel already", n->key);
        read_names(rd, child(n, "channels"), is_channel, "one of `notify`'s channels", &to->channels);
        read_names(rd, child(n, "people"), is_person, "a person of this roster", &to->people);
        if (to->channels.n + to->people.n == 0)
                fail(rd, n, "a receiver has `channels`, `people` or both");
}

static void read_receivers(struct reader *rd, const struct yaml_node *map)
{
        if (!map || rd->error || !is_map(rd, map) || !fits(rd, map))
                return;
        rd->p->receivers = mem_new(map->n + 1, sizeof(*rd->p->receivers));
        for (const struct yaml_node *c = map->child; c && !rd->error; c = c->next)
                read_receiver(rd, c);
}

#define A_RECEIVER "a receiver or channel of `notify`"

static void read_match(struct reader *rd, const struct yaml_node *map, struct paging_route *to)
{
        static const char *const keys[] = {"kind", "severity", "policy", "credential", NULL};

        if (!map || !keys_are_known(rd, map, keys))
                return;
        read_names(rd, child(map, "kind"), is_kind, "a kind of event", &to->kinds);
        read_names(rd, child(map, "severity"), is_severity, "critical, error, warning or info", &to->severities);
        read_names(rd, child(map, "policy"), is_policy, "a policy of this roster", &to->policies);
        read_names(rd, child(map, "credential"), is_credential, "a credential of this roster", &to->credentials);
}

static void read_route(struct reader *rd, const struct yaml_node *n, struct paging_route *to)
{
        static const char *const keys[] = {"match", "receiver", "continue", NULL};
        const struct yaml_node *goes_on;

        if (!keys_are_known(rd, n, keys))
                return;
        to->line = n->line;
        read_match(rd, child(n, "match"), to);
        if (!child(n, "receiver"))
                fail(rd, n, "`receiver` is missing");
        read_names(rd, child(n, "receiver"), is_receiver, A_RECEIVER, &to->receivers);
        goes_on = child(n, "continue");
        to->goes_on = goes_on && goes_on->kind == YAML_TEXT && strcmp(goes_on->text, "true") == 0;
        if (goes_on && !to->goes_on && (goes_on->kind != YAML_TEXT || strcmp(goes_on->text, "false") != 0))
                fail(rd, goes_on, "`true` or `false` was expected");
}

static void read_routes(struct reader *rd, const struct yaml_node *list)
{
        if (!list || rd->error)
                return;
        if (list->kind != YAML_LIST) {
                fail(rd, list, "a list of routes was expected");
                return;
        }
        if (!fits(rd, list))
                return;
        rd->p->routes = mem_new(list->n + 1, sizeof(*rd->p->routes));
        for (const struct yaml_node *c = list->child; c && !rd->error; c = c->next)
                read_route(rd, c, &rd->p->routes[rd->p->n_routes++]);
}

static void read_notify(struct reader *rd, const struct yaml_node *map)
{
        static const char *const keys[] = {"channels", "receivers", "route", NULL};
        static const char *const route_keys[] = {"receiver", "routes", NULL};
        const struct yaml_node *route;

        if (!map || !keys_are_known(rd, map, keys))
                return;
        read_channels(rd, child(map, "channels"));
        read_receivers(rd, child(map, "receivers"));
        route = child(map, "route");
        if (!route || rd->error || !keys_are_known(rd, route, route_keys))
                return;
        rd->p->has_default = child(route, "receiver") != NULL;
        read_names(rd, child(route, "receiver"), is_receiver, A_RECEIVER, &rd->p->otherwise);
        read_routes(rd, child(route, "routes"));
}

/* ---- escalate ---- */

static void read_step(struct reader *rd, const struct yaml_node *n, struct escalation *e)
{
        static const char *const keys[] = {"after", "to", NULL};
        struct escalation_step *step = &e->step[e->n++];
        const struct yaml_node *after;

        if (!keys_are_known(rd, n, keys))
                return;
        after = child(n, "after");
        if (!after || after->kind != YAML_TEXT || duration_parse(after->text, &step->after_ms) != OK)
                fail(rd, after ? after : n, "`after` is a duration such as 2m");
        else if (e->n > 1 && step->after_ms <= step[-1].after_ms)
                fail(rd, after, "`after` counts from the asking and is longer than the step before");
        if (!child(n, "to"))
                fail(rd, n, "`to` is missing");
        read_names(rd, child(n, "to"), is_anybody, "a person of this roster or a receiver or channel of `notify`",
                   &step->to);
}

static void read_escalation(struct reader *rd, const struct policy *p, struct escalation *e)
{
        const struct yaml_node *list = p->escalate;

        if (!list || rd->error)
                return;
        if (list->kind != YAML_LIST || list->n > ESCALATION_STEPS_MAX) {
                fail(rd, list, "`escalate` is a list of at most %u steps {after, to}", ESCALATION_STEPS_MAX);
                return;
        }
        e->step = mem_new(list->n + 1, sizeof(*e->step));
        for (const struct yaml_node *c = list->child; c && !rd->error; c = c->next)
                read_step(rd, c, e);
}

/* ---- the whole ---- */

void paging_read(const struct roster *r, struct paging **ret, char **ret_error)
{
        struct reader rd = {.r = r, .p = mem_new(1, sizeof(*rd.p))};

        read_notify(&rd, r->notify);
        rd.p->n_escalations = r->n_policies;
        rd.p->escalations = mem_new(r->n_policies + 1, sizeof(*rd.p->escalations));
        for (size_t i = 0; i < r->n_policies; i++)
                read_escalation(&rd, &r->policies[i], &rd.p->escalations[i]);
        if (rd.error) {
                paging_free(rd.p);
                rd.p = NULL;
        }
        *ret = rd.p;
        *ret_error = rd.error;
}

void paging_free(struct paging *p)
{
        if (!p)
                return;
        for (size_t i = 0; i < p->n_receivers; i++) {
                free(p->receivers[i].channels.name);
                free(p->receivers[i].people.name);
        }
        for (size_t i = 0; i < p->n_routes; i++) {
                const struct name_list *lists[] = {&p->routes[i].kinds, &p->routes[i].severities,
                                                   &p->routes[i].policies, &p->routes[i].credentials,
                                                   &p->routes[i].receivers};

                for (size_t k = 0; k < COUNT_OF(lists); k++)
                        free(lists[k]->name);
        }
        for (size_t i = 0; i < p->n_escalations; i++) {
                for (size_t k = 0; k < p->escalations[i].n; k++)
                        free(p->escalations[i].step[k].to.name);
                free(p->escalations[i].step);
        }
        free(p->channels);
        free(p->receivers);
        free(p->routes);
        free(p->otherwise.name);
        free(p->escalations);
        free(p);
}
