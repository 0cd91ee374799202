/* First contact and joining: what /v1/about proves by itself. Nothing of it is believed but what follows, signature
 * by signature, from the genesis roster's hash. */
#include "base/clock.h"
#include "client/inside.h"
#include "quorum/admit.h"
#include <inttypes.h>
#include <string.h>

#define ABOUT_TEXT_MAX   65536u
#define JOIN_BROKERS_MAX 16u

void about_done(struct about *a)
{
        roster_free(a->roster);
        free(a->ids);
        bytes_done(&a->note);
        *a = (struct about){0};
}

/* ---- verifying ---- */

static enum err lie(const char *what)
{
        CLEANUP_FREE char *why = mem_text(err_reason());

        return err_because(ERR_LYING_BROKER, "/v1/about: %s%s%s", what, why[0] ? ": " : "", why);
}

static enum err check_genesis(const struct line *line, const struct hash *genesis)
{
        struct hash is = hash_of(bytes_span(&line->envelope.payload));
        char pinned[HASH_HEX + 1], shown[HASH_HEX + 1];

        if (line->n == 0 && hash_equal(&is, genesis))
                return OK;
        hash_to_hex(genesis, pinned);
        hash_to_hex(&is, shown);
        return err_because(ERR_LYING_BROKER, "the broker's first roster is %s, not the pinned %s", shown, pinned);
}

static enum err follow(struct about *a, const char *text, const struct hash *genesis, uint64_t *last_n)
{
        CLEANUP_LINE struct line line = {0};
        struct statement *s = NULL;
        enum err e;

        if (!text || line_read(span_text(text), &line) != OK || line.envelope.type != STATEMENT_ROSTER)
                return lie("an entry that is no roster");
        if (a->n_rosters == 0 && (e = check_genesis(&line, genesis)) != OK)
                return e;
        if (a->n_rosters > 0 && line.n <= *last_n)
                return lie("the rosters are out of order");
        if ((e = admit_statement(a->roster, &line.envelope, &s)) != OK)
                return e == ERR_UPGRADE ? e : lie("a roster that does not follow from the one before");
        *last_n = line.n;
        a->ids = mem_grow(a->ids, a->n_rosters + 1, sizeof(*a->ids));
        a->ids[a->n_rosters++] = s->id;
        roster_free(a->roster);
        a->roster = s->new_roster;
        s->new_roster = NULL;
        statement_free(s);
        return OK;
}

static enum err verify(struct about *a, json_t *rosters, const char *note, const struct hash *genesis)
{
        uint64_t last_n = 0;
        json_t *text;
        size_t i;
        enum err e;

        err_forget();
        json_array_foreach (rosters, i, text)
                if ((e = follow(a, json_string_value(text), genesis, &last_n)) != OK)
                        return e;
        if (checkpoint_verify(span_text(note), &a->roster->broker_signs, &a->head) != OK)
                return lie("the checkpoint's signature does not hold");
        if (!hash_equal(&a->head.installation, genesis) || a->head.size <= last_n)
                return lie("the checkpoint does not belong to these rosters");
        bytes_add_text(&a->note, note);
        return OK;
}

static enum err read_about(struct span body, const struct hash *genesis, struct about *ret)
{
        CLEANUP_JSON json_t *object = NULL;
        struct json_fields f;
        json_t *rosters;
        const char *note;
        enum err e;

        if ((e = answer_json(body, 3, &object)) != OK)
                return e;
        json_fields_begin(&f, object);
        (void)json_take_text(&f, "name", 1, ABOUT_TEXT_MAX);
        (void)json_take_text(&f, "installation", 1, ABOUT_TEXT_MAX);
        (void)json_take_text(&f, "program", 0, ABOUT_TEXT_MAX);
        (void)json_take_any(&f, "now");
        rosters = json_take_list(&f, "rosters", 1, JSON_LIST_MAX);
        note = json_take_text(&f, "checkpoint", 1, ABOUT_TEXT_MAX);
        if (json_fields_end(&f) != OK)
                return lie("malformed");
        return verify(ret, rosters, note, genesis);
}

/* ---- fetching ---- */

enum err about_fetch(struct http *http, const struct hash *genesis, struct about *ret)
{
        CLEANUP_HTTP_ANSWER struct http_answer answer = HTTP_ANSWER_NONE;
        struct about a = {0};
        enum err e;

        if ((e = http_call(http, "/v1/about", NULL, CALL_MS, &answer)) != OK)
                return e;
        if (answer.status != 200)
                return http_refusal(&answer);
        e = read_about(bytes_span(&answer.body), genesis, &a);
        if (e == OK)
                *ret = a;
        else
                about_done(&a);
        return e;
}

enum err about_first_contact(struct http *http, const struct hash *genesis, struct about *ret)
{
        CLEANUP_ABOUT struct about unpinned = {0};
        enum err e;

        http_pin_later(http);
        if ((e = about_fetch(http, genesis, &unpinned)) != OK)
                return e;
        if ((e = http_set_pin(http, unpinned.roster->broker_tls)) != OK)
                return e;
        return about_fetch(http, genesis, ret);
}

/* The chain must go on from the rosters we know: never older, never another. */
static enum err check_chain(const struct client *c, const struct about *a)
{
        size_t known = ledger_rosters(client_ledger(c));
        struct roster_view view;

