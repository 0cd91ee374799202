#include "base/yaml.h"
#include "base/clock.h"
#include <criterion/criterion.h>
#include <string.h>

static void free_node(struct yaml_node **n)
{
        yaml_free(*n);
}

#define CLEANUP_YAML __attribute__((cleanup(free_node)))

static struct yaml_node *read_ok(const char *text)
{
        struct yaml_node *n = NULL;

        cr_assert_eq(yaml_read(span_text(text), &n), OK, "%s: %s", text, err_reason());
        return n;
}

Test(yaml, a_tree_knows_where_everything_stands)
{
        CLEANUP_YAML struct yaml_node *root = read_ok("roster: 1\npeople:\n  alice: {team: \"sre\"}\n  bob: {}\n"
                                                      "list: [a, b]\n");
        struct yaml_node *people = yaml_get(root, "people"), *alice = yaml_get(people, "alice"), *list;

        cr_assert_eq(root->kind, YAML_MAP);
        cr_assert_eq(root->n, 3);
        cr_assert_eq(people->n, 2);
        cr_assert(alice->key_line == 3 && alice->key_column == 3);
        cr_assert(alice->line == 3 && alice->column == 10);
        struct yaml_node *team = yaml_get(alice, "team");
        cr_assert_str_eq(team->text, "sre");
        cr_assert(team->is_quoted && team->line == 3 && team->column == 17);
        list = yaml_get(root, "list");
        cr_assert(list->kind == YAML_LIST && list->n == 2);
        cr_assert_str_eq(list->child->next->text, "b");
        cr_assert_not(list->child->is_quoted);
        cr_assert_null(yaml_get(root, "absent"));
        cr_assert_null(yaml_get(list, "a"));
        cr_assert_null(yaml_get(NULL, "a"));
}

Test(yaml, a_document_may_have_its_marks)
{
        CLEANUP_YAML struct yaml_node *root = read_ok("# comment\n---\na: |\n  two\n  lines\n...\n");

        cr_assert_str_eq(yaml_get(root, "a")->text, "two\nlines\n");
}

static const struct {
        const char *text, *reason;
} refused[] = {
        {"", "line 1, column 1: nothing in it"},
        {"# only a comment\n", "line 2, column 1: nothing in it"},
        {"a: &x 1\n", "line 1, column 4: anchors are not allowed"},
        {"a: &x {b: 1}\n", "line 1, column 4: anchors are not allowed"},
        {"a: &x [b]\n", "line 1, column 4: anchors are not allowed"},
        {"a: *x\n", "line 1, column 4: aliases are not allowed"},
        {"a: 1\n*x : 2\n", "line 2, column 1: aliases are not allowed"},
        {"&x a: 1\n", "line 1, column 1: anchors are not allowed"},
        {"a: !!str 1\n", "line 1, column 4: tags are not allowed"},
        {"a: !x {b: 1}\n", "line 1, column 4: tags are not allowed"},
        {"a: ! [b]\n", "line 1, column 4: tags are not allowed"},
        {"!!str a: 1\n", "line 1, column 1: tags are not allowed"},
        {"a: 1\n<<: {b: 1}\n", "line 2, column 1: merge keys are not allowed"},
        {"a: 1\nb: 2\n  \na: 3\n", "line 4, column 1: `a` stands twice"},
        {"a: 1\n\"a\": 2\n", "line 2, column 1: `a` stands twice"},
        {"x: {b: 1, c: 2, b: 3}\n", "line 1, column 17: `b` stands twice"},
        {"a: 1\n---\nb: 2\n", "line 2, column 1: more than one document"},
        {"a: 1\n...\n---\n", "line 3, column 1: more than one document"},
        {"%YAML 1.1\n---\na: 1\n", "line 1, column 1: directives are not allowed"},
        {"%TAG ! tag:x,2000:\n---\na: 1\n", "line 1, column 1: directives are not allowed"},
        {"[a]: 1\n", "line 1, column 1: a key must be a text"},
        {"{{a: 1}: 2}\n", "line 1, column 2: a key must be a text"},
        {"a: \"x\\0y\"\n", "line 1, column 4: a NUL in a text"},
        {"a: 1\nb: \xFF\n", "line 2, column 4: not UTF-8"},
        {"\xEF\xBB\xBF"
         "a: 1\n",
         "line 1, column 1: a NUL or byte-order mark"},
        {"a: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n", "line 1, column 19: nested deeper than 16"},
};

