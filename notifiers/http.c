#include "notifiers/http.h"
#include <string.h>

enum plugin_exit http_post(const struct http_post *p, struct https_answer *ret, struct outcome *o)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        struct https_call call = {.method = "POST",
                                  .url = p->url,
                                  .headers = {"Content-Type: application/json"},
                                  .bearer = p->bearer,
                                  .ca_file = p->ca_file,
                                  .proxy_url = p->proxy_url,
                                  .timeout_ms = p->timeout_ms,
                                  .body = p->body};
        for (size_t i = 0; i < HTTP_HEADERS_MAX && p->headers[i]; i++)
                call.headers[1 + i] = p->headers[i];
        o->exit = https_call(&call, ret, &why);
        if (ret->status == 0)
                o->exit = outcome_of_transfer(o->exit);
        if (o->exit != PLUGIN_OK)
                outcome_fail(o, o->exit, "%s", bytes_text(&why));
        return o->exit;
}

void http_judge(const struct https_answer *a, const char *detail, struct outcome *o)
{
        bool is_redirect = a->status >= 300 && a->status < 400;
        enum plugin_exit exit = is_redirect ? PLUGIN_MISCONFIGURED : https_meaning(a->status);
        const char *note = is_redirect ? " (redirects are not followed)" : "";
        outcome_fail(o, exit, "answered %ld%s%s%s", a->status, note, *detail ? ": " : "", detail);
        if (exit == PLUGIN_TRY_AGAIN)
                o->retry_after_s = a->retry_after_s;
}
