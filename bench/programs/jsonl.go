// Count and sum of amounts by event and country: jsonl <input> <output> <threads>.
package main

import "encoding/json"

type object struct {
	Event   string `json:"event"`
	Country string `json:"country"`
	Amount  int64  `json:"amount"`
}

type groupKey struct {
	event   string
	country string
}

// Groups the lines of a range into a map of its own.
func groupRange(path string, start, end int64) map[string]*group {
	groups := map[groupKey]*group{}
	eachLine(path, start, end, func(line []byte) {
		var one object
		if err := json.Unmarshal(line, &one); err != nil {
			fail(err)
		}
		key := groupKey{one.Event, one.Country}
		found := groups[key]
		if found == nil {
			found = &group{}
			groups[key] = found
		}
		found.count++
		found.sum += one.Amount
	})
	named := make(map[string]*group, len(groups))
	for key, one := range groups {
		named[key.event+" "+key.country] = one
	}
	return named
}
