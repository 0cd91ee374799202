/* The barest loop that accepts approvals: verify an Ed25519 signature for each of a group, store the same bytes,
 * commit once with synchronous = FULL. Prints how many per second.
 *
 *   bare_commit DATABASE GROUP TOTAL LINE-BYTES BLOB-BYTES */
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIGNED_BYTES 115u /* what an SSHSIG signature of an approval is over */

static sqlite3 *db;

static void must(int held, const char *what)
{
        if (!held) {
                fprintf(stderr, "bare_commit: %s\n", what);
                exit(1);
        }
}

static void run(const char *sql)
{
        must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static sqlite3_stmt *prepare(const char *sql)
{
        sqlite3_stmt *q;
        must(sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK, sql);
        return q;
}

static void store(sqlite3_stmt *q, long n, const char *bytes, int len)
{
        sqlite3_bind_int64(q, 1, n);
        sqlite3_bind_blob(q, 2, bytes, len, SQLITE_STATIC);
        must(sqlite3_step(q) == SQLITE_DONE, "insert");
        sqlite3_reset(q);
}

static double now_s(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
        unsigned char public_key[crypto_sign_PUBLICKEYBYTES], key[crypto_sign_SECRETKEYBYTES];
        unsigned char signature[crypto_sign_BYTES], text[SIGNED_BYTES];
        must(argc == 6 && sodium_init() >= 0, "usage: bare_commit DATABASE GROUP TOTAL LINE-BYTES BLOB-BYTES");
        long group = atol(argv[2]), total = atol(argv[3]);
        int n_line = atoi(argv[4]), n_blob = atoi(argv[5]);
        char *bytes = malloc((size_t)(n_line > n_blob ? n_line : n_blob) + 1);
        must(bytes != NULL && group > 0, "arguments");
        memset(bytes, 'x', (size_t)(n_line > n_blob ? n_line : n_blob));
        randombytes_buf(text, sizeof text);
        crypto_sign_keypair(public_key, key);
        crypto_sign_detached(signature, NULL, text, sizeof text, key);

        must(sqlite3_open(argv[1], &db) == SQLITE_OK, "database");
        run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE log (n INTEGER PRIMARY KEY, line TEXT); CREATE TABLE blobs (n INTEGER PRIMARY KEY, bytes "
            "BLOB)");
        sqlite3_stmt *line = prepare("INSERT INTO log VALUES (?, ?)"),
                     *blob = prepare("INSERT INTO blobs VALUES (?, ?)");
        double began = now_s();
        for (long n = 0; n < total;) {
                run("BEGIN IMMEDIATE");
                for (long k = 0; k < group && n < total; k++, n++) {
                        must(crypto_sign_verify_detached(signature, text, sizeof text, public_key) == 0, "verify");
                        store(line, n, bytes, n_line);
                        store(blob, n, bytes, n_blob);
                }
                run("COMMIT");
        }
        printf("%.2f\n", (double)total / (now_s() - began));
        return 0;
}
