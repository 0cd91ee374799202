#include "broker/session.h"
#include "base/secret.h"
#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* challenge   time (8, little-endian) ‖ random (8) ‖ MAC of both (16) */
#define MAC_AT      16u
#define SPENT_MAX   4096u
#define SESSION_MAX 2048u

struct spent {
        unsigned char challenge[MAC_AT];
        int64_t until_ms;
};

struct entry {
        struct hash token; /* only its hash is kept */
        int64_t until_ms;  /* 0: free */
        struct session session;
};

struct sessions {
        pthread_mutex_t lock;
        struct secret key;
        size_t spent_next;
        struct spent spent[SPENT_MAX];
        size_t high; /* no entry from here on was ever used */
        struct entry entry[SESSION_MAX];
};

struct sessions *sessions_new(void)
{
        struct sessions *s = mem_new(1, sizeof *s);
        pthread_mutex_init(&s->lock, NULL);
        if (secret_new(crypto_auth_hmacsha256_KEYBYTES, &s->key) != OK)
                abort();
        crypto_auth_hmacsha256_keygen(s->key.bytes);
        return s;
}

void sessions_free(struct sessions *s)
{
        if (!s)
                return;
        pthread_mutex_destroy(&s->lock);
        secret_wipe(&s->key);
        sodium_memzero(s, sizeof *s);
        free(s);
}

static void write_mac(const struct sessions *s, const unsigned char head[MAC_AT], unsigned char ret[16])
{
        unsigned char mac[crypto_auth_hmacsha256_BYTES];
        if (crypto_auth_hmacsha256(mac, head, MAC_AT, s->key.bytes) != 0)
                abort();
        memcpy(ret, mac, 16);
}

void sessions_challenge(struct sessions *s, int64_t now_ms, unsigned char ret[CHALLENGE_BYTES])
{
        memcpy(ret, &now_ms, sizeof now_ms);
        randombytes_buf(ret + 8, 8);
        write_mac(s, ret, ret + MAC_AT);
}

static bool is_ours(const struct sessions *s, const unsigned char challenge[CHALLENGE_BYTES], int64_t now_ms)
{
        unsigned char mac[16];
        int64_t made_ms;
        write_mac(s, challenge, mac);
        memcpy(&made_ms, challenge, sizeof made_ms);
        return sodium_memcmp(mac, challenge + MAC_AT, sizeof mac) == 0 && made_ms <= now_ms &&
               now_ms - made_ms < CHALLENGE_LIFE_MS;
}

/* The ring overwrites the oldest; one that would still count means more sign-ins than we remember. */
static enum err spend(struct sessions *s, const unsigned char challenge[MAC_AT], int64_t now_ms)
{
        for (size_t i = 0; i < SPENT_MAX; i++)
                if (s->spent[i].until_ms > now_ms && !memcmp(s->spent[i].challenge, challenge, MAC_AT))
                        return ERR_AUTH;
        struct spent *slot = &s->spent[s->spent_next];
        if (slot->until_ms > now_ms)
                return ERR_RATE;
        memcpy(slot->challenge, challenge, MAC_AT);
        slot->until_ms = now_ms + CHALLENGE_LIFE_MS;
        s->spent_next = (s->spent_next + 1) % SPENT_MAX;
        return OK;
}

enum err sessions_spend(struct sessions *s, const unsigned char challenge[CHALLENGE_BYTES], int64_t now_ms)
{
        if (!is_ours(s, challenge, now_ms))
                return ERR_AUTH;
        pthread_mutex_lock(&s->lock);
        enum err e = spend(s, challenge, now_ms);
        pthread_mutex_unlock(&s->lock);
        return e;
}

/* A free place, or this person's oldest once they have enough, or the oldest of all. */
static struct entry *place_for(struct sessions *s, const char *name, int64_t now_ms)
{
        struct entry *free_one = NULL, *own = NULL, *oldest = &s->entry[0];
        unsigned n_own = 0;
        for (size_t i = 0; i < s->high; i++) {
                struct entry *e = &s->entry[i];
                if (e->until_ms < oldest->until_ms)
                        oldest = e;
                if (e->until_ms <= now_ms) {
                        free_one = free_one ? free_one : e;
                } else if (!strcmp(e->session.name, name)) {
                        n_own++;
                        own = !own || e->until_ms < own->until_ms ? e : own;
                }
        }
        if (n_own >= SESSIONS_EACH)
                return own;
        if (!free_one && s->high < SESSION_MAX)
                return &s->entry[s->high++];
        return free_one ? free_one : oldest;
}

void sessions_open(struct sessions *s, const char *name, const struct key *signs, int64_t now_ms,
                   unsigned char ret_token[TOKEN_BYTES])
{
        randombytes_buf(ret_token, TOKEN_BYTES);
        pthread_mutex_lock(&s->lock);
        struct entry *e = place_for(s, name, now_ms);
        e->token = hash_of(span_of(ret_token, TOKEN_BYTES));
        e->until_ms = now_ms + SESSION_LIFE_MS;
        snprintf(e->session.name, sizeof e->session.name, "%s", name);
        e->session.signs = *signs;
        pthread_mutex_unlock(&s->lock);
}

enum err sessions_find(struct sessions *s, struct span token_hex, int64_t now_ms, struct session *ret)
{
        unsigned char token[TOKEN_BYTES];
        if (hex_decode(token_hex, token, sizeof token) != OK)
                return ERR_AUTH;
        struct hash h = hash_of(span_of(token, sizeof token));
        enum err e = ERR_AUTH;
        pthread_mutex_lock(&s->lock);
        for (size_t i = 0; i < s->high && e != OK; i++)
                if (s->entry[i].until_ms > now_ms && hash_equal(&s->entry[i].token, &h)) {
                        *ret = s->entry[i].session;
                        e = OK;
                }
        pthread_mutex_unlock(&s->lock);
        return e;
}
