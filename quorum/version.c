#include "quorum/version.h"
#include "quorum/hkdf.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define SHARE_WORD     "breakglass-share/v1"
#define RESHARE_WORD   "breakglass-reshare-to/v1"
#define HEX_CHARS      (2u * SCALAR_BYTES)
#define SHARE_TEXT_MAX 1024u /* an opened share file, generously */

enum err version_key(const struct secret *s, struct secret *ret_identity)
{
        /* the identity first, so that the work behind it can be cut off */
        struct arena {
                unsigned char identity[KEY_BYTES];
                struct hkdf_work work;
        };
        CLEANUP_SECRET struct secret memory = SECRET_NONE;
        enum err e = secret_new(sizeof(struct arena), &memory);
        if (e != OK)
                return e;
        struct arena *a = (struct arena *)(void *)memory.bytes;
        e = hkdf_sha256(&a->work, span_of(s->bytes, s->len), span_of("", 0), "breakglass/v1/version-key",
                        a->identity);
        sodium_memzero(&a->work, sizeof a->work);
        if (e != OK)
                return e;
        secret_move(ret_identity, &memory);
        ret_identity->len = KEY_BYTES;
        return OK;
}

/* ---- the line inside a share file ---- */

/* Everything before the scalar; request: NULL for a holder's own share. */
static void add_share_head(struct bytes *b, const struct version_fields *v, unsigned index,
                           const struct hash *request)
{
        if (request) {
                bytes_add_text(b, RESHARE_WORD " ");
                bytes_add_hex(b, request->b, HASH_BYTES);
        } else {
                bytes_add_text(b, SHARE_WORD);
        }
        bytes_printf(b, " %s %" PRIu64 " %s %u ", v->credential, v->number, v->recipient, index);
}

static enum err write_share(const struct version_fields *v, unsigned index, const unsigned char scalar[SCALAR_BYTES],
                            const struct hash *request, struct secret *ret)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE;
        add_share_head(&head, v, index, request);
        enum err e = secret_new(head.n + HEX_CHARS + 1, ret);
        if (e != OK)
                return e;
        memcpy(ret->bytes, head.p, head.n);
        secret_hex_encode(scalar, SCALAR_BYTES, ret->bytes + head.n);
        ret->bytes[head.n + HEX_CHARS] = '\n';
        return OK;
}

static enum err read_share(const struct version_fields *v, unsigned index, const struct hash *request,
                           const struct secret *text, struct secret *ret_scalar)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE;
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        enum err e;
        add_share_head(&head, v, index, request);
        if (text->len < head.n)
                return err_because(ERR_BAD_SHARE, "too short for a share of this version");
        secret_declassify(text->bytes, head.n); /* only the scalar behind it is secret */
        if (memcmp(text->bytes, head.p, head.n) != 0)
                return err_because(ERR_BAD_SHARE, "the share inside is another version's, index's or request's");
        if (text->len != head.n + HEX_CHARS + 1 || secret_verdict(text->bytes[text->len - 1]) != '\n')
                return err_because(ERR_BAD_SHARE, "a scalar has %u digits", HEX_CHARS);
        if ((e = secret_new(SCALAR_BYTES, &scalar)) != OK)
                return e;
        if (secret_hex_decode(text->bytes + head.n, scalar.bytes, SCALAR_BYTES) != OK)
                return err_because(ERR_BAD_SHARE, "a scalar is lower-case hex");
        if ((e = share_verify(index, scalar.bytes, v->commitments, v->n_commitments)) != OK)
                return e;
        secret_move(ret_scalar, &scalar);
        return OK;
}

/* ---- sealing ---- */

static enum err seal_share(const struct version_fields *v, unsigned index, const unsigned char scalar[SCALAR_BYTES],
                           const struct hash *request, const struct key *to, struct bytes *ret_file)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        enum err e = write_share(v, index, scalar, request, &text);
        if (e != OK)
                return e;
        return age_seal(to, span_of(text.bytes, text.len), ret_file);
}

