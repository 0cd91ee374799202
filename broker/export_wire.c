/* Both ends of the socket between the broker and an export's process. */
#include "base/json.h"
#include "broker/export_process.h"
#include <inttypes.h>
#include <string.h>

#define TEXT_MAX  4096u
#define DEPTH_MAX 16u

/* ---- writing ---- */

static void add_text(struct bytes *to, const char *key, const char *text)
{
        if (!text)
                return;
        bytes_printf(to, ",\"%s\":", key);
        bytes_add_json(to, span_text(text));
}

static void add_int(struct bytes *to, const char *key, uint64_t value)
{
        bytes_printf(to, ",\"%s\":%" PRIu64, key, value);
}

static void add_hash(struct bytes *to, const char *key, const struct hash *h)
{
        char hex[HASH_HEX + 1];
        hash_to_hex(h, hex);
        add_text(to, key, hex);
}

void export_order_write(const struct export_order *o, struct bytes *ret)
{
        bytes_add_text(ret, "{\"do\":\"make\"");
        add_text(ret, "state", o->from.state);
        add_text(ret, "sign", o->from.sign_key);
        add_text(ret, "sign_next", o->from.sign_next_key);
        add_text(ret, "folder", o->folder);
        add_int(ret, "keep", o->keep);
        add_text(ret, "name", o->name);
        add_hash(ret, "installation", &o->installation);
        add_int(ret, "at", (uint64_t)o->at_ms);
        add_int(ret, "entries", o->entries);
        add_hash(ret, "root", &o->root);
        add_int(ret, "young_ms", (uint64_t)o->young_ms);
        bytes_add_text(ret, "}\n");
}

static void add_input(const struct export_handing *h, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        bytes_printf(&path, "%s/%s", h->folder, h->file->text);
        bytes_add_text(ret, ",\"input\":{\"export\":{\"file\":");
        bytes_add_json(ret, span_text(h->file->text));
        add_text(ret, "path", bytes_text(&path));
        add_int(ret, "bytes", h->bytes);
        add_int(ret, "entries", h->file->stamp.entries);
        add_int(ret, "at", (uint64_t)h->file->stamp.at_ms);
        add_hash(ret, "installation", &h->installation);
        add_text(ret, "name", h->name);
        bytes_add_text(ret, "},\"config\":");
        bytes_add_span(ret, h->config);
        add_int(ret, "attempt", h->attempt);
        bytes_add_byte(ret, '}');
}

void export_handing_write(const struct export_handing *h, struct bytes *ret)
{
        bytes_add_text(ret, "{\"do\":\"hand-over\"");
        add_text(ret, "program", h->program);
        add_int(ret, "timeout_ms", (uint64_t)h->timeout_ms);
        add_input(h, ret);
        bytes_add_text(ret, "}\n");
}

void export_outcome_write(const struct export_outcome *o, struct bytes *ret)
{
        bytes_printf(ret, "{\"result\":\"%s\"", export_result_words[o->result]);
        if (*o->name.text)
                add_text(ret, "file", o->name.text);
        add_hash(ret, "root", &o->root);
        add_int(ret, "bytes", o->bytes);
        add_int(ret, "pruned", o->pruned);
        add_text(ret, "damaged", o->damaged);
        add_text(ret, "why", o->why);
        bytes_add_text(ret, "}\n");
}

void export_handed_write(const struct export_handed *h, struct bytes *ret)
{
        bytes_printf(ret, "{\"result\":\"%s\",\"was_killed\":%s", delivery_words[h->what],
                     h->was_killed ? "true" : "false");
        add_text(ret, "detail", h->detail);
        bytes_add_text(ret, "}\n");
}

/* ---- reading ---- */

