#!/usr/bin/python3
"""Every lie of a broker is refused: exit 4 (8 where no answer came), and nothing is believed.

The story is told once through the honest broker; at each stage its store and everybody's folders are kept. Each case
starts from a copy of a stage, puts a broker in the honest one's place that lies in one way, and lets one person act."""
import base64, json, os, pathlib, shutil, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import lying_broker as lb
from harness import BREAKGLASSD, World, ok, finish
from nacl.signing import SigningKey

STRANGER = SigningKey(b"\7" * 32)
A, B, C = "prod/db/root", "prod/db/other", "prod/db/unsealed"
ONLY = sys.argv[1:]  # names of cases, to run just those


class Stage:
    """The store and the people's folders at one moment of the story."""

    def __init__(self, w, name):
        self.folder = w.dir / "stages" / name
        self.store = lb.Store(next(w.state.glob("*.db")))
        for person in w.people:
            shutil.copytree(pathlib.Path(w.home(person)) / "state", self.folder / person)


class Story:
    def __init__(self):
        self.w = World(credentials={n: {"opens_what": "a database", "sealers": ["alice"]} for n in (A, B, C)})
        self.stages = {}
        self.key = lb.broker_key(self.w.dir / "keys")
        self.n = 0

    def keep(self, name):
        self.stages[name] = Stage(self.w, name)

    def see(self, *people):
        for person in people:
            self.w.must(person, "status")

    def tell(self):
        w = self.w
        w.seal(A)
        w.seal(B, {"password": "another"})
        self.see("bob", "erin")
        self.keep("sealed")
        self.asked = w.request("erin")
        self.keep("asked")
        self.see("bob")
        self.keep("asked and seen by bob")
        self.must_approve("alice")
        self.keep("one approval")
        self.must_approve("carol")
        self.keep("two approvals")
        self.see("erin", "bob")
        self.keep("ready")
        w.must("erin", "cancel", self.asked["request"])
        w.seal(A, {"password": "the second"})
        self.see("alice", "bob", "carol")  # custody makes it current
        self.see("bob")
        self.keep("second version")
        signed = w.sign_roster(w.roster_yaml(policy_extra="postmortem_within: 6d"))
        w.must("alice", "roster", "submit", signed)
        self.see("bob")
        self.keep("second roster")
        self.open_offline()

    def open_offline(self):
        """B is opened without the broker; then it is told of it."""
        w = self.w
        vault = w.dir / "vault.export"
        w._plain([BREAKGLASSD, "export", str(vault), "--config", w.config])
        at = ("--from", vault, "--genesis", w.genesis)
        asked = w.must("erin", "recover", "ask", B, *at, "--emergency", "E1", "--incident", "INC-OFF", "--reason", "no broker", "--json").json
        answers = []
        for holder in ("alice", "carol"):
            answers.append(w.dir / f"from-{holder}")
            w.must(holder, "recover", "approve", *at, "--code", asked["code"], "--override", "--block", answers[-1], input=asked["block"])
        w.must("erin", "recover", "open", *answers, *at, "--show")
        self.keep("opened offline")
        w.must("erin", "recover", "import")
        self.see("bob")
        self.keep("told of it")

    def must_approve(self, who):
        done = self.w.approve(who, self.asked)
        assert done.code == 0, repr(done)

    def lying(self, stage, lie):
        return lb.LyingBroker(self.stages[stage].store.copy(), self.key, self.w.genesis, lie)

    def folders(self, stage):
        """A fresh copy of everybody's folders."""
        self.n += 1
        copy = self.w.dir / "cases" / str(self.n)
        shutil.copytree(self.stages[stage].folder, copy)
        return copy

    def act(self, folders, who, liar, *arguments):
        return self.w.run(who, *arguments, "--broker", liar.address, "--no-input", env={"XDG_STATE_HOME": str(folders / who)})

    def approve(self, folders, who, liar):
        return self.act(folders, who, liar, "approve", self.asked["request"], "--code", self.asked["code"])

    def open(self, folders, who, liar):
        return self.act(folders, who, liar, "open", self.asked["request"], "--show", "--field", "password")

    # ---- what stands in the log ----
    def line(self, stage, kind, **fields):
        return lb.find(self.stages[stage].store.lines, kind, **fields)

    def version(self, credential):
        return self.line("sealed", "version", credential=credential).says

    def share_of(self, credential, holder):
        return next(s["sha256"] for s in self.version(credential)["shares"] if s["holder"] == holder)

    def approval_by(self, who):
        return self.line("ready", "approval", by=[who])


