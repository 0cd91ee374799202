#include "notifiers/webhook_message.h"
#include "notifiers/webhook_sign.h"
#include "tests/unit/notifiers/make.h"

static void secret_of(const char *text, struct secret *ret)
{
        cr_assert_eq(secret_copy(text, strlen(text) + 1, ret), OK);
}

/* The example of the Standard Webhooks specification and its libraries. */
Test(webhook, the_specifications_example_is_reproduced)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE, key = SECRET_NONE;
        CLEANUP_BYTES struct bytes got = BYTES_NONE;
        secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &text);
        cr_assert_eq(webhook_hmac_key(&text, &key), OK);
        cr_assert_eq(webhook_sign_hmac(
                             &key, span_text("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"), &got),
                     OK);
        cr_expect_str_eq(bytes_text(&got), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* RFC 8032, 7.1, test 2. */
Test(webhook, an_ed25519_signature_is_that_of_the_rfc)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE, key = SECRET_NONE;
        CLEANUP_BYTES struct bytes got = BYTES_NONE, want = BYTES_NONE;
        unsigned char expected[64];
        cr_assert_eq(hex_decode(span_text("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
                                expected, sizeof expected),
                     OK);
        bytes_add_text(&want, "v1a,");
        bytes_add_base64(&want, span_of(expected, sizeof expected));
        secret_of("whsk_TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs=", &text);
        cr_assert_eq(webhook_signing_key(&text, &key), OK, "%s", err_reason());
        cr_assert_eq(webhook_sign_ed25519(&key, span_text("\x72"), &got), OK);
        cr_expect_str_eq(bytes_text(&got), bytes_text(&want));
}

Test(webhook, an_id_is_a_word_of_the_event_alone)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE, b = BYTES_NONE;
        struct delivery d = make_delivery("opened", ",\"who\":\"erin\""), e = make_delivery("opened", "");
        e.attempt = 2;
        webhook_id(&d, &a);
        webhook_id(&e, &b);
        cr_expect_str_eq(bytes_text(&a), bytes_text(&b));
        cr_expect_eq(strspn(bytes_text(&a), "msg_0123456789abcdef"), 36);
        delivery_done(&d);
        delivery_done(&e);
}
