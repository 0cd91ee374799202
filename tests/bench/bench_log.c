/* Lines of the log verified per second on one core: the signatures of its lines, and everything that admits a line
 * (both against the bare Ed25519 verifications of the same signatures), and the tree alone (against bare SHA-256 over
 * the same bytes). */
#include "quorum/admit.h"
#include "quorum/sshsig.h"
#include "tests/bench/ratio.h"
#include "tests/unit/support/world.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define OPENINGS 300u

struct log {
        struct world *w;
        struct bytes *to_sign; /* of each line's first signature: what Ed25519 is over */
        struct envelope *envelopes;
        struct key *signers;
};

static void must(bool held, const char *what)
{
        if (!held) {
                fprintf(stderr, "bench_log: %s: %s\n", what, err_reason());
                abort();
        }
}

static void say(struct world *w, const struct statement *s)
{
        world_append(w, s);
        w->now_ms += 1000;
}

static void say_about(struct world *w, enum statement_type type, const char *who, const struct hash *request)
{
        struct statement s = world_say_as(w, type, who);
        if (type == STATEMENT_OPEN) {
                s.open.request = *request;
        } else {
                s.close.request = *request;
                s.close.why = CLOSE_DONE;
        }
        say(w, &s);
}

/* Asked, approved by two, opened, closed. */
static void say_opening(struct world *w, const struct hash *version)
{
        struct statement s = world_request(w, "erin", "prod/postgres/root", version, NULL);
        say(w, &s);
        struct hash request = world_last_id(w);
        s = world_approval(w, "alice", &request, version, 1);
        say(w, &s);
        s = world_approval(w, "bob", &request, version, 2);
        say(w, &s);
        say_about(w, STATEMENT_OPEN, "erin", &request);
        say_about(w, STATEMENT_CLOSE, "erin", &request);
}

static void make_log(struct log *l)
{
        struct sealed_version sealed = {0};
        l->w = world_new();
        world_genesis(l->w);
        struct statement s = world_version(l->w, "prod/postgres/root", 1, NULL, "alice", &sealed);
        say(l->w, &s);
        sealed_version_done(&sealed);
        struct hash version = world_last_id(l->w);
        for (unsigned i = 0; i < OPENINGS; i++)
                say_opening(l->w, &version);
}

/* PROTOCOL.sshsig: what the signature is over. */
static void add_to_sign(const struct envelope *e, struct bytes *ret)
{
        unsigned char hash[crypto_hash_sha512_BYTES];
        size_t n = strlen("breakglass/") + strlen(e->type_word);
        bytes_add(ret, "SSHSIG\0\0", 8);
        bytes_add_byte(ret, 0);
        bytes_add_byte(ret, (unsigned char)n);
        bytes_printf(ret, "breakglass/%s", e->type_word);
        bytes_add(ret, "\0\0\0\0\0\0\0\6sha512\0\0\0\100", 18);
        crypto_hash_sha512(hash, e->payload.p, e->payload.n);
        bytes_add(ret, hash, sizeof hash);
}

static void prepare_floor(struct log *l)
{
        size_t n = l->w->n_lines;
        l->to_sign = mem_new(n, sizeof *l->to_sign);
        l->envelopes = mem_new(n, sizeof *l->envelopes);
        l->signers = mem_new(n, sizeof *l->signers);
        for (size_t i = 0; i < n; i++) {
                struct line line;
                must(line_read(world_line(l->w, i), &line) == OK, "a line");
                l->envelopes[i] = line.envelope;
                add_to_sign(&line.envelope, &l->to_sign[i]);
                must(sshsig_signer(bytes_span(&line.envelope.signatures[0]), &l->signers[i]) == OK, "a signer");
        }
}

static void admit_ours(void *context)
{
        const struct log *l = context;
        struct ledger *ledger = ledger_new();
        for (size_t i = 0; i < l->w->n_lines; i++)
                must(admit_line(ledger, world_line(l->w, i), false, NULL) == OK, "admitting");
        ledger_free(ledger);
}

static void signatures_ours(void *context)
{
        const struct log *l = context;
        for (size_t i = 0; i < l->w->n_lines; i++) {
                CLEANUP_LINE struct line line = {0};
                char name_space[64];
                struct key signer;
                must(line_read(world_line(l->w, i), &line) == OK, "a line");
                snprintf(name_space, sizeof name_space, "breakglass/%s", line.envelope.type_word);
                struct span blob = bytes_span(&line.envelope.signatures[0]);
                must(sshsig_signer(blob, &signer) == OK, "a signer");
                must(sshsig_verify(&signer, name_space, bytes_span(&line.envelope.payload), blob) == OK,
                     "a signature");
        }
}

static void admit_floor(void *context)
{
        const struct log *l = context;
        for (size_t i = 0; i < l->w->n_lines; i++) {
                struct span blob = bytes_span(&l->envelopes[i].signatures[0]);
                must(crypto_sign_verify_detached(blob.p + blob.n - crypto_sign_BYTES, l->to_sign[i].p,
                                                 l->to_sign[i].n, l->signers[i].b) == 0,
                     "a signature");
        }
}

static void tree_ours(void *context)
{
        const struct log *l = context;
        struct frontier f = {0};
        for (size_t i = 0; i < l->w->n_lines; i++) {
                struct hash leaf = tree_leaf(world_line(l->w, i));
                frontier_add(&f, &leaf);
        }
        struct hash root = frontier_root(&f), wanted = frontier_root(&l->w->log);
        must(hash_equal(&root, &wanted), "the root");
}

static void tree_floor(void *context)
{
        const struct log *l = context;
        for (size_t i = 0; i < l->w->n_lines; i++) {
                unsigned char hash[crypto_hash_sha256_BYTES];
                struct span line = world_line(l->w, i);
                must(crypto_hash_sha256(hash, line.p, line.n) == 0, "a hash");
        }
}

int main(void)
{
        struct log l = {0};
        must(sodium_init() >= 0, "libsodium");
        make_log(&l);
        prepare_floor(&l);
        const struct contender all[] = {
                {"signatures", signatures_ours, &l}, {"admitted", admit_ours, &l}, {"floor", admit_floor, &l}};
        const struct contender trees[] = {{"ours", tree_ours, &l}, {"floor", tree_floor, &l}};
        double ns[3], n = (double)l.w->n_lines;
        ratio_measure(all, 3, 11, 1, ns);
        ratio_print_rates("log: signatures of lines, of bare Ed25519", ns[0] / n, ns[2] / n, 0.85);
        ratio_print_rates("log: lines admitted (all rules), of Ed25519", ns[1] / n, ns[2] / n, 0.85);
        ratio_measure(trees, 2, 31, 5, ns);
        ratio_print_rates("log: tree only, of bare SHA-256", ns[0] / n, ns[1] / n, 0.6);
        return 0;
}
