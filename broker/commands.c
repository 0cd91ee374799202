#include "broker/commands.h"
#include "base/clock.h"
#include "base/file.h"
#include "broker/config.h"
#include "broker/keys.h"
#include "broker/store.h"
#include "quorum/admit.h"
#include <string.h>

#define ENVELOPE_MAX (2u * 1024u * 1024u)

int command_failed(int e)
{
        const char *why = err_reason();
        fprintf(stderr, "breakglassd: %s: %s%s%s%s\n", err_word((enum err)e), err_sentence((enum err)e),
                *why ? " (" : "", why, *why ? ")" : "");
        return err_exit((enum err)e);
}

int command_keygen(const char *folder)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        enum err e = keys_make(folder, &line);
        if (e != OK)
                return command_failed((int)e);
        fputs(bytes_text(&line), stdout);
        return EXIT_OK;
}

int command_check_config(const char *config_path)
{
        struct config *c = NULL;
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = config_check_programs(c);
        if (e == OK)
                e = config_check_exports(c);
        config_drop(c);
        if (e != OK)
                return command_failed((int)e);
        puts("the configuration is good");
        return EXIT_OK;
}

/* ---- init: the first line ---- */

enum err command_read_envelope(const char *path, struct envelope *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_JSON json_t *root = NULL;
        enum err e = file_read(path, ENVELOPE_MAX, &text);
        if (e == OK)
                e = json_read(bytes_span(&text), 8, &root);
        return e == OK ? envelope_read(root, ret) : e;
}

/* What is wrong with it in the words of a statement: of an entry of a log nobody has spoken yet. */
static enum err check_statement(const struct envelope *e)
{
        struct statement *s = NULL;
        if (e->type != STATEMENT_ROSTER)
                return err_because(ERR_BAD_ROSTER, "this is no roster statement");
        enum err error = admit_statement(NULL, e, &s);
        statement_free(s);
        return error;
}

/* The whole path of any other statement: signatures, chain rule, ledger. */
static enum err admit_genesis(const struct envelope *e, const struct key *signs, struct bytes *ret_line,
                              struct hash *ret_id)
{
        struct ledger *l = ledger_new();
        struct statement *s = NULL;
        line_write(0, clock_now_ms(), e, ret_line);
        enum err error = check_statement(e);
        if (error == OK)
                error = admit_line(l, bytes_span(ret_line), false, &s);
        if (error == OK && !key_equal(&ledger_roster(l)->broker_signs, signs))
                error = err_because(ERR_BAD_KEY, "the roster's broker.signs is not the key of this configuration");
        if (error == OK)
                *ret_id = s->id;
        statement_free(s);
        ledger_free(l);
        return error;
}

struct genesis {
        struct bytes line;
        struct hash id;
};

static enum err put_genesis(struct store *s, void *context)
{
        const struct genesis *g = context;
        return store_append(s, 0, &g->id, bytes_span(&g->line));
}

static enum err write_genesis(const struct config *c, struct genesis *g)
{
        CLEANUP_FREE char *path = path_join(c->state, STORE_FILE);
        enum err e = file_make_folder(c->state, 0700);
        return e == OK ? store_create(path, put_genesis, g) : e;
}

static enum err init(const struct config *c, const char *roster_path, struct hash *ret_id)
{
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        struct genesis g = {.line = BYTES_NONE};
        struct signing_key key = {.key = SECRET_NONE};
        enum err e = command_read_envelope(roster_path, &envelope);
        if (e == OK)
                e = signing_key_load(c->sign_key, &key);
        if (e == OK)
                e = admit_genesis(&envelope, &key.public, &g.line, &g.id);
        signing_key_wipe(&key);
        if (e == OK)
                e = write_genesis(c, &g);
        bytes_done(&g.line);
        *ret_id = g.id;
        return e;
}

int command_init(const char *config_path, const char *roster_path)
{
        struct config *c = NULL;
        struct hash id;
        char hex[HASH_HEX + 1];
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = init(c, roster_path, &id);
        config_drop(c);
        if (e != OK)
                return command_failed((int)e);
        hash_to_hex(&id, hex);
        printf("installation: %s\n", hex);
        return EXIT_OK;
}
