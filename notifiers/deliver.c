#include "notifiers/deliver.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_TEXT_MAX 4096u
#define TOKEN_MAX       4096u
#define DELIVERY_DEPTH  6u

MUST_CHECK static enum err read_stdin(struct bytes *ret)
{
        unsigned char chunk[4096];
        for (;;) {
                ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_because(ERR_IO, "stdin: %s", strerror(errno));
                if (n == 0)
                        return OK;
                if (ret->n + (size_t)n > DELIVERY_MAX_BYTES)
                        return err_because(ERR_TOO_LARGE, "more than %u bytes on stdin", DELIVERY_MAX_BYTES);
                bytes_add(ret, chunk, (size_t)n);
        }
}

enum err delivery_read(struct span text, struct delivery *ret)
{
        CLEANUP_JSON json_t *root = NULL;
        enum err e = json_read(text, DELIVERY_DEPTH, &root);
        if (e != OK)
                return e;
        json_t *event = json_object_get(root, "event");
        json_t *config = json_object_get(root, "config");
        if (!json_is_object(event) || !json_is_object(config))
                return err_because(ERR_BAD_STATEMENT, "`event` and `config` must be objects");
        for (size_t i = 0; i < 3; i++) {
                const char *key = (const char *const[]){"kind", "dedup_key", "text"}[i];
                const char *value = json_string_value(json_object_get(event, key));
                if (!value || !*value)
                        return err_because(ERR_BAD_STATEMENT, "the event has no `%s`", key);
        }
        json_t *attempt = json_object_get(root, "attempt");
        *ret = (struct delivery){json_incref(root), event, config, attempt ? json_integer_value(attempt) : 1};
        return OK;
}

void delivery_done(struct delivery *d)
{
        json_decref(d->root);
        *d = (struct delivery){0};
}

void outcome_done(struct outcome *o)
{
        bytes_done(&o->id);
        bytes_done(&o->why);
}

void outcome_fail(struct outcome *o, enum plugin_exit exit, const char *format, ...)
{
        char raw[WHY_MAX];
        va_list list;
        va_start(list, format);
        vsnprintf(raw, sizeof raw, format, list);
        va_end(list);
        o->exit = exit;
        bytes_clear(&o->why);
        text_escape(span_text(raw), &o->why);
}

enum plugin_exit outcome_of_transfer(enum plugin_exit exit)
{
        return exit == PLUGIN_FAILED ? PLUGIN_MISCONFIGURED : exit;
}

void outcome_write(const struct outcome *o, struct bytes *ret)
{
        if (o->exit == PLUGIN_OK) {
                bytes_add_text(ret, "{\"status\":\"accepted\",\"id\":");
                bytes_add_json(ret, bytes_span(&o->id));
        } else {
                bytes_add_text(ret, "{\"status\":\"failed\",\"why\":");
                bytes_add_json(ret, bytes_span(&o->why));
                if (o->retry_after_s > 0)
                        bytes_printf(ret, ",\"retry_after\":%lld", (long long)o->retry_after_s);
        }
        bytes_add_text(ret, "}\n");
}

static void deliver_stdin(void (*deliver)(const struct delivery *, struct outcome *), struct outcome *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct delivery d = {0};
        enum err e = harden_process();
        if (e == OK)
                e = read_stdin(&text);
        if (e == OK)
                e = delivery_read(bytes_span(&text), &d);
        if (e == OK)
                deliver(&d, ret);
        else
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s: %s", err_word(e), err_reason());
        delivery_done(&d);
}

int deliver_main(const char *name, void (*deliver)(const struct delivery *d, struct outcome *ret))
{
        /* Pessimistic: whoever forgets to say what happened did not deliver. */
        struct outcome o = {.exit = PLUGIN_FAILED};
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        log_set_program(name);
        deliver_stdin(deliver, &o);
        if (o.exit != PLUGIN_OK)
                log_event(LOG_LEVEL_WARNING, "page.failed", F_TEXT("why", bytes_text(&o.why)), F_INT("exit", o.exit));
        outcome_write(&o, &line);
        int exit_code = o.exit;
        if (fd_write_all(STDOUT_FILENO, line.p, line.n) != OK && o.exit == PLUGIN_OK)
                exit_code = PLUGIN_UNKNOWN; /* the page left, but nobody heard us say so */
        outcome_done(&o);
        return exit_code;
}