# ---- the lies ----


def log_lie(twist):
    class Twisted(lb.Lie):
        def log(self, lines, broker):
            return twist(lines)

    return Twisted()


def blob_lie(wanted, given):
    """The blob `wanted` is answered with `given` (None: not found)."""

    class Swapped(lb.Lie):
        def blob(self, sha, found, broker):
            if sha != wanted:
                return found
            return broker.store.blobs[given] if given else None

    return Swapped()


def appended(line):
    return log_lie(lambda lines: lines + [line.raw(len(lines))])


def made(kind, by, key, **fields):
    """A twist that adds one more statement, made at the end of the log that it is added to."""

    def twist(lines):
        genesis = lb.Line(lines[0])
        roster = lb.find(lines, "roster")
        payload = {"v": 1, "type": kind, "installation": genesis.id, "roster": roster.id, "by": [by],
                   "made_at": lb.Line(lines[-1]).at, "nonce": "ab" * 16, "head": {"size": len(lines), "root": lb.root_of(lines).hex()},
                   **fields}
        data = json.dumps(payload, separators=(",", ":")).encode()
        return lines + [lb.line_of(len(lines), payload["made_at"], kind, data, [lb.sshsig(key, kind, data)])]

    return log_lie(twist)


def soon():
    return int(time.time() * 1000) + 600000


def said(line):
    """What a statement says beside the common head."""
    head = ("v", "type", "installation", "roster", "by", "made_at", "nonce", "head")
    return {k: v for k, v in line.says.items() if k not in head}


CASES = []


def case(name):
    def register(function):
        CASES.append((name, function))
        return function

    return register


def refused(done, what, code=4, word="lying-broker"):
    held = done.code == code and done.word() == word and "correct horse" not in done.out
    ok(f"{what}: exit {code} {word}", held, repr(done))
    if os.environ.get("BREAKGLASS_SAY_WHY"):
        print("#", done.err.strip().replace("\n", " | "), flush=True)


def accepted(done, what):
    ok(what, done.code == 0, repr(done))


# ---- the truth, for comparison ----


@case("truth")
def _(s):
    with s.lying("asked", lb.Lie()) as liar:
        folders = s.folders("asked")
        accepted(s.approve(folders, "bob", liar), "without a lie the same broker is believed: approve")
    with s.lying("ready", lb.Lie()) as liar:
        done = s.open(s.folders("ready"), "erin", liar)
        ok("without a lie the same broker is believed: open", done.code == 0 and "correct horse" in done.out, repr(done))
    with s.lying("second roster", lb.Lie()) as liar:
        accepted(s.act(s.folders("second roster"), "bob", liar, "status"), "without a lie the same broker is believed: status")


# ---- blobs ----


@case("swapped-ciphertext")
def _(s):
    lie = blob_lie(s.version(A)["ciphertext"]["sha256"], s.version(B)["ciphertext"]["sha256"])
    with s.lying("ready", lie) as liar:
        refused(s.open(s.folders("ready"), "erin", liar), "a swapped ciphertext")


@case("swapped-share")
def _(s):
    for what, given in (("another holder's share", s.share_of(A, "alice")), ("another version's share", s.share_of(B, "bob"))):
        with s.lying("asked", blob_lie(s.share_of(A, "bob"), given)) as liar:
            refused(s.approve(s.folders("asked"), "bob", liar), f"a swapped share: {what}")
            ok(f"a swapped share: {what}: nothing is signed", "/v1/statements" not in liar.calls, liar.calls)


@case("another-persons-blob")
def _(s):
    lie = blob_lie(s.approval_by("carol").says["share"], s.approval_by("alice").says["share"])
    with s.lying("ready", lie) as liar:
        refused(s.open(s.folders("ready"), "erin", liar), "another person's re-sealed share")


@case("ready-with-one-blob-too-few")
def _(s):
    with s.lying("ready", blob_lie(s.approval_by("carol").says["share"], None)) as liar:
        refused(s.open(s.folders("ready"), "erin", liar), "“ready” with M-1 shares")


# ---- versions ----


