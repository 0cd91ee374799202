#include "rotators/hooks/ssh_run.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "rotators/hooks/ssh_agent.h"
#include "rotators/hooks/ssh_folder.h"
#include <string.h>

#define SSH             "/usr/bin/ssh"
#define STEP_TIMEOUT_MS (30 * SECOND_MS)
#define ALIAS           "breakglass-target"
#define ARGUMENTS_MAX   48
#define LETTERS         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define KEY_LETTERS     LETTERS "+/=@.-"

bool ssh_is_plain(const char *text)
{
        return *text && *text != '-' && strspn(text, LETTERS "._/@:%+-") == strlen(text);
}

/* ---- host ---- */

/* The kind and the key alone, of what may have a comment behind it: both are to stand in a command's words. */
MUST_CHECK static enum err read_host_key(const struct bytes *text, struct bytes *ret)
{
        const char *kind = bytes_text(text), *space = strchr(kind, ' ');
        const char *key = space ? space + 1 : "";
        bytes_printf(ret, "%.*s %.*s", (int)strcspn(kind, " "), kind, (int)strcspn(key, " "), key);
        const char *word = bytes_text(ret);
        size_t n = strspn(word, KEY_LETTERS);
        if (n == 0 || word[n] != ' ' || strspn(word + n + 1, KEY_LETTERS) != ret->n - n - 1 || ret->n == n + 1)
                return err_because(ERR_CONFIG, "config: `host_key` is the host's public key: `ssh-ed25519 AAAA…`");
        return OK;
}

enum err ssh_host_read(const struct hook_input *in, struct ssh_host *ret)
{
        CLEANUP_BYTES struct bytes host_key = BYTES_NONE;
        const struct hook_text texts[] = {
                {"host", NULL, &ret->host}, {"port", "22", &ret->port}, {"host_key", NULL, &host_key}};
        enum err e;
        if ((e = hook_config_texts(in, texts, COUNT_OF(texts))) != OK)
                return e;
        if (!ssh_is_plain(bytes_text(&ret->host)) || !ssh_is_plain(bytes_text(&ret->port)))
                return err_because(ERR_CONFIG, "config: `host` or `port` is malformed");
        ret->timeout_ms = hook_time_left_ms(in, STEP_TIMEOUT_MS);
        return read_host_key(&host_key, &ret->host_key);
}

void ssh_host_done(struct ssh_host *h)
{
        bytes_done(&h->host);
        bytes_done(&h->host_key);
        bytes_done(&h->port);
}

/* ---- arguments ---- */

struct arguments {
        int n;
        char *text[ARGUMENTS_MAX + 1];
};

static void add(struct arguments *a, const char *text)
{
        if (a->n < ARGUMENTS_MAX)
                a->text[a->n++] = mem_text(text);
}

static void add_option(struct arguments *a, const char *name, const char *value)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_printf(&text, "%s=%s", name, value);
        add(a, "-o");
        add(a, bytes_text(&text));
}

/* key_file, or (NULL) the socket of an agent. The pinned key comes from a program's words, not from a file that a
 * kill would leave behind. */
static void fill(const struct ssh_host *h, const char *user, const char *key_file, const char *socket,
                 const char *command, struct arguments *a)
{
        static const char *const fixed[][2] = {
                {"BatchMode", "yes"},
                {"PreferredAuthentications", "publickey"},
                {"StrictHostKeyChecking", "yes"},
                {"GlobalKnownHostsFile", "/dev/null"},
                {"UserKnownHostsFile", "/dev/null"},
                {"HostKeyAlias", ALIAS},
                {"CheckHostIP", "no"},
                {"UpdateHostKeys", "no"},
                {"ControlPath", "none"},
                {"ClearAllForwardings", "yes"},
                {"ServerAliveInterval", "5"},
                {"LogLevel", "ERROR"},
        };
        CLEANUP_BYTES struct bytes known = BYTES_NONE;
        char seconds[24];
        bytes_printf(&known, "/bin/echo " ALIAS " %s", bytes_text(&h->host_key));
        snprintf(seconds, sizeof seconds, "%lld", (long long)(h->timeout_ms / 1000));
        add(a, "ssh");
        add(a, "-aTxF/dev/null");
        for (size_t i = 0; i < COUNT_OF(fixed); i++)
                add_option(a, fixed[i][0], fixed[i][1]);
        add_option(a, "ConnectTimeout", seconds);
        add_option(a, "KnownHostsCommand", bytes_text(&known));
        add_option(a, "IdentityFile", key_file ? key_file : "none");
        add_option(a, "IdentitiesOnly", key_file ? "yes" : "no");
        add_option(a, "IdentityAgent", key_file ? "none" : socket);
        add(a, "-p");
        add(a, bytes_text(&h->port));
        add(a, "-l");
        add(a, user);
        add(a, "--");
        add(a, bytes_text(&h->host));
        add(a, command);
}

