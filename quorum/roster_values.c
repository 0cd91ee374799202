#include "quorum/roster_values.h"
#include <arpa/inet.h>
#include <string.h>

/* ---- single values; a NULL node gives nothing, and so does everything after an error ---- */

struct yaml_node *roster_get(struct roster_reader *rd, struct yaml_node *map, const char *key)
{
        return rd->error == OK ? yaml_get(map, key) : NULL;
}

struct yaml_node *roster_need(struct roster_reader *rd, struct yaml_node *map, const char *key)
{
        struct yaml_node *n = roster_get(rd, map, key);

        if (!n && rd->error == OK)
                FAIL(rd, map, "`%s` is missing", key);
        return n;
}

struct yaml_node *roster_map(struct roster_reader *rd, struct yaml_node *n)
{
        if (!n || n->kind == YAML_MAP)
                return n;
        FAIL(rd, n, "a map was expected");
        return NULL;
}

const char *roster_text(struct roster_reader *rd, const struct yaml_node *n)
{
        const char *ret = NULL;

        if (n && rd->error == OK)
                rd->error = yaml_text(n, ERR_BAD_ROSTER, 1, TEXT_POINTS_MAX, &ret);
        return ret;
}

int64_t roster_integer(struct roster_reader *rd, const struct yaml_node *n, int64_t min, int64_t max)
{
        int64_t ret = 0;

        if (n && rd->error == OK)
                rd->error = yaml_int(n, ERR_BAD_ROSTER, min, max, &ret);
        return ret;
}

bool roster_boolean(struct roster_reader *rd, const struct yaml_node *n)
{
        bool ret = false;

        if (n && rd->error == OK)
                rd->error = yaml_bool(n, ERR_BAD_ROSTER, &ret);
        return ret;
}

int64_t roster_duration(struct roster_reader *rd, const struct yaml_node *n, int64_t otherwise)
{
        int64_t ret = otherwise;

        if (n && rd->error == OK)
                rd->error = yaml_duration(n, ERR_BAD_ROSTER, &ret);
        return ret;
}

/* true for the second word. */
bool roster_second_of(struct roster_reader *rd, const struct yaml_node *n, const char *first, const char *second)
{
        const char *word = roster_text(rd, n);

        if (word && strcmp(word, first) != 0 && strcmp(word, second) != 0)
                FAIL(rd, n, "`%s` or `%s` was expected", first, second);
        return word && strcmp(word, second) == 0;
}

/* Programs read these themselves, so no key below is unknown. */
void roster_leave_free(struct yaml_node *n)
{
        if (!n)
                return;
        for (struct yaml_node *c = n->child; c; c = c->next) {
                c->is_taken = true;
                roster_leave_free(c); /* depth is bounded by the reader */
        }
}

static void keep_key(struct roster_reader *rd, const struct key *key, const struct yaml_node *where)
{
        rd->keys = mem_grow(rd->keys, rd->n_keys + 1, sizeof(*rd->keys));
        rd->keys[rd->n_keys++] = (struct key_place){*key, where};
}

void roster_key(struct roster_reader *rd, const struct yaml_node *n, enum err (*parse)(struct span, struct key *),
                struct key *ret)
{
        const char *written = roster_text(rd, n);

        if (!written)
                return;
        if (parse(span_text(written), ret) != OK)
                rd->error = yaml_because(ERR_BAD_KEY, n, "not a key of this kind, or a weak one");
        else
                keep_key(rd, ret, n);
}

/* ---- lists of names ---- */

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

const struct item_rule a_person = {is_person, "a person of this roster"};
const struct item_rule a_rotator = {is_rotator, "a rotator of this roster"};
const struct item_rule an_emergency = {is_emergency, "an emergency of this roster"};
const struct item_rule a_tag = {is_any, "a tag"};
const struct item_rule a_network = {is_network, "a network such as 10.0.0.0/8"};

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void refuse_twice(struct roster_reader *rd, const struct yaml_node *where, const struct name_list *l)
{
        CLEANUP_FREE const char **sorted = mem_new(l->n + 1, sizeof(*sorted));

        for (size_t i = 0; i < l->n; i++)
                sorted[i] = l->name[i];
        qsort(sorted, l->n, sizeof(*sorted), by_text);
        for (size_t i = 1; i < l->n && rd->error == OK; i++)
                if (strcmp(sorted[i - 1], sorted[i]) == 0)
                        FAIL(rd, where, "`%s` stands twice", sorted[i]);
}

void roster_list(struct roster_reader *rd, const struct yaml_node *n, const struct item_rule *rule,
                 struct name_list *ret)
{
        if (!n || rd->error != OK)
                return;
        if (n->kind != YAML_LIST || n->n > LIST_MAX) {
                FAIL(rd, n, "a list of at most %u was expected", LIST_MAX);
                return;
        }
        ret->name = mem_new(n->n + 1, sizeof(*ret->name));
        for (const struct yaml_node *c = n->child; c && rd->error == OK; c = c->next) {
                const char *name = roster_text(rd, c);

                if (name && !rule->holds(rd->r, name))
                        FAIL(rd, c, "`%s` is not %s", name, rule->what);
                ret->name[ret->n++] = name;
        }
        if (rd->error == OK)
                refuse_twice(rd, n, ret);
}

/* A map's children, each with a valid name and a map as its value; room for one element each. */
void *roster_section(struct roster_reader *rd, struct yaml_node *map, size_t size, bool (*is_valid)(const char *))
{
        if (!roster_map(rd, map) || rd->error != OK)
                return NULL;
        for (struct yaml_node *c = map->child; c; c = c->next) {
                if (!is_valid(c->key)) {
                        FAIL(rd, c, "`%s` is not a valid name", c->key);
                        return NULL;
                }
                c->is_taken = true;
                if (!roster_map(rd, c))
                        return NULL;
        }
        return mem_new(map->n + 1, size);
}
