#include "client/replica.h"
#include "place.h"
#include "quorum/export.h"
#include "tests/unit/support/world.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NAME "acme-prod"

static struct world *world;
static struct home home = HOME_NONE;
static struct replica *replica;

static void open_replica(void)
{
        cr_assert_eq(replica_open(&home, &replica), OK, "%s", err_reason());
}

static void reopen(void)
{
        replica_close(replica);
        replica = NULL;
        open_replica();
}

static void start(void)
{
        static const char *const brokers[] = {"unix:/nowhere"};

        place_make();
        world = world_new();
        world_genesis(world);
        cr_assert_eq(home_create(NAME, &world->installation, brokers, 1, NULL, &home), OK);
        open_replica();
}

static void stop(void)
{
        replica_close(replica);
        home_close(&home);
        world_free(world);
        place_remove();
}

TestSuite(replica, .init = start, .fini = stop);

/* Rosters are lines that need nothing else. */
static void add_lines(struct world *w, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                world_next_roster(w, NULL, NULL);
}

static void sign_head(struct world *w, size_t size, const struct hash *root, const char *by, struct bytes *ret)
{
        struct checkpoint c = {.installation = w->installation, .size = size, .root = *root};

        cr_assert_eq(checkpoint_sign(&c, &world_keys(w, by)->sign, ret), OK);
}

static struct hash root_at(const struct world *w, size_t size)
{
        struct frontier f = {0};

        for (size_t i = 0; i < size; i++) {
                struct hash leaf = tree_leaf(world_line(w, i));

                frontier_add(&f, &leaf);
        }
        return frontier_root(&f);
}

/* What /v1/log would answer to somebody who holds `from` lines of a log of `to`. */
static void answer(struct world *w, size_t from, size_t to, const char *signer, struct bytes *ret)
{
        struct hash root = root_at(w, to);

        for (size_t i = from; i < to; i++) {
                bytes_add_span(ret, world_line(w, i));
                bytes_add_byte(ret, '\n');
        }
        bytes_add_byte(ret, '\n');
        sign_head(w, to, &root, signer, ret);
}

static enum err take(struct world *w, size_t from, size_t to)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE;
        size_t n;

        answer(w, from, to, "broker", &a);
        return replica_take(replica, bytes_span(&a), &n);
}

static uint64_t size(void)
{
        return ledger_size(replica_ledger(replica));
}

/* ---- honest answers ---- */

Test(replica, lines_are_kept_over_a_restart)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        struct hash root;

        add_lines(world, 4);
        cr_assert_eq(take(world, 0, 3), OK, "%s", err_reason());
        cr_assert_eq(take(world, 3, 5), OK, "%s", err_reason());
        cr_assert_eq(take(world, 5, 5), OK);
        reopen();
        root = ledger_root(replica_ledger(replica));
        cr_assert_eq(size(), 5);
        cr_assert(memcmp(root.b, root_at(world, 5).b, HASH_BYTES) == 0);
        cr_assert_eq(replica_line(replica, 3, &line), OK);
        cr_assert(span_equal(bytes_span(&line), world_line(world, 3)));
        cr_assert_eq(replica_line(replica, 5, &line), ERR_NOT_FOUND);
}

Test(replica, the_export_verifies_itself)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct export_job job = {.genesis = &world->installation};
        struct export_verdict verdict;

        add_lines(world, 2);
        cr_assert_eq(take(world, 0, 3), OK);
        cr_assert_eq(replica_export(replica, &file), OK);
        cr_assert_eq(export_verify(bytes_span(&file), &job, &verdict, NULL), OK, "%s", err_reason());
        cr_assert(verdict.is_anchored);
        cr_assert_eq(verdict.entries, 3);
}

Test(replica, two_programs_share_one_folder)
{
        struct replica *other;
        struct replica *mine = replica;

        add_lines(world, 4);
        cr_assert_eq(take(world, 0, 2), OK);
        cr_assert_eq(replica_open(&home, &other), OK);
        cr_assert_eq(take(world, 2, 4), OK);
        replica = other; /* holds 2 lines, asked before the other wrote */
        cr_assert_eq(take(world, 2, 5), OK, "%s", err_reason());
        cr_assert_eq(size(), 5);
        replica = mine; /* its answer is older than what is on the disk now */
        cr_assert_eq(take(world, 4, 4), OK, "%s", err_reason());
        cr_assert_eq(size(), 5);
        replica_close(other);
        reopen();
        cr_assert_eq(size(), 5);
}

