#include "quorum/statement.h"
#include "tests/unit/support/world.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define ID_A     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POINT_1  "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
#define POINT_2  "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919"
#define IDENTITY "0000000000000000000000000000000000000000000000000000000000000000"
#define NO_POINT "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define WEAK_KEY "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"

#define VERSION_BODY                                                                                                 \
        "\"credential\":\"prod/"                                                                                     \
        "db\",\"number\":3,\"previous\":\"$A\",\"policy\":\"p\",\"need\":2,\"recipient\":\"$K\","                    \
        "\"commitments\":[\"$P\",\"$Q\"],\"shares\":[{\"holder\":\"alice\",\"index\":1,\"recipient\":\"$1\","        \
        "\"sha256\":\"$A\"},{\"holder\":\"bob\",\"index\":2,\"recipient\":\"$2\",\"sha256\":\"$B\"},"                \
        "{\"holder\":\"carol\",\"index\":3,\"recipient\":\"$3\",\"sha256\":\"$B\"}],"                                \
        "\"ciphertext\":{\"sha256\":\"$A\",\"bytes\":456},\"reason\":\"rotation of $A\""
#define REQUEST_BODY                                                                                                 \
        "\"credential\":\"prod/"                                                                                     \
        "db\",\"version\":\"$A\",\"emergency\":\"E1\",\"incident\":\"INC-7\",\"reason\":\"r\","                      \
        "\"open_for\":3600000,\"reply_to\":\"$K\",\"expires_at\":1764000900000,\"acknowledges\":[\"INC-5\",\"INC-"   \
        "6\"]"
#define APPROVAL_BODY                                                                                                \
        "\"request\":\"$A\",\"version\":\"$B\",\"index\":1,\"share\":\"$A\",\"expires_at\":9,\"override\":true"
#define DONE_BODY                                                                                                    \
        "\"version\":\"$A\",\"pending\":\"$B\",\"step\":\"done\",\"evidence\":{\"old\":\"refused\",\"new\":"         \
        "\"works\","                                                                                                 \
        "\"handle\":\"h\"}"
#define PROPOSAL_BODY                                                                                                \
        "\"event\":\"incident.resolved\",\"channel\":\"pagerduty\",\"outcome\":\"proposed-close\",\"incident\":"     \
        "\"INC-7\","                                                                                                 \
        "\"deadline\":1764000900000,\"about\":\"a\",\"detail\":\"d\""
#define RECOVERY_BODY "\"request\":$q,\"approvals\":[$p,$p],\"open\":$o,\"untimed\":true"

/* In the tables below $A, $B are ids, $P, $Q commitments, $K a version's or one-time key, $W a weak one, $1 … $3 the
 * holders' keys, $q, $p, $o an offline request, approval, open, $t text of 200 characters, $r of 500, $m of 65536, $n
 * a name of 128. */
static void add_repeated(struct bytes *out, const char *text, size_t n)
{
        for (size_t i = 0; i < n; i++)
                bytes_add_text(out, text);
}

static void make_payload(enum statement_type type, const char *body, struct bytes *out);

static void add_offline(enum statement_type type, const char *body, struct bytes *out)
{
        CLEANUP_BYTES struct bytes payload = BYTES_NONE;

        make_payload(type, body, &payload);
        bytes_printf(out, "{\"type\":\"%s\",\"payload\":\"", statement_type_word(type));
        bytes_add_base64(out, bytes_span(&payload));
        bytes_add_text(out, "\",\"signatures\":[\"AAAA\"]}");
}

static void add_placeholder(const struct world *w, char which, struct bytes *out)
{
        switch (which) {
        case 'A': bytes_add_text(out, ID_A); break;
        case 'B': bytes_add_text(out, ID_B); break;
        case 'P': bytes_add_text(out, POINT_1); break;
        case 'Q': bytes_add_text(out, POINT_2); break;
        case 'I': bytes_add_text(out, IDENTITY); break;
        case 'N': bytes_add_text(out, NO_POINT); break;
        case 'K': bytes_add_text(out, world_opens(w, "mallory")); break;
        case 'W': bytes_add_text(out, WEAK_KEY); break;
        case '1': bytes_add_text(out, world_opens(w, "alice")); break;
        case '2': bytes_add_text(out, world_opens(w, "bob")); break;
        case '3': bytes_add_text(out, world_opens(w, "carol")); break;
        case 'q': add_offline(STATEMENT_REQUEST, REQUEST_BODY, out); break;
        case 'p': add_offline(STATEMENT_APPROVAL, APPROVAL_BODY, out); break;
        case 'o': add_offline(STATEMENT_OPEN, "\"request\":\"$A\"", out); break;
        case 't': add_repeated(out, "\xC3\xA9", 200); break;
        case 'r': add_repeated(out, "\xE2\x82\xAC", 500); break;
        case 'm': add_repeated(out, "m", 65536); break;
        case 'n': add_repeated(out, "n", 128); break;
        default: cr_assert_fail("a placeholder $%c", which);
        }
}