Test(yaml, what_is_refused_is_named_with_line_and_column)
{
        for (size_t i = 0; i < COUNT_OF(refused); i++) {
                CLEANUP_YAML struct yaml_node *n = NULL;

                cr_assert_eq(yaml_read(span_text(refused[i].text), &n), ERR_BAD_ROSTER, "%s", refused[i].text);
                cr_assert_str_eq(err_reason(), refused[i].reason);
                cr_assert_null(n);
        }
        struct yaml_node *n = NULL;
        cr_assert_eq(yaml_read(span_of("a: 1\0b", 6), &n), ERR_BAD_ROSTER);
}

Test(yaml, libyamls_own_refusals_have_line_and_column_too)
{
        const struct {
                const char *text, *where;
        } rows[] = {{"a: 1\n b: 2\n", "line 2, column "},      {"a: [1, 2\n", "line 2, column "},
                    {"a: 1\nb: \x07\n", "line 2, column 4: "}, {"\tx: 1\n", "line 1, column "},
                    {"a: \"\\ud800\"\n", "line 1, column "},   {"a: 'open\n", "line 2, column "}};

        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct yaml_node *n = NULL;

                cr_assert_eq(yaml_read(span_text(rows[i].text), &n), ERR_BAD_ROSTER, "%s", rows[i].text);
                cr_assert_eq(strncmp(err_reason(), rows[i].where, strlen(rows[i].where)), 0, "%s: %s", rows[i].text,
                             err_reason());
        }
}

Test(yaml, sixteen_levels_are_allowed)
{
        CLEANUP_YAML struct yaml_node *n = read_ok("[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]");

        cr_assert_eq(n->kind, YAML_LIST);
}

Test(yaml, a_map_of_many_keys_is_bounded_work)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        for (int i = 0; i < 100000; i++)
                bytes_printf(&text, "k%d: 1\n", i);
        bytes_add_text(&text, "k7: 1\n");
        struct yaml_node *n = NULL;
        cr_assert_eq(yaml_read(bytes_span(&text), &n), ERR_BAD_ROSTER);
        cr_assert_str_eq(err_reason(), "line 100001, column 1: `k7` stands twice");
}

Test(yaml, no_prefix_is_read_beyond)
{
        const char whole[] = "a: {b: [1, \"x\\u00e9\xC3\xA9\", 'y']}\nc: |\n  d\n";

        for (size_t n = 0; n < sizeof(whole); n++) {
                CLEANUP_FREE char *exact = malloc(n ? n : 1);
                CLEANUP_YAML struct yaml_node *root = NULL;

                memcpy(exact, whole, n);
                if (yaml_read(span_of(exact, n), &root) == OK)
                        cr_assert_not_null(root);
                else
                        cr_assert_neq(err_reason()[0], '\0');
        }
}

Test(yaml, an_untaken_key_is_found_and_shown_where_it_stands)
{
        CLEANUP_YAML struct yaml_node *root = read_ok("a:\n  - x: 1\n  -\n    x: 1\n    typo:\n      y: 2\nb: 2\n");
        struct yaml_node *a = yaml_get(root, "a");

        yaml_get(root, "b");
        cr_assert_str_eq(yaml_untaken(root)->key, "x");
        yaml_get(a->child, "x");
        yaml_get(a->child->next, "x");
        const struct yaml_node *left = yaml_untaken(root);
        cr_assert_str_eq(left->key, "typo");
        cr_assert_eq(yaml_because(ERR_CONFIG, left, "unknown key `%s`", left->key), ERR_CONFIG);
        cr_assert_str_eq(err_reason(), "line 5, column 5: unknown key `typo`");
        yaml_get(yaml_get(a->child->next, "typo"), "y");
        cr_assert_null(yaml_untaken(root));
}

