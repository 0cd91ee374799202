#include "base/json.h"
#include "quorum/roster.h"
#include "quorum/roster_index.h"
#include "quorum/share.h"
#include "quorum/statement.h"
#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define TEXT_POINTS_MAX 500u
#define LIST_MAX        1000u
#define VALUE_MAX       1024

struct key_place {
        struct key key;
        const struct yaml_node *where;
};

/* The first error sticks, so that a section is a list of reads. */
struct reader {
        struct roster *r;
        enum err error;
        struct key_place *keys; /* every key of the file, for the distinctness rule */
        size_t n_keys;
};

#define FAIL(rd, where, ...) ((rd)->error = yaml_because(ERR_BAD_ROSTER, (where), __VA_ARGS__))

/* ---- single values; a NULL node gives nothing, and so does everything after an error ---- */

static struct yaml_node *get(struct reader *rd, struct yaml_node *map, const char *key)
{
        return rd->error == OK ? yaml_get(map, key) : NULL;
}

static struct yaml_node *need(struct reader *rd, struct yaml_node *map, const char *key)
{
        struct yaml_node *n = get(rd, map, key);

        if (!n && rd->error == OK)
                FAIL(rd, map, "`%s` is missing", key);
        return n;
}

static struct yaml_node *as_map(struct reader *rd, struct yaml_node *n)
{
        if (!n || n->kind == YAML_MAP)
                return n;
        FAIL(rd, n, "a map was expected");
        return NULL;
}

static const char *text(struct reader *rd, const struct yaml_node *n)
{
        const char *ret = NULL;

        if (n && rd->error == OK)
                rd->error = yaml_text(n, ERR_BAD_ROSTER, 1, TEXT_POINTS_MAX, &ret);
        return ret;
}

static int64_t integer(struct reader *rd, const struct yaml_node *n, int64_t min, int64_t max)
{
        int64_t ret = 0;

        if (n && rd->error == OK)
                rd->error = yaml_int(n, ERR_BAD_ROSTER, min, max, &ret);
        return ret;
}

static bool boolean(struct reader *rd, const struct yaml_node *n)
{
        bool ret = false;

        if (n && rd->error == OK)
                rd->error = yaml_bool(n, ERR_BAD_ROSTER, &ret);
        return ret;
}

static int64_t duration(struct reader *rd, const struct yaml_node *n, int64_t otherwise)
{
        int64_t ret = otherwise;

        if (n && rd->error == OK)
                rd->error = yaml_duration(n, ERR_BAD_ROSTER, &ret);
        return ret;
}

/* true for the second word. */
static bool second_of(struct reader *rd, const struct yaml_node *n, const char *first, const char *second)
{
        const char *word = text(rd, n);

        if (word && strcmp(word, first) != 0 && strcmp(word, second) != 0)
                FAIL(rd, n, "`%s` or `%s` was expected", first, second);
        return word && strcmp(word, second) == 0;
}

/* Programs read these themselves, so no key below is unknown. */
static void leave_free(struct yaml_node *n)
{
        if (!n)
                return;
        for (struct yaml_node *c = n->child; c; c = c->next) {
                c->is_taken = true;
                leave_free(c); /* depth is bounded by the reader */
        }
}

static void keep_key(struct reader *rd, const struct key *key, const struct yaml_node *where)
{
        rd->keys = mem_grow(rd->keys, rd->n_keys + 1, sizeof(*rd->keys));
        rd->keys[rd->n_keys++] = (struct key_place){*key, where};
}

static void read_key(struct reader *rd, const struct yaml_node *n, enum err (*parse)(struct span, struct key *),
                     struct key *ret)
{
        const char *written = text(rd, n);

        if (!written)
                return;
        if (parse(span_text(written), ret) != OK)
                rd->error = yaml_because(ERR_BAD_KEY, n, "not a key of this kind, or a weak one");
        else
                keep_key(rd, ret, n);
}

/* ---- lists of names ---- */

/* What an item must be: a rule for it, and the word for it in the error. */
struct item_rule {
        bool (*holds)(const struct roster *r, const char *name);
        const char *what;
};

static bool is_person(const struct roster *r, const char *name)
{
        const struct person *p = roster_person(r, name);

        return p && !p->is_rotator;
}

static bool is_rotator(const struct roster *r, const char *name)
{
        const struct person *p = roster_person(r, name);

        return p && p->is_rotator;
}

static bool is_emergency(const struct roster *r, const char *name)
{
        return roster_emergency(r, name) != NULL;
}

