/* What a sealer keeps: a version's sealed parts open for nobody without its holders, but when a broker has lost them
 * they are in no log. They stay as long as the version lives. */
#include "client/inside.h"
#include "quorum/export.h"
#include <errno.h>
#include <string.h>

#define BODY_MAX (4u * 1024u * 1024u)

struct part {
        struct hash sha256;
        struct bytes blob;
};

struct parts {
        size_t n;
        struct part *part;
};

static void parts_done(struct parts *p)
{
        for (size_t i = 0; i < p->n; i++)
                bytes_done(&p->part[i].blob);
        free(p->part);
        *p = (struct parts){0};
}

/* ---- keeping ---- */

bool client_keep_parts(struct client *c, const struct hash *id)
{
        CLEANUP_FREE char *from = home_path_of(&c->home, HOME_OUTGOING, id);
        CLEANUP_FREE char *to = home_path_of(&c->home, HOME_SEALED, id);
        CLEANUP_FREE char *folder = path_join(c->home.path, HOME_SEALED);
        struct version_view v;

        if (!ledger_version_by_id(client_ledger(c), id, &v))
                return false;
        return file_make_folder(folder, 0700) == OK && rename(from, to) == 0;
}

static bool is_live(const struct ledger *l, const struct hash *id)
{
        struct version_view v;

        return ledger_version_by_id(l, id, &v) && export_carries(&v);
}

enum err client_drop_parts(struct client *c)
{
        CLEANUP_FREE struct home_entry *kept = NULL;
        size_t n = 0;
        enum err e = home_list(&c->home, HOME_SEALED, &kept, &n);

        for (size_t i = 0; e == OK && i < n; i++) {
                CLEANUP_FREE char *path = home_path_of(&c->home, HOME_SEALED, &kept[i].id);

                if (!is_live(client_ledger(c), &kept[i].id) && unlink(path) != 0 && errno != ENOENT)
                        e = err_because(ERR_IO, "remove %s: %s", path, strerror(errno));
        }
        return e;
}

/* ---- giving back ---- */

static int by_bytes(const void *a, const void *b)
{
        return memcmp(a, b, HASH_BYTES);
}

static bool is_wanted(const struct bytes *list, const struct hash *sha256)
{
        return list->n > 0 && bsearch(sha256->b, list->p, list->n / HASH_BYTES, HASH_BYTES, by_bytes);
}

static void add_part(struct parts *p, const struct bytes *list, struct bytes *blob)
{
        const struct hash sha256 = hash_of(bytes_span(blob));

        if (!is_wanted(list, &sha256))
                return;
        p->part = mem_grow(p->part, p->n + 1, sizeof(*p->part));
        p->part[p->n++] = (struct part){sha256, *blob};
        *blob = BYTES_NONE;
}

/* A file that is not what we wrote gives nothing; the others do. */
static void add_parts_of(const struct client *c, const struct hash *id, const struct bytes *list, struct parts *p)
{
        CLEANUP_FREE char *path = home_path_of(&c->home, HOME_SEALED, id);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_JSON json_t *root = NULL;
        json_t *base64;
        size_t i;

        if (file_read(path, BODY_MAX, &text) != OK || json_read(bytes_span(&text), 8, &root) != OK)
                return;
        json_array_foreach (json_object_get(root, "blobs"), i, base64) {
                CLEANUP_BYTES struct bytes blob = BYTES_NONE;

                if (json_is_string(base64) && base64_decode(span_text(json_string_value(base64)), &blob) == OK)
                        add_part(p, list, &blob);
        }
}

static int by_hash(const void *a, const void *b)
{
        return memcmp(((const struct part *)a)->sha256.b, ((const struct part *)b)->sha256.b, HASH_BYTES);
}

static size_t write_parts(struct parts *p, struct bytes *ret)
{
        size_t n = 0;

        if (p->n == 0)
                return 0;
        qsort(p->part, p->n, sizeof(*p->part), by_hash);
        for (size_t i = 0; i < p->n; i++)
                n += i == 0 || by_hash(&p->part[i - 1], &p->part[i]) != 0;
        bytes_add_byte(ret, '\n');
        export_write_parts(n, ret);
        for (size_t i = 0; i < p->n; i++)
                if (i == 0 || by_hash(&p->part[i - 1], &p->part[i]) != 0)
                        export_write_blob(&p->part[i].sha256, bytes_span(&p->part[i].blob), ret);
        return n;
}

enum err client_write_parts(struct client *c, struct bytes *ret, size_t *ret_n)
{
        CLEANUP_FREE struct home_entry *kept = NULL;
        CLEANUP_BYTES struct bytes list = BYTES_NONE;
        struct parts p = {0};
        size_t n = 0;
        enum err e = home_list(&c->home, HOME_SEALED, &kept, &n);

        if (e != OK)
                return e;
        export_blob_list(client_ledger(c), &list);
        for (size_t i = 0; i < n; i++)
                add_parts_of(c, &kept[i].id, &list, &p);
        err_forget();
        *ret_n = write_parts(&p, ret);
        parts_done(&p);
        return OK;
}
