#include "tests/unit/broker/desk.h"
#include "base/file.h"
#include "base/log.h"
#include <dirent.h>
#include <pthread.h>
#include <string.h>

static const char base_config[] = "state: %s\nlisten: {unix: /nowhere/api.sock}\nkeys: {sign: /nowhere/sign}\n%s";

/* ---- what the book is given ---- */

static int64_t read_clock(void *context)
{
        const struct desk *d = context;
        return d->now_ms;
}

static struct config *config_of(void *context)
{
        struct desk *d = context;
        return config_keep(d->config);
}

static void exports_of(void *context, struct export_view *ret)
{
        struct desk *d = context;
        pthread_mutex_lock(&d->exports_lock);
        *ret = d->exports;
        pthread_mutex_unlock(&d->exports_lock);
}

void desk_set_export(struct desk *d, enum export_trouble t, enum export_standing standing, const char *why)
{
        pthread_mutex_lock(&d->exports_lock);
        d->exports.trouble[t].standing = standing;
        snprintf(d->exports.trouble[t].why, sizeof d->exports.trouble[t].why, "%s", why);
        pthread_mutex_unlock(&d->exports_lock);
}

static void on_published(void *context, uint64_t size)
{
        struct desk *d = context;
        d->n_published++;
}

static void on_paged(void *context)
{
        struct desk *d = context;
        d->n_paged++;
}

static void on_failed(void *context, enum err e)
{
        struct desk *d = context;
        d->failed = (int)e;
}

/* ---- life ---- */

static enum err put_genesis(struct store *s, void *context)
{
        struct desk *d = context;
        struct span line = world_genesis(d->w);
        struct hash id = world_last_id(d->w);
        return store_append(s, 0, &id, line);
}

static void open_book(struct desk *d, enum err *ret)
{
        struct clock_source clock = {read_clock, read_clock, d};
        struct book_setup setup = {.store = d->store,
                                   .clock = &clock,
                                   .keys = &d->key,
                                   .n_keys = 1,
                                   .config = config_of,
                                   .exports = exports_of,
                                   .published = on_published,
                                   .paged = on_paged,
                                   .failed = on_failed,
                                   .context = d};
        *ret = book_open(&setup, &d->book);
}

struct desk *desk_new(const char *channels)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct desk *d = mem_new(1, sizeof *d);
        const struct identity *broker;
        enum err e;
        log_set_level(LOG_LEVEL_ERROR); /* refusals are what the tests are about */
        d->w = world_new();
        d->now_ms = d->w->now_ms;
        pthread_mutex_init(&d->exports_lock, NULL);
        snprintf(d->folder, sizeof d->folder, "/tmp/breakglass-test-XXXXXX");
        cr_assert(mkdtemp(d->folder));
        d->db = path_join(d->folder, STORE_FILE);
        bytes_printf(&yaml, base_config, d->folder, channels ? channels : "");
        cr_assert_eq(config_parse(bytes_span(&yaml), &d->config), OK, "%s", err_reason());
        broker = world_keys(d->w, "broker");
        d->key.public = broker->signs;
        cr_assert_eq(secret_copy(broker->sign.bytes, broker->sign.len, &d->key.key), OK);
        cr_assert_eq(store_create(d->db, put_genesis, d), OK, "%s", err_reason());
        cr_assert_eq(store_open(d->db, STORE_WRITE, &d->store), OK);
        open_book(d, &e);
        cr_assert_eq(e, OK, "%s", err_reason());
        book_start(d->book);
        return d;
}

void desk_stop(struct desk *d)
{
        if (d->book)
                book_stop(d->book);
        book_free(d->book);
        store_close(d->store);
        d->book = NULL;
        d->store = NULL;
}

enum err desk_reopen(struct desk *d)
{
        enum err e;
        desk_stop(d);
        if ((e = store_open(d->db, STORE_WRITE, &d->store)) != OK)
                return e;
        open_book(d, &e);
        if (e == OK)
                book_start(d->book);
        return e;
}

static void remove_folder(const char *folder)
{
        DIR *dir = opendir(folder);
        struct dirent *entry;
        while (dir && (entry = readdir(dir))) {
                CLEANUP_FREE char *path = path_join(folder, entry->d_name);
                if (entry->d_name[0] != '.')
                        unlink(path);
        }
        closedir(dir);
        rmdir(folder);
}

