#include "base/file_batch.h"
#include "base/file.h"
#include "folder.h"
#include <dirent.h>

TestSuite(file_batch, .init = folder_make, .fini = folder_remove);

static unsigned files(const char *path)
{
        DIR *d = opendir(path);
        unsigned n = 0;

        cr_assert(d);
        for (struct dirent *e; (e = readdir(d));)
                n += e->d_name[0] != '.';
        closedir(d);
        return n;
}

static void expect_content(const char *name, const char *content)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        cr_assert_eq(file_read(in_folder(name), 100, &text), OK);
        cr_expect_str_eq(bytes_text(&text), content);
}

Test(file_batch, files_have_their_place_only_after_the_commit)
{
        struct file_batch b = {0};
        struct stat st;

        put_file("a", 0600, "old", 3);
        cr_assert_eq(file_batch_add(&b, in_folder("a"), 0600, span_text("new")), OK);
        cr_assert_eq(file_batch_add(&b, in_folder("b"), 0640, span_text("first")), OK);
        cr_assert_eq(file_batch_add(&b, in_folder("b"), 0640, span_text("second")), OK);
        expect_content("a", "old");
        cr_expect_not(file_exists(in_folder("b")));
        cr_assert_eq(file_batch_commit(&b), OK);
        expect_content("a", "new");
        expect_content("b", "second");
        cr_assert_eq(stat(in_folder("b"), &st), 0);
        cr_expect_eq(st.st_mode & 0777, 0640);
        cr_expect_eq(files(folder), 2, "no temporary file is left");
        cr_assert_eq(file_batch_commit(&b), OK, "an empty one is nothing to do");
}

Test(file_batch, what_is_dropped_leaves_nothing)
{
        struct file_batch b = {0};

        put_file("a", 0600, "old", 3);
        cr_assert_eq(file_batch_add(&b, in_folder("a"), 0600, span_text("new")), OK);
        file_batch_drop(&b);
        expect_content("a", "old");
        cr_expect_eq(files(folder), 1);
}

Test(file_batch, what_cannot_be_written_is_said_and_the_others_stay)
{
        struct file_batch b = {0};

        cr_assert_eq(file_batch_add(&b, in_folder("a"), 0600, span_text("new")), OK);
        cr_expect_eq(file_batch_add(&b, in_folder("none/b"), 0600, span_text("new")), ERR_IO);
        cr_assert_eq(file_batch_commit(&b), OK);
        expect_content("a", "new");
}

Test(file_batch, a_failed_commit_leaves_no_temporary_file)
{
        struct file_batch b = {0};

        cr_assert_eq(mkdir(in_folder("a"), 0700), 0);
        cr_assert_eq(file_batch_add(&b, in_folder("a"), 0600, span_text("in the way of a folder")), OK);
        cr_expect_eq(file_batch_commit(&b), ERR_IO);
        cr_expect_eq(files(folder), 1);
}
