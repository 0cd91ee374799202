#include "quorum/statement.h"
#include "quorum/roster.h"
#include "quorum/statement_table.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

static const struct {
        const char *word, *name_space;
} type_words[STATEMENT_COUNT] = {
#define X(name, word) {word, "breakglass/" word},
        STATEMENT_LIST(X)
#undef X
};

const char *statement_type_word(enum statement_type t)
{
        return t < STATEMENT_COUNT ? type_words[t].word : "unknown";
}

const char *statement_namespace(enum statement_type t)
{
        assert(t < STATEMENT_COUNT);
        return type_words[t].name_space;
}

enum statement_type statement_type_from_word(struct span word)
{
        for (unsigned t = 0; t < STATEMENT_COUNT; t++)
                if (span_is(word, type_words[t].word))
                        return (enum statement_type)t;
        return STATEMENT_UNKNOWN;
}

static bool is_small(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alphanumeric(char c)
{
        return is_small(c) || (c >= 'A' && c <= 'Z');
}

/* The grammar's one shape: a first character of a class, then that class and . _ / - */
static bool has_shape(const char *text, bool (*is_in_class)(char))
{
        size_t n = strlen(text);

        if (n < 1 || n > NAME_MAX_CHARS || !is_in_class(text[0]))
                return false;
        for (size_t i = 1; i < n; i++)
                if (!is_in_class(text[i]) && !strchr("._/-", text[i]))
                        return false;
        return true;
}

bool name_is_valid(const char *name)
{
        return has_shape(name, is_small) && !strstr(name, "..") && strcmp(name, "broker") != 0 &&
               strcmp(name, "none") != 0;
}

bool label_is_valid(const char *label)
{
        return has_shape(label, is_alphanumeric);
}

void statement_new_nonce(struct statement *s)
{
        randombytes_buf(s->nonce, sizeof(s->nonce));
}

static void free_offline(struct statement *s)
{
        for (size_t i = 0; i < s->recovery.n; i++) {
                bytes_done(&s->recovery.offline[i].payload);
                bytes_done(&s->recovery.offline[i].signature);
                statement_free(s->recovery.offline[i].said);
        }
        free(s->recovery.offline);
}

void statement_free(struct statement *s)
{
        if (!s)
                return;
        if (s->type == STATEMENT_REQUEST)
                free(s->request.acknowledges);
        if (s->type == STATEMENT_CUSTODY)
                free(s->custody.versions.h);
        if (s->type == STATEMENT_ORDER)
                free(s->order.versions.h);
        if (s->type == STATEMENT_RECOVERY)
                free_offline(s);
        roster_free(s->new_roster);
        json_decref(s->json_);
        free(s);
}

static const char *const why_words[] = {"done", "time", "webhook", "expired", NULL};
static const char *const step_words[] = {"claim", "set", "test", "promoted", "revoke", "done", NULL};
static const char *const outcome_words[] = {"", "started", "ok", "failed", "unknown", NULL};
static const char *const criterion_words[] = {"yes", "no", "drill", NULL};
static const char *const notice_words[] = {"accepted", "failed", "proposed-close", NULL};
const char *const statement_old_words[] = {"", "refused", "replaced", "unproven", NULL};

#define AT(member) offsetof(struct statement, member)

static const struct field custody_fields[] = {
        {"versions", FIELD_IDS, .at = AT(custody.versions)},
};
static const struct field request_fields[] = {
        {"credential", FIELD_NAME, .at = AT(request.credential)},
        {"version", FIELD_HASH, .at = AT(request.version)},
        {"emergency", FIELD_LABEL, .at = AT(request.emergency)},
        {"incident", FIELD_LABEL, true, .at = AT(request.incident)},
        {"reason", FIELD_TEXT, .at = AT(request.reason), .max = REASON_MAX},
        {"open_for", FIELD_INT, .at = AT(request.open_for_ms)},
        {"reply_to", FIELD_KEY, .at = AT(request.reply_to)},
        {"expires_at", FIELD_INT, .at = AT(request.expires_at_ms)},
        {"acknowledges", FIELD_LABELS, true, .at = AT(request.n_acknowledges)},
};
static const struct field approval_fields[] = {
        {"request", FIELD_HASH, .at = AT(approval.request)},
        {"version", FIELD_HASH, .at = AT(approval.version)},
        {"index", FIELD_INDEX, .at = AT(approval.index)},
        {"share", FIELD_HASH, .at = AT(approval.share)},
        {"expires_at", FIELD_INT, .at = AT(approval.expires_at_ms)},
        {"override", FIELD_TRUE, true, .at = AT(approval.override)},
};
static const struct field denial_fields[] = {
        {"request", FIELD_HASH, .at = AT(denial.request)},
        {"reason", FIELD_TEXT, .at = AT(denial.reason), .max = REASON_MAX},
        {"suspicious", FIELD_TRUE, true, .at = AT(denial.suspicious)},
};
static const struct field cancel_fields[] = {
        {"request", FIELD_HASH, .at = AT(cancel.request)},
};
static const struct field open_fields[] = {
        {"request", FIELD_HASH, .at = AT(open.request)},
        {"dark", FIELD_TRUE, true, .at = AT(open.dark)},
};
static const struct field close_fields[] = {
        {"incident", FIELD_LABEL, true, .at = AT(close.incident)},
        {"request", FIELD_HASH, true, .at = AT(close.request)},
        {"why", FIELD_WORD, .at = AT(close.why), .words = why_words},
};
static const struct field hold_fields[] = {
        {"incident", FIELD_LABEL, .at = AT(hold.incident)},
        {"reason", FIELD_TEXT, true, .at = AT(hold.reason), .max = REASON_MAX},
};
static const struct field extend_fields[] = {
        {"request", FIELD_HASH, .at = AT(extend.request)},
        {"open_for", FIELD_INT, .at = AT(extend.open_for_ms)},
};
static const struct field order_fields[] = {
        {"versions", FIELD_IDS, .at = AT(order.versions)},
        {"why", FIELD_TEXT, .at = AT(order.why), .max = TEXT_MAX},
};
static const struct field rotation_fields[] = {
        {"version", FIELD_HASH, .at = AT(rotation.version)},
        {"pending", FIELD_HASH, true, .at = AT(rotation.pending), .flag_at = AT(rotation.has_pending)},
        {"step", FIELD_WORD, .at = AT(rotation.step), .words = step_words},
        {"outcome", FIELD_WORD, true, .at = AT(rotation.outcome), .words = outcome_words},
        {"until", FIELD_INT, true, .at = AT(rotation.until_ms)},
        {"evidence", FIELD_EVIDENCE, true},
};
static const struct field postmortem_fields[] = {
        {"incident", FIELD_LABEL, .at = AT(postmortem.incident)},
        {"criterion_met", FIELD_WORD, .at = AT(postmortem.criterion_met), .words = criterion_words},
        {"text", FIELD_TEXT, .at = AT(postmortem.text), .max = POSTMORTEM_MAX},
};
static const struct field notice_fields[] = {
        {"event", FIELD_TEXT, .at = AT(notice.event), .max = TEXT_MAX},
        {"channel", FIELD_TEXT, .at = AT(notice.channel), .max = TEXT_MAX},
        {"outcome", FIELD_WORD, .at = AT(notice.outcome), .words = notice_words},
        {"about", FIELD_TEXT, true, .at = AT(notice.about), .max = TEXT_MAX},
        {"incident", FIELD_LABEL, true, .at = AT(notice.incident)},
        {"deadline", FIELD_INT, true, .at = AT(notice.deadline_ms)},
        {"detail", FIELD_TEXT, true, .at = AT(notice.detail), .max = TEXT_MAX},
};
/* The request, the approvals and the open are code, like a version. */
static const struct field recovery_fields[] = {
        {"untimed", FIELD_TRUE, .at = AT(recovery.untimed)},
};
static const struct field session_fields[] = {
        {"challenge", FIELD_CHALLENGE, .at = AT(session.challenge)},
};

#define TABLE(fields)                                                                                                \
        {                                                                                                            \
                (fields), COUNT_OF(fields)                                                                           \
        }

const struct field_table *statement_fields(enum statement_type t)
{
        static const struct field_table tables[STATEMENT_COUNT] = {
                [STATEMENT_CUSTODY] = TABLE(custody_fields),   [STATEMENT_REQUEST] = TABLE(request_fields),
                [STATEMENT_APPROVAL] = TABLE(approval_fields), [STATEMENT_DENIAL] = TABLE(denial_fields),
                [STATEMENT_CANCEL] = TABLE(cancel_fields),     [STATEMENT_OPEN] = TABLE(open_fields),
                [STATEMENT_CLOSE] = TABLE(close_fields),       [STATEMENT_HOLD] = TABLE(hold_fields),
                [STATEMENT_EXTEND] = TABLE(extend_fields),     [STATEMENT_ORDER] = TABLE(order_fields),
                [STATEMENT_ROTATION] = TABLE(rotation_fields), [STATEMENT_POSTMORTEM] = TABLE(postmortem_fields),
                [STATEMENT_NOTICE] = TABLE(notice_fields),     [STATEMENT_RECOVERY] = TABLE(recovery_fields),
                [STATEMENT_SESSION] = TABLE(session_fields),
        };

        assert(t < STATEMENT_COUNT);
        return &tables[t];
}
