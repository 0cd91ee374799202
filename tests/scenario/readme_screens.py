"""README's screens are what the program draws: each block behind `<!-- screen NAME -->` is tests/screens/NAME.txt, which the unit tests draw
anew and compare. `--write` puts them there."""
import re, sys

from harness import ROOT, finish, ok

BLOCK = re.compile(r"<!-- screen ([\w-]+) -->\n```\n(.*?)```\n", re.S)


def frame(name):
    text = (ROOT / "tests" / "screens" / f"{name}.txt").read_text()
    return re.sub(r"\n{3,}", "\n\n", text)  # a page has no use for a terminal's empty lines


def main():
    path = ROOT / "README.md"
    text = path.read_text()
    if "--write" in sys.argv:
        path.write_text(BLOCK.sub(lambda m: f"<!-- screen {m[1]} -->\n```\n{frame(m[1])}```\n", text))
        return
    blocks = BLOCK.findall(text)
    ok("README shows screens", len(blocks) >= 3, len(blocks))
    for name, shown in blocks:
        ok(f"README's {name} is what the program draws (else: python3 tests/scenario/readme_screens.py --write)", shown == frame(name), shown)
    finish()


main()