static void read_order(struct json_fields *f, struct export_order *ret)
{
        ret->from.state = json_take_text(f, "state", 1, TEXT_MAX);
        ret->from.sign_key = json_take_text(f, "sign", 1, TEXT_MAX);
        ret->from.sign_next_key = json_take_text_if(f, "sign_next", 1, TEXT_MAX);
        ret->folder = json_take_text(f, "folder", 1, TEXT_MAX);
        ret->keep = (size_t)json_take_int(f, "keep", 1, JSON_INT_MAX);
        ret->name = json_take_text(f, "name", 1, TEXT_MAX);
        json_take_hash(f, "installation", &ret->installation);
        ret->at_ms = json_take_int(f, "at", 0, JSON_INT_MAX);
        ret->entries = (uint64_t)json_take_int(f, "entries", 1, JSON_INT_MAX);
        json_take_hash(f, "root", &ret->root);
        ret->young_ms = json_take_int(f, "young_ms", 0, JSON_INT_MAX);
}

static void read_handing(struct json_fields *f, struct export_task *ret)
{
        ret->is_handing = true;
        ret->program = json_take_text(f, "program", 1, TEXT_MAX);
        ret->timeout_ms = json_take_int(f, "timeout_ms", 1, JSON_INT_MAX);
        char *text = json_dumps(json_take_object(f, "input"), JSON_COMPACT | JSON_ENSURE_ASCII);
        bytes_add_text(&ret->input, text ? text : "{}");
        bytes_add_byte(&ret->input, '\n');
        free(text);
}

void export_task_done(struct export_task *t)
{
        json_decref(t->root);
        bytes_done(&t->input);
}

enum err export_task_read(struct span line, struct export_task *ret)
{
        json_t *root = NULL;
        struct json_fields f;
        enum err e = json_read(line, DEPTH_MAX, &root);
        *ret = (struct export_task){.root = root};
        if (e != OK)
                return e;
        json_fields_begin(&f, root);
        const char *what = json_take_text(&f, "do", 1, 16);
        if (what && !strcmp(what, "make"))
                read_order(&f, &ret->order);
        else
                read_handing(&f, ret);
        return json_fields_end(&f);
}

/* The word's place in a list; 0, the worst, for any other. */
static size_t place_of(const char *word, const char *const words[])
{
        for (size_t i = 0; word && words[i]; i++)
                if (!strcmp(words[i], word))
                        return i;
        return 0;
}

static void take_line(struct json_fields *f, const char *key, char *ret, size_t size)
{
        const char *text = json_take_text(f, key, 0, size - 1);
        snprintf(ret, size, "%s", text ? text : "");
}

enum err export_outcome_read(struct span line, const struct hash *installation, struct export_outcome *ret)
{
        CLEANUP_JSON json_t *root = NULL;
        struct export_outcome o = {0};
        struct json_fields f;
        enum err e = json_read(line, DEPTH_MAX, &root);
        if (e != OK)
                return e;
        json_fields_begin(&f, root);
        o.result = (enum export_result)place_of(json_take_text(&f, "result", 1, 16), export_result_words);
        const char *file = json_take_text_if(&f, "file", 1, EXPORT_NAME_MAX);
        const bool is_good = o.result == EXPORT_WRITTEN || o.result == EXPORT_UNCHANGED || o.result == EXPORT_YOUNG;
        if (!(file && export_name_read(file, installation, &o.name)) && is_good)
                json_fail(&f, "it names no export");
        json_take_hash(&f, "root", &o.root);
        o.bytes = (uint64_t)json_take_int(&f, "bytes", 0, JSON_INT_MAX);
        o.pruned = (size_t)json_take_int(&f, "pruned", 0, JSON_INT_MAX);
        take_line(&f, "damaged", o.damaged, sizeof o.damaged);
        take_line(&f, "why", o.why, sizeof o.why);
        if ((e = json_fields_end(&f)) == OK)
                *ret = o;
        return e;
}

enum err export_handed_read(struct span line, struct export_handed *ret)
{
        CLEANUP_JSON json_t *root = NULL;
        struct export_handed h = {0};
        struct json_fields f;
        enum err e = json_read(line, DEPTH_MAX, &root);
        if (e != OK)
                return e;
        json_fields_begin(&f, root);
        h.what = (enum delivery)place_of(json_take_text(&f, "result", 1, 16), delivery_words);
        h.was_killed = json_take_bool(&f, "was_killed");
        take_line(&f, "detail", h.detail, sizeof h.detail);
        if ((e = json_fields_end(&f)) == OK)
                *ret = h;
        return e;
}