/* ---- running ---- */

static void take_last_line(const struct bytes *err, struct bytes *ret)
{
        size_t end = err->n;
        while (end > 0 && (err->p[end - 1] == '\n' || err->p[end - 1] == '\r'))
                end--;
        size_t start = end;
        while (start > 0 && err->p[start - 1] != '\n' && end - start < 200)
                start--;
        text_escape(span_of(err->p + start, end - start), ret);
}

/* ssh's own failures all are 255; its words (in English: the environment is clean) tell them apart. */
static enum ssh_outcome judge(const struct spawn_result *ran)
{
        static const struct {
                const char *words;
                enum ssh_outcome outcome;
        } known[] = {
                {"Host key verification failed", SSH_WRONG_HOST},
                {"Permission denied", SSH_DENIED},
                {"Too many authentication failures", SSH_DENIED},
                {"Connection refused", SSH_AWAY},
                {"No route to host", SSH_AWAY},
                {"Could not resolve", SSH_AWAY},
                {"Connection timed out", SSH_AWAY},
                {"Network is unreachable", SSH_AWAY},
                {"during banner exchange", SSH_AWAY},
                {"kex_exchange_identification", SSH_AWAY},
        };
        if (ran->timed_out || ran->output_capped || ran->exit_code > 255)
                return SSH_LOST;
        if (ran->exit_code != 255)
                return SSH_RAN;
        for (size_t i = 0; i < COUNT_OF(known); i++)
                if (ran->err.n > 0 && strstr((const char *)ran->err.p, known[i].words))
                        return known[i].outcome;
        return SSH_LOST;
}

enum err ssh_run(const struct ssh_host *h, const char *user, const char *key_file, const struct ssh_key *key,
                 const char *command, struct span input, struct ssh_ran *ret)
{
        struct arguments a = {0};
        struct ssh_agent agent = {.listener = -1, .wake = {-1, -1}};
        struct ssh_folder folder = SSH_FOLDER_NONE;
        struct spawn_result ran = {0};
        enum err e = key ? ssh_folder_open(&folder) : OK;
        if (key && e == OK)
                e = ssh_agent_start(bytes_text(&folder.socket), key, &agent);
        fill(h, user, key ? NULL : key_file, bytes_text(&folder.socket), command, &a);
        const struct spawn_job job = {.path = SSH,
                                      .argv = (const char *const *)a.text,
                                      .input = input,
                                      .timeout_ms = h->timeout_ms,
                                      .stays_in_group = true};
        if (e == OK)
                e = spawn_run(&job, &ran);
        ssh_agent_stop(&agent);
        ssh_folder_close(&folder);
        if (e == OK) {
                *ret = (struct ssh_ran){.outcome = judge(&ran), .exit_code = ran.exit_code};
                bytes_add_span(&ret->out, bytes_span(&ran.out));
                take_last_line(&ran.err, &ret->why);
        }
        spawn_result_done(&ran);
        for (int i = 0; i < a.n; i++)
                free(a.text[i]);
        return e;
}

void ssh_ran_done(struct ssh_ran *r)
{
        bytes_done(&r->out);
        bytes_done(&r->why);
}

void ssh_fail(const struct ssh_ran *r, const char *what, struct hook_answer *a)
{
        switch (r->outcome) {
        case SSH_WRONG_HOST:
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s: the host's key is not the one in `host_key`", what);
                break;
        case SSH_DENIED: hook_fail(a, PLUGIN_REFUSED, "%s: the host refuses the key", what); break;
        case SSH_AWAY:
        case SSH_LOST: hook_fail(a, PLUGIN_TRY_AGAIN, "%s: %s", what, bytes_text(&r->why)); break;
        case SSH_RAN: hook_fail(a, PLUGIN_REFUSED, "%s: %s", what, bytes_text(&r->why)); break;
        }
}
