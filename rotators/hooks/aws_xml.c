#include "rotators/hooks/aws_xml.h"
#include "base/wipe.h"
#include "rotators/hooks/draft.h"
#include <expat.h>

#define DEPTH_MAX 16u

struct walk {
        XML_Parser parser;
        aws_xml_visit *visit;
        void *context;
        struct draft text;
        unsigned depth;
};

static void forget_text(struct walk *w)
{
        struct draft fresh = {.error = w->text.error};
        draft_done(&w->text);
        w->text = fresh;
}

static void on_start(void *context, const XML_Char *element UNUSED, const XML_Char **attributes UNUSED)
{
        struct walk *w = context;
        forget_text(w);
        if (++w->depth > DEPTH_MAX)
                XML_StopParser(w->parser, XML_FALSE);
}

static void on_end(void *context, const XML_Char *element)
{
        struct walk *w = context;
        w->visit(w->context, element, draft_span(&w->text));
        forget_text(w);
        w->depth--;
}

static void on_text(void *context, const XML_Char *text, int n)
{
        struct walk *w = context;
        draft_add(&w->text, span_of(text, (size_t)n));
}

static void on_doctype(void *context, const XML_Char *name UNUSED, const XML_Char *system UNUSED,
                       const XML_Char *public_ UNUSED, int has_subset UNUSED)
{
        struct walk *w = context;
        XML_StopParser(w->parser, XML_FALSE);
}

enum err aws_xml_walk(struct span xml, aws_xml_visit *visit, void *context)
{
        static const XML_Memory_Handling_Suite memory = {malloc, wipe_realloc, wipe_free};
        struct walk w = {.parser = XML_ParserCreate_MM("UTF-8", &memory, NULL), .visit = visit, .context = context};
        if (!w.parser)
                return ERR_MEMORY;
        XML_SetUserData(w.parser, &w);
        XML_SetElementHandler(w.parser, on_start, on_end);
        XML_SetCharacterDataHandler(w.parser, on_text);
        XML_SetStartDoctypeDeclHandler(w.parser, on_doctype);
        bool is_good = XML_Parse(w.parser, (const char *)xml.p, (int)xml.n, XML_TRUE) == XML_STATUS_OK;
        enum err e = is_good ? w.text.error : err_because(ERR_BAD_STATEMENT, "the answer is no XML");
        XML_ParserFree(w.parser);
        draft_done(&w.text);
        return e;
}