static enum err seal_document(const struct secret *s, const struct document *document, struct sealed_version *ret)
{
        CLEANUP_SECRET struct secret identity = SECRET_NONE;
        struct key recipient;
        enum err e;
        if ((e = version_key(s, &identity)) != OK)
                return e;
        if ((e = age_public_of(&identity, &recipient)) != OK)
                return e;
        open_key_format(&recipient, ret->recipient_text);
        ret->fields.recipient = ret->recipient_text;
        e = age_seal(&recipient, span_of(document->raw.bytes, document->raw.len), &ret->ciphertext);
        if (e != OK)
                return e;
        ret->fields.ciphertext_sha256 = hash_of(bytes_span(&ret->ciphertext));
        ret->fields.ciphertext_bytes = ret->ciphertext.n;
        return OK;
}

static enum err seal_shares(const struct secret *shares, const struct version_holder holders[], unsigned n,
                            struct sealed_version *ret)
{
        for (unsigned i = 0; i < n; i++) {
                struct version_share *share = &ret->fields.shares[i];
                enum err e = seal_share(&ret->fields, i + 1, shares->bytes + (size_t)i * SCALAR_BYTES, NULL,
                                        &holders[i].opens, &ret->share_file[i]);
                if (e != OK)
                        return e;
                open_key_format(&holders[i].opens, ret->holder_text[i]);
                share->holder = holders[i].name;
                share->index = i + 1;
                share->recipient = ret->holder_text[i];
                share->sha256 = hash_of(bytes_span(&ret->share_file[i]));
        }
        ret->fields.n_shares = n;
        return OK;
}

static enum err seal(const struct version_holder holders[], unsigned n, const struct document *document,
                     struct sealed_version *ret)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE, shares = SECRET_NONE;
        enum err e;
        if ((e = share_new_secret(&s)) != OK)
                return e;
        if ((e = share_split(&s, ret->fields.need, n, &shares, ret->fields.commitments)) != OK)
                return e;
        ret->fields.n_commitments = ret->fields.need;
        if ((e = seal_document(&s, document, ret)) != OK)
                return e;
        if ((e = seal_shares(&shares, holders, n, ret)) != OK)
                return e;
        return version_check(&ret->fields);
}

enum err version_seal(const struct version_fields *about, const struct version_holder holders[], unsigned n,
                      const struct document *document, struct sealed_version *ret)
{
        *ret = (struct sealed_version){.fields = *about};
        enum err e = seal(holders, n, document, ret);
        if (e != OK)
                sealed_version_done(ret);
        return e;
}

void sealed_version_done(struct sealed_version *v)
{
        bytes_done(&v->ciphertext);
        for (unsigned i = 0; i < SHARE_MAX; i++)
                bytes_done(&v->share_file[i]);
        *v = (struct sealed_version){0};
}

/* ---- checking ---- */

static enum err check_share_entry(const struct version_fields *v, unsigned i)
{
        const struct version_share *a = &v->shares[i];
        struct key recipient;
        enum err e = open_key_parse(span_text(a->recipient), &recipient);
        if (e != OK)
                return e;
        if (a->index < 1 || a->index > v->n_shares)
                return err_because(ERR_BAD_VERSION, "index %u of %u shares", a->index, v->n_shares);
        if (strcmp(a->recipient, v->recipient) == 0)
                return err_because(ERR_BAD_VERSION, "a share sealed to the version's own key");
        for (unsigned j = 0; j < i; j++) {
                const struct version_share *b = &v->shares[j];
                if (strcmp(a->holder, b->holder) == 0 || a->index == b->index ||
                    strcmp(a->recipient, b->recipient) == 0)
                        return err_because(ERR_BAD_VERSION, "two shares of one holder, index or key");
        }
        return OK;
}

enum err version_check(const struct version_fields *v)
{
        struct key recipient;
        enum err e;
        if (v->n_shares > SHARE_MAX || v->need < 1 || v->need > v->n_shares)
                return err_because(ERR_BAD_VERSION, "need %u of %u shares, at most %u", v->need, v->n_shares,
                                   SHARE_MAX);
        if (v->n_commitments != v->need)
                return err_because(ERR_BAD_VERSION, "%u commitments for need %u", v->n_commitments, v->need);
        if ((e = open_key_parse(span_text(v->recipient), &recipient)) != OK)
                return e;
        for (unsigned i = 0; i < v->n_shares; i++)
                if ((e = check_share_entry(v, i)) != OK)
                        return e;
        return share_check_commitments(v->commitments, v->n_commitments);
}