void desk_free(struct desk *d)
{
        if (!d)
                return;
        desk_stop(d);
        remove_folder(d->folder);
        signing_key_wipe(&d->key);
        config_drop(d->config);
        world_free(d->w);
        free(d->db);
        free(d);
}

/* ---- saying something ---- */

struct statement desk_head(struct desk *d, struct statement s)
{
        struct published *now = book_now(d->book);
        s.roster = now->roster->roster->id;
        s.head_size = now->size;
        s.head_root = ledger_root_at(book_read(d->book), now->size);
        book_read_done(d->book);
        published_drop(now);
        s.made_at_ms = d->now_ms;
        return s;
}

struct statement desk_say(struct desk *d, enum statement_type type, const char *by)
{
        return desk_head(d, world_say_as(d->w, type, by));
}

struct waiting {
        pthread_mutex_t lock;
        pthread_cond_t ended;
        bool is_done;
};

static void on_done(struct submission *s)
{
        struct waiting *w = s->context;
        pthread_mutex_lock(&w->lock);
        w->is_done = true;
        pthread_cond_signal(&w->ended);
        pthread_mutex_unlock(&w->lock);
}

struct submission *desk_submission(struct desk *d, const struct statement *st, const struct bytes blobs[], size_t n)
{
        struct submission *s = mem_new(1, sizeof *s);
        s->seen = book_now(d->book);
        world_envelope(d->w, st, &s->envelope);
        s->result = admit_statement(s->seen->roster->roster, &s->envelope, &s->statement);
        s->blobs = mem_new(n + 1, sizeof *s->blobs);
        for (size_t i = 0; i < n; i++) {
                bytes_add_span(&s->blobs[i].bytes, bytes_span(&blobs[i]));
                s->blobs[i].sha256 = hash_of(bytes_span(&blobs[i]));
        }
        s->n_blobs = n;
        return s;
}

enum err desk_submit(struct desk *d, struct submission *s, uint64_t *ret_n)
{
        struct waiting w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
        s->done = on_done;
        s->context = &w;
        d->id = submission_id(s);
        book_submit(d->book, s);
        pthread_mutex_lock(&w.lock);
        while (!w.is_done)
                pthread_cond_wait(&w.ended, &w.lock);
        pthread_mutex_unlock(&w.lock);
        enum err e = s->result;
        if (ret_n)
                *ret_n = s->n;
        if (e == OK && s->statement)
                d->id = s->statement->id;
        submission_free(s);
        return e;
}

enum err desk_put(struct desk *d, const struct statement *st)
{
        struct submission *s = desk_submission(d, st, NULL, 0);
        enum err e = s->result;
        if (e == OK)
                return desk_submit(d, s, NULL);
        submission_free(s);
        return e;
}

enum err desk_put_blob(struct desk *d, const struct statement *st, const char *blob)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        bytes_add_text(&b, blob);
        return desk_submit(d, desk_submission(d, st, &b, 1), NULL);
}

void desk_poke(struct desk *d)
{
        struct statement s = desk_say(d, STATEMENT_CANCEL, "erin");
        cr_assert_eq(desk_put(d, &s), ERR_NOT_FOUND);
}

void desk_next_roster(struct desk *d, const char *from, const char *to)
{
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct submission *s = mem_new(1, sizeof *s);
        s->seen = book_now(d->book);
        const struct roster *now = s->seen->roster->roster;
        world_roster_yaml(d->w, now->number + 1, &now->id, &yaml);
        text_replace(&yaml, from, to);
        world_envelope_of(d->w, STATEMENT_ROSTER, bytes_span(&yaml), (const char *const[]){"alice", "bob", NULL},
                          &s->envelope);
        cr_assert_eq(admit_statement(now, &s->envelope, &s->statement), OK, "%s", err_reason());
        enum err e = desk_submit(d, s, NULL);
        cr_assert_eq(e, OK, "%s: %s", err_word(e), err_reason());
}

/* ---- stories ---- */

struct hash desk_version(struct desk *d)
{
        struct sealed_version sealed = {0};
        struct bytes blobs[SHARE_MAX + 1];
        struct statement s = desk_head(d, world_version(d->w, PG, 1, NULL, "alice", &sealed));
        size_t n = 0;
        blobs[n++] = sealed.ciphertext;
        for (unsigned i = 0; i < sealed.fields.n_shares; i++)
                blobs[n++] = sealed.share_file[i];
        enum err e = desk_submit(d, desk_submission(d, &s, blobs, n), NULL);
        cr_assert_eq(e, OK, "%s: %s", err_word(e), err_reason());
        sealed_version_done(&sealed);
        return d->id;
}

