"""The man pages are installed, have no faults, and tell every option that the programs' own help tells."""
import re, shutil, subprocess
from harness import BREAKGLASS, BREAKGLASSD, ROOT, ROTATOR, finish, ok, skip

MAN = ROOT / "docs" / "man"
PAGES = sorted(p.name for p in MAN.iterdir() if re.search(r"\.[1-8]$", p.name))


def help_of(*command):
    return subprocess.run([*command, "--help"], capture_output=True, text=True).stdout


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def page(name):
    """As people read it, without a terminal's bold letters and with plain hyphens."""
    text = (MAN / name).read_text().replace("\\-", "-").replace("\\&", "")
    return re.sub(r"\\f.", "", text)


ok("every page is installed", all(f"'{name}'" in (MAN / "meson.build").read_text() for name in PAGES) and len(PAGES) == 5, PAGES)
for name, program in (("breakglassd.8", BREAKGLASSD), ("breakglass-rotator.8", ROTATOR)):
    told, known = options(page(name)), options(help_of(program)) | {"--help", "--version"}
    ok(f"{name} tells every option and no other", told == known, told ^ known)
    for word in sorted(set(re.findall(r"breakglassd (keygen|init|export|notifier test)", help_of(program)))):
        ok(f"{name} tells `{word}`", f"\n.B {word}\n" in page(name))

general = help_of(BREAKGLASS)
commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?:  |$|, )", general, re.M)
ok("breakglass has commands", "request" in " ".join(commands), general)
missing = {f"{command}: {option}" for command in commands for option in options(help_of(BREAKGLASS, *command.split()))
           if option not in options(page("breakglass.1"))}
ok("breakglass.1 tells every option of every command", not missing, missing)

contract = page("breakglass-notifier.7")
kinds = re.search(r"\| `kind` \| (.*) \|", (ROOT / "docs" / "notifiers.md").read_text())[1]
ok("breakglass-notifier.7 names every kind that docs/notifiers.md names", all(re.search(rf"\b{k}\b", contract) for k in re.findall(r"`([a-z-]+)`", kinds)), kinds)
titles = set(re.findall(r'^\s*\{"([a-z-]+)", "', (ROOT / "notifiers" / "words.c").read_text(), re.M))
ok("and every kind that the programs know", titles == set(re.findall(r"`([a-z-]+)`", kinds)), titles)
for code in re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "notifiers.md").read_text(), re.M):
    ok(f"both contracts tell exit code {code}", all(re.search(rf"^{code} ", page(p), re.M) for p in ("breakglass-notifier.7", "breakglass-hook.7")))

if shutil.which("man"):
    for name in PAGES:
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(MAN / name)], capture_output=True, text=True)
        ok(f"{name} has no faults", done.returncode == 0 and not done.stderr, done.stderr)
else:
    skip("no man to read the pages with")
finish()
