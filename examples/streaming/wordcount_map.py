#!/usr/bin/env python3
"""Word count, mapper: writes each word of each line with a 1."""
import re
import sys

for line in sys.stdin.buffer:
    text = line.decode("utf-8", "replace").lower()
    words = re.findall(r"[a-z]+", text)
    for word in words:
        print(f"{word}\t1")
    if not words:
        print("reporter:counter:words,empty lines,1", file=sys.stderr)
