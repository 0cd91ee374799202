#!/usr/bin/env python3
"""Takes one check out of the code at a time and shows that a scenario then fails: a check that nothing misses is no check.

    tests/mutants.py            every mutant of the list below
    tests/mutants.py WORD…      those whose name has one of the words

Works in a copy of the tracked files, with a build folder of its own; minutes, not seconds, so ./check leaves it out."""
import os, pathlib, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LYING = "tests/scenario/lying.py"

# What is taken out; the files with the text that stands there and what stands there instead; who must notice (cases of
# the scenario, each run by itself).
MUTANTS = [
    ("a blob's hash", [("client/fetch.c", "if (!hash_equal(&is, sha256)) {", "if (false) {")],
     [["swapped-ciphertext"], ["swapped-share"], ["another-persons-blob"]]),
    ("the alarm when a named blob is missing", [("client/act_open.c", "if (e == ERR_NOT_FOUND ||", "if (false && e == ERR_NOT_FOUND ||")],
     [["ready-with-one-blob-too-few"]]),
    ("the count of good shares", [("client/act_open.c", "if (g->n_good == g->version->need)\n                return OK;", "return OK;")],
     [["ready-with-one-blob-too-few"]]),
    ("signatures of statements", [("quorum/admit.c", "if (!is_trusted && (error = verify(e, signers)) != OK)", "if (!is_trusted && false)")],
     [["changed-request-text"], ["swapped-reply-to"]]),
    ("the signer's own name", [("quorum/admit.c", "if (strcmp(s->by[0], signer) != 0) {", "if (false) {")], [["another-persons-name"]]),
    ("the signer's place in the roster",
     [("quorum/admit.c", "                if (!name_of(roster, &signers[i]))\n                        return refuse_signature();", "                ;"),
      ("quorum/admit.c", "if (strcmp(s->by[0], signer) != 0) {", "if (signer && strcmp(s->by[0], signer) != 0) {")],
     [["own-version"], ["fabricated-approval"]]),
    ("the sealers", [("quorum/ledger_version.c", "? OK : ERR_SEALER", "? OK : OK")], [["own-version"]]),
    ("the rules against saying it twice",
     [("quorum/admit.c", "if (ledger_find(l, &s->id, &n))", "if (false && ledger_find(l, &s->id, &n))"),
      ("quorum/ledger_apply.c", "if (line_find(l, &s->id) != NONE)", "if (false)"),
      ("quorum/ledger_approval.c", "                return ERR_DUPLICATE;\n        if ((e = approval_times", "                ;\n        if ((e = approval_times")],
     [["one-approval-twice"]]),
    ("the rule of one approval each",
     [("quorum/ledger_approval.c", "                return ERR_DUPLICATE;\n        if ((e = approval_times", "                ;\n        if ((e = approval_times")],
     [["one-approval-twice"]]),
    ("the new admins' threshold", [("quorum/roster_chain.c", "if (!has_threshold(new_roster, signers, n_signers))", "if (false)"),
                                   ("quorum/roster_chain.c", "if (old && !has_threshold(old, signers, n_signers))", "if (false)")],
     [["roster-with-an-extra-holder"]]),
    ("the heads that signers have seen",
     [("quorum/ledger_apply.c", "if (s->head_size < 1 || s->head_size > ledger_size(l))", "if (s->head_size > ledger_size(l))\n                return OK;\n        if (false)"),
      ("quorum/ledger_apply.c", "if (!hash_equal(&s->head_root, &root))", "if (false)")],
     [["reordered-lines"]]),
    ("that a log never shrinks", [("client/replica.c", "if (a->says.size < asked)", "if (a->says.size < asked)\n                return OK;\n        if (false)")],
     [["shorter-log"], ["older-version-as-newest"], ["older-roster"]]),
    ("the root beside the lines", [("client/replica.c", "if (!hash_equal(&root, &says->root))", "if (false)")], [["checkpoint-of-another-log"], ["fork"]]),
    ("the checkpoint's signature", [("client/replica.c", "if (!broker || checkpoint_verify(note, broker, &verified) != OK)", "if (false)")],
     [["checkpoint-by-another-key"]]),
    ("the chain of rosters known", [("client/contact.c", "if (i >= a->n_rosters)", "if (i >= a->n_rosters)\n                        return OK;\n                if (false)")],
     [["older-roster"]]),
    ("the alarm when a broker denies its own head",
     [("client/session.c", "return e == ERR_FORK ? client_alarm_fork(c) : e;", "return e;")],
     [["shorter-log"]]),
    ("the cap of an answer", [("client/http.c", "if (h->answer->body.n + n > HTTP_ANSWER_MAX) {\n                h->is_too_long = true;", "if (h->answer->body.n + n > HTTP_ANSWER_MAX) {")],
     [["endless-answer"]]),
    ("whose receipt it is", [("client/say.c", "if (!hash_equal(&said, id))", "if (false)")], [["receipts"]]),
    ("the receipt's number", [("client/say.c", "if (n != receipt->n)", "if (false)")], [["receipts"]]),
    ("that what was taken is in the log",
     [("client/say.c", "if (!ledger_find(client_ledger(c), id, &n))\n", "if (!ledger_find(client_ledger(c), id, &n))\n                return OK;\n        if (false)\n"),
      ("client/say.c", "if (says.size > ledger_size(client_ledger(c)))", "if (false)"),
      ("client/say.c", "return says.size > receipt->n ? OK", "return true ? OK")],
     [["receipts"]]),
    ("storing before sending", [("client/say.c", "return file_write(path, 0600, bytes_span(&o->body));", "return path ? OK : ERR_IO;")],
     [["no-answer-after-accepting"]]),
    ("that no answer is no refusal", [("client/http.c", "sent > 0 && has_body ? ERR_STATE_UNKNOWN : ERR_UNREACHABLE", "ERR_UNREACHABLE")],
     [["no-answer-after-accepting"]]),
]


