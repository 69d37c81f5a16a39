package print

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/rivo/uniseg"

	"calltrail/cdr/record"
)

var golden = flag.Bool("golden", false, "rewrite the golden files")

// started is 20 November 2026, 20:30 UTC: the day after in India.
const started = record.Time(1795206600_123456)

func hoax() *record.Call {
	return &record.Call{
		RecordID: uuid.MustParse("018f0000-0000-8000-8000-000000000001"),
		CallUID:  uuid.MustParse("018f0000-0000-5000-8000-000000000001"),
		Schema:   record.SchemaCall, Revision: 2, Final: true, Kind: record.KindSIP, Day: started.Day(), Sensor: "replay",
		Caller: record.Party{
			Raw: `"Police" <sip:+911200000100@203.0.113.66>`, Display: "Police", User: "+911200000100", Host: "203.0.113.66",
			Number: record.Number{E164: "+911200000100", Country: "IN"},
		},
		Callee: record.Party{User: "0120000200", Number: record.Number{E164: "+91120000200", Country: "IN"}},
		SIP:    &record.SIP{CallID: "a84b4c76e66710@203.0.113.66", Transport: "udp", UserAgent: "agent/1.0", Status: new(200)},
		Src: &record.End{
			IP: netip.MustParseAddr("203.0.113.66"), Port: 5060, ASNumber: 64500, ASOrg: "Example Hosting", Network: "hosting",
			Location: &record.Location{Country: "CN", City: "Shenzhen", Latitude: new(22.54), Longitude: new(-114.05), Method: "geoip"},
		},
		Dst:       &record.End{IP: netip.MustParseAddr("192.0.2.10"), Port: 5060},
		StartedAt: started, RingingAt: started + 1e6, AnsweredAt: started + 3e6, EndedAt: started + 68e6,
		RingMS: new(int64(2000)), DurationMS: new(int64(65999)), LastSeenAt: started + 68e6,
		Disposition: record.Answered, EndedBy: record.ByCaller, Visibility: record.Full,
		Indicators: []record.Indicator{{Rule: "foreign_source_home_number"}, {Rule: "hosting_source"}},
		Media:      []record.Media{{Packets: new(uint64(100))}, {}, {Packets: new(uint64(50))}},
		Observer:   record.Observer{Version: "test", File: "hoax.pcap"},
	}
}

func missed() *record.Call {
	return &record.Call{
		Schema: record.SchemaCall, Revision: 1, Kind: record.KindSIP, Day: started.Day(), Sensor: "replay",
		Caller: record.Party{Host: "anonymous.invalid"}, Callee: record.Party{User: "+911200000300"},
		SIP:       &record.SIP{CallID: "x", Transport: "udp"},
		Src:       &record.End{IP: netip.MustParseAddr("2001:db8::10"), Port: 5060},
		StartedAt: started, LastSeenAt: started, Disposition: record.InProgress, Visibility: record.OneWay, Flags: []string{"capture_end"},
	}
}

// hostile is a call whose caller attacks whoever looks at the log.
func hostile() *record.Call {
	c := missed()
	c.Caller = record.Party{User: "=HYPERLINK(\"http://192.0.2.1\")\x1b[2J\x1b]0;owned\a", Display: "\u202egnp.exe\t\r\n\u0085\u009b31m\u2028"}
	c.Callee = record.Party{User: "@SUM(1)" + "a" + strings.Repeat("\u0301", 500)}
	c.SIP = &record.SIP{CallID: "\tcmd|' /C calc'!A0", UserAgent: "-1+1", Transport: "udp", Contact: "＝1+1"}
	c.Src.ASOrg = "+Example\x00\u2066"
	c.Flags = []string{"flag", "\x1b[31mred"}
	return c
}

func registered() *record.Registration {
	return &record.Registration{
		Schema: record.SchemaRegistration, Kind: record.KindRegistration, Day: started.Day(), Sensor: "replay", Event: "login",
		AOR: record.Party{User: "+911200000100", Host: "sip.example"}, Contact: "sip:100@192.0.2.10", ExpiresS: new(int64(3600)),
		Status: 200, CallID: "r1", Src: &record.End{IP: netip.MustParseAddr("192.0.2.10"), Port: 5060}, At: started,
	}
}

