#include "rotators/hooks/aws.h"
#include "rotators/hooks/aws_xml.h"
#include <string.h>

static const char *const known_keys[] = {
        "user",   "region", "iam_url", "sts_url", "admin_key_id", "admin_secret_file", "admin_session_token_file",
        WEB_KEYS, NULL};

static bool is_word(const char *text, size_t max, const char *more)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        size_t n = 0;
        for (; text[n]; n++)
                if (!strchr(plain, text[n]) && !strchr(more, text[n]))
                        return false;
        return n > 0 && n <= max;
}

enum err aws_config(const struct hook_input *in, struct aws *ret)
{
        CLEANUP_BYTES struct bytes sts = BYTES_NONE;
        enum err e;
        if ((e = hook_config_check(in, known_keys)) != OK || (e = hook_config(in, "user", NULL, &ret->user)) != OK ||
            (e = hook_config(in, "region", "us-east-1", &ret->region)) != OK ||
            (e = hook_config(in, "admin_key_id", NULL, &ret->admin_key_id)) != OK ||
            (e = hook_config_secret(in, "admin_secret_file", &ret->admin_secret)) != OK ||
            (e = hook_config_secret(in, "admin_session_token_file", &ret->admin_token)) != OK)
                return e;
        if (ret->admin_secret.len == 0)
                return err_because(ERR_CONFIG, "config: `admin_secret_file` is missing");
        if (!is_word(bytes_text(&ret->user), 64, "+=,.@_-") || !is_word(bytes_text(&ret->region), 32, "-") ||
            !is_word(bytes_text(&ret->admin_key_id), AWS_ID_MAX, ""))
                return err_because(ERR_CONFIG, "config: `user`, `region` or `admin_key_id` is none that AWS knows");
        bytes_printf(&sts, "https://sts.%s.amazonaws.com", bytes_text(&ret->region));
        if ((e = web_read(in, "iam_url", "https://iam.amazonaws.com", &ret->iam)) != OK)
                return e;
        return web_read(in, "sts_url", bytes_text(&sts), &ret->sts);
}

void aws_done(struct aws *w)
{
        web_done(&w->iam);
        web_done(&w->sts);
        bytes_done(&w->region);
        bytes_done(&w->user);
        bytes_done(&w->admin_key_id);
        secret_wipe(&w->admin_secret);
        secret_wipe(&w->admin_token);
}

const struct aws_key *aws_find(const struct aws_keys *keys, const char *id)
{
        for (size_t i = 0; i < keys->n; i++)
                if (!strcmp(keys->key[i].id, id))
                        return &keys->key[i];
        return NULL;
}

/* ---- one call ---- */

static void take_word(struct span text, char *ret, size_t max)
{
        if (text.n > max)
                return;
        memcpy(ret, text.p, text.n);
        ret[text.n] = 0;
        if (!is_word(ret, max, "."))
                ret[0] = 0;
}

static void on_error(void *context, const char *element, struct span text)
{
        if (!strcmp(element, "Code"))
                take_word(text, context, AWS_CODE_MAX);
}

/* Sends the form; ret_code gets the service's word where it refuses. */
MUST_CHECK static bool send(const struct web *web, struct web_call *c, const struct bytes *form,
                            const struct secret *token, struct https_answer *got, char ret_code[AWS_CODE_MAX + 1],
                            struct hook_answer *a)
{
        CLEANUP_DRAFT struct draft token_header = {0};
        c->method = "POST";
        c->path = "/";
        c->body = bytes_span(form);
        c->headers[0] = "Content-Type: application/x-www-form-urlencoded";
        if (token && token->len > 0) {
                web_header(&token_header, "X-Amz-Security-Token", "", token);
                c->headers[1] = draft_text(&token_header);
        }
        *ret_code = 0;
        if (token_header.error != OK) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "config: `admin_session_token_file` holds no token");
                return false;
        }
        if (!web_call(web, c, got, a))
                return false;
        if (!web_is_good(got) && aws_xml_walk(https_body(got), on_error, ret_code) != OK)
                *ret_code = 0;
        return true;
}

static bool is_throttled(const char *code)
{
        return !strncmp(code, "Throttling", 10) || !strcmp(code, "RequestLimitExceeded") ||
               !strcmp(code, "EntityTemporarilyUnmodifiable");
}

static void refuse(const struct https_answer *got, const struct web_call *c, const char *action, const char *code,
                   struct hook_answer *a)
{
        if (is_throttled(code))
                hook_fail(a, PLUGIN_TRY_AGAIN, "%s: answered %ld: %s", action, got->status, code);
        else
                web_refuse(got, c, action, code, a);
}

/* An action of the admin on the user's keys. id and status: NULL where the action has none. */
MUST_CHECK static bool act(const struct aws *w, const char *action, const char *id, const char *status,
                           struct https_answer *got, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes form = BYTES_NONE;
        CLEANUP_DRAFT struct draft user = {0};
        char provider[64], code[AWS_CODE_MAX + 1];
        snprintf(provider, sizeof provider, "aws:amz:%s:iam", bytes_text(&w->region));
        const struct https_signer signer = {provider, bytes_text(&w->admin_key_id),
                                            (const char *)w->admin_secret.bytes};
        struct web_call c = {.signer = &signer, .is_question = !strncmp(action, "List", 4)};
        draft_add_url(&user, bytes_span(&w->user));
        bytes_printf(&form, "Action=%s&Version=2010-05-08&UserName=%s", action, draft_text(&user));
        if (id)
                bytes_printf(&form, "&AccessKeyId=%s", id);
        if (status)
                bytes_printf(&form, "&Status=%s", status);
        if (!send(&w->iam, &c, &form, &w->admin_token, got, code, a))
                return false;
        bool is_gone_already = !strcmp(action, "DeleteAccessKey") && !strcmp(code, "NoSuchEntity");
        if (web_is_good(got) || is_gone_already)
                return true;
        refuse(got, &c, action, code, a);
        return false;
}

