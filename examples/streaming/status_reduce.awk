#!/usr/bin/awk -f
# Access log, reducer: requests and bytes of each status.
BEGIN { FS = "\t" }
NR > 1 && $1 != status { show(); requests = bytes = 0 }
{ status = $1; requests++; bytes += $2 }
END { if (NR > 0) show() }
function show() { printf "%s\t%d\t%.0f\n", status, requests, bytes }
