/* A vault's export, what is said behind its log when there is no broker, and the blocks by which that travels. */
#include "quorum/vault.h"
#include "base/file.h"
#include "quorum/admit.h"
#include "quorum/block.h"
#include "tests/unit/ledger/fold.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct scene {
        struct world *w;
        struct sealed_version v1;
        struct hash version;
        struct vault vault;
        int fd; /* of its file */
};

static struct span sealed_part(const struct sealed_version *v, const unsigned char *id)
{
        struct hash h = hash_of(bytes_span(&v->ciphertext));

        if (memcmp(h.b, id, HASH_BYTES) == 0)
                return bytes_span(&v->ciphertext);
        for (unsigned i = 0; i < v->fields.n_shares; i++)
                if (memcmp(v->fields.shares[i].sha256.b, id, HASH_BYTES) == 0)
                        return bytes_span(&v->share_file[i]);
        abort(); /* a test asks only for its own */
}

static void write_export(const struct scene *x, struct bytes *ret)
{
        struct checkpoint head = {x->w->installation, x->w->log.size, frontier_root(&x->w->log)};
        CLEANUP_BYTES struct bytes ids = BYTES_NONE;
        struct ledger *l = ledger_new();

        for (size_t i = 0; i < x->w->n_lines; i++) {
                cr_assert_eq(admit_line(l, world_line(x->w, i), false, NULL), OK, "%s", err_reason());
                bytes_add_span(ret, world_line(x->w, i));
                bytes_add_byte(ret, '\n');
        }
        bytes_add_byte(ret, '\n');
        cr_assert_eq(checkpoint_sign(&head, &world_keys(x->w, "broker")->sign, ret), OK);
        bytes_add_byte(ret, '\n');
        export_blob_list(l, &ids);
        for (size_t i = 0; i < ids.n; i += HASH_BYTES) {
                struct hash id;

                memcpy(id.b, ids.p + i, HASH_BYTES);
                export_write_blob(&id, sealed_part(&x->v1, id.b), ret);
        }
        ledger_free(l);
}

static int to_file(const struct bytes *b)
{
        int fd = memfd_create("export", MFD_CLOEXEC);

        cr_assert_eq(fd_write_all(fd, b->p, b->n), OK);
        cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static void take_export(struct scene *x)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;

        write_export(x, &file);
        vault_done(&x->vault);
        if (x->fd >= 0)
                close(x->fd);
        x->fd = to_file(&file);
        cr_assert_eq(vault_open(dup(x->fd), &x->w->installation, &x->vault), OK, "%s", err_reason());
}

static struct scene *scene_new(void)
{
        struct scene *x = mem_new(1, sizeof(*x));
        struct statement s;

        x->fd = -1;
        x->w = world_new();
        world_genesis(x->w);
        s = world_version(x->w, PG, 1, NULL, "alice", &x->v1);
        world_append(x->w, &s);
        x->version = world_last_id(x->w);
        take_export(x);
        return x;
}

static void scene_free(struct scene **x)
{
        vault_done(&(*x)->vault);
        close((*x)->fd);
        sealed_version_done(&(*x)->v1);
        world_free((*x)->w);
        free(*x);
}
#define CLEANUP_SCENE __attribute__((cleanup(scene_free)))

static enum err say(struct scene *x, const struct statement *s, struct hash *ret)
{
        CLEANUP_ENVELOPE struct envelope e = {0};

        world_envelope(x->w, s, &e);
        return vault_say(&x->vault, &e, ret);
}

static struct hash ask(struct scene *x)
{
        struct statement s = world_request(x->w, "erin", PG, &x->version, NULL);
        struct hash id = {0};

        cr_assert_eq(say(x, &s, &id), OK, "%s", err_reason());
        return id;
}

static void approve(struct scene *x, const char *who, struct hash request, unsigned index)
{
        struct statement s = world_approval(x->w, who, &request, &x->version, index);
        struct hash id;

        cr_assert_eq(say(x, &s, &id), OK, "%s: %s", who, err_reason());
}

static struct request_view see(const struct scene *x, struct hash request)
{
        struct request_view r;

        cr_assert(ledger_request_by_id(x->vault.ledger, &request, ledger_last_at(x->vault.ledger), &r));
        return r;
}

/* ---- the export ---- */

