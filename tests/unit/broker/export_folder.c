#include "broker/export_folder.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct place {
        char root[64];
        char *above, *folder;
};

static struct place place_new(void)
{
        struct place p = {.root = "/tmp/breakglass-test-XXXXXX"};
        cr_assert(mkdtemp(p.root));
        p.above = path_join(p.root, "above");
        p.folder = path_join(p.above, "exports");
        cr_assert_eq(file_make_folder(p.folder, 0700), OK);
        return p;
}

static void place_done(struct place *p)
{
        CLEANUP_BYTES struct bytes command = BYTES_NONE;
        bytes_printf(&command, "rm -rf %s", p->root);
        cr_assert_eq(system(bytes_text(&command)), 0);
        free(p->above);
        free(p->folder);
}

static void expect_refused(const char *path, const char *says)
{
        cr_expect_eq(export_folder_check(path), ERR_UNSAFE_FILE, "%s", says);
        cr_expect(strstr(err_reason(), says), "%s", err_reason());
        cr_expect(strstr(err_reason(), "install -d -m 0700"), "the remedy: %s", err_reason());
}

Test(export_folder, is_ours_alone_to_write_to)
{
        struct place p = place_new();
        cr_expect_eq(export_folder_check(p.folder), OK, "%s", err_reason());
        chmod(p.folder, 0755);
        cr_expect_eq(export_folder_check(p.folder), OK, "others may look");
        chmod(p.folder, 0720);
        expect_refused(p.folder, "written by others");
        chmod(p.folder, 0702);
        expect_refused(p.folder, "written by others");
        chmod(p.folder, 0700);
        chmod(p.above, 0777);
        expect_refused(p.folder, "in a folder that others can write to");
        chmod(p.above, 01777);
        cr_expect_eq(export_folder_check(p.folder), OK, "in a sticky folder nobody else can move it");
        place_done(&p);
}

Test(export_folder, is_a_folder_and_nothing_else)
{
        struct place p = place_new();
        CLEANUP_FREE char *link = path_join(p.above, "link"), *file = path_join(p.above, "file");
        cr_assert_eq(symlink(p.folder, link), 0);
        cr_assert_eq(file_write(file, 0600, span_text("x")), OK);
        expect_refused(link, "symbolic link");
        expect_refused(file, "no folder");
        expect_refused("/nowhere/exports", "not there");
        place_done(&p);
}

Test(export_folder, has_one_writer_and_no_leftovers)
{
        struct place p = place_new();
        struct export_folder first, second;
        int fd;
        cr_assert_eq(export_folder_open(p.folder, &first), OK);
        cr_expect_eq(export_folder_open(p.folder, &second), ERR_IN_USE);
        cr_assert_eq(export_folder_begin(&first, &fd), OK);
        close(fd);
        export_folder_close(&first); /* as a kill leaves it */
        cr_assert_eq(export_folder_open(p.folder, &second), OK);
        cr_expect_eq(export_folder_begin(&second, &fd), OK, "%s", err_reason());
        close(fd);
        export_folder_close(&second);
        place_done(&p);
}
