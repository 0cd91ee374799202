#include "base/harden.h"
#include "client/http.h"
#include "tui/commands.h"
#include "tui/exports_words.h"
#include "tui/options.h"
#include "tui/pending.h"
#include "tui/say.h"
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

#define ASK_TIMEOUT_MS  5000
#define CLOCK_WARN_MS   (2 * MINUTE_MS)
#define CLOCK_FAIL_MS   (10 * MINUTE_MS)
#define CUSTODY_WARN_MS (60 * DAY_MS)
#define ABOUT_DEPTH     8u

enum finding { FINDING_OK, FINDING_WARN, FINDING_FAIL };

struct doctor {
        struct cli *cli;
        unsigned count[3];
        json_t *list; /* or NULL: printed as they come */
};

static void PRINTF_LIKE(4, 5) found(struct doctor *d, enum finding f, const char *what, const char *format, ...)
{
        static const char *const words[] = {"OK", "WARN", "FAIL"};
        CLEANUP_FREE char *text = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                text = NULL;
        va_end(args);
        d->count[f]++;
        if (d->list) {
                json_array_append_new(d->list,
                                      json_pack("{s:s, s:s, s:s?}", "finding", words[f], "what", what, "text", text));
                return;
        }
        CLEANUP_BYTES struct bytes line = BYTES_NONE;

        bytes_printf(&line, "%s: %s", what, text ? text : "");
        say_entry(words[f], 4, bytes_text(&line));
}

/* ---- this process ---- */

static void check_process(struct doctor *d)
{
        enum err e = harden_process();
        struct rlimit core = {0}, lock = {0};

        if (e == OK)
                found(d, FINDING_OK, "locked memory", "secrets stay out of swap");
        else
                found(d, FINDING_FAIL, "locked memory", "%s (%s)", err_sentence(e), err_reason());
        getrlimit(RLIMIT_CORE, &core);
        if (core.rlim_cur == 0)
                found(d, FINDING_OK, "core dumps", "off in this program");
        else
                found(d, FINDING_WARN, "core dumps", "could not be switched off; set `ulimit -c 0`");
        getrlimit(RLIMIT_MEMLOCK, &lock);
        if (lock.rlim_cur != RLIM_INFINITY && lock.rlim_cur < 512u * 1024u)
                found(d, FINDING_WARN, "limit of locked memory",
                      "only %llu KiB: large secrets will not fit; raise `ulimit -l`",
                      (unsigned long long)lock.rlim_cur / 1024);
        err_forget();
}

static void check_tmpfs(struct doctor *d)
{
        const char *runtime = getenv("XDG_RUNTIME_DIR");

        if (runtime && file_is_in_memory(runtime))
                found(d, FINDING_OK, "tmpfs", "`open --output` can write under %s", runtime);
        else if (file_is_in_memory("/dev/shm"))
                found(d, FINDING_OK, "tmpfs", "`open --output` can write under /dev/shm");
        else
                found(d, FINDING_WARN, "tmpfs", "none found: `open --output` will refuse; use --exec or --show");
}

static void check_identity(struct doctor *d)
{
        const char *path = cli_identity_path(d->cli);
        bool needs_passphrase = false;
        enum err e = OK;

        if (d->cli->words) {
                found(d, FINDING_OK, "identity", "comes from paper, as words");
                return;
        }
        e = identity_needs_passphrase(path, &needs_passphrase);
        if (e == ERR_NO_ENTRY)
                found(d, FINDING_FAIL, "identity", "none at %s: `breakglass keygen`, or name it with --identity",
                      path);
        else if (e != OK)
                found(d, FINDING_FAIL, "identity", "%s: %s (%s)", path, err_sentence(e), err_reason());
        else if (!needs_passphrase)
                found(d, FINDING_WARN, "identity",
                      "%s has no passphrase: right for a machine, not for a person "
                      "(`breakglass passphrase`)",
                      path);
        else
                found(d, FINDING_OK, "identity", "%s is private and has a passphrase", path);
        err_forget();
}

/* ---- the broker, address by address ---- */

static void check_clock(struct doctor *d, const char *address, int64_t broker_ms, int64_t sent_ms, int64_t got_ms)
{
        int64_t middle = sent_ms + (got_ms - sent_ms) / 2;
        int64_t off = middle > broker_ms ? middle - broker_ms : broker_ms - middle;
        char distance[DURATION_TEXT];

        duration_for_people(off, distance);
        if (off >= CLOCK_FAIL_MS)
                found(d, FINDING_FAIL, address, "clocks differ by %s: nothing you sign is accepted; set your clock",
                      distance);
        else if (off >= CLOCK_WARN_MS)
                found(d, FINDING_WARN, address, "clocks differ by %s; above 10 min nothing you sign is accepted",
                      distance);
        else
                found(d, FINDING_OK, address, "answers with the pinned key, clocks differ by less than 2 min");
}

