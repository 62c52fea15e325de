// What both programs share: lines of byte ranges, a map a thread, and the merged answer.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
)

type group struct {
	count int64
	sum   int64
}

// Calls onLine with each line of the byte range, which begins and ends at lines.
func eachLine(path string, start, end int64, onLine func(line []byte)) {
	file, err := os.Open(path)
	if err != nil {
		fail(err)
	}
	defer file.Close()
	block := make([]byte, 1<<20)
	held := 0
	for position := start; position < end; {
		if held == len(block) {
			block = append(block, make([]byte, held)...)
		}
		room := block[held:]
		if left := end - position; int64(len(room)) > left {
			room = room[:left]
		}
		length, err := file.ReadAt(room, position)
		if length == 0 && err != nil {
			fail(err)
		}
		position += int64(length)
		rest := block[:held+length]
		for {
			at := bytes.IndexByte(rest, '\n')
			if at == -1 {
				break
			}
			onLine(rest[:at])
			rest = rest[at+1:]
		}
		held = copy(block, rest)
	}
	if held > 0 {
		onLine(block[:held])
	}
}

// Start of the part behind the first newline from the position on.
func borderOf(path string, position, size int64) int64 {
	file, err := os.Open(path)
	if err != nil {
		fail(err)
	}
	defer file.Close()
	if _, err := file.Seek(position, 0); err != nil {
		fail(err)
	}
	line, err := bufio.NewReader(file).ReadBytes('\n')
	if err != nil {
		return size
	}
	return position + int64(len(line))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	input, output := os.Args[1], os.Args[2]
	threads, err := strconv.Atoi(os.Args[3])
	if err != nil {
		fail(err)
	}
	facts, err := os.Stat(input)
	if err != nil {
		fail(err)
	}
	size := facts.Size()
	borders := []int64{0}
	for part := 1; part < threads; part++ {
		borders = append(borders, borderOf(input, size*int64(part)/int64(threads), size))
	}
	borders = append(borders, size)
	answers := make(chan map[string]*group)
	for part := 0; part < threads; part++ {
		go func(start, end int64) {
			answers <- groupRange(input, start, end)
		}(borders[part], borders[part+1])
	}
	all := map[string]*group{}
	for part := 0; part < threads; part++ {
		for key, one := range <-answers {
			if found := all[key]; found == nil {
				all[key] = one
			} else {
				found.count += one.count
				found.sum += one.sum
			}
		}
	}
	file, err := os.Create(output)
	if err != nil {
		fail(err)
	}
	writer := bufio.NewWriter(file)
	for key, one := range all {
		fmt.Fprintf(writer, "%s\t%d\t%d\n", key, one.count, one.sum)
	}
	if err := writer.Flush(); err != nil {
		fail(err)
	}
	if err := file.Close(); err != nil {
		fail(err)
	}
}
