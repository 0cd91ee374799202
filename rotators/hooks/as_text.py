"""Writes a text file as the body of a C string, without comment lines and indentation: as_text.py FROM TO"""
import sys

with open(sys.argv[1], encoding="ascii") as source, open(sys.argv[2], "w", encoding="ascii") as to:
    for line in source:
        line = line.strip()
        if line and not line.startswith("#"):
            to.write('"' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"\n')
