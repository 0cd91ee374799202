#include "base/clock.h"
#include "tui/cmd_roster.h"
#include <stdarg.h>
#include <string.h>

struct teller {
        void (*tell)(void *context, const char *sentence);
        void *context;
};

static void PRINTF_LIKE(2, 3) tell(const struct teller *t, const char *format, ...)
{
        char *text = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&text, format, args) >= 0)
                t->tell(t->context, text);
        va_end(args);
        free(text);
}

static bool text_same(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

static const char *text_or_none(const char *text)
{
        return text ? text : "none";
}

static void join_names(const struct name_list *l, struct bytes *ret)
{
        for (size_t i = 0; i < l->n; i++)
                bytes_printf(ret, "%s%s", i ? ", " : "", l->name[i]);
        if (l->n == 0)
                bytes_add_text(ret, "nobody");
}

static void missing_names(const struct name_list *from, const struct name_list *in, struct bytes *ret)
{
        for (size_t i = 0; i < from->n; i++)
                if (!name_list_has(in, from->name[i]))
                        bytes_printf(ret, "%s%s", ret->n ? ", " : "", from->name[i]);
}

/* "policy prod-db, holders: adds dave; removes carol" */
static void diff_names(const struct teller *t, const char *of, const char *what, const struct name_list *old,
                       const struct name_list *now)
{
        CLEANUP_BYTES struct bytes added = BYTES_NONE, removed = BYTES_NONE;

        missing_names(now, old, &added);
        missing_names(old, now, &removed);
        if (added.n || removed.n)
                tell(t, "%s, %s: %s%s%s%s%s", of, what, added.n ? "adds " : "", bytes_text(&added),
                     added.n && removed.n ? "; " : "", removed.n ? "REMOVES " : "", bytes_text(&removed));
}

static void diff_text(const struct teller *t, const char *of, const char *what, const char *old, const char *now)
{
        if (!text_same(old, now))
                tell(t, "%s, %s: \"%s\" becomes \"%s\"", of, what, text_or_none(old), text_or_none(now));
}

static void diff_time(const struct teller *t, const char *of, const char *what, int64_t old, int64_t now)
{
        char a[DURATION_TEXT], b[DURATION_TEXT];

        if (old != now)
                tell(t, "%s, %s: %s becomes %s", of, what, old ? duration_format(old, a) : "none",
                     now ? duration_format(now, b) : "none");
}

static void diff_number(const struct teller *t, const char *of, const char *what, unsigned old, unsigned now)
{
        if (old != now)
                tell(t, "%s, %s: %u becomes %u", of, what, old, now);
}

static void diff_flag(const struct teller *t, const char *of, const char *what, bool old, bool now)
{
        if (old != now)
                tell(t, "%s: %s is switched %s", of, what, now ? "ON" : "OFF");
}

/* ---- people ---- */

static void diff_contacts(const struct teller *t, const char *of, const struct person *old, const struct person *now)
{
        bool same = old->n_contacts == now->n_contacts;

        for (size_t i = 0; same && i < now->n_contacts; i++)
                same = text_same(old->contacts[i].channel, now->contacts[i].channel) &&
                       text_same(old->contacts[i].address, now->contacts[i].address);
        if (!same)
                tell(t, "%s: other contacts", of);
}

static void diff_person(const struct teller *t, const struct person *old, const struct person *now)
{
        CLEANUP_BYTES struct bytes of = BYTES_NONE;
        const char *kind = now->is_rotator ? "rotator" : "person";

        if (!old) {
                tell(t, "new %s %s", kind, now->name);
                return;
        }
        bytes_printf(&of, "%s %s", kind, now->name);
        if (!key_equal(&old->signs, &now->signs))
                tell(t, "%s: ANOTHER signing key (compare it with them by voice)", bytes_text(&of));
        if (!key_equal(&old->opens, &now->opens))
                tell(t, "%s: ANOTHER opening key (their shares must be made anew)", bytes_text(&of));
        diff_text(t, bytes_text(&of), "team", old->team, now->team);
        diff_text(t, bytes_text(&of), "zone", old->zone, now->zone);
        diff_contacts(t, bytes_text(&of), old, now);
}

static void diff_people(const struct teller *t, const struct roster *old, const struct roster *now)
{
        for (size_t i = 0; i < now->n_people; i++)
                diff_person(t, old ? roster_person(old, now->people[i].name) : NULL, &now->people[i]);
        for (size_t i = 0; old && i < old->n_people; i++)
                if (!roster_person(now, old->people[i].name))
                        tell(t, "REMOVES %s %s", old->people[i].is_rotator ? "rotator" : "person",
                             old->people[i].name);
}

/* ---- emergencies ---- */

static void diff_emergencies(const struct teller *t, const struct roster *old, const struct roster *now)
{
        CLEANUP_BYTES struct bytes of = BYTES_NONE;

        for (size_t i = 0; i < now->n_emergencies; i++) {
                const struct emergency *b = &now->emergencies[i];
                const struct emergency *a = old ? roster_emergency(old, b->id) : NULL;

                bytes_clear(&of);
                bytes_printf(&of, "emergency %s", b->id);
                if (!a) {
                        tell(t, "new %s: %s", bytes_text(&of), b->means);
                        continue;
                }
                diff_text(t, bytes_text(&of), "means", a->means, b->means);
                diff_text(t, bytes_text(&of), "example", a->example, b->example);
                diff_text(t, bytes_text(&of), "not this", a->not_this, b->not_this);
                diff_flag(t, bytes_text(&of), "needs an incident", a->needs_incident, b->needs_incident);
        }
        for (size_t i = 0; old && i < old->n_emergencies; i++)
                if (!roster_emergency(now, old->emergencies[i].id))
                        tell(t, "REMOVES emergency %s", old->emergencies[i].id);
}

/* ---- policies ---- */

static void tell_new_policy(const struct teller *t, const struct policy *p)
{
        CLEANUP_BYTES struct bytes holders = BYTES_NONE, requesters = BYTES_NONE;

        join_names(&p->holders, &holders);
        join_names(&p->requesters, &requesters);
        tell(t, "new policy %s: %u of %zu holders (%s) open it for %s", p->name, p->approvals, p->holders.n,
             bytes_text(&holders), bytes_text(&requesters));
}

static void diff_policy(const struct teller *t, const struct policy *a, const struct policy *b)
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE;

        bytes_printf(&name, "policy %s", b->name);
        const char *of = bytes_text(&name);

        diff_number(t, of, "approvals needed", a->approvals, b->approvals);
        diff_names(t, of, "holders", &a->holders, &b->holders);
        diff_names(t, of, "requesters", &a->requesters, &b->requesters);
        diff_names(t, of, "emergencies", &a->emergencies, &b->emergencies);
        diff_names(t, of, "rotators", &a->rotators, &b->rotators);
        diff_names(t, of, "networks", &a->from, &b->from);
        diff_time(t, of, "a request waits", a->request_for_ms, b->request_for_ms);
        diff_time(t, of, "access lasts", a->open_for_ms, b->open_for_ms);
        diff_time(t, of, "post-mortem within", a->postmortem_within_ms, b->postmortem_within_ms);
        diff_time(t, of, "rotation by age", a->rotate_every_ms, b->rotate_every_ms);
        diff_number(t, of, "length of new values", a->value_length, b->value_length);
        diff_text(t, of, "alphabet of new values", a->value_alphabet, b->value_alphabet);
        diff_flag(t, of, "ONE approver is enough (allow_single)", a->allow_single, b->allow_single);
        diff_flag(t, of, "holders may request", a->holders_may_request, b->holders_may_request);
        diff_flag(t, of, "an owed post-mortem blocks", a->postmortem_blocks, b->postmortem_blocks);
        diff_flag(t, of, "opening waits until a page was accepted", a->page_needs_acceptance,
                  b->page_needs_acceptance);
        diff_flag(t, of, "share_reasons", a->share_reasons, b->share_reasons);
}

