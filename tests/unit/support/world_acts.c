#include "quorum/age.h"
#include "tests/unit/support/world.h"
#include <assert.h>
#include <string.h>

#define MUST(call)                                                                                                   \
        do {                                                                                                         \
                enum err must_ = (call);                                                                             \
                assert(must_ == OK);                                                                                 \
        } while (0)

struct statement world_version(struct world *w, const char *credential, uint64_t number, const struct hash *previous,
                               const char *sealer, struct sealed_version *sealed)
{
        static const char *const holders[] = {"alice", "bob", "carol", "dave"};
        bool is_web = strcmp(credential, "prod/web/key") == 0;
        struct version_fields about = {.credential = credential,
                                       .number = number,
                                       .has_previous = previous != NULL,
                                       .policy = is_web ? "web" : "prod-db",
                                       .need = is_web ? 3 : 2,
                                       .is_initial = strcmp(sealer, "rot-1") != 0};
        struct document_field password = {.name = "password", .value = (const unsigned char *)"hunter2", .len = 7};
        struct statement s = world_say_as(w, STATEMENT_VERSION, sealer);
        CLEANUP_DOCUMENT struct document document = {0};
        struct version_holder to[COUNT_OF(holders)];
        unsigned n = is_web ? 4 : 3;

        if (previous)
                about.previous = *previous;
        if (!about.is_initial)
                about.rotation_of = *previous;
        for (unsigned i = 0; i < n; i++)
                to[i] = (struct version_holder){holders[i], world_keys(w, holders[i])->opens};
        MUST(document_build(credential, number, &password, 1, &document));
        MUST(version_seal(&about, to, n, &document, sealed));
        s.version = sealed->fields;
        return s;
}

struct statement world_request(struct world *w, const char *who, const char *credential, const struct hash *version,
                               struct secret *ret_reply)
{
        static char reply_to[AGE_PUBLIC_TEXT];
        struct statement s = world_say_as(w, STATEMENT_REQUEST, who);
        CLEANUP_SECRET struct secret reply = SECRET_NONE;
        struct key public_key;

        MUST(age_new_identity(&reply));
        MUST(age_public_of(&reply, &public_key));
        open_key_format(&public_key, reply_to);
        s.request.credential = credential;
        s.request.version = *version;
        s.request.emergency = "E2";
        s.request.reason = "the primary is down and SSO with it";
        s.request.open_for_ms = 3600000;
        s.request.reply_to = reply_to;
        s.request.expires_at_ms = w->now_ms + 900000;
        if (ret_reply)
                secret_move(ret_reply, &reply);
        return s;
}

struct statement world_approval(struct world *w, const char *who, const struct hash *request,
                                const struct hash *version, unsigned index)
{
        struct statement s = world_say_as(w, STATEMENT_APPROVAL, who);

        s.approval.request = *request;
        s.approval.version = *version;
        s.approval.index = index;
        s.approval.share = hash_of(span_text(who));
        s.approval.expires_at_ms = w->now_ms + 900000;
        return s;
}
