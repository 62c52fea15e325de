// Requests and bytes by path and status of an access log: access-log <input> <output> <threads>.
package main

import "bytes"

// Groups the lines of a range into a map of its own; a lookup by bytes makes no string.
func groupRange(path string, start, end int64) map[string]*group {
	groups := map[string]*group{}
	key := make([]byte, 0, 4096)
	eachLine(path, start, end, func(line []byte) {
		request := bytes.IndexByte(line, '"')
		rest := line[request+1:]
		rest = rest[bytes.IndexByte(rest, ' ')+1:]
		pathEnd := bytes.IndexByte(rest, ' ')
		key = append(key[:0], rest[:pathEnd+1]...)
		rest = rest[pathEnd:]
		rest = rest[bytes.IndexByte(rest, '"')+2:]
		statusEnd := bytes.IndexByte(rest, ' ')
		key = append(key, rest[:statusEnd]...)
		var sum int64
		for _, digit := range rest[statusEnd+1:] {
			if digit < '0' || digit > '9' {
				break
			}
			sum = sum*10 + int64(digit-'0')
		}
		found := groups[string(key)]
		if found == nil {
			found = &group{}
			groups[string(key)] = found
		}
		found.count++
		found.sum += sum
	})
	return groups
}