Test(yaml, typed_values_are_read)
{
        CLEANUP_YAML struct yaml_node *root =
                read_ok("t: caf\xC3\xA9\nyes: true\nno: 'false'\ni: 42\nq: \"0\"\nd: 90m\n");
        const char *text;
        int64_t number;
        bool flag;

        cr_assert_eq(yaml_text(yaml_get(root, "t"), ERR_BAD_ROSTER, 4, 4, &text), OK);
        cr_assert_str_eq(text, "caf\xC3\xA9");
        cr_assert(yaml_bool(yaml_get(root, "yes"), ERR_BAD_ROSTER, &flag) == OK && flag);
        cr_assert(yaml_bool(yaml_get(root, "no"), ERR_BAD_ROSTER, &flag) == OK && !flag);
        cr_assert(yaml_int(yaml_get(root, "i"), ERR_BAD_ROSTER, 42, 42, &number) == OK && number == 42);
        cr_assert(yaml_int(yaml_get(root, "q"), ERR_BAD_ROSTER, 0, 9, &number) == OK && number == 0);
        cr_assert(yaml_duration(yaml_get(root, "d"), ERR_BAD_ROSTER, &number) == OK && number == 90 * MINUTE_MS);
}

enum typed { TEXT, BOOL, INT, DURATION };

static enum err typed_read(const struct yaml_node *n, enum typed type)
{
        const char *text;
        int64_t number;
        bool flag;

        switch (type) {
        case TEXT: return yaml_text(n, ERR_CONFIG, 2, 3, &text);
        case BOOL: return yaml_bool(n, ERR_CONFIG, &flag);
        case INT: return yaml_int(n, ERR_CONFIG, 2, 1000, &number);
        case DURATION: return yaml_duration(n, ERR_CONFIG, &number);
        }
        return ERR_INTERNAL;
}

Test(yaml, other_values_are_refused_with_the_callers_error)
{
        const struct {
                enum typed type;
                const char *value;
        } rows[] = {{TEXT, "x"},
                    {TEXT, "xxxx"},
                    {TEXT, "[xx]"},
                    {TEXT, "{xx: 1}"},
                    {TEXT, ""},
                    {BOOL, "yes"},
                    {BOOL, "True"},
                    {BOOL, "1"},
                    {BOOL, "{}"},
                    {BOOL, "~"},
                    {INT, "1"},
                    {INT, "1001"},
                    {INT, "007"},
                    {INT, "-5"},
                    {INT, "+5"},
                    {INT, "0x10"},
                    {INT, "1.0"},
                    {INT, "1e2"},
                    {INT, "''"},
                    {INT, "[5]"},
                    {INT, "99999999999999999999"},
                    {INT, "18446744073709551621"}, /* 5 beyond 2^64 */

                    {DURATION, "5"},
                    {DURATION, "0m"},
                    {DURATION, "[]"}};

        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE;

                bytes_printf(&text, "k: %s\n", rows[i].value);
                CLEANUP_YAML struct yaml_node *root = read_ok(bytes_text(&text));
                cr_assert_eq(typed_read(yaml_get(root, "k"), rows[i].type), ERR_CONFIG, "row %zu: %s", i,
                             rows[i].value);
                cr_assert_eq(strncmp(err_reason(), "line 1, column ", 15), 0, "%s", err_reason());
        }
        for (enum typed t = TEXT; t <= DURATION; t++)
                cr_assert_eq(typed_read(NULL, t), ERR_CONFIG);
}
