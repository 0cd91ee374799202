/* The access keys of one IAM user, over AWS's query APIs (IAM 2010-05-08, STS 2011-06-15; Signature Version 4). */
#pragma once
#include "rotators/hooks/web.h"

#define AWS_KEYS_MAX 8u   /* IAM keeps two of a user */
#define AWS_ID_MAX   128u /* 16 to 128 letters and digits */
#define AWS_CODE_MAX 64u

struct aws {
        struct web iam, sts;
        struct bytes region, user, admin_key_id;
        struct secret admin_secret, admin_token; /* token: of temporary credentials; empty where there is none */
};

struct aws_key {
        char id[AWS_ID_MAX + 1];
        bool is_active;
};

struct aws_keys {
        size_t n;
        struct aws_key key[AWS_KEYS_MAX];
};

enum aws_login {
        AWS_UNSURE = 0, /* nothing is known; there is an answer */
        AWS_IN,
        AWS_IN_AS_ANOTHER, /* the key is of another user */
        AWS_NO_SUCH_KEY,   /* InvalidClientTokenId: deleted, inactive, or not yet known everywhere */
        AWS_WRONG_SECRET,  /* the key is there, this is not its secret */
};

/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err aws_config(const struct hook_input *in, struct aws *ret);
void aws_done(struct aws *w);
const struct aws_key *aws_find(const struct aws_keys *keys, const char *id); /* NULL */

/* Each is false with an answer when it did not succeed. */
MUST_CHECK bool aws_list(const struct aws *w, struct aws_keys *ret, struct hook_answer *a);
MUST_CHECK bool aws_create(const struct aws *w, struct bytes *ret_id, struct secret *ret_secret,
                           struct hook_answer *a);
MUST_CHECK bool aws_set_active(const struct aws *w, const char *id, bool is_active, struct hook_answer *a);
/* A key that is gone already is a success. */
MUST_CHECK bool aws_delete(const struct aws *w, const char *id, struct hook_answer *a);
/* GetCallerIdentity with this key: it needs no permission and changes nothing. */
enum aws_login aws_try(const struct aws *w, const char *id, const char *secret, struct hook_answer *a);
