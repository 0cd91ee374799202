#include "broker/peers.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>

#define MIB (1024u * 1024u)

static struct peers *p;

static void init(void)
{
        p = peers_new();
}

static void fini(void)
{
        peers_free(p);
}

/* A connection from this address; *ret_other: its far end. */
static struct peer *connect_from(const char *address, int64_t deadline, unsigned max, int *ret_other)
{
        struct sockaddr_in from = {.sin_family = AF_INET};
        int pair[2];
        cr_assert_eq(inet_pton(AF_INET, address, &from.sin_addr), 1);
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        *ret_other = pair[1];
        return peers_add(p, pair[0], (struct sockaddr *)&from, deadline, max);
}

static bool is_shut(int fd)
{
        struct pollfd on = {fd, POLLIN, 0};
        char c;
        return poll(&on, 1, 0) == 1 && read(fd, &c, 1) == 0;
}

Test(peers, one_caller_too_many_is_shut_down_and_others_are_not, .init = init, .fini = fini)
{
        int far[4];
        connect_from("192.0.2.1", INT64_MAX, 2, &far[0]);
        struct peer *second = connect_from("192.0.2.1", INT64_MAX, 2, &far[1]);
        connect_from("192.0.2.1", INT64_MAX, 2, &far[2]);
        connect_from("192.0.2.2", INT64_MAX, 2, &far[3]);
        cr_expect(!is_shut(far[0]) && !is_shut(far[1]) && !is_shut(far[3]));
        cr_expect(is_shut(far[2]));
        cr_expect_eq(peers_count(p), 4u, "it is counted until its end is noticed");
        peers_remove(p, second);
        cr_expect_eq(peers_count(p), 3u);
}

Test(peers, a_caller_on_a_unix_socket_is_known_by_its_user_id, .init = init, .fini = fini)
{
        int pair[2];
        char want[32];
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        struct peer *me = peers_add(p, pair[0], NULL, INT64_MAX, 9);
        snprintf(want, sizeof want, "uid:%u", (unsigned)geteuid());
        cr_expect_str_eq(me->who, want);
}

Test(peers, whoever_is_past_the_deadline_is_shut_down, .init = init, .fini = fini)
{
        int early, late, busy;
        connect_from("192.0.2.1", 1000, 9, &early);
        connect_from("192.0.2.1", 1001, 9, &late);
        struct peer *b = connect_from("192.0.2.1", 500, 9, &busy);
        peers_set_deadline(p, b, INT64_MAX);
        peers_sweep(p, 1000);
        cr_expect(is_shut(early) && !is_shut(late) && !is_shut(busy));
        peers_set_deadline(p, b, 2000);
        peers_sweep(p, 2000);
        cr_expect(is_shut(busy));
}

Test(peers, large_bodies_are_bounded_for_each_and_for_all, .init = init, .fini = fini)
{
        struct peer *mine[9], *other[4][8];
        int far;
        char address[16];
        for (size_t i = 0; i < 9; i++)
                mine[i] = connect_from("192.0.2.1", INT64_MAX, 99, &far);
        for (size_t i = 0; i < 8; i++)
                cr_expect(peers_reserve(p, mine[i], 2 * MIB), "%zu", i);
        cr_expect_not(peers_reserve(p, mine[8], 2 * MIB));
        cr_expect(peers_reserve(p, mine[8], 0));
        for (size_t k = 0; k < 4; k++) {
                snprintf(address, sizeof address, "192.0.2.%zu", 10 + k);
                for (size_t i = 0; i < 8; i++) {
                        other[k][i] = connect_from(address, INT64_MAX, 99, &far);
                        cr_expect_eq(peers_reserve(p, other[k][i], 2 * MIB), k < 3, "%zu %zu", k, i);
                }
        }
        peers_reserve(p, mine[0], 0);
        cr_expect(peers_reserve(p, other[3][0], 2 * MIB));
}
