#include "tests/bench/load_world.h"
#include "base/clock.h"
#include "quorum/sshsig.h"
#include "quorum/tree.h"
#include "tests/bench/load_http.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define CREDENTIAL "bench/secret"

static void must(enum err e, const char *what)
{
        if (e != OK)
                load_fail(what, err_reason());
}

/* ---- people ---- */

static void make_person(const char *name, struct identity *ret)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE;
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_printf(&text, "bench %s", name);
        struct hash h = hash_of(bytes_span(&text));
        must(secret_copy(h.b, sizeof h.b, &seed), "seed");
        must(secret_copy(h.b, sizeof h.b, &ret->open), "opening key");
        ret->open.bytes[0] ^= 1;
        must(secret_new(crypto_sign_SECRETKEYBYTES, &ret->sign), "signing key");
        if (crypto_sign_seed_keypair(ret->signs.b, ret->sign.bytes, seed.bytes) != 0 ||
            crypto_scalarmult_base(ret->opens.b, ret->open.bytes) != 0)
                load_fail("keys", name);
}

struct load_world *load_world_new(void)
{
        struct load_world *w = mem_new(1, sizeof *w);
        if (sodium_init() < 0)
                load_fail("libsodium", "no start");
        make_person("erin", &w->requester);
        for (unsigned i = 0; i < HOLDERS; i++) {
                snprintf(w->name[i], sizeof w->name[i], "h%02u", i + 1);
                make_person(w->name[i], &w->holder[i]);
        }
        return w;
}

static void add_people(const struct load_world *w, struct bytes *ret)
{
        bytes_add_text(ret, "people:\n  ");
        identity_roster_line(&w->requester, "erin", ret);
        for (unsigned i = 0; i < HOLDERS; i++) {
                bytes_add_text(ret, ret->p[ret->n - 1] == '\n' ? "  " : "\n  ");
                identity_roster_line(&w->holder[i], w->name[i], ret);
        }
        bytes_add_text(ret, ret->p[ret->n - 1] == '\n' ? "" : "\n");
}

void load_world_roster(const struct load_world *w, const char *broker, struct bytes *ret)
{
        bytes_printf(ret, "roster: 1\nname: bench\nprevious: none\n%s\nadmins: {need: 1, people: [h01]}\n", broker);
        add_people(w, ret);
        bytes_add_text(ret,
                       "emergencies:\n  E1: {means: A measurement}\npolicies:\n  main: {approvals: 2, holders: [");
        for (unsigned i = 0; i < HOLDERS; i++)
                bytes_printf(ret, "%s%s", i > 0 ? ", " : "", w->name[i]);
        bytes_add_text(ret, "], requesters: [erin], emergencies: [E1], request_for: 1h, open_for: 1h}\n"
                            "credentials:\n  " CREDENTIAL ": {opens_what: nothing, policy: main, sealers: [h01]}\n");
}

/* ---- statements ---- */

static void sign(const struct identity *who, enum statement_type type, struct span payload, struct envelope *ret)
{
        *ret = (struct envelope){.type = type, .n_signatures = 1};
        snprintf(ret->type_word, sizeof ret->type_word, "%s", statement_type_word(type));
        bytes_add_span(&ret->payload, payload);
        must(identity_sign(who, type, payload, &ret->signatures[0]), "signing");
}

void load_world_sign_roster(const struct load_world *w, struct span yaml, struct bytes *ret_json)
{
        CLEANUP_ENVELOPE struct envelope e = {0};
        sign(&w->holder[0], STATEMENT_ROSTER, yaml, &e);
        envelope_write(&e, ret_json);
}

void load_world_begin(struct load_world *w, struct span genesis_line)
{
        CLEANUP_LINE struct line line = {0};
        must(line_read(genesis_line, &line), "genesis");
        w->installation = hash_of(bytes_span(&line.envelope.payload));
        w->root = tree_leaf(genesis_line);
}

static struct statement begin(const struct load_world *w, enum statement_type type, const char *by)
{
        struct statement s = {.type = type, .n_by = 1, .by = {by}, .made_at_ms = clock_now_ms()};
        s.installation = s.roster = w->installation;
        s.head_size = 1;
        s.head_root = w->root;
        statement_new_nonce(&s);
        return s;
}

