/* What a hook says about itself: which values it wants, how many its target knows at once, whether it prepares. */
#include "base/spawn.h"
#include "rotators/hook_call.h"
#include <string.h>

#define DESCRIBE_TIMEOUT_MS 10000
#define DESCRIBE_DEPTH      4u

static enum err refuse(const struct hook_entry *hook, const char *why)
{
        return err_because(ERR_HOOK, "%s: `describe` %s", hook->program, why);
}

static bool lists(json_t *list, const char *word)
{
        json_t *item;
        size_t i;
        json_array_foreach (list, i, item)
                if (json_is_string(item) && !strcmp(json_string_value(item), word))
                        return true;
        return false;
}

static char *text_of(json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        return text ? mem_text(text) : NULL;
}

static unsigned number_of(json_t *object, const char *key, unsigned max)
{
        json_int_t n = json_integer_value(json_object_get(object, key));
        return n < 0 || n > max ? max + 1 : (unsigned)n; /* too much is refused by value_check() */
}

/* Names beyond the list's room stay secret: the safe side. */
static void take_open_fields(json_t *list, struct hook_entry *hook)
{
        json_t *item;
        size_t i;
        json_array_foreach (list, i, item)
                if (json_is_string(item) && hook->n_open < HOOK_OPEN_FIELDS_MAX)
                        hook->open_field[hook->n_open++] = mem_text(json_string_value(item));
}

/* What the target cannot take and what we do not want are forbidden both. */
static void forbid(json_t *value, struct hook_entry *hook)
{
        CLEANUP_BYTES struct bytes both = BYTES_NONE;
        CLEANUP_FREE char *said = text_of(value, "forbidden");
        bytes_printf(&both, "%s%s", hook->forbidden ? hook->forbidden : "", said ? said : "");
        free(hook->forbidden);
        hook->forbidden = both.n ? mem_text(bytes_text(&both)) : NULL;
}

/* What our own configuration says of the value stands already, and wins. */
static void take_value(json_t *value, struct hook_entry *hook)
{
        struct value_rules *rules = &hook->rules;
        if (!hook->field)
                hook->field = text_of(value, "field");
        if (!hook->alphabet)
                hook->alphabet = text_of(value, "alphabet");
        forbid(value, hook);
        rules->length = rules->length ? rules->length : number_of(value, "length", VALUE_LENGTH_MAX);
        rules->words = rules->words ? rules->words : number_of(value, "words", VALUE_WORDS_MAX);
        rules->alphabet = hook->alphabet;
        rules->forbidden = hook->forbidden;
}

MUST_CHECK static enum err check_value(const struct hook_entry *hook)
{
        if (hook->rules.kind == VALUE_TARGET)
                return hook->can_prepare ? OK
                                         : refuse(hook, "leaves the value to the target, but lists no `prepare`");
        if (!hook->field || !*hook->field || strlen(hook->field) > FIELD_NAME_MAX)
                return refuse(hook, "gives no usable value rules");
        if (hook->rules.kind == VALUE_CHARACTERS && !hook->alphabet)
                return refuse(hook, "gives no usable value rules");
        return value_check(&hook->rules);
}

MUST_CHECK static enum err read_description(struct span text, struct hook_entry *hook)
{
        CLEANUP_JSON json_t *said = NULL;
        if (json_read(text, DESCRIBE_DEPTH, &said) != OK)
                return refuse(hook, "prints no JSON object");
        json_t *value = json_object_get(said, "value"), *slots = json_object_get(said, "slots");
        json_t *serve = json_object_get(said, "serve");
        const char *kind = json_string_value(json_object_get(value, "kind"));
        if (json_integer_value(json_object_get(said, "contract")) != 1)
                return err_because(ERR_HOOK, "%s: it speaks another contract than 1", hook->program);
        if (slots && json_integer_value(slots) != 1 && json_integer_value(slots) != 2)
                return refuse(hook, "says neither one slot nor two");
        if (serve && !json_is_boolean(serve))
                return refuse(hook, "says neither yes nor no to `serve`");
        if (kind && !hook->has_kind && !value_kind_from_word(kind, &hook->rules.kind))
                return refuse(hook, "wants a kind of value that we do not make");
        hook->slots = slots ? (unsigned)json_integer_value(slots) : 1;
        hook->can_serve = json_is_true(serve);
        hook->can_prepare = lists(json_object_get(said, "steps"), "prepare");
        take_value(value, hook);
        take_open_fields(json_object_get(value, "public"), hook);
        return check_value(hook);
}

enum err hook_describe(struct hook_entry *hook)
{
        const char *const argv[] = {hook->program, "describe", NULL};
        const struct spawn_job job = {.path = hook->program, .argv = argv, .timeout_ms = DESCRIBE_TIMEOUT_MS};
        struct spawn_result ran = {0};
        enum err e = spawn_run(&job, &ran);
        if (e == OK && ran.exit_code != PLUGIN_OK)
                e = err_because(ERR_HOOK, "%s: `describe` exits %d", hook->program, ran.exit_code);
        if (e == OK)
                e = read_description(bytes_span(&ran.out), hook);
        spawn_result_done(&ran);
        return e;
}
