/* New secret values: characters of an alphabet, passphrases, keys. */
#pragma once
#include "base/secret.h"
#include <stdbool.h>

#define VALUE_LENGTH_MAX 1024u
#define VALUE_WORDS_MAX  64u
#define VALUE_BITS_MIN   64.0 /* of entropy: less can be guessed at the target */

enum value_kind {
        VALUE_CHARACTERS = 0, /* uniform over the alphabet without the forbidden ones */
        VALUE_PASSPHRASE,  /* words of five letters, consonants and vowels in turn, 16 bits each, with `-` between */
        VALUE_SSH_ED25519, /* an OpenSSH private key file without a passphrase */
        VALUE_TARGET,      /* the target makes it: nothing of ours */
        VALUE_KINDS
};

struct value_rules {
        enum value_kind kind;
        unsigned length, words;
        const char *alphabet;  /* distinct printable ASCII characters */
        const char *forbidden; /* or NULL */
};

/* false when no kind is called so. */
bool value_kind_from_word(const char *word, enum value_kind *ret);
/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err value_check(const struct value_rules *r);
/* Any kind but VALUE_TARGET. Errors: as above, ERR_MEMORY. */
MUST_CHECK enum err value_new(const struct value_rules *r, struct secret *ret);

/* ---- value_ssh.c ---- */
/* A new Ed25519 key pair, written as PROTOCOL.key of OpenSSH says, armored. Errors: ERR_MEMORY, ERR_INTERNAL. */
MUST_CHECK enum err value_new_ssh(struct secret *ret);
