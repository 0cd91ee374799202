/* Home: what is open, what waits for me, what is owed, and whether the glass can be broken right now. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/pending.h"
#include "tui/rotations.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

enum { ROW_FOR_ME, ROW_REQUEST, ROW_INCIDENT, ROW_ROTATION, ROW_KINDS };

static const char *const headings[ROW_KINDS] = {
        [ROW_FOR_ME] = "WAITS FOR YOUR YES OR NO",
        [ROW_REQUEST] = "REQUESTS",
        [ROW_INCIDENT] = "INCIDENTS",
        [ROW_ROTATION] = "ROTATIONS OWED (R shows them all, live)",
};

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_ENTER, "look", "Look at the selected line: approve, follow, open, read its incident.")   \
        X(CHAR('a'), ACT_ASK, "ask", "Ask for a credential: pick it from the list.")                                 \
        X(CHAR('c'), ACT_GO_CREDENTIALS, "credentials", "Go to the credentials.")                                    \
        X(CHAR('R'), ACT_GO_ROTATIONS, NULL, "Go to the rotations: due, under way, proven.")                         \
        X(CHAR('l'), ACT_GO_LOG, "log", "Go to the log.")                                                            \
        X(CHAR('p'), ACT_GO_PEOPLE, "people", "Go to people, pages and readiness.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

/* ---- the list ---- */

static void list_requests(const struct picture *p, bool for_me, struct rows *ret)
{
        for (size_t i = 0; i < p->n_requests; i++) {
                const struct picture_request *r = &p->requests[i];

                if (r->view.state == REQUEST_ENDED || (r->waits_for_me && !r->denied_by_me) != for_me)
                        continue;
                rows_add(ret, for_me ? ROW_FOR_ME : ROW_REQUEST, i, &r->view.id);
        }
}

static void list(const struct model *m, struct rows *ret)
{
        const struct picture *p = m->picture;

        list_requests(p, true, ret);
        list_requests(p, false, ret);
        for (size_t i = 0; i < p->n_incidents; i++)
                if (incident_is_unfinished(&p->incidents[i].view))
                        rows_add(ret, ROW_INCIDENT, i, &p->incidents[i].id);
        for (size_t i = 0; i < p->n_rotations; i++)
                rows_add(ret, ROW_ROTATION, i, &p->rotations[i].id);
}

/* ---- drawing ---- */

/* "pager, mail" */
static void name_dead_channels(const struct picture *p, struct bytes *ret)
{
        for (size_t i = 0; i < p->n_channels; i++)
                if (p->channels[i].last_failed_ms > p->channels[i].last_accepted_ms)
                        bytes_printf(ret, "%s%s", ret->n ? ", " : "", p->channels[i].channel);
}

static void draw_pages(const struct picture *p, struct sheet *s)
{
        CLEANUP_BYTES struct bytes dead = BYTES_NONE;

        name_dead_channels(p, &dead);
        if (dead.n)
                sheet_say(s, ROLE_WARN, "[!!] No pages get out by %s (p shows since when): call people yourself.",
                          bytes_text(&dead));
        else if (p->n_channels == 0)
                sheet_say(s, ROLE_WARN, "[! ] The log shows no page that was ever sent: call people yourself.");
}

static void draw_readiness(const struct model *m, struct sheet *s)
{
        const struct picture *p = m->picture;
        size_t not_ready = p->n_credentials - p->n_ready - p->n_shaky;

        if (m->is_away || m->is_alarm)
                sheet_say(s, ROLE_BAD, "[!!] The glass can NOT be broken now: %s.",
                          m->is_alarm ? "the broker's answers do not fit the signed log" : "no broker answers");
        else if (not_ready > 0)
                sheet_say(s, ROLE_WARN, "[!!] %zu of %zu credentials can NOT be opened now (c shows which).",
                          not_ready, p->n_credentials);
        else if (p->n_shaky > 0)
                sheet_say(s, ROLE_WARN,
                          "[! ] The glass can be broken, but for %zu of %zu credentials too few holders "
                          "have checked their shares lately.",
                          p->n_shaky, p->n_credentials);
        else
                sheet_say(s, ROLE_GOOD,
                          "[ok] The glass can be broken now: the broker answers, %zu credential%s ready.",
                          p->n_credentials, p->n_credentials == 1 ? " is" : "s are");
        draw_pages(p, s);
}

/* "bob approved 20 s ago; asked: alice, carol" */
static void draw_answers(const struct model *m, const struct picture_request *r, struct sheet *s)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        char ago[DURATION_TEXT];

        if (r->view.state == REQUEST_OPENED || sheet_is_away(s)) {
                s->y += r->view.state != REQUEST_OPENED;
                return;
        }
        for (size_t i = 0; i < r->n_approvals; i++)
                bytes_printf(&line, "%s approved %s ago; ", r->approvals[i].approver,
                             duration_for_people(m->now_ms - r->approvals[i].at_ms, ago));
        for (size_t i = 0; i < r->n_denials; i++)
                bytes_printf(&line, "%s %s; ", r->denials[i].denier,
                             r->denials[i].is_suspicious ? "finds it SUSPICIOUS" : "says no");
        bytes_printf(&line, "asked: %s", r->asked ? r->asked : "nobody");
        sheet_row(s, false, r->n_denials ? ROLE_BAD : ROLE_PLAIN, "      %s", bytes_text(&line));
}