struct hash desk_request(struct desk *d, const char *who, const struct hash *version)
{
        d->w->now_ms = d->now_ms;
        struct statement s = desk_head(d, world_request(d->w, who, PG, version, NULL));
        enum err e = desk_put(d, &s);
        cr_assert_eq(e, OK, "%s: %s", err_word(e), err_reason());
        return d->id;
}

struct statement desk_approval(struct desk *d, const char *who, const struct hash *request,
                               const struct hash *version, const char *blob)
{
        d->w->now_ms = d->now_ms;
        unsigned index = !strcmp(who, "alice") ? 1 : !strcmp(who, "bob") ? 2 : 3;
        struct statement s = desk_head(d, world_approval(d->w, who, request, version, index));
        s.approval.share = hash_of(span_text(blob));
        return s;
}

void desk_approve(struct desk *d, const char *who, const struct hash *request, const struct hash *version,
                  const char *blob)
{
        struct statement s = desk_approval(d, who, request, version, blob);
        enum err e = desk_put_blob(d, &s, blob);
        cr_assert_eq(e, OK, "%s: %s", err_word(e), err_reason());
}

void desk_open_request(struct desk *d, const char *who, const struct hash *request)
{
        struct statement s = desk_say(d, STATEMENT_OPEN, who);
        s.open.request = *request;
        enum err e = desk_put(d, &s);
        cr_assert_eq(e, OK, "%s: %s", err_word(e), err_reason());
}

/* ---- looking ---- */

uint64_t desk_size(struct desk *d)
{
        struct published *now = book_now(d->book);
        uint64_t size = now->size;
        published_drop(now);
        return size;
}

static void add_kind(void *context, const struct page *p)
{
        struct bytes *text = context;
        json_t *event = json_loadb((const char *)p->event.p, p->event.n, 0, NULL);
        bytes_printf(text, "%s%s", text->n ? " " : "", json_string_value(json_object_get(event, "kind")));
        json_decref(event);
}

const char *desk_pages(struct desk *d)
{
        static struct bytes text;
        bytes_clear(&text);
        cr_assert_eq(store_each_page(d->store, 0, 1000, add_kind, &text), OK);
        return bytes_text(&text);
}

static void add_id(void *context, const struct page *p)
{
        bytes_add(context, &p->id, sizeof p->id);
}

void desk_drop_pages(struct desk *d)
{
        CLEANUP_BYTES struct bytes ids = BYTES_NONE;
        struct store *s = NULL;
        cr_assert_eq(store_each_page(d->store, 0, 1000, add_id, &ids), OK);
        cr_assert_eq(store_open(d->db, STORE_WRITE, &s), OK);
        cr_assert_eq(store_begin(s), OK);
        for (size_t i = 0; i < ids.n; i += sizeof(int64_t)) {
                int64_t id;
                memcpy(&id, ids.p + i, sizeof id);
                cr_assert_eq(store_drop_page(s, id), OK);
        }
        cr_assert_eq(store_commit(s), OK);
        store_close(s);
}

const char *desk_types(struct desk *d, uint64_t from)
{
        static struct bytes text;
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        uint64_t next;
        bytes_clear(&text);
        cr_assert_eq(store_read_lines(d->store, from, desk_size(d), SIZE_MAX, &lines, &next), OK);
        for (size_t start = 0; start < lines.n;) {
                const unsigned char *end = memchr(lines.p + start, '\n', lines.n - start);
                CLEANUP_LINE struct line line = {0};
                cr_assert_eq(line_read(span_of(lines.p + start, (size_t)(end - lines.p) - start), &line), OK);
                bytes_printf(&text, "%s%s", text.n ? " " : "", line.envelope.type_word);
                start = (size_t)(end - lines.p) + 1;
        }
        return bytes_text(&text);
}

bool desk_has_on_disk(struct desk *d, const char *text)
{
        DIR *dir = opendir(d->folder);
        struct dirent *entry;
        bool has = false;
        while ((entry = readdir(dir))) {
                CLEANUP_FREE char *path = path_join(d->folder, entry->d_name);
                CLEANUP_BYTES struct bytes content = BYTES_NONE;
                if (file_read(path, 64 * 1024 * 1024, &content) == OK && content.n)
                        has |= memmem(content.p, content.n, text, strlen(text)) != NULL;
        }
        closedir(dir);
        return has;
}
