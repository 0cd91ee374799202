#include "rotators/hooks/ssh_folder.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const char *path)
{
        struct stat st;
        return lstat(path, &st) == 0;
}

/* As a kill leaves it: with what is in it, and nobody to hold its lock. */
static void die(struct ssh_folder *f)
{
        CLEANUP_FD int socket = open(bytes_text(&f->socket), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        cr_assert(socket >= 0);
        close(f->fd);
        f->fd = -1;
}

Test(ssh_folder, it_is_private_and_gone_when_closed)
{
        struct ssh_folder f;
        struct stat st;
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        cr_assert_eq(ssh_folder_open(&f), OK);
        bytes_add_span(&path, bytes_span(&f.path));
        cr_assert_eq(stat(bytes_text(&path), &st), 0);
        cr_expect_eq(st.st_mode & 07777, 0700);
        ssh_folder_close(&f);
        cr_expect(!is_there(bytes_text(&path)));
}

Test(ssh_folder, what_a_killed_one_left_goes_with_the_next_and_what_is_held_stays)
{
        struct ssh_folder killed, held, next;
        CLEANUP_BYTES struct bytes left = BYTES_NONE;
        cr_assert_eq(ssh_folder_open(&held), OK);
        cr_assert_eq(ssh_folder_open(&killed), OK);
        bytes_add_span(&left, bytes_span(&killed.path));
        die(&killed); /* any other hook on this machine may remove it from here on */
        cr_assert_eq(ssh_folder_open(&next), OK);
        cr_expect(!is_there(bytes_text(&left)));
        cr_expect(is_there(bytes_text(&held.path)));
        ssh_folder_close(&next);
        ssh_folder_close(&held);
        ssh_folder_close(&killed);
}

/* Whoever may write to /tmp can put a link of that name there. */
Test(ssh_folder, a_link_of_that_name_is_not_followed)
{
        struct ssh_folder next;
        char place[] = "/tmp/elsewhere-XXXXXX", link[] = "/tmp/breakglass-ssh-link-XXXXXX";
        cr_assert(mkdtemp(place) && mkdtemp(link) && rmdir(link) == 0);
        CLEANUP_FREE char *file = path_join(place, "agent");
        CLEANUP_FD int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        cr_assert(fd >= 0 && symlink(place, link) == 0);
        cr_assert_eq(ssh_folder_open(&next), OK);
        cr_expect(is_there(file));
        ssh_folder_close(&next);
        unlink(link);
        unlink(file);
        rmdir(place);
}
