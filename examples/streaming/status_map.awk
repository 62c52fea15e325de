#!/usr/bin/awk -f
# Access log, mapper: the status and the bytes of each request; "-" bytes are none.
match($0, /" [0-9][0-9][0-9] ([0-9]+|-)/) {
  split(substr($0, RSTART + 2, RLENGTH - 2), field, " ")
  print field[1] "\t" (field[2] == "-" ? 0 : field[2])
  next
}
{ print "reporter:counter:log,unreadable lines,1" > "/dev/stderr" }
