#include "broker/restored.h"
#include "broker/keys.h"
#include "quorum/brief.h"
#include "quorum/envelope.h"
#include "quorum/export.h"
#include <inttypes.h>
#include <string.h>

enum err restored_check_key(const struct config *c, const struct ledger *l)
{
        const char *paths[] = {c->sign_key, c->sign_next_key};
        bool is_there = false;
        for (size_t i = 0; i < COUNT_OF(paths) && paths[i] && !is_there; i++) {
                struct signing_key key = {.key = SECRET_NONE};
                enum err e = signing_key_load(paths[i], &key);
                is_there = e == OK && key_equal(&key.public, &ledger_roster(l)->broker_signs);
                signing_key_wipe(&key);
                if (e != OK)
                        return e;
        }
        return is_there
                       ? OK
                       : err_because(ERR_BAD_KEY, "the roster in force names another broker.signs: give its key file "
                                                  "as keys: sign; if it is lost, `init --from` takes with --roster a "
                                                  "next roster that names this one");
}

/* ---- writing ---- */

enum err restored_append(struct store *s, const struct given_log *log, uint64_t n, uint64_t to)
{
        enum err e = OK;
        for (; n < to && e == OK; n++) {
                CLEANUP_BYTES struct bytes line = BYTES_NONE;
                const struct hash id = ledger_id_at(log->ledger, n);
                if ((e = given_line(log, n, &line)) == OK)
                        e = store_append(s, n, &id, bytes_span(&line));
        }
        return e;
}

static enum err put_part(struct store *s, const struct given *g, enum blob_kind kind, const struct hash *version,
                         const struct hash *sha256, size_t *put)
{
        CLEANUP_BYTES struct bytes part = BYTES_NONE;
        enum err e = given_part(g, sha256, &part);
        if (e == OK)
                e = store_put_blob(s, kind, version, sha256, bytes_span(&part));
        *put += e == OK;
        return e == ERR_NOT_FOUND ? OK : e; /* told afterwards */
}

static enum err put_version(struct store *s, const struct given *g, const struct version_view *v, size_t *put)
{
        enum err e = put_part(s, g, BLOB_CIPHERTEXT, &v->id, &v->fields->ciphertext_sha256, put);
        for (unsigned i = 0; i < v->fields->n_shares && e == OK; i++)
                e = put_part(s, g, BLOB_SHARE, &v->id, &v->fields->shares[i].sha256, put);
        return e;
}

static enum err erase_version(struct store *s, const struct version_view *v)
{
        enum err e = store_erase_blobs(s, BLOB_CIPHERTEXT, &v->id, NULL);
        return e == OK ? store_erase_blobs(s, BLOB_SHARE, &v->id, NULL) : e;
}

enum err restored_put_parts(struct store *s, const struct ledger *l, const struct given *g, size_t *ret_put)
{
        enum err e = OK;
        *ret_put = 0;
        for (size_t i = 0; i < ledger_versions(l) && e == OK; i++) {
                struct version_view v;
                ledger_version_at(l, i, &v);
                e = export_carries(&v) ? put_version(s, g, &v, ret_put) : erase_version(s, &v);
        }
        for (size_t i = 0; i < ledger_requests(l) && e == OK; i++) {
                struct request_view r;
                ledger_request_at(l, i, ledger_last_at(l), &r);
                if (r.state == REQUEST_ENDED)
                        e = store_erase_blobs(s, BLOB_RESHARE, &r.id, NULL);
        }
        return e;
}

/* ---- what nobody had ---- */

static enum err has_blob(struct store *s, const struct hash *sha256, bool *ret)
{
        struct blob_place place;
        size_t n = 0;
        enum err e = store_find_blob(s, sha256, &place, 1, &n);
        *ret = n > 0;
        return e;
}

static enum err is_whole(struct store *s, const struct version_fields *v, bool *ret)
{
        enum err e = has_blob(s, &v->ciphertext_sha256, ret);
        for (unsigned i = 0; i < v->n_shares && e == OK && *ret; i++)
                e = has_blob(s, &v->shares[i].sha256, ret);
        return e;
}