func lossyMinute() *record.Coverage {
	return &record.Coverage{
		Schema: record.SchemaCoverage, Kind: record.KindCoverage, Day: started.Day(), Sensor: "edge-1", Tap: "eth1",
		Minute: started - 123456, From: started - 123456, To: started - 123456 + 60e6, State: "lossy", Packets: 1012, Octets: 200400,
		Decoded: map[string]uint64{"sip": 12}, KernelDrops: 17, DownMS: 250,
	}
}

// connection is a TLS connection; its client chose what it says.
func connection() *record.Call {
	return &record.Call{
		Schema: record.SchemaCall, Revision: 1, Final: true, Kind: record.KindTLS, Day: started.Day(), Sensor: "replay",
		TLS: &record.TLS{
			ServerName: "=sip.example.org", ALPN: []string{"\x1b[2J", "sip/2"}, Version: "1.3",
			PacketsUp: new(uint64(12)), PacketsDown: new(uint64(11)), OctetsUp: new(uint64(4096)), OctetsDown: new(uint64(0)),
		},
		Src: &record.End{IP: netip.MustParseAddr("192.0.2.7"), Port: 40000}, Dst: &record.End{IP: netip.MustParseAddr("2001:db8::10"), Port: 5061},
		Tunnel: []record.Tunnel{{Type: "mpls"}, {Type: "gtpu"}}, StartedAt: started, EndedAt: started + 60e6, LastSeenAt: started + 60e6, DurationMS: new(int64(60000)),
		Disposition: record.Unknown, EndedBy: record.ByTimeout, Visibility: record.Encrypted,
	}
}

// appCall is a call in an application through a relay, to somebody who was only named; the RTCP in it says what its sender chose.
func appCall() *record.Call {
	at := func(s string) record.Addr {
		a := netip.MustParseAddrPort(s)
		return record.Addr{IP: a.Addr(), Port: a.Port()}
	}
	relay, peer, mapped := at("198.51.100.3:3478"), at("[2001:db8::77]:50001"), at("203.0.113.4:61000")
	return &record.Call{
		Schema: record.SchemaCall, Revision: 1, Final: true, Kind: record.KindApp, Day: started.Day(), Sensor: "replay",
		App: &record.App{
			Name: "whatsapp", Confidence: "certain", Evidence: []string{"whatsapp.stun_type", "whatsapp.as"}, Media: "audio", Client: at("192.0.2.7:40000"),
			Mapped: &mapped, Peer: &peer, PeerSeen: new(false), Relay: &relay,
			PacketsUp: new(uint64(3000)), PacketsDown: new(uint64(2990)), OctetsUp: new(uint64(400000)), OctetsDown: new(uint64(0)),
		},
		Src: &record.End{IP: netip.MustParseAddr("192.0.2.7"), Port: 40000}, Dst: &record.End{IP: relay.IP, Port: relay.Port},
		StartedAt: started, EndedAt: started + 60e6, LastSeenAt: started + 60e6, DurationMS: new(int64(60000)),
		Disposition: record.Unknown, EndedBy: record.ByTimeout, Visibility: record.Encrypted, Flags: []string{"no_media"},
		Media: []record.Media{{Packets: new(uint64(5)), Direction: "up", CName: "=alice\x1b[2J"}, {Direction: "down", CName: "=alice\x1b[2J"}, {CName: "bob"}},
	}
}

// mediaAlone is a call of which only the RTP was seen; a stranger sent into it.
func mediaAlone() *record.Call {
	return &record.Call{
		Schema: record.SchemaCall, Revision: 1, Kind: record.KindMedia, Day: started.Day(), Sensor: "replay",
		Src: &record.End{IP: netip.MustParseAddr("192.0.2.8"), Port: 20000}, Dst: &record.End{IP: netip.MustParseAddr("2001:db8::8"), Port: 30000},
		StartedAt: started, LastSeenAt: started + 60e6, Disposition: record.Unknown, Visibility: record.MediaOnly,
		Media: []record.Media{
			{Codec: "PCMU", Packets: new(uint64(150)), Direction: "up"},
			{Codec: "PCMU", Packets: new(uint64(140)), Direction: "down"},
			{Packets: new(uint64(9)), Direction: "down", Foreign: true, CName: "mallory"},
			{Direction: "up"},
		},
	}
}

