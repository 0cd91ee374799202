/* What many rotations can be ordered by, as far as it would mean anything: people who opened something, incidents in
 * which a share left its holder, and the policies and tags that credentials have. */
#include "tui/pending.h"
#include "tui/picture.h"
#include <string.h>

struct names {
        size_t n;
        const char **name;
};

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_lot(struct picture *p, enum lot_kind kind, const char *name)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        lot_words(kind, name, &text);
        p->lots[p->n_lots++] = (struct picture_lot){hash_of(bytes_span(&text)), kind, arena_text(&p->arena, name)};
}

/* Sorted, each once. */
static void sort_names(struct names *names)
{
        size_t n = 0;

        qsort(names->name, names->n, sizeof(*names->name), by_text);
        for (size_t i = 0; i < names->n; i++)
                if (n == 0 || strcmp(names->name[n - 1], names->name[i]) != 0)
                        names->name[n++] = names->name[i];
        names->n = n;
}

static void gather(const struct picture *p, const struct roster *r, struct names of[])
{
        for (size_t i = 0; i < p->n_requests; i++) {
                const struct request_view *v = &p->requests[i].view;

                if (v->opened_n != 0)
                        of[LOT_OPENED_BY].name[of[LOT_OPENED_BY].n++] = v->requester;
                if (request_has_touched(v))
                        of[LOT_INCIDENT].name[of[LOT_INCIDENT].n++] = v->incident;
        }
        for (size_t i = 0; i < r->n_credentials; i++) {
                of[LOT_POLICY].name[of[LOT_POLICY].n++] = r->credentials[i].policy;
                for (size_t k = 0; k < r->credentials[i].tags.n; k++)
                        of[LOT_TAG].name[of[LOT_TAG].n++] = r->credentials[i].tags.name[k];
        }
}

static size_t count_tags(const struct roster *r)
{
        size_t n = 0;

        for (size_t i = 0; i < r->n_credentials; i++)
                n += r->credentials[i].tags.n;
        return n;
}

static void add_admins(struct picture *p, const struct roster *r)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;

        for (size_t i = 0; i < r->admins.n; i++)
                bytes_printf(&names, "%s%s", i ? ", " : "", r->admins.name[i]);
        p->admins = arena_text(&p->arena, bytes_text(&names));
}

void picture_add_lots(struct picture *p, const struct ledger *l)
{
        const struct roster *r = ledger_roster(l);
        const size_t most[] = {[LOT_ALL] = 0,
                               [LOT_OPENED_BY] = p->n_requests,
                               [LOT_INCIDENT] = p->n_requests,
                               [LOT_POLICY] = r->n_credentials,
                               [LOT_TAG] = count_tags(r)};
        struct names of[COUNT_OF(most)] = {{0}};
        size_t n = 1;

        for (size_t k = 0; k < COUNT_OF(most); k++)
                of[k].name = mem_new(most[k] + 1, sizeof(*of[k].name));
        gather(p, r, of);
        for (size_t k = 0; k < COUNT_OF(most); k++) {
                sort_names(&of[k]);
                n += of[k].n;
        }
        p->lots = arena_new(&p->arena, n, sizeof(*p->lots));
        add_lot(p, LOT_ALL, "");
        for (size_t k = LOT_OPENED_BY; k < COUNT_OF(most); k++)
                for (size_t i = 0; i < of[k].n; i++)
                        add_lot(p, (enum lot_kind)k, of[k].name[i]);
        for (size_t k = 0; k < COUNT_OF(most); k++)
                free(of[k].name);
        add_admins(p, r);
}

const struct picture_lot *picture_lot_of(const struct picture *p, const struct hash *id)
{
        for (size_t i = 0; p && i < p->n_lots; i++)
                if (hash_equal(&p->lots[i].id, id))
                        return &p->lots[i];
        return NULL;
}
