#include "quorum/block_parts.h"
#include <string.h>

#define BEGIN     "BG1:"
#define TAG_CHARS 4u

static const char alphabet[33] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* ---- base32 ---- */

static void add_base32(struct span in, struct bytes *ret)
{
        uint32_t held = 0;
        unsigned n_held = 0;

        for (size_t i = 0; i < in.n; i++) {
                held = held << 8 | in.p[i];
                for (n_held += 8; n_held >= 5; n_held -= 5)
                        bytes_add_byte(ret, (unsigned char)alphabet[held >> (n_held - 5) & 31]);
        }
        if (n_held > 0)
                bytes_add_byte(ret, (unsigned char)alphabet[held << (5 - n_held) & 31]);
}

static int value_of(unsigned char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Only whole bytes count; the few bits behind the last must be zero. */
static bool take_base32(struct span in, struct bytes *ret)
{
        uint32_t held = 0;
        unsigned n_held = 0;

        for (size_t i = 0; i < in.n; i++) {
                held = held << 5 | (uint32_t)value_of(in.p[i]);
                n_held += 5;
                if (n_held < 8)
                        continue;
                n_held -= 8;
                bytes_add_byte(ret, (unsigned char)(held >> n_held));
        }
        return n_held < 5 && (held & ((1u << n_held) - 1)) == 0;
}

static void tag_of(struct span content, char ret[TAG_CHARS + 1])
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct hash h = hash_of(content);

        add_base32(span_of(h.b, HASH_BYTES), &text);
        memcpy(ret, text.p, TAG_CHARS);
        ret[TAG_CHARS] = '\0';
}

/* ---- writing ---- */

enum err block_parts_write(const struct block *b, size_t line_max, struct bytes *ret_lines, size_t *ret_n)
{
        CLEANUP_BYTES struct bytes content = BYTES_NONE, text = BYTES_NONE;
        char tag[TAG_CHARS + 1];
        size_t room = line_max - PARTS_HEAD, n, each;

        block_write_content(b, &content);
        add_base32(bytes_span(&content), &text);
        n = (text.n + room - 1) / room;
        if (n > PARTS_MAX)
                return err_because(ERR_TOO_LARGE, "the block would be %zu parts; at most %u", n, PARTS_MAX);
        each = (text.n + n - 1) / n; /* all of about one length */
        n = (text.n + each - 1) / each;
        tag_of(bytes_span(&content), tag);
        for (size_t i = 0; i < n; i++) {
                size_t at = i * each, rest = text.n - at;

                bytes_printf(ret_lines, BEGIN "%zu/%zu:%s:%.*s\n", i + 1, n, tag, (int)(rest < each ? rest : each),
                             (const char *)text.p + at);
        }
        *ret_n = n;
        return OK;
}

/* ---- reading ---- */

struct part {
        size_t number, of;
        const unsigned char *tag;
        struct span text;
};

/* The parts of one block. */
struct set {
        const unsigned char *tag;
        size_t of;
        struct span part[PARTS_MAX];
        bool has_two_forms;
};

struct sets {
        size_t n;
        struct set *set;
        bool are_too_many;
};

static bool take_number(struct span *s, unsigned char end, size_t *ret)
{
        size_t n = 0, value = 0;

        while (n < s->n && n < 2 && s->p[n] >= '0' && s->p[n] <= '9')
                value = value * 10 + (size_t)(s->p[n++] - '0');
        if (n == 0 || n == s->n || s->p[n] != end || s->p[0] == '0')
                return false;
        *ret = value;
        *s = span_of(s->p + n + 1, s->n - n - 1);
        return true;
}

/* What follows BEGIN. */
static bool take_part(struct span s, struct part *ret)
{
        if (!take_number(&s, '/', &ret->number) || !take_number(&s, ':', &ret->of) || ret->number > ret->of)
                return false;
        if (s.n <= TAG_CHARS || s.p[TAG_CHARS] != ':')
                return false;
        ret->tag = s.p;
        ret->text = span_of(s.p + TAG_CHARS + 1, 0);
        while (TAG_CHARS + 1 + ret->text.n < s.n && value_of(ret->text.p[ret->text.n]) >= 0)
                ret->text.n++;
        return ret->text.n > 0;
}

