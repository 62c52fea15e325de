#!/bin/sh
# Longest lines, mapper: name of the file, length and text of the longest lines of what it reads.
name=$(basename "$map_input_file")
awk -v name="$name" '{ print name "\t" length($0) "\t" $0 }' |
  LC_ALL=C sort -t "$(printf '\t')" -k 2,2nr -k 3 |
  awk -v limit="${TOP:-3}" 'NR <= limit'