Test(replica, a_snapshot_spares_the_replay_and_damage_to_it_nothing)
{
        CLEANUP_BYTES struct bytes snapshot = BYTES_NONE;

        add_lines(world, 40);
        cr_assert_eq(take(world, 0, 41), OK);
        reopen();
        place_read(NAME, "snapshot", &snapshot);
        cr_assert_eq(size(), 41);
        cr_assert_eq(take(world, 41, 41), OK);
        for (size_t at = 0; at < snapshot.n; at += 1 + snapshot.n / 50) {
                snapshot.p[at] ^= 1;
                place_write(NAME, "snapshot", bytes_span(&snapshot));
                snapshot.p[at] ^= 1;
                reopen();
                cr_assert_eq(size(), 41, "byte %zu", at);
        }
}

/* ---- lies ---- */

static void expect_lie(enum err e, const char *reason)
{
        cr_assert_eq(e, ERR_LYING_BROKER, "%s", err_word(e));
        cr_assert_not_null(strstr(err_reason(), reason), "%s", err_reason());
}

Test(replica, a_shorter_log_is_a_lie_with_both_heads)
{
        char hex[HASH_HEX + 1];
        struct hash root;

        add_lines(world, 4);
        cr_assert_eq(take(world, 0, 5), OK);
        expect_lie(take(world, 3, 3), "a shorter log than seen before");
        root = root_at(world, 5);
        hash_to_hex(&root, hex);
        cr_assert_not_null(strstr(err_reason(), hex));
        root = root_at(world, 3);
        hash_to_hex(&root, hex);
        cr_assert_not_null(strstr(err_reason(), hex));
}

Test(replica, a_shorter_log_is_a_lie_even_when_only_the_head_is_left)
{
        CLEANUP_FREE char *log = place_path(NAME, "log.jsonl");

        add_lines(world, 4);
        cr_assert_eq(take(world, 0, 5), OK);
        replica_close(replica);
        cr_assert_eq(unlink(log), 0);
        open_replica();
        cr_assert_eq(size(), 0);
        cr_assert_eq(take(world, 0, 4), OK);
        expect_lie(replica_check_complete(replica), "shorter");
        cr_assert_eq(take(world, 4, 5), OK, "%s", err_reason());
        cr_assert_eq(replica_check_complete(replica), OK);
}

Test(replica, a_fork_is_a_lie_and_nothing_of_it_stays)
{
        CLEANUP_WORLD struct world *fork = world_new();

        world_genesis(fork);
        world_next_roster(fork, "A drill", "No drill");
        add_lines(fork, 3);
        add_lines(world, 2);
        cr_assert_eq(take(world, 0, 3), OK);
        expect_lie(take(fork, 3, 5), "shown now: 5");
        expect_lie(take(fork, 3, 3), "fork");
        cr_assert_eq(size(), 3);
        reopen();
        cr_assert_eq(size(), 3);
        add_lines(world, 1);
        cr_assert_eq(take(world, 3, 4), OK);
}

Test(replica, a_fork_behind_a_lost_log_is_found_by_the_head)
{
        CLEANUP_FREE char *log = place_path(NAME, "log.jsonl");
        CLEANUP_WORLD struct world *fork = world_new();

        world_genesis(fork);
        world_next_roster(fork, "A drill", "No drill");
        add_lines(fork, 3);
        add_lines(world, 2);
        cr_assert_eq(take(world, 0, 3), OK);
        replica_close(replica);
        cr_assert_eq(unlink(log), 0);
        open_replica();
        expect_lie(take(fork, 0, 5), "fork");
}

Test(replica, another_installation_is_a_lie)
{
        CLEANUP_WORLD struct world *other = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;

        world_roster_yaml(other, 1, NULL, &yaml);
        text_replace(&yaml, "A drill", "Not ours");
        world_append_roster(other, bytes_span(&yaml), (const char *const[]){"alice", "bob", NULL});
        expect_lie(take(other, 0, 1), "another installation");
        other->installation = world->installation; /* the checkpoint claims to be ours */
        expect_lie(take(other, 0, 1), "another roster than the pinned one");
}

Test(replica, a_checkpoint_by_another_key_is_a_lie)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE;
        size_t n;

        answer(world, 0, 1, "mallory", &a);
        expect_lie(replica_take(replica, bytes_span(&a), &n), "signature");
        cr_assert_eq(size(), 0);
}

Test(replica, a_checkpoint_of_another_size_is_a_lie)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE;
        struct hash root;
        size_t n;

        add_lines(world, 2);
        root = root_at(world, 3);
        bytes_add_span(&a, world_line(world, 0));
        bytes_add_text(&a, "\n\n");
        sign_head(world, 3, &root, "broker", &a);
        expect_lie(replica_take(replica, bytes_span(&a), &n), "do not belong together");
}