static void expand(const struct world *w, const char *text, struct bytes *out)
{
        for (; *text; text++) {
                if (*text == '$')
                        add_placeholder(w, *++text, out);
                else
                        bytes_add_byte(out, (unsigned char)*text);
        }
}

static const char head_text[] =
        "\"installation\":\"$A\",\"roster\":\"$B\",\"by\":[\"erin\"],\"made_at\":1764000000000,"
        "\"nonce\":\"00112233445566778899aabbccddeeff\",\"head\":{\"size\":7,\"root\":\"$A\"}";

static void make_payload(enum statement_type type, const char *body, struct bytes *out)
{
        CLEANUP_WORLD struct world *w = world_new();

        bytes_printf(out, "{\"v\":1,\"type\":\"%s\",", statement_type_word(type));
        expand(w, head_text, out);
        if (*body)
                bytes_add_byte(out, ',');
        expand(w, body, out);
        bytes_add_byte(out, '}');
}

static enum err parse(enum statement_type type, struct span payload)
{
        struct statement *s = NULL;
        enum err e;

        err_forget();
        e = statement_parse(type, payload, &s);
        cr_expect_eq(e == OK, s != NULL);
        statement_free(s);
        return e;
}

static enum err parse_body(enum statement_type type, const char *body)
{
        CLEANUP_BYTES struct bytes payload = BYTES_NONE;

        make_payload(type, body, &payload);
        return parse(type, bytes_span(&payload));
}

static const struct {
        enum statement_type type;
        const char *body;
} good[] = {
        {STATEMENT_VERSION, VERSION_BODY},
        {STATEMENT_CUSTODY, "\"versions\":[\"$A\",\"$B\"]"},
        {STATEMENT_REQUEST, REQUEST_BODY},
        {STATEMENT_REQUEST, "\"credential\":\"$n\",\"version\":\"$A\",\"emergency\":\"$n\",\"reason\":\"$r\","
                            "\"open_for\":0,\"reply_to\":\"$K\",\"expires_at\":9007199254740991"},
        {STATEMENT_APPROVAL, APPROVAL_BODY},
        {STATEMENT_APPROVAL, "\"request\":\"$A\",\"version\":\"$B\",\"index\":32,\"share\":\"$A\",\"expires_at\":9"},
        {STATEMENT_DENIAL, "\"request\":\"$A\",\"reason\":\"$r\",\"suspicious\":true"},
        {STATEMENT_DENIAL, "\"request\":\"$A\",\"reason\":\"who are you? \\u202e\\n\""},
        {STATEMENT_CANCEL, "\"request\":\"$A\""},
        {STATEMENT_OPEN, "\"request\":\"$A\",\"dark\":true"},
        {STATEMENT_OPEN, "\"request\":\"$A\""},
        {STATEMENT_CLOSE, "\"incident\":\"INC-7\",\"why\":\"done\""},
        {STATEMENT_CLOSE, "\"request\":\"$A\",\"why\":\"done\""},
        {STATEMENT_CLOSE, "\"request\":\"$A\",\"why\":\"time\""},
        {STATEMENT_CLOSE, "\"request\":\"$I\",\"why\":\"done\""},
        {STATEMENT_CLOSE, "\"request\":\"$A\",\"why\":\"expired\""},
        {STATEMENT_CLOSE, "\"incident\":\"INC-7\",\"why\":\"webhook\""},
        {STATEMENT_HOLD, "\"incident\":\"INC-7\",\"reason\":\"still on it\""},
        {STATEMENT_HOLD, "\"incident\":\"INC-7\""},
        {STATEMENT_EXTEND, "\"request\":\"$A\",\"open_for\":7200000"},
        {STATEMENT_ORDER, "\"versions\":[\"$A\"],\"why\":\"$t\""},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"claim\",\"until\":1764000900000"},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"pending\":\"$B\",\"step\":\"set\",\"outcome\":\"started\""},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"pending\":\"$B\",\"step\":\"test\",\"outcome\":\"ok\""},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"pending\":\"$B\",\"step\":\"revoke\",\"outcome\":\"unknown\""},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"pending\":\"$B\",\"step\":\"promoted\""},
        {STATEMENT_ROTATION, DONE_BODY},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"pending\":\"$B\",\"step\":\"done\",\"evidence\":{\"old\":"
                             "\"unproven\",\"new\":\"works\"}"},
        {STATEMENT_POSTMORTEM, "\"incident\":\"INC-7\",\"criterion_met\":\"drill\",\"text\":\"$m\""},
        {STATEMENT_NOTICE, PROPOSAL_BODY},
        {STATEMENT_NOTICE, "\"event\":\"opened\",\"channel\":\"slack\",\"outcome\":\"accepted\""},
        {STATEMENT_NOTICE, "\"event\":\"opened\",\"channel\":\"slack\",\"outcome\":\"failed\",\"detail\":\"$t\""},
        {STATEMENT_RECOVERY, RECOVERY_BODY},
        {STATEMENT_RECOVERY, "\"request\":$q,\"approvals\":[$p],\"open\":$o,\"untimed\":true"},
        {STATEMENT_SESSION, "\"challenge\":\"$A\""},
};