static void tell_version(const struct version_view *v)
{
        char time[BRIEF_TIME];
        printf("missing: the sealed parts of %s version %" PRIu64 ", sealed by %s at %s. Let %s write them with "
               "`breakglass log export --sealed FILE`, and bring FILE with `breakglassd give-back`. If they are gone "
               "there, too, this version opens for nobody, and no export can be made: %sseal it anew or let it be "
               "rotated%s\n",
               v->fields->credential, v->fields->number, v->sealer, brief_time(v->at_ms, time), v->sealer,
               v->is_retired ? "it is retired, so put it into the next roster, then " : "",
               v->fields->number > 1 ? "; the one before it opens from an export of its time (`breakglass recover`), "
                                       "if its target still takes it"
                                     : "");
}

static enum err tell_versions(struct store *s, const struct ledger *l)
{
        enum err e = OK;
        for (size_t i = 0; i < ledger_versions(l) && e == OK; i++) {
                struct version_view v;
                bool has_all = true;
                ledger_version_at(l, i, &v);
                if (export_carries(&v) && (e = is_whole(s, v.fields, &has_all)) == OK && !has_all)
                        tell_version(&v);
        }
        return e;
}

/* An approver can't say the same twice, so a request that was not opened yet is lost. */
static enum err tell_request(struct store *s, const struct ledger *l, const struct request_view *r)
{
        bool has_all = true;
        enum err e = OK;
        for (size_t i = 0; i < ledger_approvals(l, r->index) && e == OK && has_all; i++) {
                struct approval_view a;
                ledger_approval_at(l, r->index, i, ledger_last_at(l), &a);
                e = has_blob(s, &a.share, &has_all);
        }
        if (e == OK && !has_all)
                printf("missing: what was approved for R%" PRIu64 " (%s, %s): the shares on their way are in no log. "
                       "Ask anew; the approvers give an override\n",
                       r->n, r->requester, r->credential);
        return e;
}

enum err restored_tell_missing(struct store *s, const struct ledger *l)
{
        enum err e = tell_versions(s, l);
        for (size_t i = 0; i < ledger_requests(l) && e == OK; i++) {
                struct request_view r;
                ledger_request_at(l, i, ledger_last_at(l), &r);
                if (r.state == REQUEST_WAITING || r.state == REQUEST_READY)
                        e = tell_request(s, l, &r);
        }
        return e;
}

/* ---- two logs ---- */

#define TOLD_MAX 40u

static bool is_brokers(const struct statement *s)
{
        return s->n_by == 1 && !strcmp(s->by[0], "broker");
}

/* One line; false when it need not be told: it is the broker's own word, or stands in the other log, too. */
static bool brief(const struct given_log *log, const struct given_log *other, struct span text, struct bytes *ret)
{
        CLEANUP_LINE struct line line = {0};
        struct statement *s = NULL;
        bool is_told = false;
        if (line_read(text, &line) == OK &&
            statement_parse(line.envelope.type, bytes_span(&line.envelope.payload), &s) == OK) {
                is_told = !is_brokers(s) && !ledger_find(other->ledger, &s->id, &(uint64_t){0});
                if (is_told)
                        brief_line(log->ledger, line.n, line.at_ms, s, ret);
        }
        statement_free(s);
        return is_told;
}

static void tell_side(const struct given_log *log, const struct given_log *other, uint64_t common)
{
        uint64_t n = ledger_size(log->ledger) - common;
        unsigned told = 0, more = 0;
        fprintf(stderr,
                "Only %s has these of its %" PRIu64 " entries from %" PRIu64 " on (the broker's own words, and "
                "what both have, are left out):\n",
                log->name, n, common);
        for (uint64_t at = common; at < ledger_size(log->ledger); at++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE, line = BYTES_NONE;
                if (given_line(log, at, &line) != OK || !brief(log, other, bytes_span(&line), &text))
                        continue;
                if (told < TOLD_MAX)
                        fprintf(stderr, "%s\n", bytes_text(&text));
                else
                        more++;
                told++;
        }
        if (more)
                fprintf(stderr, "        and %u more\n", more);
        else if (!told)
                fprintf(stderr, "        nothing that a person said\n");
}

static void tell_head(const struct given_log *log)
{
        char hex[HASH_HEX + 1];
        struct hash root = ledger_root(log->ledger);
        hash_to_hex(&root, hex);
        fprintf(stderr, "%s: %" PRIu64 ":%s\n", log->name, ledger_size(log->ledger), hex);
}

void restored_tell_fork(const struct given_log *one, const struct given_log *other)
{
        uint64_t common = given_common(one->ledger, other->ledger);
        fflush(stdout);
        tell_side(one, other, common);
        tell_side(other, one, common);
        fprintf(stderr, "The heads:\n");
        tell_head(one);
        tell_head(other);
}