/* ---- the keys ---- */

struct listing {
        struct aws_keys *keys;
        struct aws_key next;
        bool is_truncated, is_too_long, is_a_list;
};

static void on_listed(void *context, const char *element, struct span text)
{
        struct listing *l = context;
        if (!strcmp(element, "AccessKeyId")) {
                take_word(text, l->next.id, AWS_ID_MAX);
        } else if (!strcmp(element, "Status")) {
                l->next.is_active = span_is(text, "Active");
        } else if (!strcmp(element, "IsTruncated")) {
                l->is_truncated = span_is(text, "true");
        } else if (!strcmp(element, "ListAccessKeysResult")) {
                l->is_a_list = true;
        } else if (!strcmp(element, "member")) {
                l->is_too_long = l->is_too_long || l->keys->n == AWS_KEYS_MAX || !l->next.id[0];
                if (!l->is_too_long)
                        l->keys->key[l->keys->n++] = l->next;
                l->next = (struct aws_key){0};
        }
}

bool aws_list(const struct aws *w, struct aws_keys *ret, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        struct listing l = {.keys = ret};
        ret->n = 0;
        if (!act(w, "ListAccessKeys", NULL, NULL, &got, a))
                return false;
        if (aws_xml_walk(https_body(&got), on_listed, &l) == OK && l.is_a_list && !l.is_truncated && !l.is_too_long)
                return true;
        hook_fail(a, PLUGIN_FAILED, "ListAccessKeys: the answer is not a whole list of IAM");
        return false;
}

struct created {
        struct bytes *id;
        struct secret *secret;
        enum err error;
};

static void on_created(void *context, const char *element, struct span text)
{
        struct created *c = context;
        if (!strcmp(element, "AccessKeyId") && c->id->n == 0)
                bytes_add_span(c->id, text);
        else if (!strcmp(element, "SecretAccessKey") && text.n > 0 && c->secret->len == 0)
                c->error = secret_copy(text.p, text.n, c->secret);
}

/* The answer is the only time that anybody sees the secret: what is not understood of it is an unknown outcome. */
bool aws_create(const struct aws *w, struct bytes *ret_id, struct secret *ret_secret, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        struct created c = {ret_id, ret_secret, OK};
        if (!act(w, "CreateAccessKey", NULL, NULL, &got, a))
                return false;
        bool is_good = aws_xml_walk(https_body(&got), on_created, &c) == OK && c.error == OK && ret_secret->len > 0 &&
                       is_word(bytes_text(ret_id), AWS_ID_MAX, "");
        if (!is_good)
                hook_fail(a, PLUGIN_UNKNOWN, "CreateAccessKey: the answer is not that of IAM");
        return is_good;
}

bool aws_set_active(const struct aws *w, const char *id, bool is_active, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        return act(w, "UpdateAccessKey", id, is_active ? "Active" : "Inactive", &got, a);
}

bool aws_delete(const struct aws *w, const char *id, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        return act(w, "DeleteAccessKey", id, NULL, &got, a);
}

/* ---- a login ---- */

struct identity {
        const char *user;
        bool is_user;
};

/* arn:aws:iam::123456789012:user[/PATH]/NAME */
static void on_identity(void *context, const char *element, struct span text)
{
        struct identity *i = context;
        size_t n = strlen(i->user);
        if (!strcmp(element, "Arn"))
                i->is_user = text.n > n && text.p[text.n - n - 1] == '/' &&
                             !memcmp(text.p + text.n - n, i->user, n) && memmem(text.p, text.n, ":user/", 6);
}

enum aws_login aws_try(const struct aws *w, const char *id, const char *secret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes form = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        struct identity identity = {bytes_text(&w->user), false};
        char provider[64], code[AWS_CODE_MAX + 1];
        snprintf(provider, sizeof provider, "aws:amz:%s:sts", bytes_text(&w->region));
        const struct https_signer signer = {provider, id, secret};
        struct web_call c = {.signer = &signer, .is_question = true};
        bytes_add_text(&form, "Action=GetCallerIdentity&Version=2011-06-15");
        if (!send(&w->sts, &c, &form, NULL, &got, code, a))
                return AWS_UNSURE;
        if (web_is_good(&got) && aws_xml_walk(https_body(&got), on_identity, &identity) == OK)
                return identity.is_user ? AWS_IN : AWS_IN_AS_ANOTHER;
        if (got.status == 403 && !strcmp(code, "InvalidClientTokenId"))
                return AWS_NO_SUCH_KEY;
        if (got.status == 403 && !strcmp(code, "SignatureDoesNotMatch"))
                return AWS_WRONG_SECRET;
        refuse(&got, &c, "GetCallerIdentity", code, a);
        return AWS_UNSURE;
}