static void diff_policies(const struct teller *t, const struct roster *old, const struct roster *now)
{
        for (size_t i = 0; i < now->n_policies; i++) {
                const struct policy *before = old ? roster_policy(old, now->policies[i].name) : NULL;

                if (before)
                        diff_policy(t, before, &now->policies[i]);
                else
                        tell_new_policy(t, &now->policies[i]);
        }
        for (size_t i = 0; old && i < old->n_policies; i++)
                if (!roster_policy(now, old->policies[i].name))
                        tell(t, "REMOVES policy %s", old->policies[i].name);
}

/* ---- credentials ---- */

static void diff_credential(const struct teller *t, const struct credential *a, const struct credential *b)
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE;

        bytes_printf(&name, "credential %s", b->name);
        const char *of = bytes_text(&name);

        diff_text(t, of, "opens what", a->opens_what, b->opens_what);
        diff_text(t, of, "policy", a->policy, b->policy);
        diff_names(t, of, "sealers", &a->sealers, &b->sealers);
        diff_names(t, of, "tags", &a->tags, &b->tags);
        diff_text(t, of, "rotation hook", a->hook, b->hook);
        diff_text(t, of, "hook's config", bytes_text(&a->hook_config), bytes_text(&b->hook_config));
}

static void diff_credentials(const struct teller *t, const struct roster *old, const struct roster *now)
{
        for (size_t i = 0; i < now->n_credentials; i++) {
                const struct credential *c = &now->credentials[i];
                const struct credential *before = old ? roster_credential(old, c->name) : NULL;

                if (before)
                        diff_credential(t, before, c);
                else
                        tell(t, "new credential %s (%s) under policy %s", c->name, c->opens_what, c->policy);
        }
        for (size_t i = 0; old && i < old->n_credentials; i++)
                if (!roster_credential(now, old->credentials[i].name))
                        tell(t, "REMOVES credential %s: nobody can open it through this broker any more",
                             old->credentials[i].name);
}

