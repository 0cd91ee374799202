#include "base/file.h"
#include "folder.h"
#include <dirent.h>
#include <string.h>

TestSuite(file, .init = folder_make, .fini = folder_remove);

static enum err check_private(const char *path)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        enum err e = file_check_private(path);

        /* Reading must refuse exactly what checking refuses. */
        cr_assert_eq(file_read_private(path, 100, &s), e, "%s", path);
        return e;
}

static size_t files_in_folder(void)
{
        DIR *d = opendir(folder);
        size_t n = 0;

        while (readdir(d))
                n++;
        closedir(d);
        return n - 2;
}

Test(file, a_whole_file_is_appended)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        bytes_add_text(&b, "before ");
        cr_assert_eq(file_read(put_file("a", 0644, "content", 7), 7, &b), OK);
        cr_assert_str_eq(bytes_text(&b), "before content");
        cr_assert_eq(file_read(put_file("empty", 0644, "", 0), 7, &b), OK);
        cr_assert_eq(b.n, 14);
}

Test(file, a_file_without_a_known_size_is_read_too)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        cr_assert_eq(file_read("/proc/self/status", 100000, &b), OK);
        cr_assert_not_null(strstr(bytes_text(&b), "VmLck"));
        cr_assert_eq(file_read("/proc/self/status", 10, &b), ERR_TOO_LARGE);
}

Test(file, reading_has_a_cap_and_leaves_the_output_alone)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        cr_assert_eq(file_read(put_file("a", 0644, "content", 7), 6, &b), ERR_TOO_LARGE);
        cr_assert_eq(b.n, 0);
}

Test(file, what_is_no_file_is_refused_without_waiting)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        cr_assert_eq(mkfifo(in_folder("fifo"), 0600), 0);
        cr_assert_eq(file_read(in_folder("fifo"), 10, &b), ERR_IO);
        cr_assert_eq(file_read(folder, 10, &b), ERR_IO);
        cr_assert_eq(file_read(in_folder("none"), 10, &b), ERR_NO_ENTRY);
}

Test(file, writing_replaces_the_content_and_leaves_no_temporary)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        const char *path = put_file("a", 0644, "old", 3);
        struct stat st;

        umask(0777); /* the mode is what was asked for, whatever this is */
        cr_assert_eq(file_write(path, 0600, span_text("new content")), OK);
        cr_assert_eq(file_read(path, 100, &b), OK);
        cr_assert_str_eq(bytes_text(&b), "new content");
        cr_assert(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
        cr_assert_eq(files_in_folder(), 1);
}

Test(file, a_left_over_temporary_is_no_obstacle)
{
        char name[64];

        snprintf(name, sizeof(name), "a.tmp-%ld", (long)getpid());
        put_file(name, 0600, "junk", 4);
        cr_assert_eq(file_write(in_folder("a"), 0600, span_text("x")), OK);
        cr_assert_eq(files_in_folder(), 1);
}

Test(file, a_failed_write_leaves_the_old_file_and_no_temporary)
{
        cr_assert_eq(mkdir(in_folder("a"), 0700), 0);
        cr_assert_eq(file_write(in_folder("a"), 0600, span_text("x")), ERR_IO); /* a folder is in the way */
        cr_assert_eq(files_in_folder(), 1);
        cr_assert_eq(file_write(in_folder("none/a"), 0600, span_text("x")), ERR_IO);
}

Test(file, creating_never_replaces)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        cr_assert_eq(file_create(in_folder("a"), 0600, span_text("first")), OK);
        cr_assert_eq(file_create(in_folder("a"), 0600, span_text("second")), ERR_DUPLICATE);
        cr_assert_eq(file_read(in_folder("a"), 100, &b), OK);
        cr_assert_str_eq(bytes_text(&b), "first");
        cr_assert_eq(files_in_folder(), 1);
}

Test(file, removing_what_is_not_there_is_fine)
{
        put_file("a", 0600, "x", 1);
        cr_assert_eq(file_remove(in_folder("a")), OK);
        cr_assert_not(file_exists(in_folder("a")));
        cr_assert_eq(file_remove(in_folder("a")), OK);
        cr_assert_eq(file_remove(folder), ERR_IO);
}

Test(file, folders_are_made_with_their_parents)
{
        struct stat st;

        cr_assert_eq(file_make_folder(in_folder("x/y//z/"), 0700), OK);
        cr_assert(stat(in_folder("x/y/z"), &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
        cr_assert_eq(file_make_folder(in_folder("x/y"), 0700), OK);
        put_file("f", 0600, "", 0);
        cr_assert_eq(file_make_folder(in_folder("f"), 0700), ERR_IO);
        cr_assert_eq(file_make_folder(in_folder("f/g"), 0700), ERR_IO);
}

Test(file, paths_join_with_one_slash)
{
        CLEANUP_FREE char *a = path_join("/a", "b"), *b = path_join("/a/", "b"), *c = path_join("", "b");

        cr_assert_str_eq(a, "/a/b");
        cr_assert_str_eq(b, "/a/b");
        cr_assert_str_eq(c, "b");
}

Test(file, a_private_file_is_read)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        const char *path = put_file("key", 0600, "k\0y", 3);

        cr_assert_eq(file_check_private(path), OK);
        cr_assert_eq(file_read_private(path, 3, &s), OK);
        cr_assert(s.len == 3 && memcmp(s.bytes, "k\0y", 3) == 0);
        secret_wipe(&s);
        cr_assert_eq(file_read_private(path, 2, &s), ERR_TOO_LARGE);
}

Test(file, a_file_that_others_may_touch_is_not_private)
{
        const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601};

        for (size_t i = 0; i < COUNT_OF(modes); i++)
                cr_assert_eq(check_private(put_file("key", modes[i], "k", 1)), ERR_UNSAFE_FILE, "%04o", modes[i]);
        cr_assert_eq(check_private(put_file("key", 0400, "k", 1)), OK);
}

