/* Signing in, and bringing the replica up to the broker's log. */
#include "base/clock.h"
#include "client/inside.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

/* An answer of about 4 MiB may have more behind it; one this short has not. */
#define LOG_CHUNK_MIN (1024u * 1024u)
#define WAIT_MAX_S    25u
/* A clock that is wrong by more is refused everywhere; a key must not die of it. */
#define KEY_GRACE_MS (10 * MINUTE_MS)
/* The key of a request that a crash kept from being stored: no statement so old would be taken any more. */
#define ORPHAN_KEY_MS HOUR_MS

/* ---- calls ---- */

enum err answer_json(struct span body, unsigned max_depth, json_t **ret)
{
        if (json_read(body, max_depth, ret) == OK)
                return OK;
        return err_because(ERR_LYING_BROKER, "the broker's answer is no JSON of the API");
}

enum err client_call(struct client *c, const char *path, const struct span *body, int64_t timeout_ms,
                     struct bytes *ret)
{
        CLEANUP_HTTP_ANSWER struct http_answer answer = HTTP_ANSWER_NONE;
        enum err e;

        e = http_call(c->http, path, body, timeout_ms, &answer);
        if (e == ERR_LYING_BROKER && http_met_other_key(c->http)) {
                /* The broker may have a new TLS key that a newer roster names. */
                CLEANUP_FREE char *why = mem_text(err_reason());

                if (client_contact(c) != OK)
                        return err_because(ERR_LYING_BROKER, "%s", why);
                e = http_call(c->http, path, body, timeout_ms, &answer);
        }
        if (e != OK)
                return e;
        if (answer.status != 200)
                return http_refusal(&answer);
        bytes_done(ret);
        *ret = answer.body;
        answer.body = BYTES_NONE;
        return OK;
}

/* ---- signing in ---- */

static enum err fetch_challenge(struct client *c, unsigned char ret[32])
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_JSON json_t *object = NULL;
        struct json_fields f;
        enum err e;

        if ((e = client_call(c, "/v1/challenge", NULL, CALL_MS, &body)) != OK)
                return e;
        if ((e = answer_json(bytes_span(&body), 2, &object)) != OK)
                return e;
        json_fields_begin(&f, object);
        json_take_hex(&f, "challenge", ret, 32);
        (void)json_take_any(&f, "expires_at");
        return json_fields_end(&f) == OK ? OK : err_because(ERR_LYING_BROKER, "/v1/challenge: malformed");
}

static enum err take_token(struct client *c, struct span body)
{
        CLEANUP_JSON json_t *object = NULL;
        unsigned char raw[TOKEN_HEX / 2];
        struct json_fields f;
        const char *token;
        enum err e;

        if ((e = answer_json(body, 2, &object)) != OK)
                return e;
        json_fields_begin(&f, object);
        json_take_hex(&f, "token", raw, sizeof(raw));
        token = json_take_text(&f, "token", TOKEN_HEX, TOKEN_HEX);
        (void)json_take_any(&f, "expires_at");
        if (json_fields_end(&f) != OK)
                return err_because(ERR_LYING_BROKER, "/v1/sessions: malformed");
        http_set_token(c->http, token);
        c->is_signed_in = true;
        return OK;
}

static enum err session_body(struct client *c, const unsigned char challenge[32], bool at_genesis, struct bytes *ret)
{
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        struct statement s = {.type = STATEMENT_SESSION};
        enum err e;

        client_fill_head(c, &s);
        if (at_genesis) {
                s.roster = *ledger_installation(client_ledger(c));
                s.head_size = 1;
                s.head_root = ledger_root_at(client_ledger(c), 1);
        }
        memcpy(s.session.challenge, challenge, 32);
        if ((e = client_sign(c, &s, &envelope)) != OK)
                return e;
        bytes_add_text(ret, "{\"statement\":");
        envelope_write(&envelope, ret);
        bytes_add_text(ret, "}");
        return OK;
}

static enum err check_may_sign_in(struct client *c)
{
        if (!c->is_unlocked)
                return err_because(ERR_USAGE, "this needs your identity; name it with --identity FILE");
        if (!client_roster(c))
                return client_contact(c);
        return c->name ? OK : client_find_me(c);
}

static enum err sign_in_as_of(struct client *c, bool at_genesis)
{
        CLEANUP_BYTES struct bytes request = BYTES_NONE;
        CLEANUP_BYTES struct bytes answer = BYTES_NONE;
        unsigned char challenge[32];
        enum err e;

        http_set_token(c->http, NULL);
        c->is_signed_in = false;
        if ((e = check_may_sign_in(c)) != OK)
                return e;
        if ((e = fetch_challenge(c, challenge)) != OK)
                return e;
        if ((e = session_body(c, challenge, at_genesis, &request)) != OK)
                return e;
        e = client_call(c, "/v1/sessions", &(struct span){request.p, request.n}, CALL_MS, &answer);
        if (e != OK)
                return e == ERR_STATE_UNKNOWN ? ERR_UNREACHABLE : e; /* a lost sign-in changes nothing */
        e = take_token(c, bytes_span(&answer));
        sodium_memzero(answer.p, answer.n);
        return e;
}

