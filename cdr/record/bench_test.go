package record

import (
	"encoding/json"
	"testing"
)

// A record is written into a buffer that is there already, without a piece of garbage.
func TestAppendAllocatesNothing(t *testing.T) {
	c, r := filled(), &Registration{Schema: SchemaRegistration, Octets: []Octets{{"contact", "AA=="}}}
	m := &Message{Schema: SchemaMessage, Asserted: &Asserted{}, Octets: []Octets{{"caller.raw", "AA=="}}}
	buf := make([]byte, 0, MaxRecord)
	for name, appendTo := range map[string]func(){
		"call":         func() { c.Append(buf) },
		"registration": func() { r.Append(buf) },
		"message":      func() { m.Append(buf) },
	} {
		if n := testing.AllocsPerRun(100, appendTo); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	c := filled()
	buf := make([]byte, 0, MaxRecord)
	b.ReportAllocs()
	for b.Loop() {
		buf = c.Append(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

// BenchmarkAppendTooLarge is what a hostile call can cost at most: all texts of 1 KiB, all lists full, every octet one that
// is written as six.
func BenchmarkAppendTooLarge(b *testing.B) {
	buf := make([]byte, 0, 16*MaxRecord)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		c := hostile("\x01", MaxValue)
		b.StartTimer()
		buf = c.Append(buf[:0])
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	body := exampleRecord(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var c Call
		if err := json.Unmarshal(body, &c); err != nil {
			b.Fatal(err)
		}
	}
}