Test(payload, good_ones_are_read_and_written_the_same)
{
        for (size_t i = 0; i < COUNT_OF(good); i++) {
                CLEANUP_BYTES struct bytes first = BYTES_NONE, second = BYTES_NONE, third = BYTES_NONE;
                struct statement *s = NULL;
                struct hash id;

                make_payload(good[i].type, good[i].body, &first);
                cr_assert_eq(statement_parse(good[i].type, bytes_span(&first), &s), OK, "%s: %s", good[i].body,
                             err_reason());
                id = hash_of(bytes_span(&first));
                cr_expect(hash_equal(&s->id, &id));
                statement_write(s, &second);
                statement_free(s);
                cr_assert_eq(statement_parse(good[i].type, bytes_span(&second), &s), OK, "%s: %s",
                             bytes_text(&second), err_reason());
                statement_write(s, &third);
                statement_free(s);
                cr_expect(span_equal(bytes_span(&second), bytes_span(&third)));
                if (!strstr(good[i].body, "$t") && !strstr(good[i].body, "$r") && !strstr(good[i].body, "\\n") &&
                    good[i].type != STATEMENT_NOTICE)
                        cr_expect_str_eq(bytes_text(&first), bytes_text(&second), "in the order of the table");
        }
}

Test(payload, every_type_has_a_good_one)
{
        for (unsigned t = STATEMENT_VERSION; t < STATEMENT_COUNT; t++) {
                bool is_there = false;

                for (size_t i = 0; i < COUNT_OF(good); i++)
                        is_there |= good[i].type == t;
                cr_expect(is_there, "%s", statement_type_word(t));
                cr_expect_eq(statement_type_from_word(span_text(statement_type_word(t))), t);
        }
        cr_expect_eq(statement_type_from_word(span_text("Request")), STATEMENT_UNKNOWN);
        cr_expect_str_eq(statement_namespace(STATEMENT_REQUEST), "breakglass/request");
}

Test(payload, every_prefix_is_refused_within_its_bounds)
{
        for (size_t i = 0; i < COUNT_OF(good); i++) {
                CLEANUP_BYTES struct bytes payload = BYTES_NONE;

                make_payload(good[i].type, good[i].body, &payload);
                for (size_t n = 0; n<payload.n; n += payload.n> 10000 ? 997 : 1) {
                        unsigned char *exact = malloc(n ? n : 1);

                        memcpy(exact, payload.p, n);
                        cr_expect_eq(parse(good[i].type, span_of(exact, n)), ERR_BAD_STATEMENT, "%zu of %s", n,
                                     good[i].body);
                        free(exact);
                }
        }
}

/* Each key of a good one left out or doubled, and one more key. */
Test(payload, unknown_keys_and_other_types_are_refused)
{
        for (size_t i = 0; i < COUNT_OF(good); i++) {
                CLEANUP_BYTES struct bytes body = BYTES_NONE, payload = BYTES_NONE;

                bytes_printf(&body, "%s,\"more\":1", good[i].body);
                cr_expect_eq(parse_body(good[i].type, bytes_text(&body)), ERR_BAD_STATEMENT, "%s", bytes_text(&body));
                make_payload(good[i].type, good[i].body, &payload);
                for (unsigned t = STATEMENT_VERSION; t < STATEMENT_COUNT; t++)
                        if (t != good[i].type)
                                cr_expect_eq(parse((enum statement_type)t, bytes_span(&payload)), ERR_BAD_STATEMENT);
        }
}

