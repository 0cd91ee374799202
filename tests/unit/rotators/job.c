#include "rotators/job.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <string.h>

static char folder[] = "/tmp/breakglass-job-XXXXXX";
static struct identity me;
static char recipient[AGE_PUBLIC_TEXT];

static void set_up(void)
{
        cr_assert(mkdtemp(folder));
        cr_assert_eq(identity_new(&me), OK);
        open_key_format(&me.opens, recipient); /* any public key will do as a version's */
}

static void tear_down(void)
{
        char command[80];
        snprintf(command, sizeof command, "rm -r %s", folder);
        cr_expect_eq(system(command), 0);
        identity_wipe(&me);
}

TestSuite(job, .init = set_up, .fini = tear_down);

static struct document make_document(void)
{
        struct document d = {0};
        const struct document_field f = {"password", (const unsigned char *)"hunter2-hunter2", 15};
        cr_assert_eq(document_build("prod/db", 2, &f, 1, &d), OK);
        return d;
}

static struct jobs open_jobs(void)
{
        struct jobs j;
        cr_assert_eq(jobs_open(folder, &j), OK, "%s", err_reason());
        return j;
}

Test(job, is_there_again_after_a_restart)
{
        const struct hash old = hash_of(span_text("old"));
        struct jobs j = open_jobs();
        struct job *job = jobs_add(&j, &old);
        memcpy(job->recipient, recipient, sizeof recipient);
        bytes_add_text(&job->handle, "sha256:00@1");
        bytes_add_text(&job->old_handle, "sha256:ff@0");
        job->rejections = 3;
        job->is_rejected = true;
        job->seen = SEEN_UNTOUCHED;
        cr_assert_eq(job_save(&j, job), OK);
        cr_assert_eq(jobs_flush(&j), OK);
        jobs_close(&j);

        j = open_jobs();
        job = jobs_find(&j, &old);
        cr_assert_not_null(job);
        cr_expect_str_eq(job->recipient, recipient);
        cr_expect_str_eq(bytes_text(&job->handle), "sha256:00@1");
        cr_expect_str_eq(bytes_text(&job->old_handle), "sha256:ff@0");
        cr_expect_eq(job->rejections, 3);
        cr_expect(job->is_rejected);
        cr_expect_eq(job->seen, SEEN_NOTHING, "what only the other process knew");
        cr_assert_eq(jobs_remove(&j, job, false), OK);
        cr_assert_eq(jobs_flush(&j), OK);
        cr_expect_null(jobs_find(&j, &old));
        jobs_close(&j);
        j = open_jobs();
        cr_expect_eq(j.n, 0);
        jobs_close(&j);
}

Test(job, a_value_is_sealed_on_the_disk_and_opens_with_our_key_alone)
{
        CLEANUP_DOCUMENT struct document d = make_document(), back = {0};
        CLEANUP_IDENTITY struct identity stranger = {0};
        CLEANUP_FREE char *path = NULL;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct jobs j = open_jobs();
        cr_assert_eq(identity_new(&stranger), OK);
        cr_assert_eq(job_keep_value(&j, recipient, &d, &me.opens), OK);
        cr_assert_eq(jobs_flush(&j), OK);
        cr_expect(job_has_value(&j, recipient));
        path = path_join(j.pending_folder, recipient);
        cr_assert_eq(file_read(path, 65536, &file), OK);
        cr_expect_null(memmem(file.p, file.n, "hunter2", 7));
        cr_expect_eq(job_load_value(&j, recipient, &stranger.open, "prod/db", 2, &back), ERR_BAD_CONTAINER);
        cr_expect_eq(job_load_value(&j, recipient, &me.open, "prod/other", 2, &back), ERR_MISMATCH);
        cr_assert_eq(job_load_value(&j, recipient, &me.open, "prod/db", 2, &back), OK);
        cr_expect(secret_equal(&d.raw, &back.raw));
        cr_assert_eq(job_drop_value(&j, recipient), OK);
        cr_expect_not(job_has_value(&j, recipient));
        jobs_close(&j);
}

Test(job, removing_one_may_keep_its_value)
{
        CLEANUP_DOCUMENT struct document d = make_document();
        const struct hash old = hash_of(span_text("old"));
        struct jobs j = open_jobs();
        for (int keeps = 0; keeps <= 1; keeps++) {
                struct job *job = jobs_add(&j, &old);
                memcpy(job->recipient, recipient, sizeof recipient);
                cr_assert_eq(job_keep_value(&j, recipient, &d, &me.opens), OK);
                cr_assert_eq(jobs_flush(&j), OK);
                cr_assert_eq(job_save(&j, job), OK);
                cr_assert_eq(jobs_flush(&j), OK);
                cr_assert_eq(jobs_remove(&j, job, keeps), OK);
                cr_assert_eq(jobs_flush(&j), OK);
                cr_expect_eq(job_has_value(&j, recipient), keeps == 1);
        }
        jobs_close(&j);
}

Test(job, a_damaged_or_hostile_note_is_refused)
{
        static const char *const bad[] = {
                "", "{}",
                "{\"old\":\"00\",\"recipient\":\"\",\"handle\":\"\",\"rejections\":0,\"is_rejected\":false}",
                "{\"old\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"recipient\":\"../../"
                "etc\","
                "\"handle\":\"\",\"rejections\":0,\"is_rejected\":false}"};
        char name[HASH_HEX + 6];
        memset(name, '0', HASH_HEX);
        memcpy(name + HASH_HEX, ".json", 6);
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                struct jobs j = open_jobs(), again;
                CLEANUP_FREE char *path = path_join(j.folder, name);
                cr_assert_eq(file_write(path, 0600, span_text(bad[i])), OK);
                cr_expect_eq(jobs_open(folder, &again), ERR_CORRUPT_STORE, "row %zu", i);
                cr_assert_eq(file_remove(path), OK);
                jobs_close(&j);
        }
}

static bool is_known(const void *context, const char *name)
{
        return context && !strcmp(context, name);
}

Test(job, the_sweep_takes_only_what_nobody_knows_of)
{
        CLEANUP_DOCUMENT struct document d = make_document();
        const struct hash old = hash_of(span_text("old"));
        struct jobs j = open_jobs();
        CLEANUP_FREE char *half = path_join(j.pending_folder, "age1half.tmp-17");
        cr_assert_eq(job_keep_value(&j, recipient, &d, &me.opens), OK);
        cr_assert_eq(jobs_flush(&j), OK);
        cr_assert_eq(file_write(half, 0600, span_text("x")), OK);
        CLEANUP_FREE char *half_note = path_join(j.folder, "00.json.tmp-17");
        cr_assert_eq(file_write(half_note, 0600, span_text("x")), OK);
        cr_assert_eq(jobs_sweep(&j, is_known, recipient), OK);
        cr_expect_not(file_exists(half_note));
        cr_expect(job_has_value(&j, recipient), "the log names it");
        cr_expect_not(file_exists(half));
        struct job *job = jobs_add(&j, &old);
        memcpy(job->recipient, recipient, sizeof recipient);
        cr_assert_eq(jobs_sweep(&j, is_known, NULL), OK);
        cr_expect(job_has_value(&j, recipient), "a job names it");
        cr_assert_eq(jobs_remove(&j, job, true), OK);
        cr_assert_eq(jobs_flush(&j), OK);
        cr_assert_eq(jobs_sweep(&j, is_known, NULL), OK);
        cr_expect_not(job_has_value(&j, recipient), "nobody names it");
        jobs_close(&j);
}
