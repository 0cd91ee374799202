#include "tests/unit/support/world.h"
#include "quorum/sshsig.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

static const char *const names[] = {"alice", "bob",   "carol", "dave",   "erin",
                                    "frank", "grace", "rot-1", "broker", "mallory"};

#define MUST(call)                                                                                                   \
        do {                                                                                                         \
                enum err must_ = (call);                                                                             \
                assert(must_ == OK);                                                                                 \
        } while (0)

static void make_secret(const char *purpose, const char *name, size_t len, struct secret *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct hash seed;

        bytes_printf(&text, "%s of %s", purpose, name);
        seed = hash_of(bytes_span(&text));
        MUST(secret_new(len, ret));
        memcpy(ret->bytes, seed.b, HASH_BYTES);
}

static void make_actor(const char *name, struct actor *a)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE; /* libsodium writes the key before it has read the seed */

        a->name = name;
        make_secret("signing key", name, crypto_sign_SEEDBYTES, &seed);
        make_secret("opening key", name, KEY_BYTES, &a->keys.open);
        MUST(secret_new(crypto_sign_SECRETKEYBYTES, &a->keys.sign));
        if (crypto_sign_seed_keypair(a->keys.signs.b, a->keys.sign.bytes, seed.bytes) != 0 ||
            crypto_scalarmult_base(a->keys.opens.b, a->keys.open.bytes) != 0)
                abort();
}

struct world *world_new(void)
{
        struct world *w = mem_new(1, sizeof(*w));

        if (sodium_init() < 0)
                abort();
        w->now_ms = WORLD_START_MS;
        w->n_actors = COUNT_OF(names);
        w->actors = mem_new(COUNT_OF(names), sizeof(*w->actors));
        for (size_t i = 0; i < COUNT_OF(names); i++)
                make_actor(names[i], &w->actors[i]);
        return w;
}

void world_free(struct world *w)
{
        if (!w)
                return;
        for (size_t i = 0; i < w->n_actors; i++) {
                secret_wipe(&w->actors[i].keys.sign);
                secret_wipe(&w->actors[i].keys.open);
        }
        for (size_t i = 0; i < w->n_lines; i++)
                bytes_done(&w->lines[i]);
        free(w->lines);
        free(w->ids);
        free(w->actors);
        free(w);
}

const struct identity *world_keys(const struct world *w, const char *name)
{
        for (size_t i = 0; i < w->n_actors; i++)
                if (strcmp(w->actors[i].name, name) == 0)
                        return &w->actors[i].keys;
        abort();
}

const char *world_opens(const struct world *w, const char *name)
{
        static char text[AGE_PUBLIC_TEXT];

        open_key_format(&world_keys(w, name)->opens, text);
        return text;
}

const char *world_signs(const struct world *w, const char *name)
{
        static char text[SIGN_KEY_TEXT];

        sign_key_format(&world_keys(w, name)->signs, text);
        return text;
}

/* ---- rosters ---- */

static void write_actor(const struct world *w, const char *name, const char *rest, struct bytes *ret)
{
        bytes_printf(ret, "  %s: {signs: %s, opens: %s%s}\n", name, world_signs(w, name), world_opens(w, name), rest);
}

static void write_people(const struct world *w, struct bytes *ret)
{
        bytes_add_text(ret, "people:\n");
        write_actor(w, "alice", ", team: sre, zone: Europe/Berlin, contact: {slack: U0123}", ret);
        write_actor(w, "bob", ", team: db, zone: Europe/Paris", ret);
        write_actor(w, "carol", ", team: sre, zone: America/Lima", ret);
        for (size_t i = 3; i < 7; i++)
                write_actor(w, names[i], "", ret);
        bytes_add_text(ret, "rotators:\n");
        write_actor(w, "rot-1", "", ret);
}

static const char rules[] =
        "emergencies:\n"
        "  E1: {means: Customer-facing outage, example: SSO is down, not_this: It is slow, needs: incident}\n"
        "  E2: {means: A drill}\n"
        "policies:\n"
        "  prod-db: {approvals: 2, holders: [alice, bob, carol], requesters: [erin, frank], emergencies: [E1, E2],"
        " request_for: 30m, open_for: 1h, rotators: [rot-1], postmortem_within: 5d}\n"
        "  web: {approvals: 3, holders: [alice, bob, carol, dave], requesters: [erin], emergencies: [E2],"
        " request_for: 15m, open_for: 2h}\n"
        "credentials:\n"
        "  prod/postgres/root: {opens_what: superuser of the main database, policy: prod-db, sealers: [alice],"
        " tags: [db], rotate: {hook: postgres, config: {role: breakglass, host: db1}}}\n"
        "  prod/web/key: {policy: web, sealers: [dave]}\n"
        "notify: {channels: {slack: {domain: slack}, pagerduty: {domain: pagerduty}}}\n";

