#include "tui/commands.h"
#include "tui/options.h"
#include "tui/pending.h"
#include "tui/say.h"
#include "tui/words.h"

static json_t *item_json(const struct cli *cli, const struct request_view *r)
{
        const char *me = client_me(cli->client);
        unsigned others;
        char name[NAME_TEXT], id[HASH_HEX + 1];

        hash_to_hex(&r->id, id);
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:b, s:b}", "request",
                         request_name(r, name), "id", id, "requester", r->requester, "credential", r->credential,
                         "emergency", r->emergency, "incident", r->incident, "reason", r->reason, "state",
                         request_state_word(r->state), "approvals", (int)r->approvals, "need", (int)r->threshold,
                         "expires_at", (json_int_t)r->expires_at_ms, "wants_override",
                         ledger_wants_override(cli_ledger(cli), &r->id, me, &others), "denied_by_me",
                         request_denied_by(cli_ledger(cli), r, me));
}

static void item_say(const struct cli *cli, const struct request_view *r)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        const char *me = client_me(cli->client);
        unsigned others;
        char name[NAME_TEXT];

        request_standing(r, cli_now(cli), &standing);
        printf("\n");
        say("%s  %s asks for %s", request_name(r, name), r->requester, r->credential);
        say_field("emergency", "%s, incident %s", r->emergency, request_incident(r));
        say_field("reason", "%s", r->reason);
        say_field("state", "%u of %u approved; %s", r->approvals, r->threshold, bytes_text(&standing));
        if (ledger_wants_override(cli_ledger(cli), &r->id, me, &others))
                say_field("careful",
                          "shares of this version were given to other requests; yours would want an override");
        if (request_denied_by(cli_ledger(cli), r, me))
                say_field("you", "denied it");
        say_field("look", "breakglass approve %s     or     breakglass deny %s", name, name);
}

static size_t walk(const struct cli *cli, json_t *list)
{
        const struct ledger *l = cli_ledger(cli);
        size_t n = 0;

        for (size_t i = ledger_requests(l); i-- > 0;) {
                struct request_view r;

                ledger_request_at(l, i, cli_now(cli), &r);
                if (!request_waits_for(l, &r, client_me(cli->client)))
                        continue;
                n++;
                if (list)
                        json_array_append_new(list, item_json(cli, &r));
                else
                        item_say(cli, &r);
        }
        return n;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_inbox, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        if ((e = cli_ready(cli)) != OK)
                return e;
        cli_prove_custody(cli);
        if (!client_me(cli->client))
                return err_because(ERR_NOT_ALLOWED, "the roster does not have you yet");
        if (cli->json) {
                json_t *list = json_array();

                walk(cli, list);
                say_json(json_pack("{s:s, s:o}", "me", client_me(cli->client), "waiting", list));
        } else if (walk(cli, NULL) == 0) {
                say("Nothing waits for you, %s.", client_me(cli->client));
        }
        return OK;
}

const struct command command_inbox = {
        .name = "inbox",
        .synopsis = "",
        .help = "Show the requests that wait for your yes or no, and check your shares.",
        .run = run,
};
