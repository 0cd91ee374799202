#include "quorum/export.h"
#include "tui/cmd_log.h"
#include "tui/say.h"
#include <string.h>

#define EXPORT_MAX (1024u * 1024u * 1024u)

struct verifying {
        const char *genesis_text, *head_text;
        bool blobs;
        struct hash genesis, root;
        uint64_t size;
        bool has_genesis, has_head;
        struct bytes file;
        struct export_verdict verdict;
        enum err alarm; /* what the broker was caught at while the own copy was brought up to date */
        char *alarm_reason;
};

bool export_has_blobs(struct span file)
{
        /* Two empty lines belong to a log export: before its checkpoint, and inside it before the signatures. */
        unsigned empty_lines = 0;

        size_t i = 0;

        for (; i + 1 < file.n && empty_lines < 3; i++)
                empty_lines += file.p[i] == '\n' && file.p[i + 1] == '\n';
        return empty_lines >= 3 && !export_has_some_blobs(span_of(file.p + i + 1, file.n - i - 1));
}

static enum err parse_options(struct verifying *v)
{
        char *colon = NULL;

        if (v->genesis_text) {
                if (hash_from_hex(span_text(v->genesis_text), &v->genesis) != OK)
                        return err_because(ERR_USAGE, "--genesis wants 64 hex digits");
                v->has_genesis = true;
        }
        if (!v->head_text)
                return OK;
        v->size = strtoull(v->head_text, &colon, 10);
        if (colon == v->head_text || *colon != ':' || hash_from_hex(span_text(colon + 1), &v->root) != OK)
                return err_because(ERR_USAGE, "--head wants SIZE:ROOT, like 120:9f3c… (64 hex digits)");
        v->has_head = true;
        return OK;
}

/* What this machine knows by itself is the best judge: the pin of joining and the newest head seen. */
static void take_own_knowledge(struct cli *cli, struct verifying *v)
{
        const struct ledger *l = cli_ledger(cli);

        if (!v->has_genesis) {
                v->genesis = client_home(cli->client)->genesis;
                v->has_genesis = true;
        }
        if (!v->has_head && ledger_size(l) > 0) {
                v->size = ledger_size(l);
                v->root = ledger_root(l);
                v->has_head = true;
        }
}

/* The newest log there is. Where the broker is away or lies, what this machine holds is judged all the same: its head
 * is what people compare. */
static enum err read_own(struct cli *cli, struct verifying *v)
{
        const char *stale = NULL;

        v->alarm = cli_look(cli, &stale);
        if (v->alarm != OK && !cli->client)
                return v->alarm;
        v->alarm_reason = mem_text(err_reason());
        cli_note_stale(stale);
        take_own_knowledge(cli, v);
        return replica_export(client_replica(cli->client), &v->file);
}

static enum err read_file(struct cli *cli, const char *path, struct verifying *v)
{
        enum err e;

        if ((e = file_read(path, EXPORT_MAX, &v->file)) != OK)
                return err_because(e, "%s", path);
        /* Another installation's export is nothing that this machine could judge, unless it was told to. */
        if (cli->installation) {
                if ((e = cli_open(cli)) != OK)
                        return e;
                take_own_knowledge(cli, v);
        }
        return OK;
}

static void progress(void *context, uint64_t entries)
{
        (void)context;
        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r%llu entries", (unsigned long long)entries);
}

static void tell_json(const struct verifying *v, enum err e)
{
        char installation[HASH_HEX + 1], root[HASH_HEX + 1];

        hash_to_hex(&v->verdict.installation, installation);
        hash_to_hex(&v->verdict.root, root);
        say_json(json_pack("{s:s, s:I, s:b, s:b, s:s, s:s, s:I, s:o*}", "verdict",
                           e == OK ? "consistent" : err_word(e), "entries", (json_int_t)v->verdict.entries,
                           "is_anchored", v->verdict.is_anchored, "is_pinned", v->has_genesis, "installation",
                           installation, "root", root, "blobs", (json_int_t)v->verdict.blobs, "first_bad",
                           e == OK ? NULL : json_integer((json_int_t)v->verdict.first_bad)));
}

static void tell(const struct verifying *v)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE;
        char hex[HASH_HEX + 1];

        if (v->verdict.is_anchored)
                say("consistent: %llu entries, each signed, in order and within the rules; the signed head covers "
                    "all of them.",
                    (unsigned long long)v->verdict.entries);
        else
                say("consistent up to %llu, tail unanchored: no signed or later known head covers the end, so "
                    "entries may be missing "
                    "there.",
                    (unsigned long long)v->verdict.entries);
        if (v->blobs)
                say("%llu sealed shares and ciphertexts are in it, exactly those that the live versions name.",
                    (unsigned long long)v->verdict.blobs);
        else if (v->verdict.blobs)
                say("%llu sealed shares and ciphertexts are in it, those that its writer had sealed.",
                    (unsigned long long)v->verdict.blobs);
        hash_to_hex(&v->verdict.root, hex);
        bytes_printf(&head, "%llu:%s", (unsigned long long)v->verdict.entries, hex);
        say_token("head", bytes_text(&head));
        hash_to_hex(&v->verdict.installation, hex);
        say_token("genesis", hex);
        if (!v->has_genesis)
                say("That genesis is what the file itself says: compare it with what you know, or use --genesis.");
}

static enum err verify(struct cli *cli, struct verifying *v)
{
        const struct export_job job = {
                .genesis = v->has_genesis ? &v->genesis : NULL,
                .want_blobs = v->blobs,
                .known_size = v->has_head ? v->size : 0,
                .known_root = v->has_head ? &v->root : NULL,
                .progress = progress,
        };
        enum err e = export_verify(bytes_span(&v->file), &job, &v->verdict, NULL);

        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K");
        if (cli->json)
                tell_json(v, e);
        else if (e == OK)
                tell(v);
        else
                note("%llu entries hold.", (unsigned long long)v->verdict.entries);
        return e;
}

static enum err run_verify(struct cli *cli, int argc, char **argv)
{
        struct verifying v = {0};
        const struct option_about own[] = {
                {"genesis", OPTION_TEXT, &v.genesis_text, "HEX", "the installation that it must be"},
                {"head", OPTION_TEXT, &v.head_text, "SIZE:ROOT", "a head known from elsewhere, that it must contain"},
                {"blobs", OPTION_FLAG, &v.blobs, NULL,
                 "a vault's export: its sealed parts must be complete (found out by itself)"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_log_verify, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 1, "a file")) != OK)
                return e;
        if ((e = parse_options(&v)) != OK)
                return e;
        e = args.n ? read_file(cli, args.text[0], &v) : read_own(cli, &v);
        if (e == OK) {
                v.blobs |= export_has_blobs(bytes_span(&v.file));
                e = verify(cli, &v);
        }
        if (e == OK && v.alarm != OK)
                e = err_because(v.alarm, "%s", v.alarm_reason);
        free(v.alarm_reason);
        bytes_done(&v.file);
        return e;
}

const struct command command_log_verify = {
        .name = "log verify",
        .synopsis = "[FILE] [--genesis HEX] [--head SIZE:ROOT]",
        .help = "Prove that a log (a file, or the broker's and with it the own copy) is whole: 0 consistent, 9 "
                "altered or cut, 4 against a "
                "rule, 1 upgrade.",
        .run = run_verify,
        .is_harmless = true,
};
