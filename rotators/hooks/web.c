#include "rotators/hooks/web.h"
#include "base/clock.h"
#include <string.h>
#include <time.h>

#define PAUSE_MS       500
#define TIME_TO_END_MS (3 * SECOND_MS) /* kept for one more answer */

static bool is_usable_url(const struct bytes *url)
{
        const char *text = bytes_text(url), *host = text + strlen("https://");
        if (strncmp(text, "https://", strlen("https://")) != 0 || !*host || *host == '/')
                return false;
        for (const char *c = text; *c; c++)
                if (*c <= ' ' || *c > '~' || strchr("@?#\\\"", *c)) /* no user, no query */
                        return false;
        return true;
}

enum err web_read(const struct hook_input *in, const char *url_key, const char *fallback, struct web *ret)
{
        enum err e;
        ret->in = in;
        if ((e = hook_config(in, url_key, fallback, &ret->url)) != OK)
                return e;
        while (ret->url.n > 0 && ret->url.p[ret->url.n - 1] == '/')
                ret->url.p[--ret->url.n] = 0;
        if (!is_usable_url(&ret->url))
                return err_because(ERR_CONFIG, "config: `%s` must be https://HOST[:PORT][/PATH]", url_key);
        if ((e = hook_config(in, "ca_file", "", &ret->ca_file)) != OK)
                return e;
        return hook_config(in, "proxy_url", "", &ret->proxy_url);
}

void web_done(struct web *w)
{
        bytes_done(&w->url);
        bytes_done(&w->ca_file);
        bytes_done(&w->proxy_url);
}

/* An endless answer is one too: somebody has acted on the request. */
static enum plugin_exit weigh(enum plugin_exit exit, const struct web_call *call, const struct https_answer *got)
{
        if (exit == PLUGIN_FAILED && got->status && !call->is_question)
                return PLUGIN_UNKNOWN;
        return exit == PLUGIN_UNKNOWN && call->is_question ? PLUGIN_TRY_AGAIN : exit;
}

/* Ends before the step's own time does, so that there is still an answer. */
static int64_t call_timeout_ms(const struct hook_input *in)
{
        int64_t left = hook_time_left_ms(in, WEB_TIMEOUT_MS);
        return left > 2 * SECOND_MS ? left - SECOND_MS : left;
}

bool web_call(const struct web *w, const struct web_call *call, struct https_answer *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes url = BYTES_NONE, why = BYTES_NONE;
        struct https_call wire = {.method = call->method,
                                  .signer = call->signer,
                                  .ca_file = w->ca_file.n ? bytes_text(&w->ca_file) : NULL,
                                  .proxy_url = w->proxy_url.n ? bytes_text(&w->proxy_url) : NULL,
                                  .timeout_ms = call_timeout_ms(w->in),
                                  .body = call->body,
                                  .answer_max = w->answer_max};
        memcpy(wire.headers, call->headers, sizeof wire.headers);
        bytes_printf(&url, "%s%s", bytes_text(&w->url), call->path);
        wire.url = bytes_text(&url);
        enum plugin_exit exit = https_call(&wire, ret, &why);
        a->retry_after_s = web_is_good(ret) ? 0 : ret->retry_after_s;
        if (exit == PLUGIN_OK)
                return true;
        hook_fail(a, weigh(exit, call, ret), "%s", bytes_text(&why));
        return false;
}

void web_refuse(const struct https_answer *got, const struct web_call *call, const char *what, const char *detail,
                struct hook_answer *a)
{
        enum plugin_exit exit = https_meaning(got->status);
        const char *note = got->status >= 300 && got->status < 400 ? " (redirects are not followed)" : "";
        if (exit == PLUGIN_TRY_AGAIN && got->status != 429 && !call->is_question)
                exit = PLUGIN_UNKNOWN;
        hook_fail(a, exit, "%s: answered %ld%s%s%s", what, got->status, note, *detail ? ": " : "", detail);
}

static bool is_dots(const char *segment, size_t n)
{
        return (n == 1 && segment[0] == '.') || (n == 2 && !memcmp(segment, "..", 2));
}

enum err web_add_path(struct bytes *ret, const char *path)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
        for (const char *segment = path; *segment; segment += strspn(segment, "/")) {
                size_t n = strcspn(segment, "/");
                if (is_dots(segment, n))
                        return err_because(ERR_CONFIG, "config: a path must not hold `.` or `..`");
                segment += n;
        }
        for (const char *c = path; *c; c++)
                if (strchr(plain, *c))
                        bytes_add_byte(ret, (unsigned char)*c);
                else
                        bytes_printf(ret, "%%%02X", (unsigned char)*c);
        return OK;
}

bool web_pause(const struct hook_input *in)
{
        const struct timespec pause = {0, PAUSE_MS * 1000 * 1000};
        if (!in->deadline_ms || hook_time_left_ms(in, WEB_TIMEOUT_MS) <= TIME_TO_END_MS)
                return false;
        nanosleep(&pause, NULL);
        return true;
}

void web_header(struct draft *d, const char *name, const char *prefix, const struct secret *value)
{
        for (size_t i = 0; i + 1 < value->len; i++)
                if (value->bytes[i] < ' ' || value->bytes[i] == 0x7f)
                        d->error = ERR_RANGE;
        draft_add_text(d, name);
        draft_add_text(d, ": ");
        draft_add_text(d, prefix);
        draft_add_text(d, (const char *)value->bytes);
}