static struct set *set_of(struct sets *sets, const struct part *p)
{
        for (size_t i = 0; i < sets->n; i++)
                if (memcmp(sets->set[i].tag, p->tag, TAG_CHARS) == 0 && sets->set[i].of == p->of)
                        return &sets->set[i];
        if (sets->n == PARTS_SETS) {
                sets->are_too_many = true;
                return NULL;
        }
        sets->set = mem_grow(sets->set, sets->n + 1, sizeof(*sets->set));
        sets->set[sets->n] = (struct set){.tag = p->tag, .of = p->of};
        return &sets->set[sets->n++];
}

static void keep_part(struct sets *sets, const struct part *p)
{
        struct set *set = set_of(sets, p);
        struct span *place = set ? &set->part[p->number - 1] : NULL;

        if (!place)
                return;
        if (place->n > 0 && !span_equal(*place, p->text))
                set->has_two_forms = true;
        *place = p->text;
}

static void find_parts(struct span in, struct sets *ret)
{
        size_t begin = strlen(BEGIN);

        for (const unsigned char *at; in.n > begin && (at = memmem(in.p, in.n, BEGIN, begin));) {
                struct part p;

                in = span_of(at + begin, in.n - (size_t)(at - in.p) - begin);
                if (take_part(in, &p))
                        keep_part(ret, &p);
        }
}

static size_t first_missing(const struct set *set)
{
        for (size_t i = 0; i < set->of; i++)
                if (set->part[i].n == 0)
                        return i + 1;
        return 0;
}

static enum err join(const struct set *set, struct bytes *ret_text)
{
        CLEANUP_BYTES struct bytes base32 = BYTES_NONE, content = BYTES_NONE;
        size_t missing = first_missing(set);
        char tag[TAG_CHARS + 1] = "";
        enum block_kind kind;
        enum err e;

        if (missing)
                return err_because(ERR_BAD_STATEMENT, "part %zu of %zu of the block %.4s is missing", missing,
                                   set->of, (const char *)set->tag);
        for (size_t i = 0; i < set->of; i++)
                bytes_add_span(&base32, set->part[i]);
        if (take_base32(bytes_span(&base32), &content))
                tag_of(bytes_span(&content), tag);
        if (set->has_two_forms || memcmp(tag, set->tag, TAG_CHARS) != 0)
                return err_because(ERR_BAD_STATEMENT,
                                   "a part of the block %.4s was changed on its way: read them again",
                                   (const char *)set->tag);
        if ((e = block_kind_of(bytes_span(&content), &kind)) != OK)
                return e;
        block_armor(kind, bytes_span(&content), ret_text);
        return OK;
}

enum err block_parts_join(struct span in, struct bytes *ret_text)
{
        CLEANUP_BYTES struct bytes reason = BYTES_NONE;
        struct sets sets = {0};
        enum err first = OK;

        find_parts(in, &sets);
        for (size_t i = 0; i < sets.n; i++) {
                enum err e = join(&sets.set[i], ret_text);

                if (e != OK && first == OK) {
                        first = e;
                        bytes_add_text(&reason, err_reason());
                }
        }
        free(sets.set);
        if (first == OK && sets.are_too_many)
                return err_because(ERR_BAD_STATEMENT, "parts of more than %u blocks at once", PARTS_SETS);
        return first == OK ? OK : err_because(first, "%s", bytes_text(&reason));
}

bool block_parts_are_whole(struct span in)
{
        struct sets sets = {0};
        bool are = true;

        find_parts(in, &sets);
        for (size_t i = 0; i < sets.n; i++)
                are = are && first_missing(&sets.set[i]) == 0;
        are = are && sets.n > 0;
        free(sets.set);
        return are;
}
