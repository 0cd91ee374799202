"""An include points downwards only: base ← quorum ← {broker, client}; client ← {tui, rotators}; notifiers and hooks use base only."""
import pathlib, re
from harness import ROOT, finish, ok

MAY = {
    "base": {"base"},
    "quorum": {"base", "quorum"},
    "broker": {"base", "quorum", "broker"},
    "client": {"base", "quorum", "client"},
    "tui": {"base", "quorum", "client", "tui"},
    "rotators": {"base", "quorum", "client", "rotators", "rotators/hooks"},
    "rotators/hooks": {"base", "rotators/hooks"},
    "notifiers": {"base", "notifiers"},
}

wrong, unnamed, seen = [], [], 0
for folder, allowed in MAY.items():
    for path in (ROOT / folder).glob("*.[ch]"):
        seen += 1
        for target in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.M):
            if "/" not in target:
                unnamed.append(f"{path.relative_to(ROOT)} includes {target}")
            elif target.rsplit("/", 1)[0] not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} includes {target}")
ok("every include names its folder", not unnamed, unnamed)
ok("every include points downwards", seen > 0 and not wrong, wrong)
curses = [str(p.relative_to(ROOT)) for p in (ROOT / "tui").glob("*.[ch]") if re.search(r"include\s+<n?curses", p.read_text())]
ok("at most one file knows curses", len(curses) <= 1, curses)
http = [str(p.relative_to(ROOT)) for p in (ROOT / "broker").glob("*.[ch]") if re.search(r"include\s+(<(curl|libpq)|\"base/(https|transfer))", p.read_text())]
ok("the broker links neither an HTTP client nor PostgreSQL's", not http, http)
finish()