/* {"statement":…,"blobs":[…]} */
static struct hash finish(const struct identity *who, const struct statement *s, const struct span blobs[], size_t n,
                          struct bytes *ret_body, size_t *ret_line)
{
        CLEANUP_BYTES struct bytes payload = BYTES_NONE;
        CLEANUP_ENVELOPE struct envelope e = {0};
        statement_write(s, &payload);
        sign(who, s->type, bytes_span(&payload), &e);
        bytes_add_text(ret_body, "{\"statement\":");
        envelope_write(&e, ret_body);
        if (ret_line)
                *ret_line = ret_body->n - strlen("{\"statement\":") + strlen("\"n\":1000,\"at\":1764000000000,");
        bytes_add_text(ret_body, ",\"blobs\":[");
        for (size_t i = 0; i < n; i++) {
                bytes_add_text(ret_body, i > 0 ? ",\"" : "\"");
                bytes_add_base64(ret_body, blobs[i]);
                bytes_add_byte(ret_body, '"');
        }
        bytes_add_text(ret_body, "]}");
        return hash_of(bytes_span(&payload));
}

static void open_shares(struct load_world *w)
{
        for (unsigned i = 0; i < HOLDERS; i++)
                must(version_open_share(&w->sealed.fields, w->name[i], bytes_span(&w->sealed.share_file[i]),
                                        &w->holder[i].open, &w->scalar[i]),
                     "opening a share");
}

void load_say_version(struct load_world *w, struct bytes *ret_body)
{
        struct version_fields about = {
                .credential = CREDENTIAL, .number = 1, .policy = "main", .need = 2, .is_initial = true};
        struct document_field password = {.name = "password", .value = (const unsigned char *)"hunter2", .len = 7};
        CLEANUP_DOCUMENT struct document document = {0};
        struct version_holder to[HOLDERS];
        struct span blobs[HOLDERS + 1];
        struct statement s = begin(w, STATEMENT_VERSION, "h01");
        for (unsigned i = 0; i < HOLDERS; i++)
                to[i] = (struct version_holder){w->name[i], w->holder[i].opens};
        must(document_build(CREDENTIAL, 1, &password, 1, &document), "document");
        must(version_seal(&about, to, HOLDERS, &document, &w->sealed), "sealing");
        s.version = w->sealed.fields;
        for (unsigned i = 0; i < HOLDERS; i++)
                blobs[i] = bytes_span(&w->sealed.share_file[i]);
        blobs[HOLDERS] = bytes_span(&w->sealed.ciphertext);
        w->version = finish(&w->holder[0], &s, blobs, HOLDERS + 1, ret_body, NULL);
        open_shares(w);
}

void load_say_request(const struct load_world *w, struct bytes *ret_body, struct hash *ret_id, struct key *ret_reply)
{
        struct statement s = begin(w, STATEMENT_REQUEST, "erin");
        CLEANUP_SECRET struct secret reply = SECRET_NONE;
        char reply_to[AGE_PUBLIC_TEXT];
        must(age_new_identity(&reply), "one-time key");
        must(age_public_of(&reply, ret_reply), "one-time key");
        open_key_format(ret_reply, reply_to);
        s.request.credential = CREDENTIAL;
        s.request.version = w->version;
        s.request.emergency = "E1";
        s.request.reason = "how many a second";
        s.request.open_for_ms = HOUR_MS;
        s.request.reply_to = reply_to;
        s.request.expires_at_ms = s.made_at_ms + HOUR_MS;
        *ret_id = finish(&w->requester, &s, NULL, 0, ret_body, NULL);
}

void load_say_approval(const struct load_world *w, unsigned holder, const struct hash *request,
                       const struct key *reply, struct bytes *ret_body, size_t *ret_line, size_t *ret_blob)
{
        struct statement s = begin(w, STATEMENT_APPROVAL, w->name[holder]);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        must(version_reseal_share(&w->sealed.fields, holder + 1, &w->scalar[holder], request, reply, &file),
             "resealing");
        s.approval.request = *request;
        s.approval.version = w->version;
        s.approval.index = holder + 1;
        s.approval.share = hash_of(bytes_span(&file));
        s.approval.expires_at_ms = s.made_at_ms + HOUR_MS;
        struct span blob = bytes_span(&file);
        finish(&w->holder[holder], &s, &blob, 1, ret_body, ret_line);
        if (ret_blob)
                *ret_blob = file.n;
}
