#include "rotators/hooks/scan.h"
#include <string.h>

struct scan scan_begin(struct span text)
{
        return (struct scan){.text = text};
}

static void fail(struct scan *s)
{
        s->error = ERR_BAD_STATEMENT;
        s->at = s->text.n;
}

static int peek(struct scan *s)
{
        while (s->at < s->text.n && s->text.p[s->at] && strchr(" \t\r\n", s->text.p[s->at]))
                s->at++;
        return s->at < s->text.n ? s->text.p[s->at] : -1;
}

static bool take(struct scan *s, int c)
{
        bool is_there = peek(s) == c;
        s->at += is_there;
        return is_there;
}

static void want(struct scan *s, int c)
{
        if (!take(s, c))
                fail(s);
}

static void enter(struct scan *s, int bracket)
{
        want(s, bracket);
        s->is_first = true;
}

void scan_enter(struct scan *s)
{
        enter(s, '{');
}

void scan_enter_list(struct scan *s)
{
        enter(s, '[');
}

/* Whether another pair or item follows, behind its comma. */
static bool goes_on(struct scan *s, int end)
{
        bool is_first = s->is_first;
        s->is_first = false;
        if (s->error != OK || take(s, end))
                return false;
        if (!is_first)
                want(s, ',');
        return s->error == OK;
}

/* From behind the opening quote to behind the closing one. */
static struct span rest_of_text(struct scan *s, bool may_escape)
{
        size_t start = s->at;
        for (; s->at < s->text.n; s->at++) {
                unsigned char c = s->text.p[s->at];
                if (c == '"')
                        return span_of(s->text.p + start, s->at++ - start);
                if (c < ' ' || (c == '\\' && !may_escape))
                        break;
                if (c == '\\')
                        s->at++; /* what the escape means is for the JSON library to judge */
        }
        fail(s);
        return span_of(NULL, 0);
}

struct span scan_plain_text(struct scan *s)
{
        want(s, '"');
        return rest_of_text(s, false);
}

static bool next_key(struct scan *s, bool may_escape, struct span *ret_key)
{
        if (!goes_on(s, '}'))
                return false;
        want(s, '"');
        *ret_key = rest_of_text(s, may_escape);
        want(s, ':');
        return s->error == OK;
}

bool scan_key(struct scan *s, struct span *ret_key)
{
        return next_key(s, false, ret_key);
}

bool scan_any_key(struct scan *s, struct span *ret_key)
{
        return next_key(s, true, ret_key);
}

static void skip_word(struct scan *s)
{
        size_t start = s->at;
        while (s->at < s->text.n && s->text.p[s->at] > ' ' && !strchr(",]}", s->text.p[s->at]))
                s->at++;
        if (s->at == start)
                fail(s);
}

struct span scan_value(struct scan *s)
{
        int first = peek(s);
        size_t start = s->at;
        unsigned depth = 0;
        do {
                int c = peek(s);
                if (c < 0 || depth > SCAN_DEPTH_MAX) {
                        fail(s);
                } else if (c == '"') {
                        s->at++;
                        rest_of_text(s, true);
                } else if (c == '{' || c == '[') {
                        s->at++;
                        depth++;
                } else if (depth > 0 && (c == '}' || c == ']')) {
                        s->at++;
                        depth--;
                } else if (depth > 0 && (c == ',' || c == ':')) {
                        s->at++;
                } else {
                        skip_word(s);
                }
        } while (s->error == OK && depth > 0);
        if (s->error != OK || first < 0)
                return span_of(NULL, 0);
        return span_of(s->text.p + start, s->at - start);
}

bool scan_item(struct scan *s, struct span *ret)
{
        if (!goes_on(s, ']'))
                return false;
        *ret = scan_value(s);
        return s->error == OK;
}

void scan_end(struct scan *s)
{
        if (peek(s) >= 0)
                fail(s);
}