static bool is_any(const struct roster *r, const char *name)
{
        return true;
}

/* An address of IPv4 or IPv6 with an optional /BITS. */
static bool is_network(const struct roster *r, const char *network)
{
        char address[INET6_ADDRSTRLEN + 1];
        unsigned char parsed[16];
        const char *slash = strchr(network, '/');
        size_t n = slash ? (size_t)(slash - network) : strlen(network);
        int64_t bits_max, bits = 0;

        if (n >= sizeof(address))
                return false;
        memcpy(address, network, n);
        address[n] = '\0';
        if (inet_pton(AF_INET, address, parsed) == 1)
                bits_max = 32;
        else if (inet_pton(AF_INET6, address, parsed) == 1)
                bits_max = 128;
        else
                return false;
        if (!slash)
                return true;
        for (const char *p = slash + 1; *p; p++) {
                if (*p < '0' || *p > '9' || (bits = bits * 10 + (*p - '0')) > bits_max)
                        return false;
        }
        return slash[1] && (slash[1] != '0' || !slash[2]);
}

static const struct item_rule a_person = {is_person, "a person of this roster"};
static const struct item_rule a_rotator = {is_rotator, "a rotator of this roster"};
static const struct item_rule an_emergency = {is_emergency, "an emergency of this roster"};
static const struct item_rule a_tag = {is_any, "a tag"};
static const struct item_rule a_network = {is_network, "a network such as 10.0.0.0/8"};

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void refuse_twice(struct reader *rd, const struct yaml_node *where, const struct name_list *l)
{
        CLEANUP_FREE const char **sorted = mem_new(l->n + 1, sizeof(*sorted));

        for (size_t i = 0; i < l->n; i++)
                sorted[i] = l->name[i];
        qsort(sorted, l->n, sizeof(*sorted), by_text);
        for (size_t i = 1; i < l->n && rd->error == OK; i++)
                if (strcmp(sorted[i - 1], sorted[i]) == 0)
                        FAIL(rd, where, "`%s` stands twice", sorted[i]);
}

static void list(struct reader *rd, const struct yaml_node *n, const struct item_rule *rule, struct name_list *ret)
{
        if (!n || rd->error != OK)
                return;
        if (n->kind != YAML_LIST || n->n > LIST_MAX) {
                FAIL(rd, n, "a list of at most %u was expected", LIST_MAX);
                return;
        }
        ret->name = mem_new(n->n + 1, sizeof(*ret->name));
        for (const struct yaml_node *c = n->child; c && rd->error == OK; c = c->next) {
                const char *name = text(rd, c);

                if (name && !rule->holds(rd->r, name))
                        FAIL(rd, c, "`%s` is not %s", name, rule->what);
                ret->name[ret->n++] = name;
        }
        if (rd->error == OK)
                refuse_twice(rd, n, ret);
}

/* ---- sections ---- */

/* A map's children, each with a valid name and a map as its value; room for one element each. */
static void *section(struct reader *rd, struct yaml_node *map, size_t size, bool (*is_valid)(const char *))
{
        if (!as_map(rd, map) || rd->error != OK)
                return NULL;
        for (struct yaml_node *c = map->child; c; c = c->next) {
                if (!is_valid(c->key)) {
                        FAIL(rd, c, "`%s` is not a valid name", c->key);
                        return NULL;
                }
                c->is_taken = true;
                if (!as_map(rd, c))
                        return NULL;
        }
        return mem_new(map->n + 1, size);
}

static void read_contacts(struct reader *rd, struct yaml_node *map, struct person *p)
{
        if (!as_map(rd, map))
                return;
        leave_free(map);
        p->contacts = mem_new(map->n + 1, sizeof(*p->contacts));
        for (const struct yaml_node *c = map->child; c; c = c->next)
                if (c->kind == YAML_TEXT)
                        p->contacts[p->n_contacts++] = (struct contact){c->key, c->text};
}

static void read_keys(struct reader *rd, struct yaml_node *map, struct person *p)
{
        struct yaml_node *opens;

        p->name = map->key;
        read_key(rd, need(rd, map, "signs"), sign_key_parse, &p->signs);
        opens = need(rd, map, "opens");
        read_key(rd, opens, open_key_parse, &p->opens);
        p->opens_text = opens ? opens->text : NULL;
}

static void read_person(struct reader *rd, struct yaml_node *map, struct person *p)
{
        read_keys(rd, map, p);
        p->team = text(rd, get(rd, map, "team"));
        p->zone = text(rd, get(rd, map, "zone"));
        read_contacts(rd, get(rd, map, "contact"), p);
}