const char *event_text(const struct delivery *d, const char *key)
{
        const char *text = json_string_value(json_object_get(d->event, key));
        return text && *text ? text : NULL;
}

int64_t event_int(const struct delivery *d, const char *key)
{
        return json_integer_value(json_object_get(d->event, key));
}

bool event_is(const struct delivery *d, const char *kind)
{
        const char *is = event_text(d, "kind");
        return is && !strcmp(is, kind);
}

enum err config_check(const struct delivery *d, const char *const known[])
{
        const char *key;
        json_t *value;
        json_object_foreach (d->config, key, value) {
                bool is_known = false;
                for (size_t i = 0; known[i] && !is_known; i++)
                        is_known = !strcmp(known[i], key);
                if (!is_known)
                        return err_because(ERR_CONFIG, "config: unknown key `%s`", key);
                if (!json_is_string(value))
                        return err_because(ERR_CONFIG, "config: `%s` must be a text", key);
        }
        return OK;
}

enum err config_text(const struct delivery *d, const char *key, const char *fallback, const char **ret)
{
        json_t *value = json_object_get(d->config, key);
        if (!value) {
                *ret = fallback;
                return OK;
        }
        if (!json_is_string(value) || !json_string_length(value) || json_string_length(value) > CONFIG_TEXT_MAX)
                return err_because(ERR_CONFIG, "config: `%s` must be a text of 1 to %u bytes", key, CONFIG_TEXT_MAX);
        *ret = json_string_value(value);
        return OK;
}

/* An editor leaves a newline at the end of a file; a token never has white space inside. */
static size_t token_length(const struct secret *s)
{
        size_t n = s->len;
        while (n > 0 && (s->bytes[n - 1] == '\n' || s->bytes[n - 1] == '\r' || s->bytes[n - 1] == ' '))
                n--;
        for (size_t i = 0; i < n; i++)
                if (s->bytes[i] <= ' ' || s->bytes[i] >= 0x7f)
                        return 0;
        return n;
}

enum err config_secret(const struct delivery *d, const char *key, struct secret *ret)
{
        CLEANUP_SECRET struct secret file = SECRET_NONE;
        CLEANUP_FREE char *credential = NULL;
        const char *path = NULL, *folder = getenv("CREDENTIALS_DIRECTORY");
        enum err e = config_text(d, key, NULL, &path);
        if (e != OK)
                return e;
        if (!path)
                return err_because(ERR_CONFIG, "config: `%s` is missing: the path of a private file", key);
        if (*path != '/') {
                if (!folder || strchr(path, '/'))
                        return err_because(
                                ERR_CONFIG,
                                "config: `%s` must be an absolute path, or a name in the folder of credentials", key);
                path = credential = path_join(folder, path);
        }
        e = file_read_private(path, TOKEN_MAX, &file);
        if (e != OK)
                return err_because(ERR_CONFIG, "config: `%s`: %s", key, err_sentence(e));
        size_t n = token_length(&file);
        if (n == 0)
                return err_because(ERR_CONFIG, "config: the file of `%s` must hold one word and nothing else", key);
        if ((e = secret_new(n + 1, ret)) != OK)
                return e;
        memcpy(ret->bytes, file.bytes, n);
        return OK;
}

static bool is_host_port(const char *text)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
        const char *colon = strrchr(text, ':');
        size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
        return colon && colon != text && digits > 0 && digits <= 5 && colon[1 + digits] == 0 &&
               text[strspn(text, allowed)] == 0;
}

enum err config_host_port(const struct delivery *d, const char *key, const char **ret)
{
        enum err e = config_text(d, key, NULL, ret);
        if (e == OK && (!*ret || !is_host_port(*ret)))
                return err_because(ERR_CONFIG, "config: `%s` must be HOST:PORT", key);
        return e;
}

enum err config_peer(const struct delivery *d, const char **ret_ca_file, const char **ret_proxy_url)
{
        enum err e = config_text(d, "ca_file", NULL, ret_ca_file);
        return e == OK ? config_text(d, "proxy_url", NULL, ret_proxy_url) : e;
}