static enum err sign_in(struct client *c)
{
        return sign_in_as_of(c, false);
}

enum err client_sign_in_at_genesis(struct client *c)
{
        return ledger_size(client_ledger(c)) > 0 ? sign_in_as_of(c, true) : ERR_NOT_FOUND;
}

static enum err call_in_session(struct client *c, const char *path, int64_t timeout_ms, struct bytes *ret)
{
        bool was_signed_in = c->is_signed_in;
        enum err e;

        if (!was_signed_in && (e = sign_in(c)) != OK)
                return e;
        e = client_call(c, path, NULL, timeout_ms, ret);
        if (e != ERR_AUTH || !was_signed_in)
                return e;
        /* The session has run out. */
        if ((e = sign_in(c)) != OK)
                return e;
        return client_call(c, path, NULL, timeout_ms, ret);
}

enum err client_call_signed_in(struct client *c, const char *path, int64_t timeout_ms, struct bytes *ret)
{
        enum err e = call_in_session(c, path, timeout_ms, ret);

        /* Our head was signed by the broker: an honest one knows it. */
        return e == ERR_FORK ? client_alarm_fork(c) : e;
}

/* ---- after new lines ---- */

static bool is_over(const struct client *c, const struct home_entry *key)
{
        struct request_view r;
        int64_t last = ledger_last_at(client_ledger(c)), now = client_now_ms(c) - KEY_GRACE_MS;

        if (ledger_request_by_id(client_ledger(c), &key->id, now > last ? now : last, &r))
                return r.state == REQUEST_ENDED;
        CLEANUP_FREE char *unsent = home_path_of(&c->home, HOME_OUTGOING, &key->id);

        return key->age_ms > ORPHAN_KEY_MS && !file_exists(unsent);
}

/* Keys of ended requests die here: at close, cancel and expiry. */
static enum err drop_ended_keys(struct client *c)
{
        CLEANUP_FREE struct home_entry *keys = NULL;
        size_t n = 0;
        enum err e = home_list(&c->home, HOME_REQUESTS, &keys, &n);

        for (size_t i = 0; e == OK && i < n; i++)
                if (is_over(c, &keys[i]))
                        e = home_drop_key(&c->home, &keys[i].id);
        return e;
}

enum err client_settle(struct client *c)
{
        const struct roster *roster = ledger_roster(client_ledger(c));
        enum err e;

        if (!roster)
                return OK;
        if (c->first_roster && c->first_roster->number <= roster->number) {
                roster_free(c->first_roster);
                c->first_roster = NULL;
        }
        /* While the log at hand ends before the roster of first contact, that one names the key. */
        if (!c->first_roster && (e = http_set_pin(c->http, roster->broker_tls)) != OK)
                return e;
        if ((e = client_find_me(c)) != OK)
                return e;
        if ((e = client_drop_parts(c)) != OK)
                return e;
        return drop_ended_keys(c);
}

/* ---- syncing ---- */

static enum err take_log(struct client *c, unsigned wait_s, size_t *ret_new, bool *ret_more)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_BYTES struct bytes answer = BYTES_NONE;
        enum err e;

        bytes_printf(&path, "/v1/log?after=%" PRIu64 "&wait=%u", ledger_size(client_ledger(c)), wait_s);
        e = client_call_signed_in(c, bytes_text(&path), BULK_MS, &answer);
        if (e != OK)
                return e;
        *ret_more = answer.n >= LOG_CHUNK_MIN;
        return replica_take(c->replica, bytes_span(&answer), ret_new);
}

static enum err follow_log(struct client *c, unsigned wait_s, size_t *ret_new)
{
        size_t total = 0, n = 0;
        bool more = true;
        enum err e;

        while (more) {
                if ((e = take_log(c, wait_s, &n, &more)) != OK)
                        return e;
                total += n;
                wait_s = 0;
                more = more && n > 0;
        }
        *ret_new = total;
        return replica_check_complete(c->replica);
}

enum err client_sync(struct client *c, unsigned wait_s, size_t *ret_new)
{
        size_t n = 0, sent, refused;
        enum err e;

        if (wait_s > WAIT_MAX_S)
                wait_s = WAIT_MAX_S;
        if (wait_s > 0 && (e = replica_flush(c->replica)) != OK)
                return e;
        if ((e = follow_log(c, c->has_retried ? wait_s : 0, &n)) != OK)
                return e;
        if ((e = client_settle(c)) != OK)
                return e;
        if (ret_new)
                *ret_new = n;
        if (c->has_retried)
                return OK;
        c->has_retried = true;
        return client_retry_outgoing(c, &sent, &refused);
}
