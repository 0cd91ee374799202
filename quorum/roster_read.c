#include "base/json.h"
#include "quorum/paging.h"
#include "quorum/roster_index.h"
#include "quorum/roster_values.h"
#include "quorum/share.h"
#include "quorum/statement.h"
#include <inttypes.h>
#include <string.h>

#define VALUE_MAX 1024

static void read_contacts(struct roster_reader *rd, struct yaml_node *map, struct person *p)
{
        if (!roster_map(rd, map))
                return;
        roster_leave_free(map);
        p->contacts = mem_new(map->n + 1, sizeof(*p->contacts));
        for (const struct yaml_node *c = map->child; c; c = c->next)
                if (c->kind == YAML_TEXT)
                        p->contacts[p->n_contacts++] = (struct contact){c->key, c->text};
}

static void read_keys(struct roster_reader *rd, struct yaml_node *map, struct person *p)
{
        struct yaml_node *opens;

        p->name = map->key;
        roster_key(rd, roster_need(rd, map, "signs"), sign_key_parse, &p->signs);
        opens = roster_need(rd, map, "opens");
        roster_key(rd, opens, open_key_parse, &p->opens);
        p->opens_text = opens ? opens->text : NULL;
}

static void read_person(struct roster_reader *rd, struct yaml_node *map, struct person *p)
{
        read_keys(rd, map, p);
        p->team = roster_text(rd, roster_get(rd, map, "team"));
        p->zone = roster_text(rd, roster_get(rd, map, "zone"));
        read_contacts(rd, roster_get(rd, map, "contact"), p);
}

static void read_people(struct roster_reader *rd, struct yaml_node *root)
{
        struct yaml_node *people = roster_need(rd, root, "people"), *rotators = roster_get(rd, root, "rotators");
        struct roster *r = rd->r;

        r->people = roster_section(rd, people, sizeof(*r->people), name_is_valid);
        for (struct yaml_node *c = people ? people->child : NULL; c && rd->error == OK; c = c->next)
                read_person(rd, c, &r->people[r->n_people++]);
        roster_sort(r);
        free(roster_section(rd, rotators, 1, name_is_valid));
        if (!rotators || rd->error != OK)
                return;
        r->people = mem_grow(r->people, r->n_people + rotators->n + 1, sizeof(*r->people));
        roster_sort(r);
        for (struct yaml_node *c = rotators->child; c && rd->error == OK; c = c->next)
                if (roster_person(r, c->key))
                        FAIL(rd, c, "`%s` is a person already", c->key);
        for (struct yaml_node *c = rotators->child; c && rd->error == OK; c = c->next) {
                struct person *p = &r->people[r->n_people++];

                *p = (struct person){.is_rotator = true};
                read_keys(rd, c, p);
        }
        roster_sort(r);
}

static int by_key(const void *a, const void *b)
{
        const struct key_place *x = a, *y = b;
        int order = memcmp(x->key.b, y->key.b, KEY_BYTES);

        if (order != 0)
                return order;
        return x->where->line != y->where->line ? (x->where->line < y->where->line ? -1 : 1)
                                                : (x->where->column < y->where->column ? -1 : 1);
}

static void check_distinct_keys(struct roster_reader *rd)
{
        if (rd->n_keys > 0)
                qsort(rd->keys, rd->n_keys, sizeof(*rd->keys), by_key);
        for (size_t i = 1; i < rd->n_keys && rd->error == OK; i++)
                if (key_equal(&rd->keys[i - 1].key, &rd->keys[i].key))
                        FAIL(rd, rd->keys[i].where, "the same key as in line %u", rd->keys[i - 1].where->line);
}

static void read_admins(struct roster_reader *rd, struct yaml_node *root)
{
        struct yaml_node *admins = roster_map(rd, roster_need(rd, root, "admins"));
        struct yaml_node *number = roster_need(rd, admins, "need");

        roster_list(rd, roster_need(rd, admins, "people"), &a_person, &rd->r->admins);
        rd->r->admins_need = (unsigned)roster_integer(rd, number, 1, LIST_MAX);
        if (rd->error == OK && rd->r->admins_need > rd->r->admins.n)
                FAIL(rd, number, "more than there are admins");
}

static void read_emergency(struct roster_reader *rd, struct yaml_node *map, struct emergency *e)
{
        struct yaml_node *needs = roster_get(rd, map, "needs");
        const char *word = roster_text(rd, needs);

        e->id = map->key;
        e->means = roster_text(rd, roster_need(rd, map, "means"));
        e->example = roster_text(rd, roster_get(rd, map, "example"));
        e->not_this = roster_text(rd, roster_get(rd, map, "not_this"));
        e->needs_incident = word != NULL;
        if (word && strcmp(word, "incident") != 0)
                FAIL(rd, needs, "only `incident` can be needed");
}

static void read_emergencies(struct roster_reader *rd, struct yaml_node *root)
{
        struct yaml_node *map = roster_get(rd, root, "emergencies");
        struct roster *r = rd->r;

        r->emergencies = roster_section(rd, map, sizeof(*r->emergencies), label_is_valid);
        for (struct yaml_node *c = map ? map->child : NULL; c && rd->error == OK; c = c->next)
                read_emergency(rd, c, &r->emergencies[r->n_emergencies++]);
        roster_sort(r);
}

