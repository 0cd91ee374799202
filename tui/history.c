#include "tui/history.h"
#include <string.h>

static enum err visit_line(const struct cli *cli, uint64_t n,
                           bool (*visit)(void *context, const struct history_entry *entry), void *context,
                           bool *ret_go_on)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_LINE struct line line = {0};
        struct statement *s = NULL;
        enum err e;

        if ((e = replica_line(client_replica(cli->client), n, &text)) != OK)
                return e;
        if ((e = line_read(bytes_span(&text), &line)) != OK)
                return e;
        if ((e = statement_parse(line.envelope.type, bytes_span(&line.envelope.payload), &s)) != OK)
                return e;
        /* A roster's payload does not name its signers; its line says that admins signed it. */
        const struct history_entry entry = {n, line.at_ms, bytes_span(&text), s};

        *ret_go_on = visit(context, &entry);
        statement_free(s);
        return OK;
}

enum err history_walk(const struct cli *cli, uint64_t from,
                      bool (*visit)(void *context, const struct history_entry *entry), void *context)
{
        uint64_t size = ledger_size(cli_ledger(cli));
        bool go_on = true;
        enum err e = OK;

        for (uint64_t n = from; e == OK && go_on && n < size; n++)
                e = visit_line(cli, n, visit, context, &go_on);
        return e;
}

static bool request_is_of(const struct ledger *l, const struct hash *request, const char *incident)
{
        struct request_view r;

        return ledger_request_by_id(l, request, ledger_last_at(l), &r) && strcmp(r.incident, incident) == 0;
}

/* Whether some request of the incident was for this version and got a share of it. */
static bool version_is_of(const struct ledger *l, const struct hash *version, const char *incident)
{
        for (size_t i = 0; i < ledger_requests(l); i++) {
                struct request_view r;

                ledger_request_at(l, i, ledger_last_at(l), &r);
                if (r.approvals_ever > 0 && hash_equal(&r.version, version) && strcmp(r.incident, incident) == 0)
                        return true;
        }
        return false;
}

static bool label_is(const char *label, const char *incident)
{
        return label && strcmp(label, incident) == 0;
}

bool history_is_about(const struct ledger *l, const struct statement *s, const char *incident)
{
        switch ((int)s->type) {
        case STATEMENT_REQUEST: return request_is_of(l, &s->id, incident);
        case STATEMENT_APPROVAL: return request_is_of(l, &s->approval.request, incident);
        case STATEMENT_DENIAL: return request_is_of(l, &s->denial.request, incident);
        case STATEMENT_CANCEL: return request_is_of(l, &s->cancel.request, incident);
        case STATEMENT_OPEN: return request_is_of(l, &s->open.request, incident);
        case STATEMENT_EXTEND: return request_is_of(l, &s->extend.request, incident);
        case STATEMENT_CLOSE:
                return s->close.incident ? label_is(s->close.incident, incident)
                                         : request_is_of(l, &s->close.request, incident);
        case STATEMENT_HOLD: return label_is(s->hold.incident, incident);
        case STATEMENT_ROTATION: return version_is_of(l, &s->rotation.version, incident);
        case STATEMENT_POSTMORTEM: return label_is(s->postmortem.incident, incident);
        case STATEMENT_RECOVERY: return request_is_of(l, &s->recovery.offline[0].said->id, incident);
        case STATEMENT_NOTICE: return label_is(s->notice.incident, incident);
        default: return false;
        }
}

static bool list_has(const struct hash_list *list, const struct hash *id)
{
        for (size_t i = 0; i < list->n; i++)
                if (hash_equal(&list->h[i], id))
                        return true;
        return false;
}

static bool opens_version(const struct ledger *l, const struct hash *request, const struct hash *version)
{
        struct request_view r;

        return ledger_request_by_id(l, request, ledger_last_at(l), &r) && hash_equal(&r.version, version);
}

bool history_is_about_rotation(const struct ledger *l, const struct statement *s, const struct hash *version)
{
        struct rotation_view r;

        switch ((int)s->type) {
        case STATEMENT_OPEN: return opens_version(l, &s->open.request, version);
        case STATEMENT_ORDER: return list_has(&s->order.versions, version);
        case STATEMENT_ROTATION: return hash_equal(&s->rotation.version, version);
        case STATEMENT_VERSION: return s->version.has_previous && hash_equal(&s->version.previous, version);
        case STATEMENT_CUSTODY:
                return ledger_rotation(l, version, ledger_last_at(l), &r) && r.has_pending &&
                       list_has(&s->custody.versions, &r.pending);
        default: return false;
        }
}
