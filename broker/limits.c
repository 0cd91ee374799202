#include "broker/limits.h"
#include "base/bytes.h"
#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* A full table forgets the bucket that is nearest to full: whoever is being held back stays held back. */
#define BUCKETS 4096u
#define PROBES  8u

struct bucket {
        uint64_t key;   /* 0: free */
        double missing; /* tokens taken and not yet filled up */
        int64_t at_ms;
};

struct limits {
        pthread_mutex_t lock;
        unsigned char hash_key[crypto_shorthash_KEYBYTES]; /* nobody outside can aim at another's bucket */
        struct bucket bucket[BUCKETS];
};

struct limits *limits_new(void)
{
        struct limits *l = mem_new(1, sizeof *l);
        pthread_mutex_init(&l->lock, NULL);
        randombytes_buf(l->hash_key, sizeof l->hash_key);
        return l;
}

void limits_free(struct limits *l)
{
        if (!l)
                return;
        pthread_mutex_destroy(&l->lock);
        free(l);
}

static uint64_t key_of(const struct limits *l, enum limit_kind kind, const char *who)
{
        unsigned char text[1 + 256], hash[crypto_shorthash_BYTES];
        size_t n = strnlen(who, 256);
        uint64_t key;
        text[0] = (unsigned char)kind;
        memcpy(text + 1, who, n);
        if (crypto_shorthash(hash, text, 1 + n, l->hash_key) != 0)
                abort();
        memcpy(&key, hash, sizeof key);
        return key ? key : 1;
}

static struct bucket *bucket_of(struct limits *l, uint64_t key)
{
        struct bucket *victim = NULL;
        for (size_t i = 0; i < PROBES; i++) {
                struct bucket *b = &l->bucket[(key + i) % BUCKETS];
                if (b->key == key)
                        return b;
                if (!victim || (victim->key && (!b->key || b->missing < victim->missing)))
                        victim = b;
        }
        *victim = (struct bucket){.key = key};
        return victim;
}

static bool try_take(struct limits *l, enum limit_kind kind, const char *who, int64_t count, int64_t per_ms,
                     int64_t now_ms, double cost, int64_t *ret_wait_ms)
{
        double each_ms = (double)per_ms / (double)count;
        pthread_mutex_lock(&l->lock);
        struct bucket *b = bucket_of(l, key_of(l, kind, who));
        if (now_ms > b->at_ms)
                b->missing -= (double)(now_ms - b->at_ms) / each_ms;
        if (b->missing < 0)
                b->missing = 0;
        b->at_ms = now_ms;
        double over = b->missing + 1 - (double)count;
        bool has = over <= 0;
        if (has)
                b->missing += cost;
        pthread_mutex_unlock(&l->lock);
        if (ret_wait_ms)
                *ret_wait_ms = has ? 0 : (int64_t)(over * each_ms) + 1;
        return has;
}

bool limits_take(struct limits *l, enum limit_kind kind, const char *who, int64_t count, int64_t per_ms,
                 int64_t now_ms, int64_t *ret_wait_ms)
{
        return try_take(l, kind, who, count, per_ms, now_ms, 1, ret_wait_ms);
}

bool limits_has(struct limits *l, enum limit_kind kind, const char *who, int64_t count, int64_t per_ms,
                int64_t now_ms, int64_t *ret_wait_ms)
{
        return try_take(l, kind, who, count, per_ms, now_ms, 0, ret_wait_ms);
}
