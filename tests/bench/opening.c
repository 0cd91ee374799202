/* One opening by the client's own code, and what it can't do without.
 *
 *   opening warm REQUEST IDENTITY    (XDG_STATE_HOME as for `breakglass`) signs in, says "ready", and at the first
 * line on stdin opens: {"seconds":…,"fsyncs":…} of this side opening floor FOLDER
 * {"commit":…,"verify":…,"openings":…}: seconds of one SQLite FULL commit in this folder, of one Ed25519
 * verification, and of opening two shares, joining them and opening the secret */
#include "client/act.h"
#include "tests/bench/load_http.h"
#include "tests/bench/ratio.h"
#include "tests/unit/support/world.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#define REQUEST_HASH ((struct hash){{1}})

static void must(enum err e, const char *what)
{
        if (e != OK)
                load_fail(what, err_reason());
}

/* ---- what reaches the disk, counted in place of the C library's ---- */

static unsigned n_fsyncs;

__attribute__((visibility("default"))) int fsync(int fd)
{
        n_fsyncs++;
        return (int)syscall(SYS_fsync, fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
        n_fsyncs++;
        return (int)syscall(SYS_fdatasync, fd);
}

/* ---- warm ---- */

static double now_s(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void warm(const char *request, const char *identity_path)
{
        struct client *c = NULL;
        struct identity me = {0};
        struct request_view r;
        CLEANUP_DOCUMENT struct document document = {0};
        char line[16];
        must(identity_load(identity_path, NULL, &me), "identity");
        must(client_open(NULL, &c), "folder");
        must(client_unlock(c, &me), "unlocking");
        must(client_sync(c, 0, NULL), "signing in");
        must(act_find_request(c, request, &r), request);
        struct hash id = r.id; /* views die with the next sync */
        puts("ready");
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin))
                load_fail("stdin", "closed");
        unsigned before = n_fsyncs;
        double began = now_s();
        must(act_open(c, &id, false, NULL, NULL, &document), "opening");
        double took = now_s() - began;
        printf("{\"seconds\":%.6f,\"fsyncs\":%u}\n", took, n_fsyncs - before);
        document_wipe(&document);
        client_close(c);
}

/* ---- floor ---- */

struct floor {
        sqlite3 *db;
        sqlite3_stmt *insert;
        struct sealed_version sealed;
        struct secret reply;
        struct bytes file[2];
        unsigned char key[crypto_sign_PUBLICKEYBYTES], signature[crypto_sign_BYTES], text[115];
};

static void commit_once(void *context)
{
        struct floor *f = context;
        if (sqlite3_exec(f->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_step(f->insert) != SQLITE_DONE || sqlite3_reset(f->insert) != SQLITE_OK ||
            sqlite3_exec(f->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
                load_fail("commit", sqlite3_errmsg(f->db));
}

static void verify_once(void *context)
{
        struct floor *f = context;
        if (crypto_sign_verify_detached(f->signature, f->text, sizeof f->text, f->key) != 0)
                load_fail("verify", "no");
}

static void open_once(void *context)
{
        struct floor *f = context;
        CLEANUP_SECRET struct secret both = SECRET_NONE, identity = SECRET_NONE;
        CLEANUP_DOCUMENT struct document document = {0};
        const unsigned indices[2] = {1, 2};
        must(secret_new((size_t)2 * SCALAR_BYTES, &both), "memory");
        for (unsigned i = 0; i < 2; i++) {
                CLEANUP_SECRET struct secret scalar = SECRET_NONE;
                must(version_open_resealed(&f->sealed.fields, i + 1, &REQUEST_HASH, bytes_span(&f->file[i]),
                                           &f->reply, &scalar),
                     "share");
                memcpy(both.bytes + (size_t)i * SCALAR_BYTES, scalar.bytes, SCALAR_BYTES);
        }
        must(version_combine(&f->sealed.fields, indices, &both, &identity), "joining");
        must(version_open_document(&f->sealed.fields, bytes_span(&f->sealed.ciphertext), &identity, &document),
             "document");
}

static void prepare_database(struct floor *f, const char *folder)
{
        CLEANUP_FREE char *path = path_join(folder, "bare-opening.db");
        if (sqlite3_open(path, &f->db) != SQLITE_OK ||
            sqlite3_exec(f->db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "CREATE TABLE IF NOT EXISTS log (n INTEGER PRIMARY KEY, line BLOB)",
                         NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_prepare_v2(f->db, "INSERT INTO log (line) VALUES (zeroblob(1100))", -1, &f->insert, NULL) !=
                    SQLITE_OK)
                load_fail("database", sqlite3_errmsg(f->db));
}

static void prepare_shares(struct floor *f)
{
        static const char *const holders[] = {"alice", "bob"};
        struct world *w = world_new();
        struct key reply_to;
        world_genesis(w);
        world_version(w, "prod/postgres/root", 1, NULL, "alice", &f->sealed);
        must(age_new_identity(&f->reply), "one-time key");
        must(age_public_of(&f->reply, &reply_to), "one-time key");
        for (unsigned i = 0; i < 2; i++) {
                CLEANUP_SECRET struct secret scalar = SECRET_NONE;
                must(version_open_share(&f->sealed.fields, holders[i], bytes_span(&f->sealed.share_file[i]),
                                        &world_keys(w, holders[i])->open, &scalar),
                     "own share");
                must(version_reseal_share(&f->sealed.fields, i + 1, &scalar, &REQUEST_HASH, &reply_to, &f->file[i]),
                     "resealing");
        }
}

static void floor_of(const char *folder)
{
        struct floor *f = mem_new(1, sizeof *f);
        unsigned char key[crypto_sign_SECRETKEYBYTES];
        prepare_database(f, folder);
        prepare_shares(f);
        crypto_sign_keypair(f->key, key);
        crypto_sign_detached(f->signature, NULL, f->text, sizeof f->text, key);
        const struct contender parts[] = {
                {"commit", commit_once, f}, {"verify", verify_once, f}, {"openings", open_once, f}};
        double ns[3];
        ratio_measure(parts, COUNT_OF(parts), 15, 1, ns);
        printf("{\"commit\":%.9f,\"verify\":%.9f,\"openings\":%.9f}\n", ns[0] / 1e9, ns[1] / 1e9, ns[2] / 1e9);
        sqlite3_finalize(f->insert);
        sqlite3_close(f->db);
}

int main(int argc, char **argv)
{
        if (sodium_init() < 0)
                load_fail("libsodium", "no start");
        if (argc == 4 && !strcmp(argv[1], "warm")) {
                warm(argv[2], argv[3]);
        } else if (argc == 3 && !strcmp(argv[1], "floor")) {
                floor_of(argv[2]);
        } else {
                fprintf(stderr, "usage: opening warm REQUEST IDENTITY | opening floor FOLDER\n");
                return 2;
        }
        return 0;
}
