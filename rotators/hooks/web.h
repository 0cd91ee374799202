/* A web API as the target of a rotation: where it is, one call to it, and what its answers mean for a hook.
 *
 * The address comes from the configuration, never a secret in it. Every answer is capped and read in locked memory.
 */
#pragma once
#include "base/https.h"
#include "rotators/hooks/draft.h"
#include "rotators/hooks/hook.h"

#define WEB_KEYS       "ca_file", "proxy_url" /* of the configuration, which every such hook knows */
#define WEB_TIMEOUT_MS (20 * SECOND_MS)

struct web {
        struct bytes url; /* https://HOST[:PORT][/PATH], without a slash at its end */
        struct bytes ca_file, proxy_url;
        const struct hook_input *in;
        size_t answer_max; /* 0: HTTPS_ANSWER_MAX */
};

struct web_call {
        const char *method, *path; /* the path begins with a slash and is written as a URL wants it; "" is allowed */
        const char *headers[HTTPS_HEADERS_MAX];
        const struct https_signer *signer;
        struct span body; /* p NULL: none */
        bool is_question; /* changes nothing: without a whole answer it can be asked again */
};

/* Reads `url_key` (fallback NULL: it must be there), ca_file and proxy_url. Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err web_read(const struct hook_input *in, const char *url_key, const char *fallback, struct web *ret);
void web_done(struct web *w);
/* True when a whole answer came, of any status. Otherwise false with an answer: TRY_AGAIN where nothing was done,
 * UNKNOWN where it may have been. */
MUST_CHECK bool web_call(const struct web *w, const struct web_call *call, struct https_answer *ret,
                         struct hook_answer *a);
/* Says what a status means that was not hoped for. what: "reading the secret"; detail: the service's own code word or
 * "". A 5xx or 408 leaves open what became of a change. */
void web_refuse(const struct https_answer *got, const struct web_call *call, const char *what, const char *detail,
                struct hook_answer *a);
static inline bool web_is_good(const struct https_answer *got)
{
        return got->status >= 200 && got->status < 300;
}
/* A path of the configuration, its segments percent-encoded; "." and ".." are refused, so that it stays below its
 * beginning. Errors: ERR_CONFIG. */
MUST_CHECK enum err web_add_path(struct bytes *ret, const char *path);
/* Waits a little before something is looked at again; false when the step's time is nearly over. */
bool web_pause(const struct hook_input *in);
/* "Name: value" into locked memory; a control byte in the value is ERR_RANGE in d->error. */
void web_header(struct draft *d, const char *name, const char *prefix, const struct secret *value);