        for (size_t i = 0; i < known; i++) {
                ledger_roster_at(client_ledger(c), i, &view);
                if (i >= a->n_rosters)
                        return err_because(ERR_LYING_BROKER,
                                           "roster-rollback: the broker shows roster %zu as newest, "
                                           "this client has seen roster %zu",
                                           a->n_rosters, known);
                if (!hash_equal(&view.id, &a->ids[i]))
                        return err_because(ERR_LYING_BROKER, "roster-fork: the broker shows another roster %zu",
                                           i + 1);
        }
        return OK;
}

enum err client_contact(struct client *c)
{
        CLEANUP_ABOUT struct about a = {0};
        enum err e;

        if ((e = about_first_contact(c->http, &c->home.genesis, &a)) != OK)
                return e;
        if ((e = check_chain(c, &a)) != OK)
                return e;
        if ((e = replica_expect(c->replica, bytes_span(&a.note))) != OK)
                return e;
        roster_free(c->first_roster);
        c->first_roster = a.roster;
        a.roster = NULL;
        return client_find_me(c);
}

static void describe_parting(const struct parting *p, struct bytes *ret)
{
        const uint64_t n = p->ours.size - p->common;

        if (p->kind == PARTING_CUT)
                bytes_printf(ret, "a shorter log than seen before: %" PRIu64 " entr%s from %" PRIu64 " on %s missing",
                             n, n == 1 ? "y" : "ies", p->common, n == 1 ? "is" : "are");
        else if (p->kind == PARTING_FORK)
                bytes_printf(ret, "fork: another log than seen before from entry %" PRIu64 " on", p->common);
        else
                bytes_add_text(ret, "fork");
}

enum err client_alarm_fork(struct client *c)
{
        CLEANUP_ABOUT struct about a = {0};
        CLEANUP_BYTES struct bytes what = BYTES_NONE;
        struct checkpoint mine = {0};
        char seen[HASH_HEX + 1], shown[HASH_HEX + 1];

        if (checkpoint_read(replica_head(c->replica), &mine) != OK)
                return err_because(ERR_LYING_BROKER, "fork: the broker denies the head that it gave");
        hash_to_hex(&mine.root, seen);
        if (about_fetch(c->http, &c->home.genesis, &a) != OK)
                return err_because(ERR_LYING_BROKER, "fork: the broker denies the head %" PRIu64 " %s that it signed",
                                   mine.size, seen);
        hash_to_hex(&a.head.root, shown);
        home_keep_evidence(&c->home, bytes_span(&a.note));
        client_find_parting(c, &mine, &a.head);
        describe_parting(&c->parting, &what);
        return err_because(ERR_LYING_BROKER, "%s; seen before: %" PRIu64 " %s, shown now: %" PRIu64 " %s",
                           bytes_text(&what), mine.size, seen, a.head.size, shown);
}

/* ---- joining ---- */

struct invitation {
        size_t n;
        char *broker[JOIN_BROKERS_MAX];
        struct hash genesis;
};

static void invitation_done(struct invitation *i)
{
        for (size_t k = 0; k < i->n; k++)
                free(i->broker[k]);
        i->n = 0;
}

static enum err read_invitation(const char *where, struct invitation *ret)
{
        const char *mark = strrchr(where, '#');
        CLEANUP_FREE char *list = mark ? mem_text_n(where, (size_t)(mark - where)) : NULL;
        char *rest = NULL;

        if (!mark)
                return err_because(ERR_NO_PIN,
                                   "say `breakglass join 'URL#GENESIS-SHA256'`; an admin reads the hash out "
                                   "to you (the SHA-256 of the first roster's file)");
        if (hash_from_hex(span_text(mark + 1), &ret->genesis) != OK)
                return err_because(ERR_NO_PIN, "behind # belong the 64 hex digits of the first roster's SHA-256");
        for (char *url = strtok_r(list, ",", &rest); url; url = strtok_r(NULL, ",", &rest)) {
                if (ret->n == JOIN_BROKERS_MAX)
                        return err_because(ERR_USAGE, "at most %u addresses", JOIN_BROKERS_MAX);
                ret->broker[ret->n++] = mem_text(url);
        }
        return OK;
}

static enum err meet(const struct invitation *i, struct about *ret)
{
        struct http *http = NULL;
        enum err e;

        if ((e = http_new((const char *const *)i->broker, i->n, &http)) != OK)
                return e;
        e = about_first_contact(http, &i->genesis, ret);
        http_free(http);
        return e;
}

static enum err settle_in(const struct invitation *i, struct about *a, const char *identity_path, struct client **ret)
{
        struct home home = HOME_NONE;
        struct client_options options = {.installation = a->roster->name};
        struct client *c = NULL;
        enum err e;

        e = home_create(a->roster->name, &i->genesis, (const char *const *)i->broker, i->n, identity_path, &home);
        if (e != OK)
                return e;
        home_close(&home);
        if ((e = client_open(&options, &c)) != OK)
                return e;
        if ((e = check_chain(c, a)) == OK && (e = replica_expect(c->replica, bytes_span(&a->note))) == OK)
                e = http_set_pin(c->http, a->roster->broker_tls);
        if (e != OK) {
                client_close(c);
                return e;
        }
        c->first_roster = a->roster;
        a->roster = NULL;
        *ret = c;
        return OK;
}

enum err client_join(const char *where, const char *identity_path, struct client **ret)
{
        __attribute__((cleanup(invitation_done))) struct invitation invitation = {0};
        CLEANUP_ABOUT struct about a = {0};
        enum err e;

        if ((e = read_invitation(where, &invitation)) != OK)
                return e;
        if ((e = meet(&invitation, &a)) != OK)
                return e;
        return settle_in(&invitation, &a, identity_path, ret);
}
