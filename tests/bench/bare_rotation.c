/* The bare floor of a rotation: for each role a new password by ALTER ROLE, over one connection of the admin's, and a
 * fresh login with it. Prints the seconds.
 *
 *   bare_rotation HOST PORT ADMIN-PASSWORD-FILE N     roles bench0 … benchN−1 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static PGconn *come_in(const char *host, const char *port, const char *user, const char *password)
{
        const char *const keys[] = {"host", "port", "user", "password", "dbname", NULL};
        const char *const values[] = {host, port, user, password, "postgres", NULL};
        PGconn *c = PQconnectdbParams(keys, values, 0);
        if (PQstatus(c) != CONNECTION_OK) {
                fprintf(stderr, "%s: %s", user, PQerrorMessage(c));
                exit(1);
        }
        return c;
}

static void run(PGconn *c, const char *sql)
{
        PGresult *r = PQexec(c, sql);
        if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
                fprintf(stderr, "%s", PQerrorMessage(c));
                exit(1);
        }
        PQclear(r);
}

int main(int argc, char **argv)
{
        char admin_password[200] = "", role[32], password[40], sql[600];
        FILE *f = argc == 5 ? fopen(argv[3], "r") : NULL;
        if (!f || !fgets(admin_password, sizeof admin_password, f))
                return 2;
        fclose(f);
        admin_password[strcspn(admin_password, "\n")] = '\0';
        double began = now();
        PGconn *admin = come_in(argv[1], argv[2], "postgres", admin_password);
        for (int i = 0; i < atoi(argv[4]); i++) {
                snprintf(role, sizeof role, "bench%d", i);
                snprintf(password, sizeof password, "%08x%08x%08x%08x", rand(), rand(), rand(), rand());
                char *verifier = PQencryptPasswordConn(admin, password, role, "scram-sha-256");
                snprintf(sql, sizeof sql, "ALTER ROLE %s PASSWORD '%s'", role, verifier);
                PQfreemem(verifier);
                run(admin, sql);
                PGconn *probe = come_in(argv[1], argv[2], role, password);
                run(probe, "SELECT 1");
                PQfinish(probe);
        }
        PQfinish(admin);
        printf("%.6f\n", now() - began);
        return 0;
}