@case("own-version")
def _(s):
    fields = {**said(s.line("sealed", "version", credential=B)), "credential": C, "recipient": lb.age_key()}
    with s.lying("sealed", made("version", "alice", STRANGER, **fields)) as liar:
        refused(s.act(s.folders("sealed"), "bob", liar, "status"), "a version of the broker's own making")
    mine = lb.person_key(s.w.identity("bob"))
    with s.lying("sealed", made("version", "bob", mine, **fields)) as liar:
        done = s.act(s.folders("sealed"), "erin", liar, "status")
        refused(done, "a version by somebody who is no sealer")
        ok("a version by somebody who is no sealer: the reason says so", "sealer" in done.err, done.err)


@case("older-version-as-newest")
def _(s):
    second = s.line("second version", "version", credential=A)
    with s.lying("second version", log_lie(lambda lines: lines[: second.n])) as liar:
        folders = s.folders("second version")
        refused(s.act(folders, "bob", liar, "status"), "an older version as the newest, to somebody who has seen the newer")
    with s.lying("second version", log_lie(lambda lines: lb.renumber(l for l in lines if lb.Line(l).n != second.n))) as liar:
        refused(s.act(s.folders("ready"), "erin", liar, "status"), "an older version as the newest, the newer one cut out")


# ---- requests ----


@case("changed-request-text")
def _(s):
    line = s.line("asked", "request").change(reason="the coffee machine is down")
    with s.lying("asked", log_lie(lambda lines: lb.replace(lines, line))) as liar:
        refused(s.approve(s.folders("asked"), "bob", liar), "a changed request text")
    line.sign(STRANGER)
    with s.lying("asked", log_lie(lambda lines: lb.replace(lines, line))) as liar:
        refused(s.approve(s.folders("asked"), "bob", liar), "a changed request text, signed by the broker's own key")
    with s.lying("asked and seen by bob", log_lie(lambda lines: lb.replace(lines, line))) as liar:
        done = s.approve(s.folders("asked and seen by bob"), "bob", liar)
        refused(done, "a request changed after it was seen")


@case("swapped-reply-to")
def _(s):
    line = s.line("asked", "request")
    line.change(reply_to=lb.age_key())
    with s.lying("asked", log_lie(lambda lines: lb.replace(lines, line))) as liar:
        refused(s.approve(s.folders("asked"), "bob", liar), "a swapped reply_to")
        ok("a swapped reply_to: nothing is signed", "/v1/statements" not in liar.calls, liar.calls)


# ---- rosters ----


def widened(s, lines, signers):
    """The next roster, with grace among the holders."""
    old = lb.find(lines, "roster")
    text = old.payload.decode().replace("roster: 1\n", "roster: 2\n", 1).replace("previous: none", f"previous: {old.id}", 1)
    text = text.replace("holders: [", "holders: [frank, ", 1).replace("requesters: [erin, frank]", "requesters: [erin]", 1)
    data = text.encode()
    at = lb.Line(lines[-1]).at
    return lines + [lb.line_of(len(lines), at, "roster", data, [lb.sshsig(k, "roster", data) for k in signers])]


@case("roster-with-an-extra-holder")
def _(s):
    alice, bob = (lb.person_key(s.w.identity(n)) for n in ("alice", "bob"))
    for what, signers in (("by a stranger", [STRANGER]), ("by one admin alone", [alice]), ("by one admin twice", [alice, alice])):
        with s.lying("sealed", log_lie(lambda lines: widened(s, lines, signers))) as liar:
            refused(s.act(s.folders("sealed"), "erin", liar, "status"), f"a roster with an extra holder, {what}")
            done = s.act(s.folders("sealed") / "nobody", "erin", liar, "join", f"{liar.address}#{s.w.genesis}")
            refused(done, f"a roster with an extra holder, {what}, at joining")
    with s.lying("sealed", log_lie(lambda lines: widened(s, lines, [alice, bob]))) as liar:
        accepted(s.act(s.folders("sealed"), "erin", liar, "status"), "the same roster by two admins is the roster")