Test(file, a_link_fifo_or_folder_is_not_private)
{
        put_file("key", 0600, "k", 1);
        cr_assert_eq(symlink("key", in_folder("link")), 0);
        cr_assert_eq(check_private(in_folder("link")), ERR_UNSAFE_FILE);
        cr_assert_not_null(strstr(err_reason(), "symbolic link"));
        cr_assert_eq(mkfifo(in_folder("fifo"), 0600), 0);
        cr_assert_eq(check_private(in_folder("fifo")), ERR_UNSAFE_FILE);
        cr_assert_eq(mkdir(in_folder("sub"), 0700), 0);
        cr_assert_eq(check_private(in_folder("sub")), ERR_UNSAFE_FILE);
        cr_assert_eq(check_private(in_folder("none")), ERR_NO_ENTRY);
}

Test(file, a_folder_that_others_can_write_makes_its_files_unsafe)
{
        const char *path = put_file("key", 0600, "k", 1);

        chmod(folder, 0770);
        cr_assert_eq(check_private(path), ERR_UNSAFE_FILE);
        chmod(folder, 0707);
        cr_assert_eq(check_private(path), ERR_UNSAFE_FILE);
        chmod(folder, 01777);
        cr_assert_eq(check_private(path), OK);
        chmod(folder, 0755);
        cr_assert_eq(check_private(path), OK);
}

Test(file, a_bare_name_is_looked_at_in_the_present_folder)
{
        put_file("key", 0600, "k", 1);
        cr_assert_eq(chdir(folder), 0);
        cr_assert_eq(check_private("key"), OK);
        chmod(folder, 0770);
        cr_assert_eq(check_private("key"), ERR_UNSAFE_FILE);
}

Test(file, somebody_elses_file_or_folder_is_unsafe)
{
        if (geteuid() != 0)
                cr_skip_test("only root can give files away");
        const char *key = put_file("key", 0600, "k", 1), *program = put_file("run", 0755, "#!/bin/sh\n", 10);

        cr_assert_eq(chown(key, 65534, 65534), 0);
        cr_assert_eq(check_private(key), ERR_UNSAFE_FILE);
        cr_assert_eq(chown(program, 65534, 65534), 0);
        cr_assert_eq(file_check_program(program), ERR_UNSAFE_PROGRAM);

        cr_assert_eq(chown(key, 0, 0), 0);
        cr_assert_eq(check_private(key), OK);
        cr_assert_eq(chown(folder, 65534, 65534), 0);
        cr_assert_eq(check_private(key), ERR_UNSAFE_FILE);
}

Test(file, a_program_of_ours_may_run)
{
        cr_assert_eq(file_check_program(put_file("run", 0755, "#!/bin/sh\n", 10)), OK);
        cr_assert_eq(file_check_program(put_file("run", 0700, "#!/bin/sh\n", 10)), OK);
        cr_assert_eq(file_check_program("/usr/bin/env"), OK);
}

Test(file, an_unsafe_program_is_refused)
{
        const mode_t modes[] = {0775, 0757, 04755, 02755, 0644};

        for (size_t i = 0; i < COUNT_OF(modes); i++)
                cr_assert_eq(file_check_program(put_file("run", modes[i], "#!/bin/sh\n", 10)), ERR_UNSAFE_PROGRAM,
                             "%04o", modes[i]);
        put_file("run", 0755, "#!/bin/sh\n", 10);
        cr_assert_eq(symlink("run", in_folder("link")), 0);
        cr_assert_eq(file_check_program(in_folder("link")), ERR_UNSAFE_PROGRAM);
        cr_assert_eq(file_check_program(folder), ERR_UNSAFE_PROGRAM);
        cr_assert_eq(file_check_program(in_folder("none")), ERR_NO_ENTRY);
        cr_assert_eq(chdir(folder), 0);
        cr_assert_eq(file_check_program("run"), ERR_UNSAFE_PROGRAM);
        cr_assert_eq(file_check_program("./run"), ERR_UNSAFE_PROGRAM);
        chmod(folder, 0777);
        cr_assert_eq(file_check_program(in_folder("run")), ERR_UNSAFE_PROGRAM);
}

Test(file, only_memory_file_systems_count_as_memory)
{
        cr_assert_not(file_is_in_memory("/proc/self/status"));
        cr_assert_not(file_is_in_memory("/no/such/folder/file"));
        if (access("/dev/shm", W_OK) == 0)
                cr_assert(file_is_in_memory("/dev/shm/not-there-yet"));
}
