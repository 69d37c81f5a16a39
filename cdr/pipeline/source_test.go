package pipeline_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"calltrail/capture"
)

// packets is a source in memory. As a capture file does, it lends one buffer, which is overwritten with the next packet:
// what kept a packet's octets instead of copying them shows.
type packets struct {
	list []capture.Packet
	next int
	lent []byte
}

func (s *packets) Next(p *capture.Packet) error {
	for i := range s.lent {
		s.lent[i] = 0xa5
	}
	if s.next == len(s.list) {
		return io.EOF
	}
	*p = s.list[s.next]
	s.next++
	s.lent = append(s.lent[:0], p.Data...)
	p.Data, p.Position = s.lent, uint64(s.next)
	return nil
}

func (*packets) Close() error { return nil }

// drain reads a source to its end and keeps the packets.
func drain(t testing.TB, src capture.Source) (list []capture.Packet) {
	t.Helper()
	var p capture.Packet
	for {
		err := src.Next(&p)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Data = bytes.Clone(p.Data)
		list = append(list, p)
	}
}

// ownPackets are the packets of all captures in pcaps/, in the order of time.
// ownPackets are those of all captures but the ones that carry the packets of another through a tunnel: in one run these would
// be the same call seen at many places, by whichever workers have the outer addresses.
func ownPackets(t testing.TB) []capture.Packet {
	t.Helper()
	all := maps.Clone(captures(t))
	maps.DeleteFunc(all, func(name, _ string) bool { return strings.HasPrefix(name, "carry-") })
	return packetsOf(t, slices.Sorted(maps.Values(all))...)
}

func packetsOf(t testing.TB, paths ...string) []capture.Packet {
	t.Helper()
	src, err := capture.OpenFiles(paths)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }() // read only
	return drain(t, src)
}

// pcap writes packets as a capture file: nanoseconds, little-endian, of the first packet's link type.
func pcap(list []capture.Packet) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0)
	link := capture.LinkEthernet
	if len(list) > 0 {
		link = list[0].Link
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(link))
	for i := range list {
		p := &list[i]
		b = binary.LittleEndian.AppendUint32(b, uint32(p.Time/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(p.Time%1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Data)))
		b = binary.LittleEndian.AppendUint32(b, uint32(p.Length))
		b = append(b, p.Data...)
	}
	return b
}

// observed is the records without the member observer, sorted: what was seen, whoever looked.
func observed(t testing.TB, bodies [][]byte) [][]byte {
	t.Helper()
	var list [][]byte
	for _, b := range bodies {
		seen, _, ok := bytes.Cut(b, []byte(`,"observer":`))
		if !ok {
			t.Fatalf("no observer in %s", b)
		}
		list = append(list, seen)
	}
	slices.SortFunc(list, bytes.Compare)
	return list
}

// same reports where two sets of records differ.
func same(t testing.TB, what string, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d records, want %d", what, len(got), len(want))
	}
	if d := firstDifference(lines(got), lines(want)); d != "" {
		t.Errorf("%s: records differ%s", what, d)
	}
}
