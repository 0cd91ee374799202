#include "quorum/brief.h"
#include <inttypes.h>
#include <time.h>

const char *brief_time(int64_t ms, char ret[BRIEF_TIME])
{
        time_t s = (time_t)(ms / 1000);
        struct tm tm;
        if (!gmtime_r(&s, &tm) || strftime(ret, BRIEF_TIME, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
                *ret = '\0';
        return ret;
}

static void add_version(const struct ledger *l, const struct hash *id, struct bytes *ret)
{
        struct version_view v;
        if (l && ledger_version_by_id(l, id, &v))
                bytes_printf(ret, "%s version %" PRIu64, v.fields->credential, v.fields->number);
}

static void add_request(const struct ledger *l, const struct hash *id, struct bytes *ret)
{
        struct request_view r;
        if (l && ledger_request_by_id(l, id, ledger_last_at(l), &r))
                bytes_printf(ret, "R%" PRIu64 " %s%s%s", r.n, r.credential, r.has_incident ? ", " : "",
                             r.has_incident ? r.incident : "");
}

static void add_what(const struct ledger *l, const struct statement *s, struct bytes *ret)
{
        switch ((int)s->type) {
        case STATEMENT_VERSION:
                bytes_printf(ret, "%s version %" PRIu64, s->version.credential, s->version.number);
                break;
        case STATEMENT_CUSTODY: bytes_printf(ret, "of %zu", s->custody.versions.n); break;
        case STATEMENT_REQUEST:
                bytes_printf(ret, "%s%s%s", s->request.credential, s->request.incident ? ", " : "",
                             s->request.incident ? s->request.incident : "");
                break;
        case STATEMENT_APPROVAL: add_request(l, &s->approval.request, ret); break;
        case STATEMENT_DENIAL: add_request(l, &s->denial.request, ret); break;
        case STATEMENT_CANCEL: add_request(l, &s->cancel.request, ret); break;
        case STATEMENT_OPEN: add_request(l, &s->open.request, ret); break;
        case STATEMENT_EXTEND: add_request(l, &s->extend.request, ret); break;
        case STATEMENT_CLOSE:
                if (s->close.incident)
                        bytes_add_text(ret, s->close.incident);
                else
                        add_request(l, &s->close.request, ret);
                break;
        case STATEMENT_HOLD: bytes_add_text(ret, s->hold.incident); break;
        case STATEMENT_ORDER: bytes_printf(ret, "of %zu", s->order.versions.n); break;
        case STATEMENT_ROTATION: add_version(l, &s->rotation.version, ret); break;
        case STATEMENT_POSTMORTEM: bytes_add_text(ret, s->postmortem.incident); break;
        case STATEMENT_RECOVERY: add_request(l, &s->recovery.offline[0].said->id, ret); break;
        default: break;
        }
}

void brief_line(const struct ledger *l, uint64_t n, int64_t at_ms, const struct statement *s, struct bytes *ret)
{
        char time[BRIEF_TIME];
        bytes_printf(ret, "%6" PRIu64 "  %s  %-10s  %-10s  ", n, brief_time(at_ms, time),
                     statement_type_word(s->type), s->n_by ? s->by[0] : "admins");
        add_what(l, s, ret);
        while (ret->n > 0 && ret->p[ret->n - 1] == ' ')
                ret->p[--ret->n] = '\0';
}
