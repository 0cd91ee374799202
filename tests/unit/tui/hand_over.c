#include "tui/hand_over.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static struct document document;
static char folder[] = "/dev/shm/breakglass-test-XXXXXX";

static void make_document(const char *second, size_t n)
{
        const struct document_field fields[] = {
                {.name = "password", .value = (const unsigned char *)"hunter2", .len = 7},
                {.name = "key", .value = (const unsigned char *)second, .len = n},
        };

        cr_assert_eq(document_build("prod/db", 1, fields, 2, &document), OK);
}

static void begin(void)
{
        make_document("line 1\nline 2", 13);
        cr_assert(mkdtemp(folder));
}

static void end(void)
{
        CLEANUP_BYTES struct bytes command = BYTES_NONE;

        document_wipe(&document);
        bytes_printf(&command, "rm -rf %s", folder);
        cr_assert_eq(system(bytes_text(&command)), 0);
}

TestSuite(hand_over, .init = begin, .fini = end);

static const char *in_folder(const char *name)
{
        static char path[4][128];
        static unsigned turn;
        char *p = path[turn++ % 4];

        snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
        return p;
}

static const char *content(const char *path)
{
        static struct bytes text;

        bytes_clear(&text);
        cr_assert_eq(file_read(path, 1 << 22, &text), OK, "%s", path);
        return bytes_text(&text);
}

/* Runs a shell script with the fields; its exit code. */
static int shell(const char *field, const char *script)
{
        const char *argv[] = {"sh", "-c", script};
        int code = -1;

        cr_assert_eq(chdir(folder), 0);
        cr_assert_eq(hand_over_exec(&document, field, argv, 3, &code), OK);
        return code;
}

/* ---- programs ---- */

Test(hand_over, a_program_reads_each_field_from_its_own_descriptor)
{
        cr_assert_eq(shell(NULL, "cat <&3 >a; cat /dev/fd/4 >b; exit 7"), 7);
        cr_assert_str_eq(content(in_folder("a")), "hunter2");
        cr_assert_str_eq(content(in_folder("b")), "line 1\nline 2");
}

Test(hand_over, a_name_in_braces_becomes_its_path_and_other_braces_stay)
{
        cr_assert_eq(shell(NULL, "echo '{key} x{password}y {other} {}' >a; cat {key} >b"), 0);
        cr_assert_str_eq(content(in_folder("a")), "/dev/fd/4 x/dev/fd/3y {other} {}\n");
        cr_assert_str_eq(content(in_folder("b")), "line 1\nline 2");
}

Test(hand_over, one_field_alone_is_the_first_descriptor)
{
        cr_assert_eq(shell("key", "cat {key} >a; echo '{password}' >b; test ! -e /dev/fd/4"), 0);
        cr_assert_str_eq(content(in_folder("a")), "line 1\nline 2");
        cr_assert_str_eq(content(in_folder("b")), "{password}\n");
}

Test(hand_over, a_program_inherits_no_other_descriptor)
{
        int stray = open("/dev/null", O_RDONLY); /* not close-on-exec */

        cr_assert_geq(stray, 3);
        cr_assert_eq(shell(NULL, "ls /proc/self/fd >a; exec true"), 0);
        close(stray);
        /* 0–2, the two fields, and the one by which ls reads the folder. */
        cr_assert_str_eq(content(in_folder("a")), "0\n1\n2\n3\n4\n5\n");
}

Test(hand_over, neither_environment_nor_arguments_hold_the_secret)
{
        cr_assert_eq(shell(NULL, "cat /proc/self/environ /proc/$$/cmdline >a; ! grep -q 'hunte[r]2' a"), 0);
}

Test(hand_over, a_field_larger_than_a_pipe_arrives_whole)
{
        enum { LARGE = 300 * 1024 };
        CLEANUP_FREE char *large = mem_new(LARGE, 1);

        memset(large, 'x', LARGE);
        document_wipe(&document);
        make_document(large, LARGE);
        cr_assert_eq(shell(NULL, "cat <&4 >b; cat <&3 >a"), 0);
        cr_assert_eq(strlen(content(in_folder("b"))), LARGE);
        cr_assert_str_eq(content(in_folder("a")), "hunter2");
}

