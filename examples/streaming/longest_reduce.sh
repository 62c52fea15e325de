#!/bin/sh
# Longest lines, reducer: a file may have been read by several mappers.
LC_ALL=C sort -t "$(printf '\t')" -k 1,1 -k 2,2nr -k 3 |
  awk -F '\t' -v limit="${TOP:-3}" '$1 != name { name = $1; count = 0 } ++count <= limit'