static const struct {
        const char *from, *to;
        enum err e;
} heads[] = {
        {"\"v\":1", "\"v\":2", ERR_UPGRADE},
        {"\"v\":1", "\"v\":0", ERR_UPGRADE},
        {"\"v\":1", "\"v\":2,\"later\":true", ERR_UPGRADE},
        {"\"v\":1,\"type\":\"cancel\"", "\"v\":2,\"type\":\"other\"", ERR_UPGRADE},
        {"\"v\":1", "\"v\":\"1\"", ERR_BAD_STATEMENT},
        {"\"v\":1", "\"v\":1.0", ERR_BAD_STATEMENT},
        {"\"v\":1", "\"v\":1e0", ERR_BAD_STATEMENT},
        {"\"v\":1", "\"v\":-1", ERR_BAD_STATEMENT},
        {"\"v\":1,", "", ERR_BAD_STATEMENT},
        {"\"v\":1", "\"v\":1,\"v\":1", ERR_BAD_STATEMENT},
        {"\"type\":\"cancel\"", "\"type\":\"open\"", ERR_BAD_STATEMENT},
        {"\"type\":\"cancel\",", "", ERR_BAD_STATEMENT},
        {"\"installation\":\"a", "\"installation\":\"A", ERR_BAD_STATEMENT},
        {"\"installation\":\"a", "\"installation\":\"", ERR_BAD_STATEMENT},
        {"\"installation\":\"a", "\"installation\":\"aa", ERR_BAD_STATEMENT},
        {"\"installation\":\"a", "\"installation\":\"g", ERR_BAD_STATEMENT},
        {"\"roster\":\"" ID_B "\"", "\"roster\":\"none\"", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "\"erin\"", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "[]", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "[\"erin\",\"bob\"]", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "[7]", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "[\"Erin\"]", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "[\"none\"]", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "[\"er\\u0000in\"]", ERR_BAD_STATEMENT},
        {"[\"erin\"]", "[\"broker\"]", OK},
        {"\"made_at\":1764000000000", "\"made_at\":9007199254740991", OK},
        {"\"made_at\":1764000000000", "\"made_at\":9007199254740992", ERR_BAD_STATEMENT},
        {"\"made_at\":1764000000000", "\"made_at\":\"1764000000000\"", ERR_BAD_STATEMENT},
        {"\"made_at\":1764000000000", "\"made_at\":1764000000000.5", ERR_BAD_STATEMENT},
        {"\"nonce\":\"00", "\"nonce\":\"", ERR_BAD_STATEMENT},
        {"\"nonce\":\"00", "\"nonce\":\"0000", ERR_BAD_STATEMENT},
        {"ccddeeff\"", "ccddeeFF\"", ERR_BAD_STATEMENT},
        {"{\"size\":7,", "{", ERR_BAD_STATEMENT},
        {"{\"size\":7,", "{\"size\":7,\"at\":1,", ERR_BAD_STATEMENT},
        {"{\"size\":7,", "{\"size\":0,", OK}, /* the ledger's `fork` */
        {"\"size\":7,\"root\":\"a", "\"size\":7,\"root\":\"A", ERR_BAD_STATEMENT},
        {"\"request\":", "\"more\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":1}}}}}}},\"request\":",
         ERR_BAD_STATEMENT},
        {"{\"v\"", " {\"v\"", OK},
        {"{\"v\"", "[{\"v\"", ERR_BAD_STATEMENT},
        {"{\"v\"", "\xEF\xBB\xBF{\"v\"", ERR_BAD_STATEMENT},
};

Test(payload, the_head_is_strict)
{
        for (size_t i = 0; i < COUNT_OF(heads); i++) {
                CLEANUP_BYTES struct bytes payload = BYTES_NONE;
                enum err e;

                make_payload(STATEMENT_CANCEL, "\"request\":\"$A\"", &payload);
                text_replace(&payload, heads[i].from, heads[i].to);
                e = parse(STATEMENT_CANCEL, bytes_span(&payload));
                cr_expect_eq(e, heads[i].e, "%s: %s", heads[i].to, err_word(e));
        }
}

Test(payload, bytes_that_are_no_text_are_refused)
{
        static const char *const tails[] = {"}", " x", "{}", "\x01"};

        for (size_t i = 0; i < COUNT_OF(tails); i++) {
                CLEANUP_BYTES struct bytes payload = BYTES_NONE;

                make_payload(STATEMENT_CANCEL, "\"request\":\"$A\"", &payload);
                bytes_add_text(&payload, tails[i]);
                cr_expect_eq(parse(STATEMENT_CANCEL, bytes_span(&payload)), ERR_BAD_STATEMENT, "%s", tails[i]);
        }
        cr_expect_eq(parse_body(STATEMENT_HOLD, "\"incident\":\"I\",\"reason\":\"\xFF\""), ERR_BAD_STATEMENT);
        cr_expect_eq(parse_body(STATEMENT_HOLD, "\"incident\":\"I\",\"reason\":\"\\ud800\""), ERR_BAD_STATEMENT);
        cr_expect_eq(parse_body(STATEMENT_HOLD, "\"incident\":\"I\",\"reason\":\"\xED\xA0\x80\""), ERR_BAD_STATEMENT);
        cr_expect_eq(parse_body(STATEMENT_HOLD, "\"incident\":\"I\",\"reason\":\"a\\u0000\""), ERR_BAD_STATEMENT);
}