Test(vault, gives_every_line_and_every_sealed_part)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        const struct hash *ciphertext = &x->v1.fields.ciphertext_sha256;
        CLEANUP_BYTES struct bytes got = BYTES_NONE;

        for (size_t i = 0; i < x->w->n_lines; i++) {
                bytes_clear(&got);
                cr_assert_eq(vault_line(&x->vault, i, &got), OK);
                cr_assert(span_equal(bytes_span(&got), world_line(x->w, i)), "line %zu", i);
        }
        cr_assert_eq(vault_line(&x->vault, x->w->n_lines, &got), ERR_NOT_FOUND);
        bytes_clear(&got);
        cr_assert_eq(vault_part(&x->vault, ciphertext, &got), OK);
        cr_assert(span_equal(bytes_span(&got), bytes_span(&x->v1.ciphertext)));
        cr_assert_eq(vault_part(&x->vault, &x->version, &got), ERR_NOT_FOUND);
}

Test(vault, a_line_or_part_that_was_changed_is_named_as_corrupt)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BYTES struct bytes file = BYTES_NONE, got = BYTES_NONE;
        const struct hash *ciphertext = &x->v1.fields.ciphertext_sha256;
        char hex[HASH_HEX + 1];

        write_export(x, &file);
        hash_to_hex(ciphertext, hex);
        const char *part = memmem(file.p, file.n, hex, HASH_HEX);
        off_t in_part = (off_t)(strstr(part + HASH_HEX, "\"blob\":\"") + 40 - (const char *)file.p);

        cr_assert(part);
        cr_assert_eq(pwrite(x->fd, "X", 1, 30), 1);
        cr_assert_eq(vault_line(&x->vault, 0, &got), ERR_CORRUPT_LOG);
        cr_assert_eq(vault_line(&x->vault, 1, &got), OK);
        cr_assert_eq(pwrite(x->fd, file.p[in_part] == 'A' ? "B" : "A", 1, in_part), 1);
        cr_assert_eq(vault_part(&x->vault, ciphertext, &got), ERR_CORRUPT_LOG);
        cr_assert_eq(ftruncate(x->fd, 100), 0);
        cr_assert_eq(vault_line(&x->vault, 1, &got), ERR_CORRUPT_LOG, "cut");
}

Test(vault, is_read_from_a_plain_file_only)
{
        CLEANUP_VAULT struct vault v = VAULT_NONE;
        int ends[2];

        cr_assert_eq(pipe(ends), 0);
        close(ends[1]);
        cr_assert_eq(vault_open(ends[0], NULL, &v), ERR_IO);
}

Test(vault, of_another_installation_or_without_its_sealed_parts_is_refused)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        CLEANUP_VAULT struct vault other = VAULT_NONE, cut = VAULT_NONE;

        write_export(x, &file);
        cr_assert_eq(vault_open(to_file(&file), &x->version, &other), ERR_CORRUPT_LOG);
        bytes_clear(&file);
        write_export(x, &file);
        file.n = (size_t)((unsigned char *)memmem(file.p, file.n, "{\"sha256\"", 9) - file.p);
        cr_assert_eq(vault_open(to_file(&file), NULL, &cut), ERR_CORRUPT_LOG);
}

/* ---- behind its log ---- */

Test(vault, what_is_said_offline_is_folded_behind_the_log)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        struct hash request = ask(x), opened;
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        struct statement s;

        cr_assert_eq(see(x, request).state, REQUEST_WAITING);
        approve(x, "carol", request, 3);
        approve(x, "alice", request, 1);
        cr_assert_eq(see(x, request).state, REQUEST_READY);
        s = world_say_as(x->w, STATEMENT_OPEN, "erin");
        s.open.request = request;
        cr_assert_eq(say(x, &s, &opened), OK, "%s", err_reason());
        cr_assert_eq(see(x, request).state, REQUEST_OPENED);
        cr_assert_eq(x->vault.n_said, 4);
        cr_assert_eq(vault_line(&x->vault, x->w->n_lines + 3, &line), OK);
        cr_assert(strstr(bytes_text(&line), "\"type\":\"open\""));
}

Test(vault, the_rules_hold_offline_as_ever)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        struct hash request = ask(x), id;
        struct statement early = world_say_as(x->w, STATEMENT_OPEN, "erin"),
                         grace = world_request(x->w, "grace", PG, &x->version, NULL),
                         dave = world_approval(x->w, "dave", &request, &x->version, 3),
                         bob = world_approval(x->w, "bob", &request, &x->version, 3),
                         order = world_say_as(x->w, STATEMENT_ORDER, "alice");

        early.open.request = request;
        order.order.versions = (struct hash_list){1, &x->version};
        order.order.why = "no statement of a recovery";
        cr_assert_eq(say(x, &early, &id), ERR_NOT_READY);
        cr_assert_eq(say(x, &grace, &id), ERR_NOT_ALLOWED);
        cr_assert_eq(say(x, &dave, &id), ERR_NOT_ALLOWED);
        cr_assert_eq(say(x, &bob, &id), ERR_MISMATCH);
        cr_assert_eq(say(x, &order, &id), ERR_BAD_STATEMENT);
        cr_assert_eq(x->vault.n_said, 1);
        approve(x, "bob", request, 2);
        bob = world_approval(x->w, "bob", &request, &x->version, 2);
        cr_assert_eq(say(x, &bob, &id), ERR_DUPLICATE);
}

