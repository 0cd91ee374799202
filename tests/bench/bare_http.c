/* The barest server with the broker's libraries: libmicrohttpd with epoll and SQLite behind a unix socket, or with
 * GnuTLS on loopback. Answers every GET with one stored text, so that start, first answer and idle memory have a
 * floor.
 *
 *   bare_http unix SOCKET DATABASE          bare_http tls KEY.pem CERT.pem PORT */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3"

static sqlite3 *db; /* NULL: nothing stored */

static void must(int held, const char *what)
{
        if (!held) {
                fprintf(stderr, "bare_http: %s\n", what);
                exit(1);
        }
}

static void open_database(const char *path)
{
        must(sqlite3_open(path, &db) == SQLITE_OK, "database");
        must(sqlite3_exec(db,
                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                          "CREATE TABLE IF NOT EXISTS log (n INTEGER PRIMARY KEY, line TEXT);"
                          "INSERT OR IGNORE INTO log VALUES (0, '{\"name\":\"bare\"}')",
                          NULL, NULL, NULL) == SQLITE_OK,
             "schema");
}

static struct MHD_Response *stored_answer(void)
{
        struct MHD_Response *r = NULL;
        sqlite3_stmt *q;
        must(sqlite3_prepare_v2(db, "SELECT line FROM log WHERE n = 0", -1, &q, NULL) == SQLITE_OK, "query");
        must(sqlite3_step(q) == SQLITE_ROW, "row");
        r = MHD_create_response_from_buffer((size_t)sqlite3_column_bytes(q, 0), (void *)sqlite3_column_text(q, 0),
                                            MHD_RESPMEM_MUST_COPY);
        sqlite3_finalize(q);
        return r;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *c, const char *url, const char *method,
                              const char *version, const char *upload, size_t *n_upload, void **state)
{
        static char text[] = "{\"name\":\"bare\"}";
        struct MHD_Response *r =
                db ? stored_answer() : MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result result = MHD_queue_response(c, MHD_HTTP_OK, r);
        (void)context, (void)url, (void)method, (void)version, (void)upload, (void)n_upload, (void)state;
        MHD_destroy_response(r);
        return result;
}

static int listen_unix(const char *path)
{
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
        unlink(path);
        must(fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof to) == 0 && listen(fd, 64) == 0, "socket");
        return fd;
}

static int listen_loopback(const char *port)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)atoi(port)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
        must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     bind(fd, (struct sockaddr *)&to, sizeof to) == 0 && listen(fd, 64) == 0,
             "port");
        return fd;
}

static char *read_text(const char *path)
{
        static char text[2][8192];
        static unsigned which;
        char *to = text[which++ % 2];
        FILE *f = fopen(path, "r");
        must(f != NULL, path);
        to[fread(to, 1, sizeof text[0] - 1, f)] = '\0';
        fclose(f);
        return to;
}

int main(int argc, char **argv)
{
        sigset_t ends;
        int got;
        struct MHD_Daemon *d;
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigprocmask(SIG_BLOCK, &ends, NULL);
        if (argc == 4 && !strcmp(argv[1], "unix")) {
                open_database(argv[3]);
                d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
                                     MHD_OPTION_LISTEN_SOCKET, listen_unix(argv[2]), MHD_OPTION_END);
        } else if (argc == 5 && !strcmp(argv[1], "tls")) {
                const char *key = read_text(argv[2]), *cert = read_text(argv[3]);
                d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL, NULL, answer, NULL,
                                     MHD_OPTION_LISTEN_SOCKET, listen_loopback(argv[4]), MHD_OPTION_HTTPS_MEM_KEY,
                                     key, MHD_OPTION_HTTPS_MEM_CERT, cert, MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
                                     MHD_OPTION_END);
        } else {
                fprintf(stderr, "usage: bare_http unix SOCKET DATABASE | tls KEY CERT PORT\n");
                return 2;
        }
        must(d != NULL, "daemon");
        sigwait(&ends, &got);
        MHD_stop_daemon(d);
        sqlite3_close(db);
        return 0;
}