/* A good body with one text replaced. */
static const struct {
        enum statement_type type;
        const char *body, *from, *to;
        enum err e;
} bad[] = {
        /* version: counts, bounds and commitments have their own word */
        {STATEMENT_VERSION, VERSION_BODY, "\"prod/db\"", "\"Prod/db\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"prod/db\"", "\"../../etc\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"prod/db\"", "\"x; rm -rf /\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"prod/db\"", "\"-oProxyCommand=x\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"prod/db\"", "\"n$n\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"previous\":\"$A\"", "\"previous\":\"none\"", OK},
        {STATEMENT_VERSION, VERSION_BODY, "\"previous\":\"$A\"", "\"previous\":\"None\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"previous\":\"$A\"", "\"previous\":null", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"need\":2", "\"need\":0", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"need\":2", "\"need\":1", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"need\":2", "\"need\":3", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"need\":2", "\"need\":33", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"need\":2", "\"need\":4294967298", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"need\":2", "\"need\":\"2\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"recipient\":\"$K\"", "\"recipient\":\"$W\"", ERR_BAD_KEY},
        {STATEMENT_VERSION, VERSION_BODY, "\"recipient\":\"$K\"", "\"recipient\":\"age1\"", ERR_BAD_KEY},
        {STATEMENT_VERSION, VERSION_BODY, "[\"$P\",\"$Q\"]", "[]", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "[\"$P\",\"$Q\"]", "[\"$P\"]", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "[\"$P\",\"$Q\"]", "[\"$P\",\"$Q\",\"$P\"]", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "[\"$P\",\"$Q\"]", "[\"$P\",\"$I\"]", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "[\"$P\",\"$Q\"]", "[\"$N\",\"$Q\"]", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "[\"$P\",\"$Q\"]", "[\"$P\",7]", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "[\"$P\",\"$Q\"]", "[\"$P\",\"6A\"]", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"index\":1", "\"index\":0", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"index\":1", "\"index\":2", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"index\":1", "\"index\":4", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"index\":1", "\"index\":4294967297", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"holder\":\"bob\"", "\"holder\":\"alice\"", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"holder\":\"bob\"", "\"holder\":\"Bob\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"holder\":\"bob\"", "\"holder\":\"bob\",\"x\":1", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"recipient\":\"$2\"", "\"recipient\":\"$1\"", ERR_BAD_VERSION},
        {STATEMENT_VERSION, VERSION_BODY, "\"recipient\":\"$2\"", "\"recipient\":\"$W\"", ERR_BAD_KEY},
        {STATEMENT_VERSION, VERSION_BODY, ",\"bytes\":456", "", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, ",\"bytes\":456", ",\"bytes\":456,\"x\":1", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"rotation of $A\"", "\"initial\"", OK},
        {STATEMENT_VERSION, VERSION_BODY, "\"rotation of $A\"", "\"initially\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"rotation of $A\"", "\"rotation of \"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"rotation of $A\"", "\"rotation of $A.\"", ERR_BAD_STATEMENT},
        {STATEMENT_VERSION, VERSION_BODY, "\"rotation of $A\"", "\"rotation  of $A\"", ERR_BAD_STATEMENT},
        /* custody, order */
        {STATEMENT_CUSTODY, "\"versions\":[\"$A\"]", "[\"$A\"]", "[]", ERR_BAD_STATEMENT},
        {STATEMENT_CUSTODY, "\"versions\":[\"$A\"]", "[\"$A\"]", "[\"$A\",\"$A\"]", ERR_BAD_STATEMENT},
        {STATEMENT_CUSTODY, "\"versions\":[\"$A\"]", "[\"$A\"]", "[\"$B\",\"$A\",\"$B\"]", ERR_BAD_STATEMENT},
        {STATEMENT_CUSTODY, "\"versions\":[\"$A\"]", "[\"$A\"]", "\"$A\"", ERR_BAD_STATEMENT},
        {STATEMENT_CUSTODY, "\"versions\":[\"$A\"]", "[\"$A\"]", "[\"$A\",null]", ERR_BAD_STATEMENT},
        {STATEMENT_CUSTODY, "\"versions\":[\"$A\"]", "[\"$A\"]", "[\"aa\"]", ERR_BAD_STATEMENT},
        {STATEMENT_ORDER, "\"versions\":[\"$A\"],\"why\":\"$t\"", "[\"$A\"]", "[\"$A\",\"$A\"]", ERR_BAD_STATEMENT},
        {STATEMENT_ORDER, "\"versions\":[\"$A\"],\"why\":\"$t\"", "\"$t\"", "\"$t.\"", ERR_BAD_STATEMENT},
        {STATEMENT_ORDER, "\"versions\":[\"$A\"],\"why\":\"$t\"", "\"$t\"", "\"\"", ERR_BAD_STATEMENT},
        /* request */
        {STATEMENT_REQUEST, REQUEST_BODY, "\"reason\":\"r\"", "\"reason\":\"\"", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"reason\":\"r\"", "\"reason\":\"$r\"", OK},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"reason\":\"r\"", "\"reason\":\"$r.\"", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"E1\"", "\"E 1\"", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"INC-7\"", "\"-7\"", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"INC-7\"", "null", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"$K\"", "\"$W\"", ERR_BAD_KEY},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"$K\"", "\"age1zzz\"", ERR_BAD_KEY},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"$K\"", "7", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "3600000", "-1", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "[\"INC-5\",\"INC-6\"]", "[\"INC-5\",\"INC-5\"]", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "[\"INC-5\",\"INC-6\"]", "[\"INC 5\"]", ERR_BAD_STATEMENT},
        {STATEMENT_REQUEST, REQUEST_BODY, "[\"INC-5\",\"INC-6\"]", "[]", OK},
        {STATEMENT_REQUEST, REQUEST_BODY, "\"reply_to\":\"$K\",", "", ERR_BAD_STATEMENT},
        /* approval */
        {STATEMENT_APPROVAL, APPROVAL_BODY, "\"index\":1", "\"index\":0", ERR_BAD_STATEMENT},
        {STATEMENT_APPROVAL, APPROVAL_BODY, "\"index\":1", "\"index\":33", ERR_BAD_STATEMENT},
        {STATEMENT_APPROVAL, APPROVAL_BODY, "\"override\":true", "\"override\":false", ERR_BAD_STATEMENT},
        {STATEMENT_APPROVAL, APPROVAL_BODY, "\"override\":true", "\"override\":1", ERR_BAD_STATEMENT},
        {STATEMENT_APPROVAL, APPROVAL_BODY, "\"override\":true", "\"override\":null", ERR_BAD_STATEMENT},
        {STATEMENT_APPROVAL, APPROVAL_BODY, ",\"share\":\"$A\"", "", ERR_BAD_STATEMENT},
        /* denial, cancel, open */
        {STATEMENT_DENIAL, "\"request\":\"$A\",\"reason\":\"r\"", "\"r\"", "\"r\",\"suspicious\":false",
         ERR_BAD_STATEMENT},
        {STATEMENT_DENIAL, "\"request\":\"$A\",\"reason\":\"r\"", ",\"reason\":\"r\"", "", ERR_BAD_STATEMENT},
        {STATEMENT_DENIAL, "\"request\":\"$A\",\"reason\":\"r\"", "\"r\"", "\"$r.\"", ERR_BAD_STATEMENT},
        {STATEMENT_CANCEL, "\"request\":\"$A\"", "\"$A\"", "\"R17\"", ERR_BAD_STATEMENT},
        {STATEMENT_OPEN, "\"request\":\"$A\",\"dark\":true", "true", "false", ERR_BAD_STATEMENT},
        /* close */
        {STATEMENT_CLOSE, "\"request\":\"$A\",\"why\":\"done\"", "\"request\"", "\"incident\":\"I\",\"request\"",
         ERR_BAD_STATEMENT},
        {STATEMENT_CLOSE, "\"request\":\"$A\",\"why\":\"done\"", "\"request\":\"$A\",", "", ERR_BAD_STATEMENT},
        {STATEMENT_CLOSE, "\"request\":\"$A\",\"why\":\"done\"", "done", "webhook", ERR_BAD_STATEMENT},
        {STATEMENT_CLOSE, "\"request\":\"$A\",\"why\":\"done\"", "done", "Done", ERR_BAD_STATEMENT},
        {STATEMENT_CLOSE, "\"incident\":\"I\",\"why\":\"done\"", "done", "time", ERR_BAD_STATEMENT},
        {STATEMENT_CLOSE, "\"incident\":\"I\",\"why\":\"done\"", "done", "expired", ERR_BAD_STATEMENT},
        {STATEMENT_CLOSE, "\"incident\":\"I\",\"why\":\"done\"", "\"I\"", "\"../I\"", ERR_BAD_STATEMENT},
        /* hold, extend */
        {STATEMENT_HOLD, "\"incident\":\"I\",\"reason\":\"r\"", "\"r\"", "\"\"", ERR_BAD_STATEMENT},
        {STATEMENT_HOLD, "\"incident\":\"I\",\"reason\":\"r\"", "\"r\"", "null", ERR_BAD_STATEMENT},
        {STATEMENT_EXTEND, "\"request\":\"$A\",\"open_for\":1", ",\"open_for\":1", "", ERR_BAD_STATEMENT},
        /* rotation: what each step needs */
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"claim\",\"until\":1", ",\"until\":1", "",
         ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"claim\",\"until\":1", "\"until\"",
         "\"pending\":\"$B\",\"until\"", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"claim\",\"until\":1", "claim", "begin",
         ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"set\",\"pending\":\"$B\",\"outcome\":\"ok\"",
         "\"pending\":\"$B\",", "", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"set\",\"pending\":\"$B\",\"outcome\":\"ok\"",
         ",\"outcome\":\"ok\"", "", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"set\",\"pending\":\"$B\",\"outcome\":\"ok\"",
         "\"outcome\":\"ok\"", "\"outcome\":\"\"", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"test\",\"pending\":\"$B\",\"outcome\":\"ok\"",
         ",\"outcome\":\"ok\"", "", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"revoke\",\"pending\":\"$B\",\"outcome\":\"ok\"",
         ",\"outcome\":\"ok\"", "", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, "\"version\":\"$A\",\"step\":\"promoted\",\"pending\":\"$B\"", ",\"pending\":\"$B\"", "",
         ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, "\"pending\":\"$B\",", "", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, "\"old\":\"refused\"", "\"old\":\"gone\"", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, "\"old\":\"refused\",", "", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, "\"new\":\"works\"", "\"new\":\"fails\"", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, "\"new\":\"works\",", "", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, "\"handle\":\"h\"", "\"handle\":null", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, "\"handle\":\"h\"", "\"x\":\"h\"", ERR_BAD_STATEMENT},
        {STATEMENT_ROTATION, DONE_BODY, ",\"evidence\":{\"old\":\"refused\",\"new\":\"works\",\"handle\":\"h\"}", "",
         ERR_BAD_STATEMENT},
        /* post-mortem */
        {STATEMENT_POSTMORTEM, "\"incident\":\"I\",\"criterion_met\":\"yes\",\"text\":\"$m\"", "$m", "$m.",
         ERR_BAD_STATEMENT},
        {STATEMENT_POSTMORTEM, "\"incident\":\"I\",\"criterion_met\":\"yes\",\"text\":\"$m\"", "\"yes\"", "true",
         ERR_BAD_STATEMENT},
        {STATEMENT_POSTMORTEM, "\"incident\":\"I\",\"criterion_met\":\"yes\",\"text\":\"$m\"", "$m", "",
         ERR_BAD_STATEMENT},
        /* notice */
        {STATEMENT_RECOVERY, RECOVERY_BODY, "$o", "$q", ERR_BAD_STATEMENT},
        {STATEMENT_RECOVERY, RECOVERY_BODY, "$p,$p", "", ERR_BAD_STATEMENT},
        {STATEMENT_RECOVERY, RECOVERY_BODY, "$p,$p", "$p,$o", ERR_BAD_STATEMENT},
        {STATEMENT_RECOVERY, RECOVERY_BODY, "\"untimed\":true", "\"untimed\":false", ERR_BAD_STATEMENT},
        {STATEMENT_NOTICE, PROPOSAL_BODY, "\"incident\":\"INC-7\",", "", ERR_BAD_STATEMENT},
        {STATEMENT_NOTICE, PROPOSAL_BODY, "\"deadline\":1764000900000,", "", ERR_BAD_STATEMENT},
        {STATEMENT_NOTICE, PROPOSAL_BODY, "proposed-close", "proposed", ERR_BAD_STATEMENT},
        {STATEMENT_NOTICE, PROPOSAL_BODY, "\"detail\":\"d\"", "\"detail\":\"$t.\"", ERR_BAD_STATEMENT},
        {STATEMENT_NOTICE, PROPOSAL_BODY, "\"about\":\"a\"", "\"about\":\"\"", ERR_BAD_STATEMENT},
        /* session */
        {STATEMENT_SESSION, "\"challenge\":\"$A\"", "$A", "aa", ERR_BAD_STATEMENT},
};