Test(vault, a_signature_that_does_not_hold_says_nothing)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_ENVELOPE struct envelope e = {0};
        struct statement s = world_request(x->w, "erin", PG, &x->version, NULL);
        struct hash id;

        world_envelope(x->w, &s, &e);
        e.signatures[0].p[e.signatures[0].n - 1] ^= 1;
        cr_assert_eq(vault_say(&x->vault, &e, &id), ERR_AUTH);
        cr_assert_eq(ledger_size(x->vault.ledger), x->w->n_lines);
}

Test(vault, no_clock_is_believed)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        int64_t last = ledger_last_at(x->vault.ledger);
        struct hash request;

        x->w->now_ms = last - 400 * DAY;
        request = ask(x);
        cr_assert_eq(see(x, request).made_at_ms, last);
        cr_assert_eq(see(x, request).expires_at_ms, last + 15 * MINUTE);
        x->w->now_ms = last + 900 * DAY;
        approve(x, "alice", request, 1);
        x->w->now_ms = last - 20 * DAY;
        approve(x, "bob", request, 2);
        cr_assert_eq(see(x, request).state, REQUEST_READY);
}

/* bob could not know that alice's share is spent elsewhere and that carol answers too: it was his program's to ask.
 */
Test(vault, an_answers_spent_shares_were_judged_where_it_was_given)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        struct statement s = world_request(x->w, "frank", PG, &x->version, NULL);
        struct hash other, request;

        world_append(x->w, &s);
        other = world_last_id(x->w);
        s = world_approval(x->w, "alice", &other, &x->version, 1);
        world_append(x->w, &s);
        take_export(x);
        request = ask(x);
        approve(x, "bob", request, 2);
        approve(x, "carol", request, 3);
        cr_assert_eq(see(x, request).state, REQUEST_READY);
}

Test(vault, an_older_export_does_not_judge_what_was_said_with_a_later_one)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        struct statement s = world_request(x->w, "frank", PG, &x->version, NULL);
        struct hash id;

        world_append(x->w, &s);
        s = world_request(x->w, "erin", PG, &x->version, NULL);
        cr_assert_eq(say(x, &s, &id), ERR_MISMATCH);
        cr_assert(strstr(err_reason(), "later export"), "%s", err_reason());
        s.head_size--; /* the same size as ours, with another history */
        cr_assert_eq(say(x, &s, &id), ERR_FORK);
}

Test(vault, what_was_said_elsewhere_or_under_another_roster_is_told_apart)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        struct statement s = world_request(x->w, "erin", PG, &x->version, NULL);
        const struct hash roster = s.roster;
        struct hash id;

        s.roster.b[0] ^= 1;
        cr_assert_eq(say(x, &s, &id), ERR_STALE_ROSTER);
        cr_assert(strstr(err_reason(), "takes the newer one"), "%s", err_reason());
        s.roster = roster;
        s.installation.b[0] ^= 1;
        cr_assert_eq(say(x, &s, &id), ERR_MISMATCH);
        cr_assert(strstr(err_reason(), "another installation"), "%s", err_reason());
}

/* ---- blocks ---- */

static void make_answer(const struct scene *x, struct block *ret)
{
        struct hash request = x->version;
        struct statement s = world_approval(x->w, "alice", &request, &x->version, 1);

        *ret = (struct block){.kind = BLOCK_ANSWER};
        world_envelope(x->w, &s, &ret->envelope);
        bytes_add_span(&ret->file, bytes_span(&x->v1.share_file[0]));
}

static enum err read_one(struct span text, enum block_kind kind, struct block *ret)
{
        return block_read(&text, kind, ret);
}

Test(block, comes_back_as_it_went)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BLOCK struct block in = {0}, out = {0};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        make_answer(x, &in);
        block_write(&in, &text);
        cr_assert_eq(read_one(bytes_span(&text), BLOCK_ANSWER, &out), OK, "%s", err_reason());
        cr_assert_eq(out.envelope.type, STATEMENT_APPROVAL);
        cr_assert(span_equal(bytes_span(&in.envelope.payload), bytes_span(&out.envelope.payload)));
        cr_assert(span_equal(bytes_span(&in.envelope.signatures[0]), bytes_span(&out.envelope.signatures[0])));
        cr_assert(span_equal(bytes_span(&in.file), bytes_span(&out.file)));
}

