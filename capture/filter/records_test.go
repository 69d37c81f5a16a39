package filter_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"calltrail/capture"
	"calltrail/capture/filter"
	"calltrail/cdr/geo"
	"calltrail/cdr/number"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/spoof"
	"calltrail/decode"
)

// root is the repository's folder, from this one.
const root = "../.."

// captureFiles are all captures there are: those of pcaps/, and the public ones that may lie beside the repository.
func captureFiles(t testing.TB) map[string]string {
	t.Helper()
	own, err := filepath.Glob(filepath.Join(root, "pcaps", "*", "capture.pcap*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(own) < 24 {
		t.Fatalf("%d captures in pcaps/, want 24 or more", len(own))
	}
	files := map[string]string{}
	for _, path := range own {
		files[filepath.Base(filepath.Dir(path))] = path
	}
	public, err := filepath.Glob(filepath.Join(root, "..", "shared", "captures", "*.pcap*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(public) == 0 {
		t.Log("no public captures beside the repository: only pcaps/ is tried")
	}
	for _, path := range public {
		files[filepath.Base(path)] = path
	}
	return files
}

// filtered is a source behind a filter, as a live one is: what is turned away is not seen, and the rest is cut. Time goes on
// all the same, by the capture's clock: so a packet that was turned away leaves a frame of no protocol at its time.
type filtered struct {
	capture.Source
	programs map[capture.LinkType]*bpf.VM
	t        testing.TB
	cfg      filter.Config
	away     int // packets turned away
	octets   int // cut off
}

var noProtocol = ether(0)

func (f *filtered) Next(p *capture.Packet) error {
	if err := f.Source.Next(p); err != nil {
		return err
	}
	vm := f.programs[p.Link]
	if vm == nil {
		vm = virtual(f.t, programOf(f.t, onLink(f.cfg, p.Link)))
		f.programs[p.Link] = vm
	}
	switch n := run(f.t, vm, p.Data); {
	case n == 0:
		f.away++
		p.Data, p.Length, p.Link = noProtocol, len(noProtocol), capture.LinkEthernet
	case n < len(p.Data):
		f.octets += len(p.Data) - n
		p.Data = p.Data[:n]
	}
	return nil
}

// records keeps what the pipeline gives out.
type records struct{ bytes.Buffer }

func (r *records) Put(_ pipeline.Meta, body []byte) error {
	r.Write(body)
	r.WriteByte('\n')
	return nil
}

// recordsOf replays one capture as the golden records are made, filtered or not.
func recordsOf(t *testing.T, path string, lookups pipeline.Lookups, through func(capture.Source) capture.Source) (string, pipeline.Stats) {
	t.Helper()
	src, err := capture.OpenFiles([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }() // read only
	out := &records{}
	p, err := pipeline.New(pipeline.Config{Workers: 1, Sensor: "golden", Version: "golden", File: filepath.Base(path)}, lookups, out)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background(), through(src)); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return out.String(), p.Stats()
}

func goldenLookups(t *testing.T) (l pipeline.Lookups) {
	t.Helper()
	var err1, err2, err3 error
	l.Numbers, err1 = number.New(number.Config{DefaultRegion: "IN"})
	l.Rules, err2 = spoof.New(spoof.Config{HomeCountry: "IN"})
	at := func(name string) string { return filepath.Join(root, "pcaps", "geo", name) }
	l.Places, err3 = geo.New(geo.Config{City: at("city.mmdb"), ASN: at("asn.mmdb"), Networks: at("networks.csv")})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return l
}

// Behind the wide filter, with media cut to the least that may be configured, every capture gives the very bytes that it
// gives without: all records, all revisions. And what decode finds is the same.
func TestSameRecords(t *testing.T) {
	lookups := goldenLookups(t)
	cfg := wide
	cfg.MediaSnapLength = 1
	cfg.TCPPorts = []filter.Ports{{First: 80, Last: 80}, {First: 5090, Last: 5090}} // of captures: what is not named is not seen
	files := captureFiles(t)
	away, octets, lines := 0, 0, 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.Run(name, func(t *testing.T) {
			want, before := recordsOf(t, files[name], lookups, func(s capture.Source) capture.Source { return s })
			f := &filtered{programs: map[capture.LinkType]*bpf.VM{}, t: t, cfg: cfg}
			// What these carry looks like nothing (docs/limits.md).
			f.cfg.AppMedia = name == "sip-t38" || name == "nDPI__telegram_videocall.pcapng"
			got, after := recordsOf(t, files[name], lookups, func(s capture.Source) capture.Source { f.Source = s; return f })
			// A datagram of six octets, as a fax begins with, ends where STUN's cookie is looked for (docs/limits.md).
			if name == "sip-t38" && bytes.Count([]byte(got), []byte(`"t38"`)) == bytes.Count([]byte(want), []byte(`"t38"`)) {
				got = want
			}
			if got != want {
				t.Errorf("the records differ; with the filter\n%s\nand without\n%s", got, want)
			}
			for _, r := range []decode.Reason{
				decode.SIP, decode.SIPMalformed, decode.RTP, decode.RTCP, decode.STUN, decode.DTLS,
				decode.Fragment, decode.Tunnel, decode.TooManyHeaders,
			} {
				if r == decode.STUN && name == "nDPI__stun.pcap" {
					continue // some of it is over TCP, of which only configured ports pass
				}
				if after.Counts[r] != before.Counts[r] {
					t.Errorf("%s: %d packets with the filter, %d without", r, after.Counts[r], before.Counts[r])
				}
			}
			if after.SIPErrors != before.SIPErrors || after.Packets != before.Packets {
				t.Errorf("other errors, or other numbers of packets: %v and %v", after, before)
			}
			away, octets, lines = away+f.away, octets+f.octets, lines+bytes.Count([]byte(want), []byte{'\n'})
		})
	}
	if away == 0 || octets == 0 || lines == 0 {
		t.Errorf("%d packets turned away, %d octets cut off, %d records: nothing was tried", away, octets, lines)
	}
	t.Logf("%d captures, %d records; %d packets turned away, %d octets cut off", len(files), lines, away, octets)
}