Test(payload, each_form_rule_refuses)
{
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                CLEANUP_BYTES struct bytes body = BYTES_NONE;
                enum err e;

                bytes_add_text(&body, bad[i].body);
                text_replace(&body, bad[i].from, bad[i].to);
                e = parse_body(bad[i].type, bytes_text(&body));
                cr_expect_eq(e, bad[i].e, "%s: %s -> %s: %s (%s)", statement_type_word(bad[i].type), bad[i].from,
                             bad[i].to, err_word(e), err_reason());
        }
}

Test(payload, lists_have_a_thousand_items_at_most)
{
        for (unsigned n = 1000; n <= 1001; n++) {
                CLEANUP_BYTES struct bytes body = BYTES_NONE;

                bytes_add_text(&body, "\"versions\":[");
                for (unsigned i = 0; i < n; i++)
                        bytes_printf(&body, "%s\"%064x\"", i ? "," : "", i);
                bytes_add_byte(&body, ']');
                cr_expect_eq(parse_body(STATEMENT_CUSTODY, bytes_text(&body)), n == 1000 ? OK : ERR_BAD_STATEMENT);
        }
}

static void add_shares(struct bytes *body, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                struct hash seed = hash_of(span_of(&i, sizeof(i)));
                char opens[AGE_PUBLIC_TEXT];
                struct key k;

                cr_assert_eq(crypto_scalarmult_base(k.b, seed.b), 0);
                open_key_format(&k, opens);
                bytes_printf(body, "%s{\"holder\":\"h%u\",\"index\":%u,\"recipient\":\"%s\",\"sha256\":\"%s\"}",
                             i ? "," : "", i, i + 1, opens, ID_A);
        }
}