/* 1 ≤ M ≤ N ≤ 32, and M = 1 only on purpose. */
static void check_threshold(struct roster_reader *rd, const struct yaml_node *approvals,
                            const struct yaml_node *holders, const struct policy *p)
{
        if (rd->error != OK)
                return;
        if (p->holders.n > SHARE_MAX)
                FAIL(rd, holders, "more than %u holders", SHARE_MAX);
        else if (p->approvals > p->holders.n)
                FAIL(rd, approvals, "more approvals than holders");
        else if (p->approvals == 1 && !p->allow_single)
                FAIL(rd, approvals, "a single approval only with `allow_single: true`");
}

static void read_value(struct roster_reader *rd, struct yaml_node *map, struct policy *p)
{
        if (!roster_map(rd, map))
                return;
        p->value_length = (unsigned)roster_integer(rd, roster_get(rd, map, "length"), 1, VALUE_MAX);
        p->value_alphabet = roster_text(rd, roster_get(rd, map, "alphabet"));
}

static void read_policy(struct roster_reader *rd, struct yaml_node *map, struct policy *p)
{
        struct yaml_node *approvals = roster_need(rd, map, "approvals"), *holders = roster_need(rd, map, "holders");

        p->name = map->key;
        p->approvals = (unsigned)roster_integer(rd, approvals, 1, SHARE_MAX);
        roster_list(rd, holders, &a_person, &p->holders);
        roster_list(rd, roster_need(rd, map, "requesters"), &a_person, &p->requesters);
        roster_list(rd, roster_need(rd, map, "emergencies"), &an_emergency, &p->emergencies);
        roster_list(rd, roster_get(rd, map, "rotators"), &a_rotator, &p->rotators);
        roster_list(rd, roster_get(rd, map, "from"), &a_network, &p->from);
        p->request_for_ms = roster_duration(rd, roster_need(rd, map, "request_for"), 0);
        p->open_for_ms = roster_duration(rd, roster_need(rd, map, "open_for"), 0);
        p->postmortem_within_ms =
                roster_duration(rd, roster_get(rd, map, "postmortem_within"), POSTMORTEM_WITHIN_DEFAULT_MS);
        p->rotate_every_ms = roster_duration(rd, roster_get(rd, map, "rotate_every"), 0);
        p->allow_single = roster_boolean(rd, roster_get(rd, map, "allow_single"));
        p->holders_may_request = roster_boolean(rd, roster_get(rd, map, "holders_may_request"));
        p->share_reasons = roster_boolean(rd, roster_get(rd, map, "share_reasons"));
        p->postmortem_blocks = roster_second_of(rd, roster_get(rd, map, "postmortem"), "record", "block");
        p->page_needs_acceptance =
                roster_second_of(rd, roster_get(rd, map, "page_before_open"), "durable", "accepted");
        read_value(rd, roster_get(rd, map, "value"), p);
        p->escalate = roster_get(rd, map, "escalate");
        roster_leave_free(roster_get(rd, map, "escalate"));
        roster_leave_free(roster_get(rd, map, "hours"));
        check_threshold(rd, approvals, holders, p);
}

static void read_policies(struct roster_reader *rd, struct yaml_node *root)
{
        struct yaml_node *map = roster_get(rd, root, "policies");
        struct roster *r = rd->r;

        r->policies = roster_section(rd, map, sizeof(*r->policies), name_is_valid);
        for (struct yaml_node *c = map ? map->child : NULL; c && rd->error == OK; c = c->next)
                read_policy(rd, c, &r->policies[r->n_policies++]);
        roster_sort(r);
}

/* Plain true, false and integers keep their kind; everything else is a string. */
static void write_config(const struct yaml_node *n, struct bytes *ret)
{
        int64_t number;

        if (n->kind == YAML_TEXT) {
                if (!n->is_quoted && (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0))
                        bytes_add_text(ret, n->text);
                else if (!n->is_quoted && yaml_int(n, ERR_RANGE, 0, JSON_INT_MAX, &number) == OK)
                        bytes_printf(ret, "%" PRId64, number);
                else
                        bytes_add_json(ret, span_text(n->text));
                return;
        }
        bytes_add_byte(ret, n->kind == YAML_MAP ? '{' : '[');
        for (const struct yaml_node *c = n->child; c; c = c->next) {
                if (n->kind == YAML_MAP) {
                        bytes_add_json(ret, span_text(c->key));
                        bytes_add_byte(ret, ':');
                }
                write_config(c, ret); /* depth is bounded by the reader */
                if (c->next)
                        bytes_add_byte(ret, ',');
        }
        bytes_add_byte(ret, n->kind == YAML_MAP ? '}' : ']');
}