def run(*args, cwd, **more):
    return subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def copy_tree(folder):
    for name in run("git", "ls-files", cwd=ROOT).stdout.split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    run("meson", "setup", "build", cwd=folder, check=True)
    build(folder)


def build(folder):
    done = run("ninja", "-C", "build", "tui/breakglass", "broker/breakglassd", cwd=folder)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-3000:])


def scenario_fails(folder, cases):
    env = dict(os.environ, BREAKGLASS_BUILD=str(folder / "build"), BREAKGLASS_SAY_WHY="1", PYTHONDONTWRITEBYTECODE="1")
    done = run("/usr/bin/python3", LYING, *cases, cwd=folder, env=env)
    return done.returncode != 0 and "not ok - " in done.stdout, done.stdout


def mutate(folder, edits):
    for file, old, new in edits:
        text = (folder / file).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{file}: stands {text.count(old)} times: {old!r}")
        (folder / file).write_text(text.replace(old, new))


def try_mutant(folder, what, edits, noticers):
    mutate(folder, edits)
    build(folder)
    good = True
    for cases in noticers:
        failed, output = scenario_fails(folder, cases)
        print(f"{'ok' if failed else 'not ok'} - without {what}, {' '.join(cases)} fails", flush=True)
        if not failed:
            print(output)
            good = False
    for file, _, _ in edits:
        shutil.copy(ROOT / file, folder / file)
    return good


def main():
    words = sys.argv[1:]
    wanted = [m for m in MUTANTS if not words or any(w in m[0] for w in words)]
    with tempfile.TemporaryDirectory(prefix="breakglass-mutants-") as name:
        folder = pathlib.Path(name)
        copy_tree(folder)
        results = [try_mutant(folder, *m) for m in wanted]
    print(f"{sum(results)} of {len(results)} checks are missed when they are gone")
    sys.exit(0 if all(results) else 1)


main()
