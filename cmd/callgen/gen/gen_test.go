package gen

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// generate runs Write into memory.
func generate(t testing.TB, change func(*Config)) (file, rows []byte, totals Totals) {
	t.Helper()
	cfg := Default()
	cfg.Calls = 300
	if change != nil {
		change(&cfg)
	}
	var pcap, truth bytes.Buffer
	totals, err := Write(cfg, &pcap, &truth)
	if err != nil {
		t.Fatal(err)
	}
	return pcap.Bytes(), truth.Bytes(), totals
}

// columns are the names in the first line.
func columns(rows []byte) []string {
	line, _, _ := strings.Cut(string(rows), "\n")
	return strings.Split(line, ",")
}

// readTruth returns the rows by column name.
func readTruth(t *testing.T, rows []byte) []map[string]string {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(rows)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, value := range line {
			if value != "" {
				row[lines[0][i]] = value
			}
		}
		all = append(all, row)
	}
	return all
}

func TestSameSeedSameOctets(t *testing.T) {
	file, rows, totals := generate(t, nil)
	again, rowsAgain, totalsAgain := generate(t, nil)
	if !bytes.Equal(file, again) || !bytes.Equal(rows, rowsAgain) {
		t.Error("the same configuration gave other octets")
	}
	if !maps.Equal(totals.Dispositions, totalsAgain.Dispositions) || totals.Packets != totalsAgain.Packets {
		t.Error("the same configuration gave other totals")
	}
	other, _, _ := generate(t, func(c *Config) { c.Seed++ })
	if bytes.Equal(file, other) {
		t.Error("another seed gave the same octets")
	}
}

// TestTruthMatchesCapture makes every row again from the packets alone.
func TestTruthMatchesCapture(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"default":        func(c *Config) { c.Calls = 3000 },
		"another seed":   func(c *Config) { c.Seed = math.MaxUint64 },
		"dense media":    func(c *Config) { c.Calls, c.RTP, c.MediaSeconds, c.Mix = 50, 100, 8, Mix{answered: 1} },
		"20 ms":          func(c *Config) { c.Calls, c.RTP = 100, 50 },
		"sparse media":   func(c *Config) { c.RTP, c.MediaSeconds = 1, 10 },
		"no media":       func(c *Config) { c.RTP = 0 },
		"IPv6 only":      func(c *Config) { c.IPv6 = 1 },
		"one at a time":  func(c *Config) { c.Calls, c.Rate = 40, 0.01 },
		"all at once":    func(c *Config) { c.Rate = 1e6 },
		"TCP":            func(c *Config) { c.TCP = 1 },
		"fragments":      func(c *Config) { c.Fragments = 1 },
		"tunnels":        func(c *Config) { c.Tunnels = 1 },
		"everything":     func(c *Config) { c.Calls = 1000; everything(c) },
		"never answered": func(c *Config) { c.Mix[answered] = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			file, rows, totals := generate(t, change)
			s := look(t, file)
			truth := readTruth(t, rows)
			if len(truth) != len(s.calls) || len(truth) != totals.Calls {
				t.Fatalf("%d rows, %d calls in the capture, %d in the totals", len(truth), len(s.calls), totals.Calls)
			}
			for _, want := range truth {
				got := s.row(s.calls[want["call_id"]])
				for _, column := range columns(rows) {
					if got[column] != want[column] {
						t.Errorf("call %s, %s: capture %q, truth %q", want["call_id"], column, got[column], want[column])
					}
				}
			}
			balance(t, file, truth, totals, s)
		})
	}
}

// balance holds the totals to themselves, to the rows and to the packets.
func balance(t *testing.T, file []byte, truth []map[string]string, n Totals, s *seen) {
	t.Helper()
	sums := map[string]int64{}
	dispositions := map[string]int{}
	for _, row := range truth {
		dispositions[row["disposition"]]++
		for _, direction := range []string{"from_caller_", "from_callee_"} {
			for _, column := range []string{"packets", "octets", "duplicates"} {
				if value, err := strconv.ParseInt(row[direction+column], 10, 64); err == nil {
					sums[column] += value
				}
			}
		}
	}
	if !maps.Equal(dispositions, n.Dispositions) {
		t.Errorf("dispositions: rows %v, totals %v", dispositions, n.Dispositions)
	}
	want := map[string]int64{"segments": n.Segments, "fragments": n.Fragments, "web": n.Web, "sip": n.SIP, "rtp": n.RTP, "rtcp": n.RTCP, "dns": n.DNS, "tcp": n.TCP, "quic": n.QUIC, "arp": n.ARP}
	maps.DeleteFunc(want, func(_ string, count int64) bool { return count == 0 })
	if !maps.Equal(want, s.counts) {
		t.Errorf("packets: capture %v, totals %v", s.counts, want)
	}
	if sums["packets"] != n.RTPCounted || sums["octets"] != n.RTPOctets || sums["duplicates"] != n.RTPDuplicates ||
		n.RTP != n.RTPCounted+n.RTPDuplicates+n.RTPLate ||
		n.Other != n.DNS+n.TCP+n.QUIC+n.Web+n.ARP || n.Packets != n.SIP+n.Segments+n.Fragments+n.RTP+n.RTCP+n.Other || n.Octets != int64(len(file)) {
		t.Errorf("totals do not balance: %+v; rows %v", n, sums)
	}
}