Test(replica, every_changed_byte_of_an_answer_is_a_lie)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE;
        size_t n;

        add_lines(world, 1);
        answer(world, 0, 2, "broker", &a);
        for (size_t at = 0; at < a.n; at += 1 + a.n / 400) {
                enum err e;

                a.p[at] ^= 1;
                e = replica_take(replica, bytes_span(&a), &n);
                a.p[at] ^= 1;
                cr_assert_neq(e, OK, "byte %zu", at);
                cr_assert_eq(size(), 0, "byte %zu", at);
        }
        cr_assert_eq(replica_take(replica, bytes_span(&a), &n), OK);
}

Test(replica, every_cut_answer_is_a_lie)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE;
        size_t n;

        answer(world, 0, 1, "broker", &a);
        for (size_t length = 0; length < a.n; length += 1 + a.n / 400) {
                unsigned char *exact = malloc(length ? length : 1);

                memcpy(exact, a.p, length);
                cr_assert_neq(replica_take(replica, span_of(exact, length), &n), OK, "%zu bytes", length);
                free(exact);
        }
}

Test(replica, an_unknown_type_wants_an_upgrade_and_is_no_alarm)
{
        CLEANUP_ENVELOPE struct envelope e = {.type = STATEMENT_UNKNOWN, .type_word = "futuristic"};

        cr_assert_eq(take(world, 0, 1), OK);
        bytes_add_text(&e.payload, "{}");
        world_sign(world, "alice", &e);
        world_append_envelope(world, &e);
        cr_assert_eq(take(world, 1, 2), ERR_UPGRADE);
        cr_assert_eq(size(), 1);
}

Test(replica, the_answer_of_a_liar_is_kept_as_evidence)
{
        CLEANUP_FREE char *folder = place_path(NAME, HOME_EVIDENCE);

        cr_assert_eq(take(world, 0, 1), OK);
        cr_assert_not(file_exists(folder));
        expect_lie(take(world, 0, 0), "");
        cr_assert(file_exists(folder));
}

Test(replica, a_lie_is_told_in_its_own_words_when_it_cannot_be_kept)
{
        cr_assert_eq(take(world, 0, 1), OK);
        place_write(NAME, HOME_EVIDENCE, span_text("no folder"));
        expect_lie(replica_check_head(replica, span_text("nonsense"), &(struct checkpoint){0}), "malformed");
        expect_lie(take(world, 0, 0), "shorter");
}

/* ---- heads of other answers ---- */

Test(replica, the_head_of_another_answer_must_be_of_this_log)
{
        CLEANUP_BYTES struct bytes good = BYTES_NONE, longer = BYTES_NONE, wrong = BYTES_NONE, signer = BYTES_NONE;
        struct hash root = root_at(world, 1), other = hash_of(span_text("other"));
        struct checkpoint says;

        add_lines(world, 1);
        cr_assert_eq(take(world, 0, 2), OK);
        sign_head(world, 1, &root, "broker", &good);
        sign_head(world, 9, &other, "broker", &longer);
        sign_head(world, 2, &other, "broker", &wrong);
        sign_head(world, 1, &root, "mallory", &signer);
        cr_assert_eq(replica_check_head(replica, bytes_span(&good), &says), OK);
        cr_assert_eq(replica_check_head(replica, bytes_span(&longer), &says), OK);
        cr_assert_eq(says.size, 9);
        expect_lie(replica_check_head(replica, bytes_span(&wrong), &says), "fork");
        expect_lie(replica_check_head(replica, bytes_span(&signer), &says), "signature");
        expect_lie(replica_check_head(replica, span_text("nonsense"), &says), "malformed");
}

/* ---- the disk ---- */

static void append_to_log(struct span tail)
{
        CLEANUP_BYTES struct bytes log = BYTES_NONE;

        place_read(NAME, "log.jsonl", &log);
        bytes_add_span(&log, tail);
        place_write(NAME, "log.jsonl", bytes_span(&log));
}

Test(replica, a_torn_tail_is_cut_back)
{

        add_lines(world, 3);
        cr_assert_eq(take(world, 0, 3), OK);
        replica_close(replica);
        append_to_log(span_of(world_line(world, 3).p, 100));
        open_replica();
        cr_assert_eq(size(), 3);
        cr_assert_eq(take(world, 3, 4), OK, "%s", err_reason());
        reopen();
        cr_assert_eq(size(), 4);
}

