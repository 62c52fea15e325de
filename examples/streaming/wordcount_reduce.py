#!/usr/bin/env python3
"""Word count, reducer and combiner: the lines come sorted, so equal words stand together."""
import itertools
import sys


def pairs(lines):
    for line in lines:
        word, _, count = line.rstrip("\n").partition("\t")
        yield word, int(count)


for word, group in itertools.groupby(pairs(sys.stdin), key=lambda pair: pair[0]):
    print(f"{word}\t{sum(count for _, count in group)}")