/* ---- the rest ---- */

static void diff_head(const struct teller *t, const struct roster *old, const struct roster *now)
{
        diff_text(t, "the installation", "name", old->name, now->name);
        if (!key_equal(&old->broker_signs, &now->broker_signs))
                tell(t, "the broker: ANOTHER signing key");
        diff_text(t, "the broker", "TLS key", old->broker_tls, now->broker_tls);
        diff_number(t, "admins", "signatures needed", old->admins_need, now->admins_need);
        diff_names(t, "the roster", "admins", &old->admins, &now->admins);
}

static void tell_new_head(const struct teller *t, const struct roster *now)
{
        CLEANUP_BYTES struct bytes admins = BYTES_NONE;

        join_names(&now->admins, &admins);
        tell(t, "a new installation named %s; rosters are signed by %u of %s", now->name, now->admins_need,
             bytes_text(&admins));
}

static bool tree_same(const struct yaml_node *a, const struct yaml_node *b)
{
        for (; a && b; a = a->next, b = b->next)
                if (a->kind != b->kind || !text_same(a->key, b->key) || !text_same(a->text, b->text) ||
                    !tree_same(a->child, b->child))
                        return false;
        return !a && !b;
}

static bool notify_same(const struct yaml_node *a, const struct yaml_node *b)
{
        return !a == !b && (!a || tree_same(a->child, b->child));
}

void roster_diff(const struct roster *old, const struct roster *new_roster,
                 void (*tell_one)(void *context, const char *sentence), void *context)
{
        const struct teller t = {tell_one, context};

        if (old)
                diff_head(&t, old, new_roster);
        else
                tell_new_head(&t, new_roster);
        diff_people(&t, old, new_roster);
        diff_emergencies(&t, old, new_roster);
        diff_policies(&t, old, new_roster);
        diff_credentials(&t, old, new_roster);
        if (!notify_same(old ? old->notify : NULL, new_roster->notify))
                tell(&t, "who is paged by which channel (notify): %s", old ? "changed" : "as the file says");
}
