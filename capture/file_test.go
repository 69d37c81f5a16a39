package capture

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// pcapOf is a little-endian microsecond Ethernet capture with one packet of size octets at each time.
func pcapOf(size int, at ...int64) []byte {
	b := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
	for i, ns := range at {
		b = binary.LittleEndian.AppendUint32(b, uint32(ns/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(ns%1e9/1e3))
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		b = append(b, bytes.Repeat([]byte{byte(i)}, size)...)
	}
	return b
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, data []byte, options ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, options...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// times are n packets, a millisecond apart.
func times(n int) []int64 {
	at := make([]int64, n)
	for i := range at {
		at[i] = 1767612032e9 + int64(i)*1e6
	}
	return at
}

func TestCompressed(t *testing.T) {
	plain := pcapOf(900, times(5000)...) // larger than the window
	want, err := readAll(plain)
	if !errors.Is(err, io.EOF) || len(want) != 5000 {
		t.Fatalf("plain: %d packets, %v", len(want), err)
	}
	skippable := append([]byte{0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i'}, zstded(t, plain)...)
	for name, data := range map[string][]byte{
		"gzip": gzipped(t, plain), "gzip of two members": append(gzipped(t, plain[:7000]), gzipped(t, plain[7000:])...),
		"zstd": zstded(t, plain), "zstd of two frames": append(zstded(t, plain[:7000]), zstded(t, plain[7000:])...),
		"zstd after a skippable frame": skippable,
	} {
		got, err := readAll(data)
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: ended by %v", name, err)
		}
		equalPackets(t, got, want)
	}
	wide := zstded(t, slices.Concat(plain, make([]byte, 64<<20)), zstd.WithWindowSize(64<<20), zstd.WithSingleSegment(false))
	if _, err := readAll(wide); !errors.Is(err, ErrFormat) {
		t.Errorf("window of 64 MiB: %v, want ErrFormat", err)
	}
}

// TestTruncated cuts files at every octet. Plain files end cleanly exactly between records: there a cut cannot be
// seen. Compressed files know their end, so that every cut is damage.
func TestTruncated(t *testing.T) {
	ng := octets(t, pcapngLittle)
	plain := octets(t, pcapLittle)
	for _, test := range []struct {
		name   string
		whole  []byte
		clean  []int // lengths of which nothing can be wrong
		shrink bool  // a cut may hide packets that are there in compressed form
	}{
		{"pcap", plain, []int{24, 43, 61}, false},
		{"pcapng", ng, []int{28, 60, 100, 116, 160, 196, 216, 252}, false},
		{"gzip", gzipped(t, plain), nil, true},
		{"zstd", zstded(t, plain), nil, true},
	} {
		want, err := readAll(test.whole)
		if !errors.Is(err, io.EOF) {
			t.Fatalf("%s: whole: %v", test.name, err)
		}
		seen := 0
		for cut := range test.whole {
			got, err := readAll(test.whole[:cut])
			switch {
			case slices.Contains(test.clean, cut):
				if !errors.Is(err, io.EOF) {
					t.Errorf("%s cut at %d: %v, want io.EOF", test.name, cut, err)
				}
			case !errors.Is(err, ErrDamaged):
				t.Errorf("%s cut at %d: %v, want ErrDamaged", test.name, cut, err)
			}
			if len(got) < seen {
				t.Errorf("%s cut at %d: %d packets, %d when cut earlier", test.name, cut, len(got), seen)
			}
			seen = len(got)
			equalPackets(t, got, want[:seen])
		}
		if !test.shrink && seen != len(want)-1 {
			t.Errorf("%s: %d packets before the last octet, want %d", test.name, seen, len(want)-1)
		}
	}
}

// TestFlipped flips every bit: nothing panics, and what is read ends in one of the documented ways.
func TestFlipped(t *testing.T) {
	plain := octets(t, pcapLittle)
	for name, whole := range map[string][]byte{
		"pcap": plain, "pcapng": octets(t, pcapngLittle), "gzip": gzipped(t, plain), "zstd": zstded(t, plain),
	} {
		for bit := range len(whole) * 8 {
			flipped := slices.Clone(whole)
			flipped[bit/8] ^= 1 << (bit % 8)
			got, err := readAll(flipped)
			if !errors.Is(err, io.EOF) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Errorf("%s, bit %d: %v", name, bit, err)
			}
			for _, p := range got {
				if len(p.Data) > MaxPacket || p.Length < len(p.Data) {
					t.Errorf("%s, bit %d: %d octets of %d", name, bit, len(p.Data), p.Length)
				}
			}
		}
	}
}

// TestLargest reads records at the bound, and refuses what is one octet longer without taking memory for it.
func TestLargest(t *testing.T) {
	got, err := readAll(pcapOf(MaxPacket, times(9)...))
	if !errors.Is(err, io.EOF) || len(got) != 9 || len(got[8].Data) != MaxPacket || got[8].Data[MaxPacket-1] != 8 {
		t.Fatalf("%d packets, %v", len(got), err)
	}
	if got, err := readAll(pcapOf(MaxPacket+1, times(1)...)); len(got) != 0 || !errors.Is(err, ErrDamaged) {
		t.Errorf("one more octet: %d packets, %v", len(got), err)
	}
	huge := slices.Clone(pcapOf(4, times(1)...))
	binary.LittleEndian.PutUint32(huge[32:], 0xffff_fff0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := readAll(huge); !errors.Is(err, ErrDamaged) {
		t.Errorf("4 GiB announced: %v", err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 2*bufferSize {
		t.Errorf("4 GiB announced: %d octets allocated", took)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	for name, data := range map[string][]byte{"pcap": pcapOf(200, times(20000)...), "pcapng": pcapngOf(200, 20000)} {
		f, err := NewFile(bytes.NewReader(data), name)
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		if n := testing.AllocsPerRun(15000, func() {
			if err := f.Next(&p); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSmallReads reads from sources that give an octet at a time, or data together with io.EOF.
func TestSmallReads(t *testing.T) {
	for name, lines := range map[string]string{"pcap": pcapLittle, "pcapng": pcapngLittle} {
		whole := octets(t, lines)
		want, _ := readAll(whole)
		for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(whole)), iotest.DataErrReader(bytes.NewReader(whole))} {
			f, err := NewFile(r, name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := drain(f)
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", name, err)
			}
			equalPackets(t, got, want)
			if f.Size() != -1 || f.Offset() != int64(len(whole)) {
				t.Errorf("%s: size %d, offset %d", name, f.Size(), f.Offset())
			}
			_ = f.Close()
		}
	}
}

// TestPipe gets each packet as soon as it is whole: what is behind it may take hours to come.
func TestPipe(t *testing.T) {
	r, w := io.Pipe()
	data := pcapOf(10, times(2)...)
	first := len(data) - 26
	go func() {
		_, _ = w.Write(data[:first])
	}()
	f, err := NewFile(r, "pipe")
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	if err := f.Next(&p); err != nil || p.Position != 1 {
		t.Fatalf("first packet: %v", err)
	}
	go func() {
		_, _ = w.Write(data[first:])
		_ = w.CloseWithError(errors.New("cable pulled"))
	}()
	if err := f.Next(&p); err != nil || p.Position != 2 {
		t.Fatalf("second packet: %v", err)
	}
	err = f.Next(&p)
	if err == nil || errors.Is(err, ErrDamaged) || err.Error() != "pipe: packet 3 at byte 76: read: cable pulled" {
		t.Errorf("a failed read: %v", err)
	}
	_ = f.Close()
}

func TestNoProgress(t *testing.T) {
	_, err := NewFile(io.MultiReader(bytes.NewReader([]byte("\xd4\xc3\xb2\xa1")), stuck{}), "t")
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v, want io.ErrNoProgress", err)
	}
}

// stuck never gives anything.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap.gz")
	packed := gzipped(t, pcapOf(100, times(3)...))
	if err := os.WriteFile(path, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := drain(f)
	if !errors.Is(err, io.EOF) || len(got) != 3 || f.Name() != path || f.Size() != int64(len(packed)) || f.Offset() != f.Size() {
		t.Errorf("%d packets, %v, name %s, size %d, offset %d", len(got), err, f.Name(), f.Size(), f.Offset())
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Next(new(Packet)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := OpenFile(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestPublicCaptures reads captures of other projects, which lie beside a development checkout.
func TestPublicCaptures(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "captures")
	list, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no public captures in %s", folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	var expected []struct {
		File     string
		Packets  int
		LinkType string
	}
	if err := json.Unmarshal(list, &expected); err != nil {
		t.Fatal(err)
	}
	if len(expected) == 0 {
		t.Fatal("expected.json names no file")
	}
	links := map[string]LinkType{"ether": LinkEthernet, "linux-sll": LinkLinuxSLL}
	for _, want := range expected {
		f, err := OpenFile(filepath.Join(folder, want.File))
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := drain(f)
		if !errors.Is(err, io.EOF) || len(got) != want.Packets {
			t.Errorf("%s: %d packets, want %d; ended by %v", want.File, len(got), want.Packets, err)
		}
		for _, p := range got {
			if p.Link != links[want.LinkType] {
				t.Errorf("%s: packet %d has link type %d, want %s", want.File, p.Position, p.Link, want.LinkType)
				break
			}
		}
		_ = f.Close()
	}
}
