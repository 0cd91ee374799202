#include "client/home.h"
#include "place.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

static struct hash pin;
static const char *const brokers[] = {"https://10.0.0.1:8443", "unix:/run/b.sock"};

static void start(void)
{
        cr_assert_geq(sodium_init(), 0);
        place_make();
        pin = hash_of(span_text("genesis"));
}

TestSuite(home, .init = start, .fini = place_remove);

static void make(const char *name)
{
        struct home h = HOME_NONE;

        cr_assert_eq(home_create(name, &pin, brokers, 2, NULL, &h), OK);
        home_close(&h);
}

Test(home, nothing_joined_is_no_pin)
{
        struct home h = HOME_NONE;

        cr_assert_eq(home_open(NULL, &h), ERR_NO_PIN);
        cr_assert_eq(home_open("acme", &h), ERR_NO_PIN);
}

Test(home, what_was_made_is_found_again)
{
        struct home h = HOME_NONE;

        make("acme");
        cr_assert_eq(home_open(NULL, &h), OK);
        cr_assert_str_eq(h.name, "acme");
        cr_assert(hash_equal(&h.genesis, &pin));
        cr_assert_eq(h.n_brokers, 2);
        cr_assert_str_eq(h.brokers[1], "unix:/run/b.sock");
        cr_assert_null(h.identity_path);
        home_close(&h);
}

Test(home, several_must_be_named)
{
        struct home h = HOME_NONE;

        make("acme");
        make("other");
        cr_assert_eq(home_open(NULL, &h), ERR_USAGE);
        setenv("BREAKGLASS_INSTALLATION", "other", 1);
        cr_assert_eq(home_open(NULL, &h), OK);
        cr_assert_str_eq(h.name, "other");
        home_close(&h);
        unsetenv("BREAKGLASS_INSTALLATION");
}

Test(home, another_pin_never_replaces_the_first)
{
        struct hash other = hash_of(span_text("another genesis"));
        struct home h = HOME_NONE;

        make("acme");
        cr_assert_eq(home_create("acme", &other, brokers, 1, NULL, &h), ERR_DUPLICATE);
        cr_assert_eq(home_open("acme", &h), OK);
        cr_assert(hash_equal(&h.genesis, &pin));
        home_close(&h);
        make("acme");
}

Test(home, a_name_cannot_leave_the_folder)
{
        struct home h = HOME_NONE;

        cr_assert_eq(home_create("../../etc", &pin, brokers, 1, NULL, &h), ERR_USAGE);
        make("team/prod");
        cr_assert_eq(home_open("team/prod", &h), OK);
        cr_assert_str_eq(h.name, "team_prod");
        home_close(&h);
}

Test(home, a_folder_open_to_others_is_refused)
{
        CLEANUP_FREE char *path = place_path("acme", "");
        struct home h = HOME_NONE;

        make("acme");
        cr_assert_eq(chmod(path, 0750), 0);
        cr_assert_eq(home_open("acme", &h), ERR_UNSAFE_FILE);
}

Test(home, a_damaged_pin_is_no_other_pin)
{
        struct home h = HOME_NONE;

        make("acme");
        place_write("acme", "pin", span_text("abc\n"));
        cr_assert_eq(home_open("acme", &h), ERR_CORRUPT_STORE);
}

/* ---- one-time keys ---- */

Test(home, a_one_time_key_comes_back_only_to_its_owner)
{
        CLEANUP_SECRET struct secret mine = SECRET_NONE, theirs = SECRET_NONE, key = SECRET_NONE, back = SECRET_NONE;
        struct hash request = hash_of(span_text("request"));
        struct home h = HOME_NONE;
        struct key owner;

        make("acme");
        cr_assert_eq(home_open("acme", &h), OK);
        cr_assert_eq(age_new_identity(&mine), OK);
        cr_assert_eq(age_new_identity(&theirs), OK);
        cr_assert_eq(age_new_identity(&key), OK);
        cr_assert_eq(age_public_of(&mine, &owner), OK);
        cr_assert_eq(home_load_key(&h, &request, &mine, &back), ERR_NO_ENTRY);
        cr_assert_eq(home_keep_key(&h, &request, &owner, &key), OK);
        cr_assert_eq(home_load_key(&h, &request, &theirs, &back), ERR_BAD_CONTAINER);
        cr_assert_eq(home_load_key(&h, &request, &mine, &back), OK);
        cr_assert(secret_equal(&key, &back));
        cr_assert_eq(home_drop_key(&h, &request), OK);
        secret_wipe(&back);
        cr_assert_eq(home_load_key(&h, &request, &mine, &back), ERR_NO_ENTRY);
        cr_assert_eq(home_drop_key(&h, &request), OK);
        home_close(&h);
}

Test(home, the_list_has_ids_and_sweeps_what_a_crash_left)
{
        CLEANUP_FREE char *old = NULL;
        CLEANUP_FREE struct home_entry *list = NULL;
        struct hash request = hash_of(span_text("request"));
        struct utimbuf long_ago = {1000000, 1000000};
        struct home h = HOME_NONE;
        size_t n;

        make("acme");
        cr_assert_eq(home_open("acme", &h), OK);
        CLEANUP_FREE char *path = home_path_of(&h, HOME_OUTGOING, &request);
        CLEANUP_BYTES struct bytes torn = BYTES_NONE;
        bytes_printf(&torn, "%s.tmp-1", path);
        old = mem_text(bytes_text(&torn));
        cr_assert_eq(file_write(path, 0600, span_text("x")), OK);
        cr_assert_eq(file_write(old, 0600, span_text("y")), OK);
        cr_assert_eq(utime(old, &long_ago), 0);
        cr_assert_eq(home_list(&h, HOME_OUTGOING, &list, &n), OK);
        cr_assert_eq(n, 1);
        cr_assert(hash_equal(&list[0].id, &request));
        cr_assert_not(file_exists(old));
        home_close(&h);
}

Test(home, evidence_is_kept_but_never_without_end)
{
        struct home h = HOME_NONE;
        CLEANUP_FREE char *folder = place_path("acme", HOME_EVIDENCE);

        make("acme");
        cr_assert_eq(home_open("acme", &h), OK);
        for (int i = 0; i < 3; i++)
                home_keep_evidence(&h, span_text("a lie"));
        cr_assert(file_exists(folder));
        home_close(&h);
}