Test(hand_over, a_program_that_reads_nothing_does_not_hold_us_up)
{
        enum { LARGE = 300 * 1024 };
        CLEANUP_FREE char *large = mem_new(LARGE, 1);

        document_wipe(&document);
        make_document(large, LARGE);
        cr_assert_eq(shell(NULL, "exit 3"), 3);
        cr_assert_eq(shell(NULL, "kill -KILL $$"), 128 + 9);
}

Test(hand_over, a_missing_program_is_found_out_before_and_at_the_start)
{
        const char *argv[] = {"/nowhere/breakglass-test"};
        int code;

        cr_assert_eq(hand_over_check_program("breakglass-no-such-program"), ERR_NO_ENTRY);
        cr_assert_eq(hand_over_check_program("/nowhere/x"), ERR_NO_ENTRY);
        cr_assert_eq(hand_over_check_program("sh"), OK);
        cr_assert_eq(hand_over_exec(&document, NULL, argv, 1, &code), ERR_NO_ENTRY);
}

/* ---- files ---- */

static mode_t mode_of(const char *path)
{
        struct stat st;

        cr_assert_eq(stat(path, &st), 0);
        return st.st_mode & 07777;
}

Test(hand_over, files_are_new_and_private)
{
        umask(0);
        cr_assert_eq(hand_over_file(&document, "password", in_folder("one")), OK);
        cr_assert_str_eq(content(in_folder("one")), "hunter2");
        cr_assert_eq(mode_of(in_folder("one")), 0600);
        cr_assert_eq(hand_over_file(&document, "password", in_folder("one")), ERR_DUPLICATE);
        cr_assert_eq(symlink(in_folder("elsewhere"), in_folder("link")), 0);
        cr_assert_eq(hand_over_file(&document, "password", in_folder("link")), ERR_DUPLICATE);
}

Test(hand_over, several_fields_go_to_a_file_each)
{
        cr_assert_eq(hand_over_file(&document, NULL, in_folder("all")), OK);
        cr_assert_str_eq(content(in_folder("all.password")), "hunter2");
        cr_assert_str_eq(content(in_folder("all.key")), "line 1\nline 2");
}

Test(hand_over, a_file_on_a_disk_wants_to_be_said)
{
        const char *source = getenv("BREAKGLASS_SOURCE");
        CLEANUP_FREE char *path = path_join(source, "never-written");

        cr_assert_eq(hand_over_check_file(in_folder("x"), false), OK);
        cr_assert_eq(hand_over_check_file("/nowhere/at/all", true), ERR_NO_ENTRY);
        if (access(source, W_OK) != 0 || file_is_in_memory(source))
                cr_skip("the sources are not on a writable disk");
        cr_assert_eq(hand_over_check_file(path, false), ERR_UNSAFE_ENVIRONMENT);
        cr_assert_eq(hand_over_check_file(path, true), OK);
}

/* ---- stdout ---- */

static const char *shown(const char *field)
{
        static struct bytes text;
        int saved = dup(STDOUT_FILENO), fd = memfd_create("stdout", 0);
        enum err e;

        dup2(fd, STDOUT_FILENO);
        e = hand_over_show(&document, field);
        dup2(saved, STDOUT_FILENO);
        close(saved);
        cr_assert_eq(e, OK);
        bytes_clear(&text);
        bytes_reserve(&text, 4096);
        text.n = (size_t)pread(fd, text.p, 4096, 0);
        text.p[text.n] = '\0';
        close(fd);
        return bytes_text(&text);
}

Test(hand_over, one_field_is_shown_raw_and_all_of_them_by_name)
{
        cr_assert_str_eq(shown("password"), "hunter2");
        cr_assert_str_eq(shown(NULL), "password: hunter2\nkey:\nline 1\nline 2\n");
}
