#include "tui/cmd_roster.h"
#include <string.h>

/* "alice" of "alice: {signs: …}" */
static struct span line_name(const char *line)
{
        while (*line == ' ')
                line++;
        return span_of(line, strcspn(line, ": "));
}

/* The names of the lines from the first-th on, at most `most`. */
static void add_names(struct bytes *b, const struct texts *lines, size_t first, size_t most)
{
        for (size_t i = first; i < lines->n && i < first + most; i++) {
                bytes_add_text(b, i > first ? ", " : "");
                bytes_add_span(b, line_name(lines->text[i]));
        }
}

static void add_head(struct bytes *b, const char *name, const char *broker_line, const struct texts *lines)
{
        bytes_printf(
                b,
                "# The roster: who exists, who may do what to which credential, and what counts as an emergency.\n"
                "# Check it with `breakglass roster lint FILE`, sign it with `breakglass roster sign FILE`.\n"
                "roster: 1\n"
                "name: %s\n"
                "previous: none\n\n",
                name);
        bytes_add_text(
                b, "# As `breakglassd keygen` prints it. `tls` is the only thing that clients trust about TLS.\n");
        if (broker_line)
                bytes_printf(b, "%s\n\n", broker_line + strspn(broker_line, " "));
        else
                bytes_add_text(b, "broker: {signs: ssh-ed25519 PUT-THE-KEY-HERE, tls: sha256//PUT-THE-PIN-HERE}\n\n");
        bytes_add_text(b, "# A roster holds when `need` of these people have signed it; so does every later one.\n");
        bytes_printf(b, "admins: {need: %u, people: [", lines->n > 1 ? 2u : 1u);
        add_names(b, lines, 0, 3);
        bytes_add_text(b, lines->n ? "]}\n\n" : "PUT-NAMES-HERE]}\n\n");
}

static void add_people(struct bytes *b, const struct texts *lines)
{
        bytes_add_text(
                b, "# One line a person, as their own `breakglass keygen NAME` prints it. May be added inside the\n"
                   "# braces: team: sre, zone: Europe/Berlin, contact: {slack: U0123, email: alice@example.org}\n"
                   "people:\n");
        for (size_t i = 0; i < lines->n; i++)
                bytes_printf(b, "  %s\n", lines->text[i] + strspn(lines->text[i], " "));
        if (lines->n == 0)
                bytes_add_text(b, "  alice: {signs: ssh-ed25519 PUT-THE-KEY-HERE, opens: age1-PUT-THE-KEY-HERE}\n");
        bytes_add_text(b, "\n# The machine that changes a credential after it was used, as `breakglass keygen rot-1` "
                          "prints it.\n"
                          "# rotators:\n"
                          "#   rot-1: {signs: ssh-ed25519 …, opens: age1…}\n\n");
}

static void add_rules(struct bytes *b, const struct texts *lines)
{
        /* Whoever is not needed as a holder asks; with fewer than four people that is the last one. */
        size_t holders = lines->n > 3 ? 3 : lines->n > 1 ? lines->n - 1 : 1;

        bytes_add_text(b, "# What counts as an emergency, in words that somebody tired can judge by at 3 AM.\n"
                          "emergencies:\n"
                          "  E1:\n"
                          "    means: Customer-facing outage and normal access is down\n"
                          "    example: SSO is down during a SEV1\n"
                          "    not_this: Normal access works but is slow\n"
                          "    needs: incident\n\n"
                          "# `approvals` of the holders must say yes before one of the requesters can open.\n"
                          "# Also: rotators: [rot-1], postmortem_within: 5d, rotate_every: 90d\n"
                          "policies:\n");
        bytes_printf(b, "  prod: {approvals: %zu%s, holders: [", holders > 1 ? (size_t)2 : (size_t)1,
                     holders > 1 ? "" : ", allow_single: true");
        add_names(b, lines, 0, holders);
        bytes_add_text(b, lines->n ? "], requesters: [" : "alice], requesters: [bob");
        add_names(b, lines, holders, TEXTS_MAX);
        bytes_add_text(b,
                       "], emergencies: [E1], request_for: 30m, open_for: 1h}\n\n"
                       "# A sealer may put a new value in. Also: tags: [db],\n"
                       "# rotate: {hook: postgres, config: {role: breakglass, host: db1}}\n"
                       "credentials:\n"
                       "  prod/postgres/root: {opens_what: superuser of the main database, policy: prod, sealers: [");
        add_names(b, lines, 0, 1);
        bytes_add_text(b, lines->n ? "]}\n\n" : "alice]}\n\n");
        bytes_add_text(b, "# Who is paged by which of the broker's channels; `domain` is what fails together with "
                          "one. Without it:\n"
                          "# everybody about everything. Also, in a policy: escalate: [{after: 5m, to: [NAME]}]\n"
                          "# notify:\n"
                          "#   channels: {slack-oncall: {domain: slack}, pagerduty: {domain: pagerduty}}\n"
                          "#   route: {receiver: [slack-oncall, pagerduty]}\n");
}

void roster_template(const char *name, const char *broker_line, const struct texts *lines, struct bytes *ret)
{
        add_head(ret, name, broker_line, lines);
        add_people(ret, lines);
        add_rules(ret, lines);
}

/* A top-level line "KEY: …"; its length without the newline. */
static bool is_key_line(struct span line, const char *key)
{
        size_t n = strlen(key);

        return line.n > n && memcmp(line.p, key, n) == 0 && line.p[n] == ':';
}

enum err roster_next_text(const struct roster *now, struct bytes *ret)
{
        struct span yaml = bytes_span(&now->yaml);
        char id[HASH_HEX + 1];
        unsigned replaced = 0;

        hash_to_hex(&now->id, id);
        for (size_t i = 0; i < yaml.n;) {
                const unsigned char *newline = memchr(yaml.p + i, '\n', yaml.n - i);
                struct span line = span_of(yaml.p + i, newline ? (size_t)(newline - (yaml.p + i)) : yaml.n - i);

                if (is_key_line(line, "roster"))
                        bytes_printf(ret, "roster: %llu", (unsigned long long)now->number + 1);
                else if (is_key_line(line, "previous"))
                        bytes_printf(ret, "previous: %s", id);
                else
                        bytes_add_span(ret, line);
                replaced += is_key_line(line, "roster") || is_key_line(line, "previous");
                bytes_add_byte(ret, '\n');
                i += line.n + 1;
        }
        return replaced == 2 ? OK
                             : err_because(ERR_BAD_ROSTER,
                                           "`roster` and `previous` do not stand at the beginning of a line; "
                                           "edit them by hand");
}
