#include "tui/cmd_recover.h"
#include "tui/handing.h"
#include "tui/say.h"
#include <string.h>

struct answer {
        const char *file;
        struct block block;
};

struct opening {
        struct recovering x;
        struct handing handing;
        const char *request; /* the beginning of an id, or NULL */
        bool age_identity;
        struct texts files;
        size_t n_answers;
        struct answer *answers;
};

static void opening_done(struct opening *o)
{
        for (size_t i = 0; i < o->n_answers; i++)
                block_done(&o->answers[i].block);
        free(o->answers);
        recovering_done(&o->x);
}

/* One bad answer among enough good ones stops nothing. */
static void say_bad(const char *file, const char *holder, enum err e)
{
        fprintf(stderr, "breakglass: %s: answer=%s%s%s: left out: %s%s%s%s\n", err_word(e), file,
                *holder ? " holder=" : "", holder, err_sentence(e), *err_reason() ? " (" : "", err_reason(),
                *err_reason() ? ")" : "");
}

/* ---- the answers ---- */

static enum err read_answers_of(struct opening *o, const char *file)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = recovering_text(file, NULL, &text);
        unsigned found = 0;

        if (e != OK)
                return e;
        if ((e = recovering_join_parts(&text)) != OK) {
                say_bad(file, "", e);
                found++; /* something was there */
        }
        for (struct span rest = bytes_span(&text);; found++) {
                struct block b = {0};

                e = block_read(&rest, BLOCK_ANSWER, &b);
                if (e == ERR_NOT_FOUND && found > 0)
                        return OK;
                if (e != OK)
                        say_bad(file, "", e == ERR_NOT_FOUND ? ERR_BAD_STATEMENT : e);
                if (e == ERR_NOT_FOUND)
                        return OK;
                if (e != OK)
                        continue;
                o->answers = mem_grow(o->answers, o->n_answers + 1, sizeof(*o->answers));
                o->answers[o->n_answers++] = (struct answer){file, b};
        }
}

static enum err read_answers(struct opening *o)
{
        enum err e = OK;

        for (size_t i = 0; e == OK && i < o->files.n; i++)
                e = read_answers_of(o, o->files.text[i]);
        return e;
}

static void take_answers(struct opening *o, struct recovery_opening *opening)
{
        for (size_t i = 0; i < o->n_answers; i++) {
                const char *holder;
                enum err e = recovery_take_answer(opening, &o->answers[i].block, &holder);

                if (e == ERR_DUPLICATE)
                        note("%s's answer is here already; once is enough.", holder);
                else if (e != OK)
                        say_bad(o->answers[i].file, holder, e);
        }
}

/* ---- which request ---- */

static bool is_answered_by(const struct answer *a, const struct hash *id)
{
        struct statement *s = NULL;
        bool is = statement_parse(STATEMENT_APPROVAL, bytes_span(&a->block.envelope.payload), &s) == OK &&
                  hash_equal(&s->approval.request, id);

        statement_free(s);
        return is;
}

static size_t votes(const struct opening *o, const struct hash *id)
{
        size_t n = 0;

        for (size_t i = 0; i < o->n_answers; i++)
                n += is_answered_by(&o->answers[i], id);
        return n;
}

static bool begins(const struct hash *id, const char *prefix)
{
        char hex[HASH_HEX + 1];

        hash_to_hex(id, hex);
        return strncmp(hex, prefix, strlen(prefix)) == 0;
}

/* The one that was named, or the only one, or the one that most answers are for. */
static enum err choose_request(const struct opening *o, struct hash *ret)
{
        CLEANUP_FREE struct home_entry *list = NULL;
        size_t n = 0, best = 0, matches = 0;
        enum err e = recovery_list(&o->x.r, &list, &n);

        if (e != OK)
                return e;
        for (size_t i = 0; i < n; i++) {
                size_t weight = o->request ? begins(&list[i].id, o->request) : n == 1 ? 1 : votes(o, &list[i].id);

                if (weight == 0 || weight < best)
                        continue;
                matches = weight > best ? 1 : matches + 1;
                best = weight;
                *ret = list[i].id;
        }
        if (matches == 1)
                return OK;
        return matches == 0
                       ? err_because(ERR_NOT_FOUND,
                                     "the folder %s has no request that this could be for; what was asked can "
                                     "be opened only where it was asked",
                                     o->x.r.folder.path)
                       : err_because(ERR_USAGE, "the folder has %zu such requests: name one with --request", matches);
}