@case("older-roster")
def _(s):
    second = s.line("second roster", "roster")
    with s.lying("second roster", log_lie(lambda lines: lines[: second.n])) as liar:
        folders = s.folders("second roster")
        refused(s.act(folders, "bob", liar, "status"), "an older roster")
        refused(s.act(folders, "bob", liar, "join", f"{liar.address}#{s.w.genesis}"), "an older roster, at joining again")

    class Hidden(lb.Lie):
        def about(self, rosters, broker):
            return rosters[:1]

    with s.lying("second roster", Hidden()) as liar:
        done = s.act(s.folders("second roster"), "bob", liar, "join", f"{liar.address}#{s.w.genesis}")
        refused(done, "an older roster beside the newest checkpoint")
        ok("an older roster beside the newest checkpoint: the reason says so", "roster-rollback" in done.err, done.err)


# ---- the log ----


@case("shorter-log")
def _(s):
    with s.lying("ready", log_lie(lambda lines: lines[:-1])) as liar:
        done = s.act(s.folders("ready"), "erin", liar, "status")
        refused(done, "a shorter log than seen before")
        n = len(s.stages["ready"].store.lines)
        ok("a shorter log: both heads are named", f" {n} " in done.err and f" {n - 1} " in done.err, done.err)

    class Denied(lb.Lie):
        def refuse(self, path):
            return (409, "fork") if path == "/v1/sessions" else None

    with s.lying("ready", Denied()) as liar:
        refused(s.act(s.folders("ready"), "erin", liar, "status"), "a broker that denies the head that it signed")


@case("fork")
def _(s):
    """What is told of the other side of a fork is verified, too: a liar puts no words into anybody's mouth there."""
    asked = s.line("ready", "request").id

    def fork(by, key):
        twist = made("denial", by, key, request=asked, reason="said on the other side").log

        class Fork(lb.Lie):
            refusals = 1

            def log(self, lines, broker):
                return twist(lines[:-1], broker)

            def refuse(self, path):
                Fork.refusals -= path == "/v1/sessions"
                return (409, "fork") if path == "/v1/sessions" and Fork.refusals >= 0 else None

        return Fork()

    for by, key, is_told in (("bob", lb.person_key(s.w.identity("bob")), True), ("bob", STRANGER, False)):
        with s.lying("ready", fork(by, key)) as liar:
            done = s.act(s.folders("ready"), "erin", liar, "status")
            refused(done, "a fork" if is_told else "a fork with a forged word")
            told = " ".join(done.err.split())
            ok("a fork: both sides are told" if is_told else "a forged word is not told",
               all((x in told) == is_told for x in ("Only this machine has 1 entry", "Only the broker has", "said on the other side")), done.err)


@case("long-fork")
def _(s):
    """Where two long logs part is found by going back in steps, however far that is."""
    bob = lb.person_key(s.w.identity("bob"))
    say = made("custody", "bob", bob, versions=[s.line("ready", "version", credential=A).id]).log

    def grown(lines, n):
        for _ in range(n):
            lines = say(lines, None)
        return lines

    def other(lines):
        return made("denial", "bob", bob, request=s.line("ready", "request").id, reason="said on the other side").log(lines, None)

    class Fork(lb.Lie):
        def __init__(self, lines):
            self.lines, self.refusals = lines, 1

        def log(self, lines, broker):
            return self.lines

        def refuse(self, path):
            self.refusals -= path == "/v1/sessions"
            return (409, "fork") if path == "/v1/sessions" and self.refusals >= 0 else None

    true = grown(s.stages["ready"].store.lines, 150)
    for back in (10, 100):
        folders = s.folders("ready")
        with s.lying("ready", log_lie(lambda lines: true)) as honest:
            accepted(s.act(folders, "erin", honest, "status"), f"a log of {len(true)} entries")
        at = len(true) - back
        with s.lying("ready", Fork(grown(other(true[:at]), 80))) as liar:
            done = s.act(folders, "erin", liar, "status")
            refused(done, f"a fork {back} entries back")
            told = " ".join(done.err.split())
            ok(f"a fork {back} entries back is found there", f"another log than seen before from entry {at} on" in told
               and f"Only this machine has {back} entries, {at} to {len(true) - 1}" in told and "said on the other side" in told, done.err)


@case("verifying")
def _(s):
    """Even under a liar `log verify` says what this machine holds: its head is what people compare by voice."""
    with s.lying("ready", log_lie(lambda lines: lines[:-1])) as liar:
        done = s.act(s.folders("ready"), "erin", liar, "log", "verify")
        refused(done, "log verify against a liar")
        ok("log verify against a liar: the own head is there to compare", f"{len(s.stages['ready'].store.lines)}:" in done.out, repr(done))