static void read_about(struct doctor *d, const char *address, struct span body, int64_t sent_ms, int64_t got_ms)
{
        CLEANUP_JSON json_t *about = NULL;
        char genesis[HASH_HEX + 1];

        hash_to_hex(&client_home(d->cli->client)->genesis, genesis);
        if (json_read(body, ABOUT_DEPTH, &about) != OK || !json_is_object(about)) {
                found(d, FINDING_FAIL, address, "its answer is not a broker's");
                return;
        }
        const char *installation = json_string_value(json_object_get(about, "installation"));

        if (!installation || strcmp(installation, genesis) != 0)
                found(d, FINDING_FAIL, address, "it is ANOTHER installation's broker; tell an admin by voice");
        else
                check_clock(d, address, json_integer_value(json_object_get(about, "now")), sent_ms, got_ms);
}

/* By this broker's word: whether there is something to come back from. */
static void check_exports(struct doctor *d, struct http *http)
{
        static const enum finding as[] = {
                [EXPORTS_BAD] = FINDING_FAIL, [EXPORTS_DOUBTFUL] = FINDING_WARN, [EXPORTS_GOOD] = FINDING_OK};
        CLEANUP_HTTP_ANSWER struct http_answer answer = HTTP_ANSWER_NONE;
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct exports_word word;

        if (http_call(http, "/v1/exports", NULL, ASK_TIMEOUT_MS, &answer) != OK || answer.status != 200 ||
            exports_read(bytes_span(&answer.body), &word) != OK)
                return; /* an older broker */
        enum exports_standing standing = exports_describe(&word, clock_now_ms(), &text);

        found(d, as[standing], "exports", "%s%s", bytes_text(&text),
              standing == EXPORTS_GOOD ? "" : "; an admin looks at `exports` in the broker's configuration");
}

static void check_address(struct doctor *d, const char *address)
{
        const struct roster *r = client_roster(d->cli->client);
        struct http_answer answer = {0};
        struct http *http = NULL;
        int64_t sent_ms = clock_now_ms();
        enum err e = http_new(&address, 1, &http);

        if (e == OK)
                e = http_set_pin(http, r ? r->broker_tls : NULL);
        if (e == OK)
                e = http_call(http, "/v1/about", NULL, ASK_TIMEOUT_MS, &answer);
        if (e == ERR_LYING_BROKER)
                found(d, FINDING_FAIL, address,
                      "somebody answers with another key than the roster pins (%s); tell an admin by voice",
                      err_reason());
        else if (e != OK)
                found(d, FINDING_FAIL, address, "does not answer: %s",
                      *err_reason() ? err_reason() : err_sentence(e));
        else if (answer.status != 200)
                found(d, FINDING_FAIL, address, "answers with status %d", answer.status);
        else
                read_about(d, address, bytes_span(&answer.body), sent_ms, clock_now_ms());
        if (e == OK && answer.status == 200)
                check_exports(d, http);
        http_answer_done(&answer);
        http_free(http);
        err_forget();
}

static void check_brokers(struct doctor *d)
{
        const struct home *home = client_home(d->cli->client);

        if (d->cli->n_brokers)
                for (size_t i = 0; i < d->cli->n_brokers; i++)
                        check_address(d, d->cli->brokers[i]);
        else
                for (size_t i = 0; i < home->n_brokers; i++)
                        check_address(d, home->brokers[i]);
}

/* ---- what the log says ---- */

static void check_custody(struct doctor *d, const char *me)
{
        const struct ledger *l = cli_ledger(d->cli);
        size_t shares = 0, stale = 0;

        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;

                ledger_version_at(l, i, &v);
                if (!version_is_live(&v) || !version_share_of(v.fields, me))
                        continue;
                int64_t at = ledger_custody_of_version(l, &v.id, me);

                shares++;
                stale += at == 0 || cli_now(d->cli) - at > CUSTODY_WARN_MS;
        }
        if (stale)
                found(d, FINDING_WARN, "your shares",
                      "%zu of %zu were not checked for 60 days: `breakglass inbox` checks them", stale, shares);
        else if (shares)
                found(d, FINDING_OK, "your shares", "all %zu were checked within 60 days", shares);
}