Test(payload, thirty_two_shares_and_commitments_at_most)
{
        for (unsigned n = 32; n <= 33; n++)
                for (unsigned need = 32; need <= 33; need++) {
                        CLEANUP_BYTES struct bytes body = BYTES_NONE;

                        bytes_printf(&body,
                                     "\"credential\":\"c\",\"number\":1,\"previous\":\"none\",\"policy\":\"p\","
                                     "\"need\":%u,\"recipient\":\"$K\",\"commitments\":[",
                                     need);
                        for (unsigned i = 0; i < need; i++)
                                bytes_add_text(&body, i ? ",\"$P\"" : "\"$P\"");
                        bytes_add_text(&body, "],\"shares\":[");
                        add_shares(&body, n);
                        bytes_add_text(&body,
                                       "],\"ciphertext\":{\"sha256\":\"$A\",\"bytes\":1},\"reason\":\"initial\"");
                        cr_expect_eq(parse_body(STATEMENT_VERSION, bytes_text(&body)),
                                     n == 32 && need == 32 ? OK : ERR_BAD_VERSION, "%u of %u", need, n);
                }
}

Test(payload, names_and_labels_have_their_grammar)
{
        static const struct {
                const char *text;
                bool is_name, is_label;
        } rows[] = {
                {"alice", true, true},      {"a", true, true},      {"0", true, true},
                {"a/b.c_d-e", true, true},  {"", false, false},     {"A", false, true},
                {"aB", false, true},        {"INC-7", false, true}, {".a", false, false},
                {"-a", false, false},       {"/a", false, false},   {"_a", false, false},
                {"a b", false, false},      {"a:b", false, false},  {"a..b", false, true},
                {"a.", true, true},         {"a/", true, true},     {"a/../b", false, true},
                {"broker", false, true},    {"none", false, true},  {"brokers", true, true},
                {"\xC3\xA9", false, false}, {"a\n", false, false},
        };
        CLEANUP_BYTES struct bytes longest = BYTES_NONE;

        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                cr_expect_eq(name_is_valid(rows[i].text), rows[i].is_name, "%s", rows[i].text);
                cr_expect_eq(label_is_valid(rows[i].text), rows[i].is_label, "%s", rows[i].text);
        }
        add_repeated(&longest, "n", 128);
        cr_expect(name_is_valid(bytes_text(&longest)) && label_is_valid(bytes_text(&longest)));
        bytes_add_text(&longest, "n");
        cr_expect(!name_is_valid(bytes_text(&longest)) && !label_is_valid(bytes_text(&longest)));
}

Test(payload, a_roster_is_its_own_payload)
{
        CLEANUP_WORLD struct world *w = world_new();
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct hash previous = hash_of(span_text("x"));
        struct statement *s = NULL;

        world_roster_yaml(w, 2, &previous, &yaml);
        cr_assert_eq(statement_parse(STATEMENT_ROSTER, bytes_span(&yaml), &s), OK);
        cr_expect(hash_equal(&s->id, &s->new_roster->id));
        cr_expect(hash_equal(&s->roster, &previous));
        statement_free(s);
        cr_expect_eq(parse(STATEMENT_ROSTER, span_text("{\"v\":1}")), ERR_BAD_ROSTER);
}

Test(payload, nonces_differ)
{
        struct statement a = {0}, b = {0};

        statement_new_nonce(&a);
        statement_new_nonce(&b);
        cr_expect(memcmp(a.nonce, b.nonce, NONCE_BYTES) != 0);
}
