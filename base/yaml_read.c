/* From libyaml's events to the tree. */
#include "base/utf8.h"
#include "base/yaml.h"
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 16u

struct reader {
        yaml_parser_t parser;
        struct span text;
};

static void event_done(yaml_event_t *event)
{
        yaml_event_delete(event); /* accepts a zeroed one */
}

#define CLEANUP_EVENT __attribute__((cleanup(event_done)))

static enum err refuse_at(yaml_mark_t at, const char *what)
{
        return err_because(ERR_BAD_ROSTER, "line %zu, column %zu: %s", at.line + 1, at.column + 1, what);
}

/* The mark of a byte that libyaml's own reader, or our look at the UTF-8, refuses. */
static yaml_mark_t mark_of(struct span text, size_t offset)
{
        yaml_mark_t at = {0, 0, 0};

        for (size_t i = 0; i < offset && i < text.n; i++) {
                if (text.p[i] == '\n') {
                        at.line++;
                        at.column = 0;
                } else if ((text.p[i] & 0xC0) != 0x80) {
                        at.column++;
                }
        }
        return at;
}

static enum err check_encoding(struct span text)
{
        for (size_t i = 0; i < text.n;) {
                uint32_t point = 0;
                size_t n = utf8_next(span_of(text.p + i, text.n - i), &point);

                if (n == 0)
                        return refuse_at(mark_of(text, i), "not UTF-8");
                if (point == 0 || point == 0xFEFF)
                        return refuse_at(mark_of(text, i), "a NUL or byte-order mark");
                i += n;
        }
        return OK;
}

static enum err next_event(struct reader *r, yaml_event_t *ret)
{
        yaml_mark_t at;

        memset(ret, 0, sizeof(*ret));
        if (yaml_parser_parse(&r->parser, ret))
                return OK;
        if (r->parser.error == YAML_MEMORY_ERROR)
                abort();
        at = r->parser.error == YAML_READER_ERROR ? mark_of(r->text, r->parser.problem_offset)
                                                  : r->parser.problem_mark;
        return refuse_at(at, r->parser.problem ? r->parser.problem : "not YAML");
}

static enum err read_value(struct reader *r, yaml_event_t *first, unsigned depth, struct yaml_node **ret);

static struct yaml_node *node_new(enum yaml_kind kind, yaml_mark_t at)
{
        struct yaml_node *n = mem_new(1, sizeof(*n));

        n->kind = kind;
        n->line = (unsigned)at.line + 1;
        n->column = (unsigned)at.column + 1;
        return n;
}

static enum err read_scalar(const yaml_event_t *event, struct yaml_node **ret)
{
        const char *value = (const char *)event->data.scalar.value;
        size_t n = event->data.scalar.length;

        if (memchr(value, '\0', n))
                return refuse_at(event->start_mark, "a NUL in a text");
        *ret = node_new(YAML_TEXT, event->start_mark);
        (*ret)->text = mem_text_n(value, n);
        (*ret)->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return OK;
}

/* Reads the next key, or finds the end of the map (*ret_key stays NULL). */
static enum err read_key(struct reader *r, yaml_mark_t *ret_at, char **ret_key)
{
        CLEANUP_EVENT yaml_event_t event;
        struct yaml_node *scalar;
        enum err e;

        if ((e = next_event(r, &event)) != OK)
                return e;
        *ret_at = event.start_mark;
        if (event.type == YAML_MAPPING_END_EVENT)
                return OK;
        if (event.type == YAML_ALIAS_EVENT)
                return refuse_at(event.start_mark, "aliases are not allowed");
        if (event.type != YAML_SCALAR_EVENT)
                return refuse_at(event.start_mark, "a key must be a text");
        if ((e = read_value(r, &event, 0, &scalar)) != OK)
                return e;
        if (strcmp(scalar->text, "<<") == 0)
                e = refuse_at(event.start_mark, "merge keys are not allowed");
        else
                *ret_key = mem_text(scalar->text);
        yaml_tree_free(scalar);
        return e;
}

static int by_key_and_place(const void *a, const void *b)
{
        const struct yaml_node *x = *(struct yaml_node *const *)a, *y = *(struct yaml_node *const *)b;
        int order = strcmp(x->key, y->key);

        if (order != 0)
                return order;
        if (x->key_line != y->key_line)
                return x->key_line < y->key_line ? -1 : 1;
        return x->key_column < y->key_column ? -1 : x->key_column > y->key_column;
}

/* Sorted, because a map of n keys must not cost n² comparisons. */
static enum err check_duplicates(const struct yaml_node *map)
{
        CLEANUP_FREE struct yaml_node **sorted = mem_new(map->n, sizeof(struct yaml_node *));
        size_t n = 0;

        for (struct yaml_node *c = map->child; c; c = c->next)
                sorted[n++] = c;
        qsort(sorted, n, sizeof(struct yaml_node *), by_key_and_place);
        for (size_t i = 1; i < n; i++)
                if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
                        return err_because(ERR_BAD_ROSTER, "line %u, column %u: `%s` stands twice",
                                           sorted[i]->key_line, sorted[i]->key_column, sorted[i]->key);
        return OK;
}

