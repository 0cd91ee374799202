/* Reading single values and lists of a roster's YAML; the first error sticks (private to roster_*.c).
 *
 * A NULL node gives nothing, and so does everything after an error: a section is a list of reads. */
#pragma once
#include "quorum/roster.h"

#define TEXT_POINTS_MAX 500u
#define LIST_MAX        1000u

struct key_place {
        struct key key;
        const struct yaml_node *where;
};

struct roster_reader {
        struct roster *r;
        enum err error;
        struct key_place *keys; /* every key of the file, for the distinctness rule */
        size_t n_keys;
};

#define FAIL(rd, where, ...) ((rd)->error = yaml_because(ERR_BAD_ROSTER, (where), __VA_ARGS__))

struct yaml_node *roster_get(struct roster_reader *rd, struct yaml_node *map, const char *key);
struct yaml_node *roster_need(struct roster_reader *rd, struct yaml_node *map, const char *key); /* must be there */
struct yaml_node *roster_map(struct roster_reader *rd, struct yaml_node *n); /* NULL when it is no map */
const char *roster_text(struct roster_reader *rd, const struct yaml_node *n);
int64_t roster_integer(struct roster_reader *rd, const struct yaml_node *n, int64_t min, int64_t max);
bool roster_boolean(struct roster_reader *rd, const struct yaml_node *n);
int64_t roster_duration(struct roster_reader *rd, const struct yaml_node *n, int64_t otherwise);
/* One of two words; true for the second. */
bool roster_second_of(struct roster_reader *rd, const struct yaml_node *n, const char *first, const char *second);
/* Programs read what is below themselves, so no key of it is unknown. */
void roster_leave_free(struct yaml_node *n);
void roster_key(struct roster_reader *rd, const struct yaml_node *n, enum err (*parse)(struct span, struct key *),
                struct key *ret);

/* What every item of a list must be, and the word for it in the error. None may stand twice. */
struct item_rule {
        bool (*holds)(const struct roster *r, const char *item);
        const char *what;
};
extern const struct item_rule a_person, a_rotator, an_emergency, a_tag, a_network;
void roster_list(struct roster_reader *rd, const struct yaml_node *n, const struct item_rule *rule,
                 struct name_list *ret);
/* A map's children, each with a valid name and a map as its value: room for one zeroed element each. */
void *roster_section(struct roster_reader *rd, struct yaml_node *map, size_t size, bool (*is_valid)(const char *));