const struct version_share *version_share_of(const struct version_fields *v, const char *holder)
{
        for (unsigned i = 0; i < v->n_shares; i++)
                if (strcmp(v->shares[i].holder, holder) == 0)
                        return &v->shares[i];
        return NULL;
}

/* ---- opening ---- */

static enum err check_blob(struct span blob, const struct hash *sha256)
{
        struct hash h = hash_of(blob);
        return hash_equal(&h, sha256) ? OK : err_because(ERR_BAD_BLOB, "its SHA-256 is another");
}

static enum err open_share_text(const struct secret *identity, struct span file, struct secret *ret)
{
        enum err e = age_open(identity, file, AGE_ONE_STANZA, SHARE_TEXT_MAX, ret);
        return e == ERR_TOO_LARGE ? ERR_BAD_CONTAINER : e;
}

enum err version_open_share(const struct version_fields *v, const char *holder, struct span file,
                            const struct secret *identity, struct secret *ret_scalar)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        const struct version_share *share = version_share_of(v, holder);
        enum err e;
        if (!share)
                return err_because(ERR_MISMATCH, "%s holds no share of this version", holder);
        if ((e = check_blob(file, &share->sha256)) != OK)
                return e;
        if ((e = open_share_text(identity, file, &text)) != OK)
                return e;
        return read_share(v, share->index, NULL, &text, ret_scalar);
}

enum err version_reseal_share(const struct version_fields *v, unsigned index, const struct secret *scalar,
                              const struct hash *request, const struct key *reply_to, struct bytes *ret_file)
{
        if (scalar->len != SCALAR_BYTES)
                return err_because(ERR_BAD_SHARE, "a scalar has %u bytes", SCALAR_BYTES);
        return seal_share(v, index, scalar->bytes, request, reply_to, ret_file);
}

enum err version_open_resealed(const struct version_fields *v, unsigned index, const struct hash *request,
                               struct span file, const struct secret *reply_identity, struct secret *ret_scalar)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        enum err e = open_share_text(reply_identity, file, &text);
        if (e != OK)
                return e;
        return read_share(v, index, request, &text, ret_scalar);
}

enum err version_combine(const struct version_fields *v, const unsigned indices[], const struct secret *scalars,
                         struct secret *ret_identity)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE, identity = SECRET_NONE;
        struct key recipient;
        char text[AGE_PUBLIC_TEXT];
        enum err e;
        if ((e = share_combine(indices, scalars, v->need, v->commitments[0], &s)) != OK)
                return e == ERR_RANGE || e == ERR_MISMATCH ? ERR_BAD_SHARE : e;
        if ((e = version_key(&s, &identity)) != OK)
                return e;
        if ((e = age_public_of(&identity, &recipient)) != OK)
                return e;
        open_key_format(&recipient, text);
        if (strcmp(text, v->recipient) != 0)
                return err_because(ERR_BAD_VERSION,
                                   "the shares join, but to another key than the version's recipient");
        secret_move(ret_identity, &identity);
        return OK;
}

enum err version_open_document(const struct version_fields *v, struct span ciphertext, const struct secret *identity,
                               struct document *ret)
{
        CLEANUP_SECRET struct secret raw = SECRET_NONE;
        enum err e;
        if (ciphertext.n != v->ciphertext_bytes)
                return err_because(ERR_BAD_BLOB, "%zu bytes instead of %" PRIu64, ciphertext.n, v->ciphertext_bytes);
        if ((e = check_blob(ciphertext, &v->ciphertext_sha256)) != OK)
                return e;
        if ((e = age_open(identity, ciphertext, AGE_ONE_STANZA, DOCUMENT_MAX, &raw)) != OK)
                return e == ERR_TOO_LARGE ? ERR_BAD_CONTAINER : e;
        e = document_read(&raw, v->credential, v->number, ret);
        return e == ERR_MISMATCH ? ERR_BAD_VERSION : e;
}