// TestVariety makes sure that the default mix has everything that it promises.
func TestVariety(t *testing.T) {
	file, rows, totals := generate(t, func(c *Config) { c.Calls = 3000 })
	found := map[string]int{}
	for _, row := range readTruth(t, rows) {
		found["status "+row["status"]]++
		found["ended by "+row["ended_by"]]++
		found["attempts "+row["attempts"]]++
		found["codec "+row["from_caller_codec"]]++
		for name, is := range map[string]bool{
			"vlan": row["vlan"] != "", "ipv6": strings.Contains(row["src_ip"], ":"), "no final": row["no_final"] == "true",
			"retransmitted": row["invites"] > "1" && row["attempts"] == "", "lost": row["from_caller_lost"] > "0",
			"duplicates":              row["from_callee_duplicates"] > "0",
			"media before answered":   row["from_callee_first_us"] != "" && row["from_callee_first_us"] < row["answered_at_us"],
			"early media, unanswered": row["from_callee_packets"] != "" && row["disposition"] != "answered",
			"media after ended":       row["ended_at_us"] != "" && row["from_caller_last_us"] > row["ended_at_us"],
			"never rang":              row["ringing_at_us"] == "",
		} {
			if is {
				found[name]++
			}
		}
	}
	for _, name := range []string{
		"status ", "status 200", "status 302", "status 403", "status 404", "status 408", "status 480", "status 486", "status 487", "status 500",
		"status 503", "status 600", "status 603", "ended by caller", "ended by callee", "ended by timeout", "attempts 401", "attempts 407",
		"codec PCMU", "codec PCMA", "codec opus", "vlan", "ipv6", "no final", "retransmitted", "lost", "duplicates", "media before answered",
		"early media, unanswered", "media after ended", "never rang",
	} {
		if found[name] < 5 {
			t.Errorf("%d calls with %q among 3000", found[name], name)
		}
	}
	if totals.RTPLate == 0 || totals.RTCP == 0 {
		t.Errorf("no late RTP or no RTCP: %+v", totals)
	}
	if size := 10_000 / 3000 * len(file); size > 110<<20 {
		t.Errorf("10,000 calls take about %d MB", size>>20)
	}
}

// TestOnlyDocumentationAddresses reads every address of the capture, and no media address twice.
func TestOnlyDocumentationAddresses(t *testing.T) {
	allowed := []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("2001:db8::/32"),
	}
	ends := map[netip.AddrPort]int{}
	for index := range 100_000 {
		r := source(1, uint64(index))
		for _, who := range []side{caller, callee} {
			p := newParty(r, who, index, index%2 == 0)
			for _, end := range []netip.AddrPort{p.sip, p.media} {
				ok := false
				for _, prefix := range allowed {
					ok = ok || prefix.Contains(end.Addr())
				}
				if !ok || end.Addr() == client || end.Addr() == browser || end.Addr() == resolver.Addr() || end.Addr() == webServer.Addr() {
					t.Fatalf("address %v", end)
				}
			}
			if before, ok := ends[p.media]; ok {
				t.Fatalf("media address %v of calls %d and %d", p.media, before, index)
			}
			ends[p.media] = index
		}
	}
}

