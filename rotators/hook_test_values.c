#include "rotators/hook_test_values.h"
#include <string.h>

static const char *handle_of(const char *text)
{
        return *text ? text : NULL;
}

static void copy_handle(const struct told *told, char ret[VALUES_HANDLE_MAX + 1])
{
        snprintf(ret, VALUES_HANDLE_MAX + 1, "%s", bytes_text(&told->result.handle));
}

void values_keep_handle(struct values *v, const struct told *told)
{
        copy_handle(told, v->handle);
}

MUST_CHECK static enum err build(const struct hook_entry *hook, const struct secret *made,
                                 const struct hook_fields *prepared, struct document *ret)
{
        struct document_field field[HOOK_FIELDS_MAX + 1] = {0};
        size_t n = 0;
        if (made->len > 0) {
                snprintf(field[n].name, sizeof field[n].name, "%s", hook->field);
                field[n].value = made->bytes;
                field[n++].len = made->len;
        }
        for (size_t i = 0; i < prepared->n; i++, n++) {
                snprintf(field[n].name, sizeof field[n].name, "%s", prepared->field[i].name);
                field[n].value = prepared->field[i].value;
                field[n].len = prepared->field[i].len;
        }
        document_wipe(ret);
        return document_build("breakglass/hook-test", 1, field, n, ret);
}

/* As the rotator makes one: a value by the hook's rules, and what `prepare` gives. */
MUST_CHECK static enum err make(struct hook_test *t, const struct values *v, struct document *ret)
{
        CLEANUP_SECRET struct secret made = SECRET_NONE;
        CLEANUP_TOLD struct told prepared = {0};
        const struct document *opened = v->current.n_fields ? &v->current : NULL;
        const struct ask prepare = {.step = "prepare", .opened = opened, .old_handle = handle_of(v->old_handle)};
        enum err e = OK;
        if (t->hook->rules.kind != VALUE_TARGET && (e = value_new(&t->hook->rules, &made)) != OK)
                return e;
        if (t->hook->can_prepare && (e = hook_test_ask(t, &prepare, &prepared)) != OK)
                return e;
        if (t->hook->can_prepare && prepared.result.exit != PLUGIN_OK)
                return err_because(ERR_HOOK, "`prepare` exits %d (%s): nothing else can be tried", prepared.exit_code,
                                   bytes_text(&prepared.result.why));
        return build(t->hook, &made, &prepared.result.fields, ret);
}

enum err values_next(struct hook_test *t, struct values *v)
{
        CLEANUP_TOLD struct told told = {0};
        const struct document *opened = v->current.n_fields ? &v->current : NULL;
        enum err e = hook_test_ask(t, &(struct ask){.step = "check", .opened = opened}, &told);
        copy_handle(&told, v->old_handle);
        v->handle[0] = 0;
        return e == OK ? make(t, v, &v->next) : e;
}

void values_take(struct values *v)
{
        document_wipe(&v->current);
        v->current = v->next;
        v->next = (struct document){0};
}

struct ask values_ask(const char *step, const struct values *v)
{
        return (struct ask){.step = step,
                            .pending = &v->next,
                            .handle = handle_of(v->handle),
                            .old_handle = handle_of(v->old_handle)};
}

enum err values_stranger(struct hook_test *t, struct values *v)
{
        return make(t, v, &v->stranger);
}

void values_done(struct values *v)
{
        document_wipe(&v->current);
        document_wipe(&v->next);
        document_wipe(&v->stranger);
}