/* ---- handing over ---- */

/* The version's own age key, as a document of one field, so that it leaves in the same few ways. */
static enum err build_identity(const struct request_view *r, const struct secret *key, struct document *ret)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        struct document_field field = {.name = "age-identity"};
        enum err e = age_secret_to_text(key, &text);

        if (e != OK)
                return e;
        field.value = text.bytes;
        field.len = text.len;
        return document_build(r->credential, 1, &field, 1, ret);
}

static void tell(const struct cli *cli, const struct opening *o, const struct request_view *r,
                 const struct document *d)
{
        json_t *names;

        if (cli->json && !o->handing.show) {
                names = json_array();
                for (size_t i = 0; i < d->n_fields; i++)
                        json_array_append_new(names, json_string(d->field[i].name));
                say_json(json_pack("{s:s, s:i, s:o}", "credential", r->credential, "approvals", (int)r->approvals,
                                   "fields", names));
                return;
        }
        note("%s is open. No log has it yet: keep %s, which holds the signed request, answers and opening, for when "
             "the "
             "broker is back, and have the credential rotated then.",
             r->credential, o->x.r.folder.path);
}

static enum err join(struct cli *cli, struct opening *o, struct recovery_opening *opening)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        CLEANUP_DOCUMENT struct document d = {0};
        struct request_view r;
        enum err e = recovery_join(opening, &key);

        if (e == ERR_NOT_READY)
                return err_because(e, "%s; they are kept: give the others when they come", err_reason());
        if (e != OK)
                return e;
        recovery_standing(opening, &r);
        if ((e = o->age_identity ? build_identity(&r, &key, &d) : recovery_open(opening, &key, &d)) != OK)
                return e;
        tell(cli, o, &r, &d);
        return handing_do(cli, &o->handing, &d);
}

static enum err open_request(struct cli *cli, struct opening *o)
{
        struct recovery_opening *opening = NULL;
        struct hash id;
        enum err e;

        if ((e = recovering_begin(cli, &o->x)) != OK)
                return e;
        if ((e = read_answers(o)) != OK)
                return e;
        if ((e = choose_request(o, &id)) != OK)
                return e;
        if ((e = recovery_resume(&o->x.r, &id, &opening)) != OK)
                return e;
        take_answers(o, opening);
        e = join(cli, o, opening);
        recovery_opening_free(opening);
        return e;
}

/* How many words stand behind `--`. To be asked before the options are read: that moves `--` before the answers. */
static size_t count_program(int argc, char **argv)
{
        for (int i = 0; i < argc; i++)
                if (strcmp(argv[i], "--") == 0)
                        return (size_t)(argc - i - 1);
        return 0;
}

/* What stood behind `--` is the program of --exec; the rest are answers. */
static void part_arguments(struct opening *o, size_t n_program)
{
        if (!o->handing.exec || n_program > o->files.n)
                return;
        o->files.n -= n_program;
        o->handing.program = o->files.text + o->files.n;
        o->handing.n_program = n_program;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct opening o = {0};
        const struct option_about own[] = {
                RECOVERING_OPTIONS(&o.x),
                {"work", OPTION_TEXT, &o.x.work, "FOLDER", "where `recover ask` keeps the one-time key"},
                {"request", OPTION_TEXT, &o.request, "ID", "which request, when several were asked"},
                {"age-identity", OPTION_FLAG, &o.age_identity, NULL,
                 "hand over the version's age key instead, for stock `age -d`"},
                HANDING_OPTIONS(&o.handing),
                {0},
        };
        const size_t n_program = count_program(argc, argv);
        enum err e;

        if ((e = options_read(cli, &command_recover_open, own, argc, argv, &o.files)) != OK)
                return e;
        part_arguments(&o, n_program);
        if ((e = handing_check(cli, &o.handing)) == OK)
                e = open_request(cli, &o);
        opening_done(&o);
        return e;
}

const struct command command_recover_open = {
        .name = "recover open",
        .synopsis = "[ANSWER-FILE|-]… --from EXPORT [--show|--output FILE|--exec -- COMMAND…] [--field NAME]",
        .help = "Take the answers in any order, check and join the shares, and hand the secret to you.",
        .run = run,
};
