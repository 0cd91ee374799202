#include "client/act_inside.h"
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define ID_PREFIX_MIN 8u

int64_t act_now_ms(const struct client *c)
{
        int64_t now = client_now_ms(c), last = ledger_last_at(client_ledger(c));

        return now > last ? now : last;
}

/* ---- finding ---- */

/* "R17", "17" → 17. Eight digits and more are the beginning of an id. */
static bool read_number(const char *text, uint64_t *ret)
{
        bool is_marked = *text == 'R' || *text == 'r';
        const char *digits = text + is_marked;
        size_t n = strspn(digits, "0123456789");

        if (n == 0 || digits[n] != '\0' || n > 15 || (!is_marked && n >= ID_PREFIX_MIN))
                return false;
        *ret = strtoull(digits, NULL, 10);
        return true;
}

static bool is_prefix(const char *text)
{
        size_t n = strspn(text, "0123456789abcdef");

        return n >= ID_PREFIX_MIN && n <= HASH_HEX && text[n] == '\0';
}

enum err act_find_request(struct client *c, const char *text, struct request_view *ret)
{
        const struct ledger *l = client_ledger(c);
        struct request_view r, found = {0};
        unsigned matches = 0;
        uint64_t number = 0;
        bool by_number = read_number(text, &number);

        if (!by_number && !is_prefix(text))
                return err_because(ERR_NOT_FOUND, "a request is named R17 (its entry) or by the first 8 or more hex "
                                                  "digits of its id");
        for (size_t i = 0; i < ledger_requests(l); i++) {
                char id[HASH_HEX + 1];

                ledger_request_at(l, i, act_now_ms(c), &r);
                hash_to_hex(&r.id, id);
                if (by_number ? r.n != number : strncmp(id, text, strlen(text)) != 0)
                        continue;
                found = r;
                matches++;
        }
        if (matches == 0)
                return err_because(ERR_NOT_FOUND, "the log has no such request");
        if (matches > 1)
                return err_because(ERR_MISMATCH, "several requests begin so; give more digits");
        *ret = found;
        return OK;
}

enum err act_my_request(const struct client *c, const struct hash *request, struct request_view *ret)
{
        struct request_view r;

        if (!ledger_request_by_id(client_ledger(c), request, act_now_ms(c), &r))
                return err_because(ERR_NOT_FOUND, "the log has no such request");
        if (!client_me(c) || strcmp(r.requester, client_me(c)) != 0)
                return err_because(ERR_NOT_ALLOWED, "the request is %s's", r.requester);
        *ret = r;
        return OK;
}

enum err act_why_ended(const struct request_view *r)
{
        static const char *const why[] = {
                [END_NONE] = "over",
                [END_DENIED] = "denied",
                [END_CANCELLED] = "cancelled",
                [END_DONE] = "closed",
                [END_TIME] = "closed when its time was over",
                [END_WEBHOOK] = "closed with its incident",
                [END_EXPIRED] = "expired",
                [END_OFFLINE] = "over: it was opened offline",
                [END_RETIRED] = "ended with its credential",
        };

        return err_because(r->end == END_EXPIRED ? ERR_EXPIRED : ERR_ENDED, "R%" PRIu64 " is %s", r->n, why[r->end]);
}

/* ---- plain statements ---- */

/* An incident's name may be the ledger's own, which a sync moves: hence the copies. */

static enum err sync_and_say(struct client *c, struct statement *s, uint64_t *ret_n)
{
        enum err e = client_sync(c, 0, NULL);

        return e != OK ? e : client_say(c, s, NULL, 0, NULL, ret_n);
}

enum err act_deny(struct client *c, const struct hash *request, const char *reason, bool suspicious, uint64_t *ret_n)
{
        struct statement s = {.type = STATEMENT_DENIAL,
                              .denial = {.request = *request, .reason = reason, .suspicious = suspicious}};

        return sync_and_say(c, &s, ret_n);
}

enum err act_cancel(struct client *c, const struct hash *request, uint64_t *ret_n)
{
        struct statement s = {.type = STATEMENT_CANCEL, .cancel = {.request = *request}};

        return sync_and_say(c, &s, ret_n);
}

enum err act_hold(struct client *c, const char *incident, const char *reason, uint64_t *ret_n)
{
        CLEANUP_FREE char *name = mem_text(incident);
        struct statement s = {.type = STATEMENT_HOLD, .hold = {.incident = name, .reason = reason}};

        return sync_and_say(c, &s, ret_n);
}

enum err act_extend(struct client *c, const struct hash *request, int64_t open_for_ms, uint64_t *ret_n)
{
        struct statement s = {.type = STATEMENT_EXTEND, .extend = {.request = *request, .open_for_ms = open_for_ms}};

        return sync_and_say(c, &s, ret_n);
}

enum err act_postmortem(struct client *c, const char *incident, enum criterion met, const char *text, uint64_t *ret_n)
{
        CLEANUP_FREE char *name = mem_text(incident);
        struct statement s = {.type = STATEMENT_POSTMORTEM,
                              .postmortem = {.incident = name, .criterion_met = met, .text = text}};

        return sync_and_say(c, &s, ret_n);
}

enum err act_order(struct client *c, const struct hash versions[], size_t n, const char *why, uint64_t *ret_n)
{
        struct statement s = {.type = STATEMENT_ORDER,
                              .order = {.versions = {n, (struct hash *)versions}, .why = why}};

        return sync_and_say(c, &s, ret_n);
}

enum err act_rotation_done(struct client *c, const struct hash *old_version, const struct hash *pending,
                           enum old_evidence old, bool new_works, const char *handle, uint64_t *ret_n)
{
        struct statement s = {.type = STATEMENT_ROTATION};

        s.rotation.version = *old_version;
        s.rotation.has_pending = pending != NULL;
        if (pending)
                s.rotation.pending = *pending;
        s.rotation.step = STEP_DONE;
        s.rotation.old = old;
        s.rotation.has_new_works = new_works;
        s.rotation.handle = handle;
        return sync_and_say(c, &s, ret_n);
}