Test(replica, lines_that_no_head_covers_are_cut_back)
{
        add_lines(world, 3);
        cr_assert_eq(take(world, 0, 3), OK);
        replica_close(replica);
        append_to_log(world_line(world, 3));
        append_to_log(span_text("\n"));
        open_replica();
        cr_assert_eq(size(), 3);
}

Test(replica, a_log_cut_on_the_disk_is_fetched_again)
{
        CLEANUP_BYTES struct bytes log = BYTES_NONE;

        add_lines(world, 3);
        cr_assert_eq(take(world, 0, 4), OK);
        replica_close(replica);
        place_read(NAME, "log.jsonl", &log);
        place_write(NAME, "log.jsonl", span_of(log.p, log.n - 50));
        open_replica();
        cr_assert_eq(size(), 3);
        cr_assert_eq(take(world, 3, 4), OK, "%s", err_reason());
        reopen();
        cr_assert_eq(size(), 4);
}

Test(replica, damage_inside_the_own_copy_is_corrupt)
{
        CLEANUP_BYTES struct bytes log = BYTES_NONE;
        struct replica *broken = NULL;

        add_lines(world, 3);
        cr_assert_eq(take(world, 0, 4), OK);
        replica_close(replica);
        replica = NULL;
        place_read(NAME, "log.jsonl", &log);
        for (size_t at = 0; at + 1 < log.n; at += 1 + log.n / 60) {
                log.p[at] ^= 1;
                place_write(NAME, "log.jsonl", bytes_span(&log));
                log.p[at] ^= 1;
                cr_assert_eq(replica_open(&home, &broken), ERR_CORRUPT_LOG, "byte %zu", at);
        }
        place_write(NAME, "log.jsonl", bytes_span(&log));
        open_replica();
}

Test(replica, an_entry_damaged_under_a_running_program_is_noticed)
{
        CLEANUP_FREE char *path = place_path(NAME, "log.jsonl");
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        int fd;

        add_lines(world, 1);
        cr_assert_eq(take(world, 0, 2), OK);
        fd = open(path, O_WRONLY);
        cr_assert_eq(pwrite(fd, "X", 1, 60), 1);
        close(fd);
        cr_assert_eq(replica_line(replica, 0, &line), ERR_CORRUPT_LOG);
        cr_assert_eq(line.n, 0);
}

static void write_head(const char *file, struct span note)
{
        CLEANUP_BYTES struct bytes content = BYTES_NONE;
        struct hash h = hash_of(note);

        bytes_add_span(&content, note);
        bytes_add_hex(&content, h.b, HASH_BYTES);
        bytes_add_byte(&content, '\n');
        place_write(NAME, file, bytes_span(&content));
}

Test(replica, a_forged_head_is_corrupt)
{
        CLEANUP_BYTES struct bytes note = BYTES_NONE;
        struct hash root = root_at(world, 1);
        struct replica *broken = NULL;

        cr_assert_eq(take(world, 0, 1), OK);
        replica_close(replica);
        replica = NULL;
        sign_head(world, 1, &root, "mallory", &note);
        write_head("head.0", bytes_span(&note));
        cr_assert_eq(replica_open(&home, &broken), ERR_CORRUPT_LOG);
}

Test(replica, a_torn_head_falls_back_to_the_one_before)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE;

        add_lines(world, 3);
        for (size_t n = 1; n <= 3; n++) {
                cr_assert_eq(take(world, n - 1, n), OK);
                cr_assert_eq(replica_flush(replica), OK);
        }
        replica_close(replica);
        place_read(NAME, "head.0", &head); /* the third; the second is in head.1 */
        for (size_t n = 0; n < head.n; n += 1 + head.n / 40) {
                place_write(NAME, "head.0", span_of(head.p, n));
                open_replica();
                cr_assert_eq(size(), 2, "%zu bytes", n);
                replica_close(replica);
        }
        open_replica();
        cr_assert_eq(take(world, 2, 4), OK, "%s", err_reason());
        reopen();
        cr_assert_eq(size(), 4);
}

Test(replica, a_head_never_overwrites_the_only_synced_one)
{
        CLEANUP_BYTES struct bytes synced = BYTES_NONE, still = BYTES_NONE;

        add_lines(world, 5);
        for (size_t n = 0; n < 2; n++)
                cr_assert_eq(take(world, n, n + 1), OK);
        cr_assert_eq(replica_flush(replica), OK);
        place_read(NAME, "head.1", &synced);
        for (size_t n = 2; n < 5; n++)
                cr_assert_eq(take(world, n, n + 1), OK); /* none of them synced */
        place_read(NAME, "head.1", &still);
        cr_assert(span_equal(bytes_span(&synced), bytes_span(&still)));
}
