#include "tui/effect.h"

void seen_case_free(struct seen_case *c)
{
        if (!c)
                return;
        arena_done(&c->arena);
        free(c);
}

void log_page_free(struct log_page *p)
{
        if (!p)
                return;
        arena_done(&p->arena);
        free(p);
}

void result_done(struct result *r)
{
        free(r->reason);
        free(r->link_reason);
        free(r->text);
        picture_free(r->picture);
        seen_case_free(r->seen);
        log_page_free(r->page);
        rotate_plan_free(r->plan);
        if (r->document)
                document_wipe(r->document);
        free(r->document);
        *r = (struct result){0};
}