Test(block, of_a_request_may_carry_a_share_and_of_an_answer_must)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BLOCK struct block asked = {.kind = BLOCK_REQUEST}, answer = {0};
        struct statement s = world_request(x->w, "erin", PG, &x->version, NULL);

        world_envelope(x->w, &s, &asked.envelope);
        for (unsigned with_share = 0; with_share < 2; with_share++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                CLEANUP_BLOCK struct block back = {0};

                if (with_share)
                        bytes_add_span(&asked.file, bytes_span(&x->v1.share_file[1]));
                block_write(&asked, &text);
                cr_assert_eq(read_one(bytes_span(&text), BLOCK_REQUEST, &back), OK, "%s", err_reason());
                cr_assert(span_equal(bytes_span(&back.file), bytes_span(&asked.file)));
        }
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_BLOCK struct block back = {0};

        make_answer(x, &answer);
        bytes_clear(&answer.file);
        block_write(&answer, &text);
        cr_assert_eq(read_one(bytes_span(&text), BLOCK_ANSWER, &back), ERR_BAD_STATEMENT);
}

Test(block, of_the_other_kind_is_not_there)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BLOCK struct block in = {0}, out = {0};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        make_answer(x, &in);
        block_write(&in, &text);
        cr_assert_eq(read_one(bytes_span(&text), BLOCK_REQUEST, &out), ERR_NOT_FOUND);
        cr_assert_eq(read_one(span_text("hello"), BLOCK_ANSWER, &out), ERR_NOT_FOUND);
        cr_assert_eq(read_one(span_of(NULL, 0), BLOCK_ANSWER, &out), ERR_NOT_FOUND);
}

Test(block, survives_quoting_and_text_around_it)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BLOCK struct block in = {0}, out = {0}, next = {0};
        CLEANUP_BYTES struct bytes text = BYTES_NONE, quoted = BYTES_NONE;

        make_answer(x, &in);
        block_write(&in, &text);
        bytes_add_text(&quoted, "Hi,\r\n");
        for (unsigned twice = 0; twice < 2; twice++) {
                bytes_add_text(&quoted, "> ");
                for (size_t i = 0; i < text.n; i++)
                        if (text.p[i] == '\n')
                                bytes_add_text(&quoted, " \r\n>> ");
                        else
                                bytes_add_byte(&quoted, text.p[i]);
        }
        struct span rest = bytes_span(&quoted);

        cr_assert_eq(block_read(&rest, BLOCK_ANSWER, &out), OK, "%s", err_reason());
        cr_assert_eq(block_read(&rest, BLOCK_ANSWER, &next), OK, "%s", err_reason());
        cr_assert_eq(read_one(rest, BLOCK_ANSWER, &out), ERR_NOT_FOUND);
        cr_assert(span_equal(bytes_span(&in.file), bytes_span(&next.file)));
}

Test(block, damaged_or_cut_anywhere_is_never_taken)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BLOCK struct block in = {0};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        size_t first, last;

        make_answer(x, &in);
        block_write(&in, &text);
        first = (size_t)((unsigned char *)memchr(text.p, '\n', text.n) - text.p) + 1;
        last = text.n - strlen("\n-----END BREAKGLASS ANSWER-----\n");
        for (size_t i = first; i < last; i++) {
                CLEANUP_BLOCK struct block out = {0};
                unsigned char was = text.p[i];

                text.p[i] = was == 'A' ? 'B' : 'A';
                if (was != '\n')
                        cr_assert_eq(read_one(bytes_span(&text), BLOCK_ANSWER, &out), ERR_BAD_STATEMENT, "byte %zu",
                                     i);
                text.p[i] = was;
        }
        for (size_t n = 0; n < text.n - strlen("-----\n"); n += 7) {
                CLEANUP_BLOCK struct block out = {0};
                unsigned char *copy = mem_new(n + 1, 1); /* an over-read is seen */

                copy = mem_grow(copy, n, 1);
                memcpy(copy, text.p, n);
                cr_assert_neq(read_one(span_of(copy, n), BLOCK_ANSWER, &out), OK, "cut at %zu", n);
                free(copy);
        }
}

Test(block, a_cut_one_does_not_hide_the_next)
{
        CLEANUP_SCENE struct scene *x = scene_new();
        CLEANUP_BLOCK struct block in = {0}, out = {0};
        CLEANUP_BYTES struct bytes text = BYTES_NONE, both = BYTES_NONE;
        struct span rest;

        make_answer(x, &in);
        block_write(&in, &text);
        bytes_add(&both, text.p, text.n / 2);
        bytes_add_span(&both, bytes_span(&text));
        rest = bytes_span(&both);
        cr_assert_eq(block_read(&rest, BLOCK_ANSWER, &out), ERR_BAD_STATEMENT);
        cr_assert_eq(block_read(&rest, BLOCK_ANSWER, &out), OK, "%s", err_reason());
}
