/* The parts of `breakglass roster`. */
#pragma once
#include "quorum/envelope.h"
#include "tui/options.h"

MUST_CHECK enum err roster_cmd_new(struct cli *cli, int argc, char **argv);
MUST_CHECK enum err roster_cmd_next(struct cli *cli, int argc, char **argv);
MUST_CHECK enum err roster_cmd_show(struct cli *cli, int argc, char **argv);
MUST_CHECK enum err roster_cmd_lint(struct cli *cli, int argc, char **argv);
MUST_CHECK enum err roster_cmd_sign(struct cli *cli, int argc, char **argv);
MUST_CHECK enum err roster_cmd_submit(struct cli *cli, int argc, char **argv);
extern const struct command command_roster_new, command_roster_next, command_roster_show, command_roster_lint,
        command_roster_sign, command_roster_submit;

/* Reads and parses a roster file; the warnings of roster_lint() go to stderr, counted. */
MUST_CHECK enum err roster_file_read(const char *path, struct roster **ret, unsigned *ret_warnings);
/* Whether programs can go by its `notify` and `escalate`. The log takes a roster that they can't read, so nobody
 * signs or sends one by mistake. Errors: ERR_BAD_ROSTER. */
MUST_CHECK enum err roster_check_paging(const struct roster *r);
/* The keys whose signatures over the envelope's roster hold. Errors: ERR_AUTH (one does not: with its number). */
MUST_CHECK enum err roster_signers(const struct envelope *e, struct key ret[SIGNATURES_MAX]);
/* Reads FILE.signed. Errors: those of file_read(), ERR_BAD_STATEMENT (no roster's envelope). */
MUST_CHECK enum err roster_envelope_read(const char *path, struct envelope *ret);

/* What is different, one call a sentence, in words for an admin who must decide; old NULL: everything is new. Pure.
 */
void roster_diff(const struct roster *old, const struct roster *new_roster,
                 void (*tell)(void *context, const char *sentence), void *context);
/* How many distinct admins of `of` are among the signers. */
unsigned roster_count_admins(const struct roster *of, const struct key signers[], size_t n);

/* The commented starter document. lines: "NAME: {signs: …, opens: …}" as keygen prints; broker_line may be NULL.
 * Pure. */
void roster_template(const char *name, const char *broker_line, const struct texts *lines, struct bytes *ret);
/* The same text with `roster` one higher and `previous` naming it: what an admin edits next. Errors: ERR_BAD_ROSTER.
 */
MUST_CHECK enum err roster_next_text(const struct roster *now, struct bytes *ret);