@case("fork")
def _(s):
    """Bob's denial stands where this client has seen carol's approval."""
    deny = made("denial", "bob", lb.person_key(s.w.identity("bob")), request=s.line("asked", "request").id, reason="no")
    for what, more in (("of the same size", 0), ("that has grown since", 1)):
        twist = log_lie(lambda lines: deny.log(lines[:-1], None))
        if more:
            cancel = made("cancel", "erin", lb.person_key(s.w.identity("erin")), request=s.line("asked", "request").id)
            twist = log_lie(lambda lines: cancel.log(deny.log(lines[:-1], None), None))
        with s.lying("ready", twist) as liar:
            done = s.act(s.folders("ready"), "erin", liar, "status")
            refused(done, f"a fork {what}")
            ours = lb.root_of(s.stages["ready"].store.lines).hex()
            theirs = lb.root_of(liar.store.lines).hex()
            ok(f"a fork {what}: both heads are printed", ours in done.err and theirs in done.err, done.err)


@case("checkpoint-by-another-key")
def _(s):
    class Forged(lb.Lie):
        def sign(self, lines, broker):
            return lb.checkpoint(lines, broker.installation, STRANGER)

    with s.lying("asked", Forged()) as liar:
        refused(s.act(s.folders("asked"), "bob", liar, "status"), "a checkpoint by another key")


@case("checkpoint-of-another-log")
def _(s):
    class Other(lb.Lie):
        def sign(self, lines, broker):
            return lb.checkpoint(lines[:-1] + [lines[-1] + b" "], broker.installation, broker.key)

    with s.lying("asked", Other()) as liar:
        refused(s.act(s.folders("asked"), "bob", liar, "status"), "a checkpoint that is not of the lines beside it")


@case("reordered-lines")
def _(s):
    def swapped(lines):
        first, second = lb.Line(lines[-2]), lb.Line(lines[-1])
        first.at, second.at = second.at, first.at  # nobody signs the time of a line
        return lb.renumber(lines[:-2] + [second.raw(), first.raw()])

    with s.lying("two approvals", log_lie(swapped)) as liar:
        refused(s.act(s.folders("asked"), "erin", liar, "status"), "lines in another order")


# ---- approvals ----


@case("fabricated-approval")
def _(s):
    fields = {**said(s.approval_by("carol")), "share": "cd" * 32, "expires_at": soon()}
    with s.lying("one approval", made("approval", "carol", STRANGER, **fields)) as liar:
        refused(s.open(s.folders("one approval"), "erin", liar), "a fabricated approval")
        ok("a fabricated approval: nothing is opened", "/v1/statements" not in liar.calls, liar.calls)

@case("another-persons-name")
def _(s):
    """Alice helps the broker: her key, carol's name."""
    alice = lb.person_key(s.w.identity("alice"))
    with s.lying("one approval", made("approval", "carol", alice, **{**said(s.approval_by("carol")), "expires_at": soon()})) as liar:
        refused(s.open(s.folders("one approval"), "erin", liar), "an approval under another's name")
        ok("an approval under another's name: nothing is opened", "/v1/statements" not in liar.calls, liar.calls)


@case("one-approval-twice")
def _(s):
    line = s.approval_by("alice")
    with s.lying("one approval", appended(line)) as liar:
        refused(s.open(s.folders("one approval"), "erin", liar), "one approval twice")
        ok("one approval twice: nothing is opened", "/v1/statements" not in liar.calls, liar.calls)
    with s.lying("one approval", made("approval", "alice", lb.person_key(s.w.identity("alice")), **said(line))) as liar:
        refused(s.open(s.folders("one approval"), "erin", liar), "a second approval by the same person")
        ok("a second approval by the same person: nothing is opened", "/v1/statements" not in liar.calls, liar.calls)


# ---- answers ----


@case("endless-answer")
def _(s):
    class Endless(lb.Lie):
        def __init__(self, path):
            self.path = path

        def endless(self, path):
            return path.startswith(self.path)

    for path in ("/v1/log", "/v1/blobs/"):
        with s.lying("ready", Endless(path)) as liar:
            refused(s.open(s.folders("ready"), "erin", liar), f"an endless answer of {path}")