static void check_notify(struct doctor *d)
{
        const struct roster *r = ledger_roster(cli_ledger(d->cli));
        struct name_list never = {0};

        if (r && !r->paging)
                found(d, FINDING_FAIL, "notify", "programs can't go by the roster's, everybody is paged: %s",
                      r->paging_error);
        channels_never_heard(cli_ledger(d->cli), &never);
        for (size_t i = 0; i < never.n; i++)
                found(d, FINDING_WARN, never.name[i],
                      "the roster's `notify` names it, but it never took a page: is it configured at the broker?");
        free(never.name);
}

static void check_pages(struct doctor *d)
{
        const struct ledger *l = cli_ledger(d->cli);
        char time[WHEN_TEXT];

        if (ledger_channels(l) == 0)
                found(d, FINDING_WARN, "pages", "the log shows none that was ever sent");
        for (size_t i = 0; i < ledger_channels(l); i++) {
                struct channel_view c;

                ledger_channel_at(l, i, &c);
                if (c.last_failed_ms > c.last_accepted_ms)
                        found(d, FINDING_FAIL, c.channel,
                              "its last page FAILED %s; an admin looks at the broker's channels",
                              when(c.last_failed_ms, cli_now(d->cli), time));
                else
                        found(d, FINDING_OK, c.channel, "its last page was accepted %s",
                              when(c.last_accepted_ms, cli_now(d->cli), time));
        }
        check_notify(d);
}

/* A hook that nobody has seen at work fails in the night. */
static void check_hooks(struct doctor *d)
{
        const struct ledger *l = cli_ledger(d->cli);
        const struct roster *r = ledger_roster(l);

        for (size_t i = 0; r && i < r->n_credentials; i++) {
                const struct credential *c = &r->credentials[i];
                struct version_view v;

                if (!c->hook || roster_policy_of(r, c->name)->rotators.n == 0 ||
                    !ledger_current_version(l, c->name, &v))
                        continue;
                if (rotation_was_proven(l, c->name))
                        found(d, FINDING_OK, c->name, "hook %s has rotated it, with proof", c->hook);
                else
                        found(d, FINDING_WARN, c->name,
                              "hook %s was never seen to rotate it: play a drill, or `breakglass rotate %s`", c->hook,
                              c->name);
        }
}

static void check_rotations(struct doctor *d)
{
        const struct ledger *l = cli_ledger(d->cli);
        size_t n = 0;

        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;
                struct rotation_view r;

                ledger_version_at(l, i, &v);
                n += ledger_rotation(l, &v.id, cli_now(d->cli), &r) && rotation_is_unfinished(&v, &r);
        }
        if (n)
                found(d, FINDING_WARN, "rotations", "%zu unfinished: `breakglass status` names them", n);
        else
                found(d, FINDING_OK, "rotations", "none is owed");
}

static void check_log(struct doctor *d)
{
        const char *stale = NULL;
        enum err e = cli_look(d->cli, &stale);

        if (e != OK)
                found(d, FINDING_FAIL, "log", "%s (%s)", err_sentence(e), err_reason());
        else if (!stale)
                found(d, FINDING_OK, "log", "%llu entries, every one checked, up to date",
                      (unsigned long long)ledger_size(cli_ledger(d->cli)));
        else
                found(d, FINDING_WARN, "log", "%llu entries, every one checked, but not brought up to date (%s)",
                      (unsigned long long)ledger_size(cli_ledger(d->cli)), stale);
        err_forget();
        if (client_me(d->cli->client))
                check_custody(d, client_me(d->cli->client));
        check_pages(d);
        check_rotations(d);
        check_hooks(d);
}

static void check_all(struct doctor *d)
{
        enum err e;

        check_process(d);
        check_tmpfs(d);
        e = cli_open(d->cli);
        if (e != OK)
                found(d, FINDING_FAIL, "installation", "%s%s%s%s", err_sentence(e), *err_reason() ? " (" : "",
                      err_reason(), *err_reason() ? ")" : "");
        err_forget();
        check_identity(d);
        if (e != OK)
                return;
        check_brokers(d);
        check_log(d);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct doctor d = {.cli = cli};
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_doctor, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        if (cli->json)
                d.list = json_array();
        check_all(&d);
        if (cli->json)
                say_json(json_pack("{s:o, s:i, s:i}", "findings", d.list, "warnings", (int)d.count[FINDING_WARN],
                                   "failures", (int)d.count[FINDING_FAIL]));
        else
                say("%u fine, %u to look at, %u broken.", d.count[FINDING_OK], d.count[FINDING_WARN],
                    d.count[FINDING_FAIL]);
        if (d.count[FINDING_FAIL])
                cli->exit_code = EXIT_FAILED;
        return OK;
}

const struct command command_doctor = {
        .name = "doctor",
        .synopsis = "",
        .help = "Check this machine, your identity, the broker's addresses, your shares and the pages.",
        .run = run,
        .is_harmless = true,
};