static void read_rotate(struct roster_reader *rd, struct yaml_node *map, struct credential *c)
{
        struct yaml_node *hook, *config;

        if (!roster_map(rd, map))
                return;
        hook = roster_need(rd, map, "hook");
        c->hook = roster_text(rd, hook);
        if (c->hook && (!name_is_valid(c->hook) || strchr(c->hook, '/')))
                FAIL(rd, hook, "`%s` is not the name of a hook", c->hook);
        config = roster_map(rd, roster_get(rd, map, "config"));
        if (config) {
                roster_leave_free(config);
                write_config(config, &c->hook_config);
        }
}

static void read_credential(struct roster_reader *rd, struct yaml_node *map, struct credential *c)
{
        struct yaml_node *policy = roster_need(rd, map, "policy");

        c->name = map->key;
        c->policy = roster_text(rd, policy);
        if (c->policy && !roster_policy(rd->r, c->policy))
                FAIL(rd, policy, "`%s` is not a policy of this roster", c->policy);
        c->opens_what = roster_text(rd, roster_get(rd, map, "opens_what"));
        roster_list(rd, roster_need(rd, map, "sealers"), &a_person, &c->sealers);
        roster_list(rd, roster_get(rd, map, "tags"), &a_tag, &c->tags);
        read_rotate(rd, roster_get(rd, map, "rotate"), c);
        if (!c->hook_config.p)
                bytes_add_text(&c->hook_config, "{}");
}

static void read_credentials(struct roster_reader *rd, struct yaml_node *root)
{
        struct yaml_node *map = roster_get(rd, root, "credentials");
        struct roster *r = rd->r;

        r->credentials = roster_section(rd, map, sizeof(*r->credentials), name_is_valid);
        for (struct yaml_node *c = map ? map->child : NULL; c && rd->error == OK; c = c->next)
                read_credential(rd, c, &r->credentials[r->n_credentials++]);
        roster_sort(r);
}

/* ---- the whole ---- */

static void read_previous(struct roster_reader *rd, struct yaml_node *root)
{
        struct yaml_node *n = roster_need(rd, root, "previous");
        const char *previous = roster_text(rd, n);

        if (!previous)
                return;
        rd->r->has_previous = strcmp(previous, "none") != 0;
        if (rd->r->has_previous && hash_from_hex(span_text(previous), &rd->r->previous) != OK)
                FAIL(rd, n, "`none` or the id of the roster before was expected");
}

/* As curl writes a pinned key: sha256//BASE64. */
static void read_pin(struct roster_reader *rd, const struct yaml_node *n)
{
        CLEANUP_BYTES struct bytes pin = BYTES_NONE;
        const char *written = roster_text(rd, n), *prefix = "sha256//";

        if (!written)
                return;
        if (strncmp(written, prefix, strlen(prefix)) != 0 ||
            base64_decode(span_text(written + strlen(prefix)), &pin) != OK || pin.n != HASH_BYTES)
                FAIL(rd, n, "sha256// and 32 bytes of base64 were expected");
        rd->r->broker_tls = written;
}

static void read_top(struct roster_reader *rd, struct yaml_node *root)
{
        struct yaml_node *name, *broker;

        rd->r->number = (uint64_t)roster_integer(rd, roster_need(rd, root, "roster"), 1, JSON_INT_MAX);
        name = roster_need(rd, root, "name");
        rd->r->name = roster_text(rd, name);
        if (rd->r->name && !name_is_valid(rd->r->name))
                FAIL(rd, name, "`%s` is not a valid name", rd->r->name);
        read_previous(rd, root);
        broker = roster_map(rd, roster_need(rd, root, "broker"));
        roster_key(rd, roster_need(rd, broker, "signs"), sign_key_parse, &rd->r->broker_signs);
        read_pin(rd, roster_get(rd, broker, "tls"));
        rd->r->notify = roster_get(rd, root, "notify");
        roster_leave_free(roster_get(rd, root, "notify"));
}

static enum err read_roster(struct roster_reader *rd, struct yaml_node *root)
{
        const struct yaml_node *unknown;

        if (!roster_map(rd, root))
                return rd->error;
        read_top(rd, root);
        read_people(rd, root);
        check_distinct_keys(rd);
        read_admins(rd, root);
        read_emergencies(rd, root);
        read_policies(rd, root);
        read_credentials(rd, root);
        if (rd->error == OK && (unknown = yaml_untaken(root)))
                FAIL(rd, unknown, "unknown key `%s`", unknown->key);
        return rd->error;
}

enum err roster_parse(struct span yaml, struct roster **ret)
{
        struct roster_reader rd = {.error = OK};
        struct roster *r;
        enum err e;

        if (yaml.n > ROSTER_MAX_BYTES)
                return err_because(ERR_BAD_ROSTER, "line 1, column 1: larger than 1 MiB");
        rd.r = r = mem_new(1, sizeof(*r));
        r->id = hash_of(yaml);
        bytes_add_span(&r->yaml, yaml);
        if ((e = yaml_read(yaml, &r->tree)) == OK)
                e = read_roster(&rd, r->tree);
        free(rd.keys);
        if (e != OK) {
                roster_free(r);
                return e;
        }
        paging_read(r, &r->paging, &r->paging_error); /* never a reason to refuse: the ledger knows no such rule */
        *ret = r;
        return OK;
}