@case("recovery")
def _(s):
    """What was said offline counts by its own signatures: a broker can neither make one up nor change or keep one."""
    true = s.line("told of it", "recovery")
    says = true.says
    with s.lying("told of it", lb.Lie()) as honest:
        accepted(s.act(s.folders("opened offline"), "bob", honest, "status"), "a recovery as it was told")

    def told(**fields):
        """In erin's words, signed by her: what only a requester who lies could bring; the log is as the broker would like it."""
        line = s.line("told of it", "recovery")
        return line.change(**fields).sign(lb.person_key(s.w.identity("erin")))

    def inner(envelope, **fields):
        payload = {**json.loads(base64.b64decode(envelope["payload"])), **fields}
        return {**envelope, "payload": base64.b64encode(json.dumps(payload, separators=(",", ":")).encode()).decode()}

    one, other = says["approvals"]
    n = len(s.stages["opened offline"].store.lines)
    twists = {"with other words, under the old signature": s.line("told of it", "recovery").change(untimed=True, approvals=[one]),
              "signed by a stranger": s.line("told of it", "recovery").sign(STRANGER),
              "with one approval of two": told(approvals=[one]), "with one approval twice": told(approvals=[one, one]),
              "with an approval in somebody else's name": told(approvals=[one, inner(other, by=["bob"])]),
              "with another reason inside": told(request=inner(says["request"], reason="all is well")),
              "of another incident": told(request=inner(says["request"], incident="INC-1"))}
    for what, line in twists.items():
        with s.lying("opened offline", appended(line)) as liar:
            refused(s.act(s.folders("opened offline"), "bob", liar, "status"), f"a recovery {what}")
    with s.lying("told of it", log_lie(lambda lines: lines + [true.raw(len(lines))])) as liar:
        refused(s.act(s.folders("told of it"), "bob", liar, "status"), "a recovery told twice")
    with s.lying("told of it", log_lie(lambda lines: lines[:n])) as liar:
        refused(s.act(s.folders("told of it"), "bob", liar, "status"), "a recovery left out again")

    class NotLogged(lb.Lie):
        def take(self, broker):
            return False

    with s.lying("opened offline", NotLogged()) as liar:
        refused(s.act(s.folders("opened offline"), "erin", liar, "recover", "import"), "a recovery that is taken and not in the log")


@case("receipts")
def _(s):
    class Receipt(lb.Lie):
        def __init__(self, **fields):
            self.fields = fields

        def receipt(self, receipt, broker):
            return {**receipt, **self.fields}

    class NotLogged(lb.Lie):
        def take(self, broker):
            return False

    for what, lie in (("for another statement", Receipt(id="ab" * 32)), ("with another entry's number", Receipt(n=1)),
                      ("with no checkpoint", Receipt(checkpoint="")), ("for what is then not in the log", NotLogged())):
        with s.lying("ready", lie) as liar:
            refused(s.open(s.folders("ready"), "erin", liar), f"a receipt {what}")


@case("no-answer-after-accepting")
def _(s):
    class Silent(lb.Lie):
        def receipt(self, receipt, broker):
            return None

    ask = ("request", A, "--emergency", "E1", "--incident", "INC-8", "--reason", "still down", "--json")
    with s.lying("sealed", Silent()) as liar:
        folders, had = s.folders("sealed"), len(liar.store.lines)
        refused(s.act(folders, "erin", liar, *ask), "no answer after accepting", 8, "state-unknown")
        liar.lie = lb.Lie()
        done = s.act(folders, "erin", liar, *ask)
        accepted(done, "no answer after accepting: the retry is safe")
        ok("no answer after accepting: one request in the log", len(liar.store.lines) == had + 1, liar.store.lines[had:])
    with s.lying("ready", Silent()) as liar:
        folders, had = s.folders("ready"), len(liar.store.lines)
        done = s.open(folders, "erin", liar)
        refused(done, "no answer after `open`", 8, "state-unknown")
        liar.lie = lb.Lie()
        done = s.open(folders, "erin", liar)
        ok("no answer after `open`: the retry opens, with one entry",
           done.code == 0 and "correct horse" in done.out and len(liar.store.lines) == had + 1, repr(done))


def main():
    story = Story()
    with story.w:
        story.tell()
        story.w.stop()
        for name, function in CASES:
            if not ONLY or name in ONLY:
                function(story)
    finish()


main()