func messaged() *record.Message {
	return &record.Message{
		Schema: record.SchemaMessage, Kind: record.KindMessage, Day: started.Day(), Sensor: "replay", CallID: "m1", Transport: "ws", Status: new(202),
		Caller: record.Party{User: "+911200000100", Number: record.Number{E164: "+911200000100"}}, Callee: record.Party{User: "bob", Host: "sip.example"},
		Src: &record.End{IP: netip.MustParseAddr("192.0.2.10"), Port: 5060}, At: started, Flags: []string{"one_way"},
	}
}

func body(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func all(t *testing.T) [][]byte {
	return [][]byte{body(t, hoax()), body(t, missed()), body(t, hostile()), body(t, registered()), body(t, lossyMinute()), body(t, connection()), body(t, messaged()), body(t, appCall()), body(t, mediaAlone())}
}

func render(t *testing.T, f Format, o Options, bodies ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	p, err := New(f, &out, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bodies {
		if err := p.Print(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *golden {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; gives\n%s\nwant\n%s", name, got, want)
	}
}

func TestGolden(t *testing.T) {
	compare(t, "calls.csv", render(t, CSV, Options{}, all(t)...))
	compare(t, "table-80.txt", render(t, Table, Options{Width: 80}, all(t)...))
	compare(t, "table-120.txt", render(t, Table, Options{}, all(t)...))
	compare(t, "table-180.txt", render(t, Table, Options{Width: 180}, all(t)...))
}

// A call that no application can be told of, and of which next to nothing is known yet.
func TestUnnamedApplication(t *testing.T) {
	c := appCall()
	c.App = &record.App{Media: "unknown", Client: c.App.Client, Evidence: []string{"signal.stun_port", "viber.payload_0300"}}
	c.Flags = nil
	if got, want := string(render(t, Table, Options{Width: 200}, body(t, c))), "not named by signal.stun_port+viber.payload_0300, from 192.0.2.7:40000\n"; !strings.HasSuffix(got, want) {
		t.Errorf("%s", got)
	}
}

func TestJSONLIsTheExactBytes(t *testing.T) {
	odd := []byte(`{ "schema" : "calltrail.unheard-of.v9",  "x":"\u001b" }`)
	if got := render(t, JSONL, Options{}, odd, odd); string(got) != string(odd)+"\n"+string(odd)+"\n" {
		t.Errorf("%q", got)
	}
}

func TestAuto(t *testing.T) {
	b := body(t, missed())
	if got := render(t, Auto, Options{}, b); !bytes.HasPrefix(got, []byte("{")) {
		t.Errorf("a pipe gets %q", got)
	}
	if got := render(t, Auto, Options{Terminal: true}, b); !bytes.HasPrefix(got, []byte("TIME IST")) {
		t.Errorf("a terminal gets %q", got)
	}
	if _, err := New("xml", io.Discard, Options{}); err == nil {
		t.Error("an unknown format is taken")
	}
}

// dangerous is any octet that a terminal could obey.
func dangerous(text []byte, allowed string) string {
	for _, r := range string(text) {
		if strings.ContainsRune(allowed, r) {
			continue
		}
		if !shown(r) {
			return string(r)
		}
	}
	return ""
}

func TestNothingHostileGetsOut(t *testing.T) {
	for _, f := range []Format{CSV, Table} {
		out := render(t, f, Options{Width: 80}, body(t, hostile()), body(t, connection()), body(t, appCall()))
		if bad := dangerous(out, "\r\n"); bad != "" {
			t.Errorf("%s lets %q out", f, bad)
		}
	}
}

func TestCSVHasNoFormula(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(render(t, CSV, Options{}, all(t)...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 10 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, name := range rows[0] {
		if name != columns[i].name {
			t.Errorf("column %d is %s, documented as %s", i, name, columns[i].name)
		}
		for _, r := range rows[1:] {
			if r[i] != "" && strings.ContainsAny(r[i][:1], "=+-@\t\r") && name != "src_longitude" {
				t.Errorf("%s: cell %q is a formula", name, r[i])
			}
		}
	}
	cell := func(row int, name string) string {
		for i, n := range rows[0] {
			if n == name {
				return rows[row][i]
			}
		}
		t.Fatalf("no column %s", name)
		return ""
	}
	for _, tt := range []struct {
		row        int
		name, want string
	}{
		{1, "start_date_utc", "2026-11-20"},
		{1, "start_time_utc", "20:30:00.123456"},
		{1, "start_date_ist", "2026-11-21"},
		{1, "start_time_ist", "02:00:00.123456"},
		{1, "caller_e164", "'+911200000100"},
		{1, "src_longitude", "-114.05"},
		{1, "media_packets", "150"},
		{1, "indicators", "foreign_source_home_number;hosting_source"},
		{2, "end_time_utc", ""},
		{2, "duration_ms", ""},
		{3, "caller", `'=HYPERLINK("http://192.0.2.1")\u{1B}[2J\u{1B}]0;owned\u{7}`},
		{3, "caller_display", `\u{202E}gnp.exe\u{9}\u{D}\u{A}\u{85}\u{9B}31m\u{2028}`},
		{3, "call_id", `'\u{9}cmd|' /C calc'!A0`},
		{3, "user_agent", "'-1+1"},
		{3, "contact", "'＝1+1"},
		{4, "event", "login"},
		{4, "expires_s", "3600"},
		{4, "call_uid", ""},
		{4, "tap_kernel_drops", ""},
		{5, "event", "lossy"},
		{5, "tap", "eth1"},
		{5, "end_time_utc", "20:31:00.000000"},
		{5, "tap_packets", "1012"},
		{5, "tap_kernel_drops", "17"},
		{5, "tap_nic_missed", "0"},
		{5, "tls_octets_down", ""},
		{6, "kind", "tls"},
		{6, "caller", ""},
		{6, "tls_server_name", "'=sip.example.org"},
		{6, "tls_alpn", `\u{1B}[2J;sip/2`},
		{6, "tls_octets_up", "4096"},
		{6, "tls_octets_down", "0"},
		{6, "dst_port", "5061"},
		{6, "tunnel", "mpls;gtpu"},
		{7, "kind", "message"},
		{7, "event", "accepted"},
		{7, "callee", "bob"},
		{7, "sip_status", "202"},
		{7, "transport", "ws"},
		{7, "flags", "one_way"},
		{7, "app_name", ""},
		{8, "kind", "app"},
		{8, "caller", ""},
		{8, "src_port", "40000"},
		{8, "app_name", "whatsapp"},
		{8, "app_confidence", "certain"},
		{8, "app_evidence", "whatsapp.stun_type;whatsapp.as"},
		{8, "app_media", "audio"},
		{8, "app_mapped_ip", "203.0.113.4"},
		{8, "app_mapped_port", "61000"},
		{8, "app_peer_ip", "2001:db8::77"},
		{8, "app_peer_port", "50001"},
		{8, "app_peer_seen", "false"},
		{8, "app_relay_ip", "198.51.100.3"},
		{8, "app_relay_port", "3478"},
		{8, "app_packets_up", "3000"},
		{8, "app_packets_down", "2990"},
		{8, "app_octets_up", "400000"},
		{8, "app_octets_down", "0"},
		{8, "media_cnames", `'=alice\u{1B}[2J;bob`},
		{9, "kind", "media"},
		{9, "app_relay_ip", ""},
		{9, "app_peer_seen", ""},
		{9, "media_packets", "290"},
		{9, "media_cnames", ""},
		{9, "dst_ip", "2001:db8::8"},
	} {
		if got := cell(tt.row, tt.name); got != tt.want {
			t.Errorf("row %d, %s: %q, want %q", tt.row, tt.name, got, tt.want)
		}
	}
}

func TestCSVWithoutRecordsHasItsHeader(t *testing.T) {
	if got := render(t, CSV, Options{}); !bytes.HasPrefix(got, []byte("record_id,call_uid,")) || !bytes.HasSuffix(got, []byte("\r\n")) {
		t.Errorf("%q", got)
	}
}

func TestColumnsAreDocumented(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range Columns() {
		if c.Name == "" || c.Meaning == "" || seen[c.Name] {
			t.Errorf("column %+v", c)
		}
		seen[c.Name] = true
	}
}

func TestTableStaysInItsWidth(t *testing.T) {
	for _, width := range []int{1, 80, 81, 100, 120, 133, 200, 400} {
		out := render(t, Table, Options{Width: width}, all(t)...)
		for line := range strings.Lines(string(out)) {
			if n := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); n > max(width, leastWidth) {
				t.Errorf("width %d: a line of %d: %q", width, n, line)
			}
		}
		if !bytes.Contains(out, []byte("foreign_source_home_number")) {
			t.Errorf("width %d hides the indicator:\n%s", width, out)
		}
	}
}

func TestBadRecords(t *testing.T) {
	for _, b := range []string{"", "{", `"x"`, `{}`, `{"schema":"\u001b[2J"}`, `{"schema":"calltrail.call.v1","revision":"x"}`, `{"schema":"calltrail.message.v1","status":"x"}`} {
		for _, f := range []Format{CSV, Table} {
			p, err := New(f, io.Discard, Options{})
			if err != nil {
				t.Fatal(err)
			}
			err = p.Print([]byte(b))
			if err == nil {
				t.Errorf("%s takes %q", f, b)
			} else if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%s: error %q repeats an escape", f, err)
			}
		}
	}
}

// What became of a message, in one word.
func TestMessageEvent(t *testing.T) {
	for _, tt := range []struct {
		status *int
		want   string
	}{{nil, "unanswered"}, {new(200), "accepted"}, {new(202), "accepted"}, {new(302), "refused"}, {new(404), "refused"}, {new(603), "refused"}} {
		m := messaged()
		m.Status = tt.status
		if got := message(m).event; got != tt.want {
			t.Errorf("%v: %s, want %s", tt.status, got, tt.want)
		}
	}
}

func TestVisible(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"plain +91 text", "plain +91 text"},
		{"मुंबई क्\u200dष", "मुंबई क्\u200dष"}, // the joiner is part of the script
		{"\x1b[31m", `\u{1B}[31m`},
		{"a\x7fb\x00", `a\u{7F}b\u{0}`},
		{"\u009b1m", `\u{9B}1m`},
		{"a\xffb\xc3", `a\xFFb\xC3`},
		{"\ufffd", "\ufffd"},
		{"\u202eabc\u2066\u200f\u061c", `\u{202E}abc\u{2066}\u{200F}\u{61C}`},
		{"\u200b\ufeff\u00ad", `\u{200B}\u{FEFF}\u{AD}`},
		{"\u2028\u2029", `\u{2028}\u{2029}`},
		{"\ue000\U000e0041", `\u{E000}\u{E0041}`},
	} {
		if got := Visible(tt.in); got != tt.want {
			t.Errorf("%q gives %q, want %q", tt.in, got, tt.want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _ = Visible("plain text") }); n != 0 {
		t.Errorf("plain text costs %v allocations", n)
	}
}

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"abc", 5, "abc  "},
		{"abcde", 5, "abcde"},
		{"abcdef", 5, "abcd…"},
		{"日本語", 5, "日本…"},
		{"日本語", 6, "日本語"},
		{"日本語", 4, "日… "},
		{"", 2, "  "},
	} {
		if got := fit(tt.in, tt.width); got != tt.want {
			t.Errorf("fit(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

func FuzzFit(f *testing.F) {
	f.Add("日本語\u0301", 4)
	f.Add("👨‍👩‍👧‍👦🇮🇳", 3)
	f.Fuzz(func(t *testing.T, s string, width int) {
		if width < 1 || width > 200 {
			return
		}
		got := fit(Visible(s), width)
		if n := uniseg.StringWidth(got); n > width {
			t.Errorf("fit(%q, %d) is %d wide: %q", s, width, n, got)
		}
	})
}

func BenchmarkJSONL(b *testing.B) { benchmark(b, JSONL) }
func BenchmarkCSV(b *testing.B)   { benchmark(b, CSV) }
func BenchmarkTable(b *testing.B) { benchmark(b, Table) }

func benchmark(b *testing.B, f Format) {
	p, err := New(f, io.Discard, Options{})
	if err != nil {
		b.Fatal(err)
	}
	record, err := json.Marshal(hoax())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Print(record); err != nil {
			b.Fatal(err)
		}
	}
}
