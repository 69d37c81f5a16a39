package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"calltrail/store/kafka/kafkatest"
)

// mark is something that is looked for, in every form a program might keep it in.
type mark struct {
	what  string
	forms [][]byte
}

// newMark makes the forms of octets: as they are, base64 at each of its three alignments, hex, UTF-16, percent-encoded.
func newMark(what string, octets []byte) mark {
	m := mark{what: what, forms: [][]byte{octets}}
	for pad := range 3 {
		// Without the characters that share an octet with what stands before and behind.
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, pad), octets...))
		text = text[(pad*8+5)/6:]
		text = text[:len(text)-1]
		m.forms = append(m.forms, []byte(text), []byte(strings.NewReplacer("+", "-", "/", "_").Replace(text)))
	}
	lower := hex.EncodeToString(octets)
	var percent strings.Builder
	for _, b := range octets {
		fmt.Fprintf(&percent, "%%%02X", b)
	}
	m.forms = append(m.forms, []byte(lower), []byte(strings.ToUpper(lower)), []byte(percent.String()), []byte(strings.ToLower(percent.String())))
	for _, little := range []bool{true, false} {
		var wide []byte
		for _, unit := range utf16.Encode([]rune(string(octets))) {
			if little {
				wide = append(wide, byte(unit), byte(unit>>8))
			} else {
				wide = append(wide, byte(unit>>8), byte(unit))
			}
		}
		m.forms = append(m.forms, wide)
	}
	slices.SortFunc(m.forms, bytes.Compare)
	m.forms = slices.CompactFunc(m.forms, bytes.Equal)
	return m
}

// find reads to the end and returns what marks are in it.
func find(t testing.TB, r io.Reader, marks []mark) (found []string) {
	t.Helper()
	longest := 0
	for _, m := range marks {
		for _, f := range m.forms {
			longest = max(longest, len(f))
		}
	}
	seen := map[string]bool{}
	in := bufio.NewReaderSize(r, 1<<20)
	const piece = 64 << 10
	buffer, zeros := make([]byte, 0, piece), make([]byte, piece)
	for {
		n, err := io.ReadFull(in, buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if bytes.Equal(buffer, zeros[:len(buffer)]) { // as most of a core is
			if err != nil {
				return found
			}
			buffer = buffer[:0]
			continue
		}
		for _, m := range marks {
			if !seen[m.what] && slices.ContainsFunc(m.forms, func(f []byte) bool { return bytes.Contains(buffer, f) }) {
				seen[m.what] = true
				found = append(found, m.what)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		kept := copy(buffer, buffer[max(0, len(buffer)-longest+1):])
		buffer = buffer[:kept]
	}
}

// The search itself: each form is found, wherever it stands, also across the pieces it reads.
func TestFindMarks(t *testing.T) {
	m := newMark("m", []byte("what nobody may keep"))
	if found := find(t, strings.NewReader("nothing of it"), []mark{m}); len(found) != 0 {
		t.Errorf("found %q in nothing", found)
	}
	for _, text := range []string{
		"what nobody may keep", "77686174206e6f626f6479206d6179206b656570", "7768617420", "%77%68%61%74%20%6E%6F%62%6F%64%79%20%6D%61%79%20%6B%65%65%70",
		"w\x00h\x00a\x00t\x00 \x00n\x00o\x00b\x00o\x00d\x00y\x00 \x00m\x00a\x00y\x00 \x00k\x00e\x00e\x00p\x00",
		base64.StdEncoding.EncodeToString([]byte("what nobody may keep at all")), base64.URLEncoding.EncodeToString([]byte(".what nobody may keep")),
		base64.StdEncoding.EncodeToString([]byte("..what nobody may keep!")),
	} {
		for _, before := range []int{0, 64<<10 - 7, 100_000} {
			want := 1
			if text == "7768617420" { // not all of it
				want = 0
			}
			if found := find(t, io.MultiReader(strings.NewReader(strings.Repeat(" ", before)), strings.NewReader(text)), []mark{m}); len(found) != want {
				t.Errorf("%q behind %d octets: found %q", text, before, found)
			}
		}
	}
}

// A mark in the key of a message, in the name or the value of a header, or in what is published is found as it comes back from a topic.
func TestMarksInMessagesAreFound(t *testing.T) {
	t.Parallel()
	topic := newSite(t).topic + ".resend" // no sensor listens
	places := []string{"key", "header", "header's value", "value"}
	var marks []mark
	for _, p := range places {
		marks = append(marks, newMark(p, []byte("mark of the "+p)))
	}
	message := kafkatest.Message{
		Key: []byte("mark of the key"), Value: []byte("mark of the value"),
		Headers: map[string]string{"mark of the header": "mark of the header's value"},
	}
	if err := kafkatest.Write(brokers(), topic, message); err != nil {
		t.Fatal(err)
	}
	list, err := kafkatest.Read(brokers(), topic)
	if err != nil {
		t.Fatal(err)
	}
	if got := find(t, wholeOf(list), marks); len(got) != len(places) {
		t.Errorf("found only %q", got)
	}
}