static void draw_request(const struct model *m, const struct picture_request *r, bool is_selected, struct sheet *s)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        char name[NAME_TEXT], left[32];
        enum role role = r->view.state == REQUEST_READY    ? ROLE_GOOD
                         : r->view.state == REQUEST_OPENED ? ROLE_WARN
                                                           : ROLE_PLAIN;

        if (r->view.state == REQUEST_WAITING)
                bytes_printf(&standing, "%u of %u, %s left", r->view.approvals, r->view.threshold,
                             countdown(r->view.expires_at_ms - m->now_ms, left));
        else if (r->view.state == REQUEST_READY)
                bytes_printf(&standing, "READY to open, %s left", countdown(r->view.expires_at_ms - m->now_ms, left));
        else
                bytes_printf(&standing, "OPEN, %s left", countdown(r->view.access_until_ms - m->now_ms, left));
        sheet_row(s, is_selected, role, "%-5s %s | %s%s | %s%s", request_name(&r->view, name), bytes_text(&standing),
                  r->is_mine ? "you" : r->view.requester, r->n_denials ? " (DENIED by some)" : "", r->view.credential,
                  r->view.has_incident ? "" : " | no incident");
        draw_answers(m, r, s);
        sheet_row(s, false, ROLE_DIM, "      %s: %s", request_incident(&r->view), r->view.reason);
}

static void draw_incident(const struct model *m, const struct picture_incident *i, bool is_selected, struct sheet *s)
{
        char time[WHEN_TEXT];

        if (i->view.is_open)
                sheet_row(s, is_selected, ROLE_PLAIN, "%s: open, %u request%s, %u with access now", i->view.incident,
                          i->view.requests, i->view.requests == 1 ? "" : "s", i->view.live);
        else
                sheet_row(s, is_selected, i->view.is_overdue ? ROLE_BAD : ROLE_WARN,
                          "%s: owes its post-mortem%s%s, due %s", i->view.incident,
                          picture_is_my_incident(m->picture, i->view.incident) ? " (yours)" : "",
                          i->view.is_overdue ? ", OVERDUE" : "", when(i->view.postmortem_due_ms, m->now_ms, time));
        if (i->view.has_proposed_close)
                sheet_row(s, false, ROLE_WARN, "      a close is proposed for %s; h on its screen holds it",
                          when(i->view.proposed_deadline_ms, m->now_ms, time));
}

static void draw_row(const struct model *m, const struct row *row, bool is_selected, struct sheet *s)
{
        const struct picture_rotation *r = &m->picture->rotations[row->index];

        switch (row->kind) {
        case ROW_FOR_ME:
        case ROW_REQUEST: draw_request(m, &m->picture->requests[row->index], is_selected, s); break;
        case ROW_INCIDENT: draw_incident(m, &m->picture->incidents[row->index], is_selected, s); break;
        default:
                sheet_row(s, is_selected, r->is_bad ? ROLE_BAD : ROLE_WARN, "%s v%llu: %s", r->credential,
                          (unsigned long long)r->number, r->standing);
        }
}

static void draw(const struct model *m, struct sheet *s)
{
        unsigned kind = ROW_KINDS;
        struct row selected = {0};
        bool any = model_selected(m, &selected);
        struct rows rows = {0};

        draw_readiness(m, s);
        list(m, &rows);
        for (size_t i = 0; i < rows.n; i++) {
                if (rows.row[i].kind != kind)
                        sheet_heading(s, headings[kind = rows.row[i].kind]);
                draw_row(m, &rows.row[i], any && hash_equal(&rows.row[i].id, &selected.id), s);
        }
        if (rows.n == 0) {
                sheet_gap(s);
                sheet_say(s, ROLE_PLAIN, "Nothing is open, nothing waits for you, nothing is owed.");
                sheet_say(s, ROLE_DIM, "In an emergency: a asks for a credential.");
                sheet_say(s, ROLE_DIM, "After a leak: R shows the rotations, and orders many at once.");
        }
        rows_done(&rows);
}

/* ---- keys ---- */

static struct effect look(struct model *m)
{
        const struct picture *p = m->picture;
        const struct picture_request *r;
        struct row row;

        if (!model_selected(m, &row))
                return EFFECT(EFFECT_NONE);
        switch (row.kind) {
        case ROW_FOR_ME: m->request = row.id; return model_go(m, SCREEN_APPROVE);
        case ROW_REQUEST:
                r = &p->requests[row.index];
                m->request = row.id;
                return model_go(m, r->is_mine && r->view.state == REQUEST_OPENED ? SCREEN_OPENED : SCREEN_WAITING);
        case ROW_INCIDENT:
                snprintf(m->incident, sizeof(m->incident), "%s", p->incidents[row.index].view.incident);
                return model_go(m, SCREEN_INCIDENT);
        default: return rotations_go(m, &row.id);
        }
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        switch ((int)a) {
        case ACT_ENTER: return look(m);
        case ACT_ASK:
        case ACT_GO_CREDENTIALS: return model_go(m, SCREEN_CREDENTIALS);
        case ACT_GO_LOG: return model_go(m, SCREEN_LOG);
        case ACT_GO_PEOPLE: return model_go(m, SCREEN_PEOPLE);
        case ACT_GO_ROTATIONS: return model_go(m, SCREEN_ROTATIONS);
        default: return EFFECT(EFFECT_NONE);
        }
}

const struct screen screen_now = {
        .title = "Now",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .update = update,
        .draw = draw,
};