void world_roster_yaml(const struct world *w, uint64_t number, const struct hash *previous, struct bytes *ret)
{
        char hex[HASH_HEX + 1] = "none";

        if (previous)
                hash_to_hex(previous, hex);
        bytes_printf(ret, "roster: %llu\nname: acme-prod\nprevious: %s\n", (unsigned long long)number, hex);
        bytes_printf(ret, "broker: {signs: %s}\n", world_signs(w, "broker"));
        bytes_add_text(ret, "admins: {need: 2, people: [alice, bob, carol]}\n");
        write_people(w, ret);
        bytes_add_text(ret, rules);
}

void text_replace(struct bytes *b, const char *from, const char *to)
{
        const char *at = strstr(bytes_text(b), from);
        CLEANUP_BYTES struct bytes rest = BYTES_NONE;

        assert(at && !strstr(at + 1, from));
        bytes_add_text(&rest, at + strlen(from));
        b->n = (size_t)(at - bytes_text(b));
        bytes_add_text(b, to);
        bytes_add_span(b, bytes_span(&rest));
}

struct span world_append_roster(struct world *w, struct span yaml, const char *const signers[])
{
        CLEANUP_ENVELOPE struct envelope e = {0};

        world_envelope_of(w, STATEMENT_ROSTER, yaml, signers, &e);
        w->roster = hash_of(yaml);
        if (w->n_lines == 0)
                w->installation = w->roster;
        return world_append_envelope(w, &e);
}

static const char *const two_admins[] = {"alice", "bob", NULL};

struct span world_genesis(struct world *w)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;

        world_roster_yaml(w, 1, NULL, &yaml);
        return world_append_roster(w, bytes_span(&yaml), two_admins);
}

struct span world_next_roster(struct world *w, const char *from, const char *to)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        uint64_t number = 1;

        for (size_t i = 0; i < w->n_lines; i++)
                number += strstr(bytes_text(&w->lines[i]), "\"type\":\"roster\"") != NULL;
        world_roster_yaml(w, number, &w->roster, &yaml);
        if (from)
                text_replace(&yaml, from, to);
        return world_append_roster(w, bytes_span(&yaml), two_admins);
}

/* ---- statements ---- */

struct statement world_say_as(struct world *w, enum statement_type type, const char *by)
{
        struct statement s = {.type = type, .n_by = 1, .by = {by}, .made_at_ms = w->now_ms};
        uint64_t nonce = ++w->nonces;

        s.installation = w->installation;
        s.roster = w->roster;
        memcpy(s.nonce, &nonce, sizeof(nonce));
        s.head_size = w->log.size;
        s.head_root = frontier_root(&w->log);
        return s;
}

void world_sign(const struct world *w, const char *who, struct envelope *e)
{
        char name_space[64];

        assert(e->n_signatures < SIGNATURES_MAX);
        snprintf(name_space, sizeof(name_space), "breakglass/%s", e->type_word);
        MUST(sshsig_sign(&world_keys(w, who)->sign, name_space, bytes_span(&e->payload),
                         &e->signatures[e->n_signatures++]));
}

void world_envelope_of(const struct world *w, enum statement_type type, struct span payload,
                       const char *const signers[], struct envelope *ret)
{
        *ret = (struct envelope){.type = type};
        snprintf(ret->type_word, sizeof(ret->type_word), "%s", statement_type_word(type));
        bytes_add_span(&ret->payload, payload);
        for (size_t i = 0; signers[i]; i++)
                world_sign(w, signers[i], ret);
}

void world_envelope(const struct world *w, const struct statement *s, struct envelope *ret)
{
        CLEANUP_BYTES struct bytes payload = BYTES_NONE;

        statement_write(s, &payload);
        world_envelope_of(w, s->type, bytes_span(&payload), (const char *const[]){s->by[0], NULL}, ret);
}

struct span world_append_envelope(struct world *w, const struct envelope *e)
{
        struct bytes line = BYTES_NONE;
        struct hash leaf;

        line_write(w->n_lines, w->now_ms, e, &line);
        leaf = tree_leaf(bytes_span(&line));
        frontier_add(&w->log, &leaf);
        w->lines = mem_grow(w->lines, w->n_lines + 1, sizeof(*w->lines));
        w->ids = mem_grow(w->ids, w->n_lines + 1, sizeof(*w->ids));
        w->ids[w->n_lines] = hash_of(bytes_span(&e->payload));
        w->lines[w->n_lines++] = line;
        return bytes_span(&line);
}

struct span world_append(struct world *w, const struct statement *s)
{
        CLEANUP_ENVELOPE struct envelope e = {0};

        world_envelope(w, s, &e);
        return world_append_envelope(w, &e);
}

struct hash world_last_id(const struct world *w)
{
        assert(w->n_lines > 0);
        return w->ids[w->n_lines - 1];
}

struct span world_line(const struct world *w, size_t n)
{
        assert(n < w->n_lines);
        return bytes_span(&w->lines[n]);
}