static enum err read_map(struct reader *r, struct yaml_node *map, unsigned depth)
{
        struct yaml_node **tail = &map->child;
        enum err e;

        for (;; tail = &(*tail)->next, map->n++) {
                CLEANUP_EVENT yaml_event_t event = {0};
                CLEANUP_FREE char *key = NULL;
                yaml_mark_t at;

                if ((e = read_key(r, &at, &key)) != OK)
                        return e;
                if (!key)
                        return check_duplicates(map);
                if ((e = next_event(r, &event)) != OK)
                        return e;
                if ((e = read_value(r, &event, depth, tail)) != OK)
                        return e;
                (*tail)->key_line = (unsigned)at.line + 1;
                (*tail)->key_column = (unsigned)at.column + 1;
                (*tail)->key = key;
                key = NULL;
        }
}

static enum err read_list(struct reader *r, struct yaml_node *list, unsigned depth)
{
        struct yaml_node **tail = &list->child;
        enum err e;

        for (;; tail = &(*tail)->next, list->n++) {
                CLEANUP_EVENT yaml_event_t event;

                if ((e = next_event(r, &event)) != OK)
                        return e;
                if (event.type == YAML_SEQUENCE_END_EVENT)
                        return OK;
                if ((e = read_value(r, &event, depth, tail)) != OK)
                        return e;
        }
}

static enum err check_plain(const yaml_event_t *event, const void *anchor, const void *tag)
{
        if (anchor)
                return refuse_at(event->start_mark, "anchors are not allowed");
        if (tag)
                return refuse_at(event->start_mark, "tags are not allowed");
        return OK;
}

static enum err read_branch(struct reader *r, yaml_event_t *first, enum yaml_kind kind, unsigned depth,
                            struct yaml_node **ret)
{
        struct yaml_node *n;
        enum err e;

        if (depth >= DEPTH_MAX)
                return refuse_at(first->start_mark, "nested deeper than 16");
        n = node_new(kind, first->start_mark);
        e = kind == YAML_MAP ? read_map(r, n, depth + 1) : read_list(r, n, depth + 1);
        if (e != OK) {
                yaml_tree_free(n);
                return e;
        }
        *ret = n;
        return OK;
}

/* Reads the value that begins with the event `first`. depth: how many maps and lists are around it. */
static enum err read_value(struct reader *r, yaml_event_t *first, unsigned depth, struct yaml_node **ret)
{
        enum err e;

        if (first->type == YAML_SCALAR_EVENT) {
                if ((e = check_plain(first, first->data.scalar.anchor, first->data.scalar.tag)) != OK)
                        return e;
                return read_scalar(first, ret);
        }
        if (first->type == YAML_MAPPING_START_EVENT) {
                if ((e = check_plain(first, first->data.mapping_start.anchor, first->data.mapping_start.tag)) != OK)
                        return e;
                return read_branch(r, first, YAML_MAP, depth, ret);
        }
        if (first->type == YAML_SEQUENCE_START_EVENT) {
                if ((e = check_plain(first, first->data.sequence_start.anchor, first->data.sequence_start.tag)) != OK)
                        return e;
                return read_branch(r, first, YAML_LIST, depth, ret);
        }
        if (first->type == YAML_ALIAS_EVENT)
                return refuse_at(first->start_mark, "aliases are not allowed");
        return refuse_at(first->start_mark, "a value was expected");
}

static enum err expect(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
        CLEANUP_EVENT yaml_event_t event;
        enum err e;

        if ((e = next_event(r, &event)) != OK)
                return e;
        if (event.type != type)
                return refuse_at(event.start_mark, otherwise);
        if (type == YAML_DOCUMENT_START_EVENT &&
            (event.data.document_start.version_directive ||
             event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end))
                return refuse_at(event.start_mark, "directives are not allowed");
        return OK;
}

static enum err read_document(struct reader *r, struct yaml_node **ret)
{
        CLEANUP_EVENT yaml_event_t first = {0};
        struct yaml_node *n = NULL;
        enum err e;

        if ((e = expect(r, YAML_STREAM_START_EVENT, "not YAML")) != OK)
                return e;
        if ((e = expect(r, YAML_DOCUMENT_START_EVENT, "nothing in it")) != OK)
                return e;
        if ((e = next_event(r, &first)) != OK)
                return e;
        if ((e = read_value(r, &first, 0, &n)) != OK)
                return e;
        if ((e = expect(r, YAML_DOCUMENT_END_EVENT, "not YAML")) != OK ||
            (e = expect(r, YAML_STREAM_END_EVENT, "more than one document")) != OK) {
                yaml_tree_free(n);
                return e;
        }
        *ret = n;
        return OK;
}

enum err yaml_read(struct span text, struct yaml_node **ret)
{
        struct reader r = {.text = text};
        enum err e;

        if ((e = check_encoding(text)) != OK)
                return e;
        if (!yaml_parser_initialize(&r.parser))
                abort();
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r.parser, text.p ? text.p : (const unsigned char *)"", text.n);
        e = read_document(&r, ret);
        yaml_parser_delete(&r.parser);
        return e;
}