static void read_people(struct reader *rd, struct yaml_node *root)
{
        struct yaml_node *people = need(rd, root, "people"), *rotators = get(rd, root, "rotators");
        struct roster *r = rd->r;

        r->people = section(rd, people, sizeof(*r->people), name_is_valid);
        for (struct yaml_node *c = people ? people->child : NULL; c && rd->error == OK; c = c->next)
                read_person(rd, c, &r->people[r->n_people++]);
        roster_sort(r);
        free(section(rd, rotators, 1, name_is_valid));
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

static void check_distinct_keys(struct reader *rd)
{
        if (rd->n_keys > 0)
                qsort(rd->keys, rd->n_keys, sizeof(*rd->keys), by_key);
        for (size_t i = 1; i < rd->n_keys && rd->error == OK; i++)
                if (key_equal(&rd->keys[i - 1].key, &rd->keys[i].key))
                        FAIL(rd, rd->keys[i].where, "the same key as in line %u", rd->keys[i - 1].where->line);
}

static void read_admins(struct reader *rd, struct yaml_node *root)
{
        struct yaml_node *admins = as_map(rd, need(rd, root, "admins"));
        struct yaml_node *number = need(rd, admins, "need");

        list(rd, need(rd, admins, "people"), &a_person, &rd->r->admins);
        rd->r->admins_need = (unsigned)integer(rd, number, 1, LIST_MAX);
        if (rd->error == OK && rd->r->admins_need > rd->r->admins.n)
                FAIL(rd, number, "more than there are admins");
}

static void read_emergency(struct reader *rd, struct yaml_node *map, struct emergency *e)
{
        struct yaml_node *needs = get(rd, map, "needs");
        const char *word = text(rd, needs);

        e->id = map->key;
        e->means = text(rd, need(rd, map, "means"));
        e->example = text(rd, get(rd, map, "example"));
        e->not_this = text(rd, get(rd, map, "not_this"));
        e->needs_incident = word != NULL;
        if (word && strcmp(word, "incident") != 0)
                FAIL(rd, needs, "only `incident` can be needed");
}

static void read_emergencies(struct reader *rd, struct yaml_node *root)
{
        struct yaml_node *map = get(rd, root, "emergencies");
        struct roster *r = rd->r;

        r->emergencies = section(rd, map, sizeof(*r->emergencies), label_is_valid);
        for (struct yaml_node *c = map ? map->child : NULL; c && rd->error == OK; c = c->next)
                read_emergency(rd, c, &r->emergencies[r->n_emergencies++]);
        roster_sort(r);
}

/* 1 ≤ M ≤ N ≤ 32, and M = 1 only on purpose. */
static void check_threshold(struct reader *rd, const struct yaml_node *approvals, const struct yaml_node *holders,
                            const struct policy *p)
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

static void read_value(struct reader *rd, struct yaml_node *map, struct policy *p)
{
        if (!as_map(rd, map))
                return;
        p->value_length = (unsigned)integer(rd, get(rd, map, "length"), 1, VALUE_MAX);
        p->value_alphabet = text(rd, get(rd, map, "alphabet"));
}

static void read_policy(struct reader *rd, struct yaml_node *map, struct policy *p)
{
        struct yaml_node *approvals = need(rd, map, "approvals"), *holders = need(rd, map, "holders");

        p->name = map->key;
        p->approvals = (unsigned)integer(rd, approvals, 1, SHARE_MAX);
        list(rd, holders, &a_person, &p->holders);
        list(rd, need(rd, map, "requesters"), &a_person, &p->requesters);
        list(rd, need(rd, map, "emergencies"), &an_emergency, &p->emergencies);
        list(rd, get(rd, map, "rotators"), &a_rotator, &p->rotators);
        list(rd, get(rd, map, "from"), &a_network, &p->from);
        p->request_for_ms = duration(rd, need(rd, map, "request_for"), 0);
        p->open_for_ms = duration(rd, need(rd, map, "open_for"), 0);
        p->postmortem_within_ms = duration(rd, get(rd, map, "postmortem_within"), POSTMORTEM_WITHIN_DEFAULT_MS);
        p->rotate_every_ms = duration(rd, get(rd, map, "rotate_every"), 0);
        p->allow_single = boolean(rd, get(rd, map, "allow_single"));
        p->holders_may_request = boolean(rd, get(rd, map, "holders_may_request"));
        p->share_reasons = boolean(rd, get(rd, map, "share_reasons"));
        p->postmortem_blocks = second_of(rd, get(rd, map, "postmortem"), "record", "block");
        p->page_needs_acceptance = second_of(rd, get(rd, map, "page_before_open"), "durable", "accepted");
        read_value(rd, get(rd, map, "value"), p);
        leave_free(get(rd, map, "escalate"));
        leave_free(get(rd, map, "hours"));
        check_threshold(rd, approvals, holders, p);
}

static void read_policies(struct reader *rd, struct yaml_node *root)
{
        struct yaml_node *map = get(rd, root, "policies");
        struct roster *r = rd->r;

        r->policies = section(rd, map, sizeof(*r->policies), name_is_valid);
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

static void read_rotate(struct reader *rd, struct yaml_node *map, struct credential *c)
{
        struct yaml_node *hook, *config;

        if (!as_map(rd, map))
                return;
        hook = need(rd, map, "hook");
        c->hook = text(rd, hook);
        if (c->hook && (!name_is_valid(c->hook) || strchr(c->hook, '/')))
                FAIL(rd, hook, "`%s` is not the name of a hook", c->hook);
        config = as_map(rd, get(rd, map, "config"));
        if (config) {
                leave_free(config);
                write_config(config, &c->hook_config);
        }
}

static void read_credential(struct reader *rd, struct yaml_node *map, struct credential *c)
{
        struct yaml_node *policy = need(rd, map, "policy");

        c->name = map->key;
        c->policy = text(rd, policy);
        if (c->policy && !roster_policy(rd->r, c->policy))
                FAIL(rd, policy, "`%s` is not a policy of this roster", c->policy);
        c->opens_what = text(rd, get(rd, map, "opens_what"));
        list(rd, need(rd, map, "sealers"), &a_person, &c->sealers);
        list(rd, get(rd, map, "tags"), &a_tag, &c->tags);
        read_rotate(rd, get(rd, map, "rotate"), c);
        if (!c->hook_config.p)
                bytes_add_text(&c->hook_config, "{}");
}

static void read_credentials(struct reader *rd, struct yaml_node *root)
{
        struct yaml_node *map = get(rd, root, "credentials");
        struct roster *r = rd->r;

        r->credentials = section(rd, map, sizeof(*r->credentials), name_is_valid);
        for (struct yaml_node *c = map ? map->child : NULL; c && rd->error == OK; c = c->next)
                read_credential(rd, c, &r->credentials[r->n_credentials++]);
        roster_sort(r);
}

/* ---- the whole ---- */

static void read_previous(struct reader *rd, struct yaml_node *root)
{
        struct yaml_node *n = need(rd, root, "previous");
        const char *previous = text(rd, n);

        if (!previous)
                return;
        rd->r->has_previous = strcmp(previous, "none") != 0;
        if (rd->r->has_previous && hash_from_hex(span_text(previous), &rd->r->previous) != OK)
                FAIL(rd, n, "`none` or the id of the roster before was expected");
}

/* As curl writes a pinned key: sha256//BASE64. */
static void read_pin(struct reader *rd, const struct yaml_node *n)
{
        CLEANUP_BYTES struct bytes pin = BYTES_NONE;
        const char *written = text(rd, n), *prefix = "sha256//";

        if (!written)
                return;
        if (strncmp(written, prefix, strlen(prefix)) != 0 ||
            base64_decode(span_text(written + strlen(prefix)), &pin) != OK || pin.n != HASH_BYTES)
                FAIL(rd, n, "sha256// and 32 bytes of base64 were expected");
        rd->r->broker_tls = written;
}

static void read_top(struct reader *rd, struct yaml_node *root)
{
        struct yaml_node *name, *broker;

        rd->r->number = (uint64_t)integer(rd, need(rd, root, "roster"), 1, JSON_INT_MAX);
        name = need(rd, root, "name");
        rd->r->name = text(rd, name);
        if (rd->r->name && !name_is_valid(rd->r->name))
                FAIL(rd, name, "`%s` is not a valid name", rd->r->name);
        read_previous(rd, root);
        broker = as_map(rd, need(rd, root, "broker"));
        read_key(rd, need(rd, broker, "signs"), sign_key_parse, &rd->r->broker_signs);
        read_pin(rd, get(rd, broker, "tls"));
        rd->r->notify = get(rd, root, "notify");
        leave_free(get(rd, root, "notify"));
}

static enum err read_roster(struct reader *rd, struct yaml_node *root)
{
        const struct yaml_node *unknown;

        if (!as_map(rd, root))
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
        struct reader rd = {.error = OK};
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
        *ret = r;
        return OK;
}