// TestMemory: eight times the calls at the same rate take no more memory.
func TestMemory(t *testing.T) {
	var peaks [2]int
	var heaps [2]uint64
	for i, calls := range []int{2_500, 20_000} {
		cfg := Default()
		cfg.Calls, cfg.RTP, cfg.Background = calls, 2, 0
		meter := &heapMeter{}
		totals, err := Write(cfg, meter, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		peaks[i], heaps[i] = totals.PeakOpen, meter.most
	}
	if peaks[1] > peaks[0]*3/2 || heaps[1] > heaps[0]*3/2+(1<<20) {
		t.Errorf("calls open at once %v, octets in use %v", peaks, heaps)
	}
}

// heapMeter is a writer that looks at the heap now and then.
type heapMeter struct {
	written int
	most    uint64
}

func (m *heapMeter) Write(p []byte) (int, error) {
	const every = 4 << 20
	if before := m.written; before/every != (before+len(p))/every {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		m.most = max(m.most, stats.HeapAlloc)
	}
	m.written += len(p)
	return len(p), nil
}

// broken is a full disk.
type broken struct{}

var errFull = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrors(t *testing.T) {
	cfg := Default()
	cfg.Calls = 300
	if _, err := Write(cfg, broken{}, io.Discard); !errors.Is(err, errFull) {
		t.Errorf("capture file: %v", err)
	}
	if _, err := Write(cfg, io.Discard, broken{}); !errors.Is(err, errFull) {
		t.Errorf("truth: %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"calls is 0":             func(c *Config) { c.Calls = 0 },
		"rate is NaN":            func(c *Config) { c.Rate = math.NaN() },
		"media seconds is 0":     func(c *Config) { c.MediaSeconds = 0 },
		"rtp is 101":             func(c *Config) { c.RTP = 101 },
		"background is -1":       func(c *Config) { c.Background = -1 },
		"tcp is 2":               func(c *Config) { c.TCP = 2 },
		"fragments is -1":        func(c *Config) { c.Fragments = -1 },
		"tunnels is NaN":         func(c *Config) { c.Tunnels = math.NaN() },
		"web is -1":              func(c *Config) { c.Web = -1 },
		"ipv6 is 1.5":            func(c *Config) { c.IPv6 = 1.5 },
		"start is in 2200":       func(c *Config) { c.Start = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) },
		"tail is -1s":            func(c *Config) { c.Tail = -time.Second },
		"mix: every weight is 0": func(c *Config) { c.Mix = Mix{} },
		"mix: weight of busy is": func(c *Config) { c.Mix[busy] = -1 },
	} {
		cfg := Default()
		change(&cfg)
		if _, err := Write(cfg, io.Discard, io.Discard); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestParseMix(t *testing.T) {
	if m, err := ParseMix(DefaultMix().String()); err != nil || m != DefaultMix() {
		t.Errorf("default: %v, %v", m, err)
	}
	if m, err := ParseMix("busy=2, no_final=1"); err != nil || m != (Mix{busy: 2, noFinal: 1}) {
		t.Errorf("two: %v, %v", m, err)
	}
	for _, wrong := range []string{"", "busy", "busy=x", "busy=-1", "engaged=1", "busy=0"} {
		if _, err := ParseMix(wrong); err == nil {
			t.Errorf("%q: no error", wrong)
		}
	}
}

// TestTshark has an independent dissector read captures: nothing malformed, no wrong checksum, as many SIP messages and Call-IDs
// as were written.
func TestTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	for name, change := range map[string]func(*Config){"plain": nil, "everything": everything} {
		t.Run(name, func(t *testing.T) {
			file, _, totals := generate(t, change)
			path := filepath.Join(t.TempDir(), "calls.pcap")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			read := func(filter string, fields ...string) []string {
				args := []string{
					"-n", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
					"-o", "tcp.reassemble_out_of_order:TRUE", "-2", "-Y", filter, "-T", "fields",
				}
				for _, field := range append(fields, "frame.number") {
					args = append(args, "-e", field)
				}
				out, err := exec.CommandContext(t.Context(), tshark, args...).Output()
				if err != nil {
					t.Fatal(err)
				}
				return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			}
			// tshark calls it malformed, too, when it puts a TCP stream together and octets come again.
			if bad := read(`_ws.malformed && !(tcp && sip || tcp.analysis.retransmission || tcp.segment.overlap || tcp.reassembled.length) || ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || tcp.checksum.status == "Bad"`); bad[0] != "" {
				t.Errorf("frames malformed or with wrong checksum: %v", bad)
			}
			// A frame may hold several messages, whose Call-IDs stand in one field. It may be a keep-alive, too.
			messages, ids := int64(0), map[string]bool{}
			for _, line := range read("sip.Call-ID", "sip.Call-ID") {
				list, _, _ := strings.Cut(line, "\t")
				for id := range strings.SplitSeq(list, ",") {
					messages++
					ids[id] = true
				}
			}
			// Of streams whose segments overtake each other tshark leaves messages out.
			if messages != totals.Messages && (totals.Segments == 0 || messages < totals.Messages*9/10) {
				t.Errorf("tshark sees %d SIP messages, %d were written", messages, totals.Messages)
			}
			if len(ids) != totals.Calls {
				t.Errorf("tshark sees %d Call-IDs, %d calls were written", len(ids), totals.Calls)
			}
			if n := int64(len(read("rtcp.pt == 200"))); n != totals.RTCP {
				t.Errorf("tshark sees %d sender reports, %d were written", n, totals.RTCP)
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	cfg := Default()
	cfg.Calls = 2000
	b.ReportAllocs()
	var packets int64
	for b.Loop() {
		totals, err := Write(cfg, io.Discard, io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		packets += totals.Packets
		b.SetBytes(totals.Octets)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
}
