package sdp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// iceOffer is made after the example of RFC 8839 appendix A, with addresses for documentation and all that may stand in a line.
const iceOffer = `v=0
o=jdoe 2890844526 2890842807 IN IP4 203.0.113.141
s=
c=IN IP4 192.0.2.3
t=0 0
a=ice-options:ice2
a=ice-pacing:50
a=ice-pwd:MARK-PASSWORD
a=ice-ufrag:MARK-UFRAG
m=audio 45664 RTP/AVP 0
b=RS:0
a=rtpmap:0 PCMU/8000
a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host
a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998
a=candidate:3 2 udp 1694498814 192.0.2.3 45665 typ srflx raddr 203.0.113.141 rport 8999 generation 0 ufrag MARK-UFRAG
a=candidate:4 1 udp 41885695 2001:db8::7 49152 typ relay raddr 0.0.0.0 rport 0
`

func candidatesOf(d *Description, i int) (list []string) {
	for c := range d.Candidates(i) {
		s := fmt.Sprintf("%d %s %s", c.Component, c.Type, c.Addr)
		if c.Related.IsValid() {
			s += " of " + c.Related.String()
		}
		list = append(list, s)
	}
	return list
}

func TestCandidates(t *testing.T) {
	d := parse(t, iceOffer)
	want := []string{
		"1 host 203.0.113.141:8998", "1 srflx 192.0.2.3:45664 of 203.0.113.141:8998",
		"2 srflx 192.0.2.3:45665 of 203.0.113.141:8999", "1 relay [2001:db8::7]:49152",
	}
	if got := candidatesOf(d, 0); !slices.Equal(got, want) || d.Anomalies != 0 || d.Media[0].Port != 45664 {
		t.Errorf("got %q, anomalies %v", got, slices.Collect(d.Anomalies.Names()))
	}
	if strings.Contains(fmt.Sprintf("%+v", *d), "MARK") {
		t.Error("a user name or password of ICE was kept")
	}
	for _, c := range []struct{ name, line, want string }{
		{"peer reflexive", "1 1 udp 1 192.0.2.1 4000 typ prflx", "1 prflx 192.0.2.1:4000"},
		{"names in capitals", "1 1 UDP 1 192.0.2.1 4000 TYP HOST", "1 host 192.0.2.1:4000"},
		{"an IPv4 address in IPv6", "1 1 udp 1 ::ffff:192.0.2.1 4000 typ host", "1 host 192.0.2.1:4000"},
		{"several spaces", "1  1  udp 1 192.0.2.1 4000  typ host", "1 host 192.0.2.1:4000"},
		{"a name of mDNS", "1 1 udp 1 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 4000 typ host", ""},
		{"over TCP", "1 1 tcp 1 192.0.2.1 9 typ host tcptype active", ""},
		{"a third component", "1 3 udp 1 192.0.2.1 4000 typ host", ""},
		{"no component", "1 0 udp 1 192.0.2.1 4000 typ host", ""},
		{"port 0", "1 1 udp 1 192.0.2.1 0 typ host", ""},
		{"a port above 65535", "1 1 udp 1 192.0.2.1 65536 typ host", ""},
		{"no host", "1 1 udp 1 0.0.0.0 4000 typ host", ""},
		{"no type", "1 1 udp 1 192.0.2.1 4000", ""},
		{"an unknown type", "1 1 udp 1 192.0.2.1 4000 typ token", ""},
		{"another word before the type", "1 1 udp 1 192.0.2.1 4000 type host", ""},
		{"rport missing", "1 1 udp 1 192.0.2.1 4000 typ srflx raddr 10.0.0.1", "1 srflx 192.0.2.1:4000"},
		{"a name as related address", "1 1 udp 1 192.0.2.1 4000 typ srflx raddr x.local rport 4", "1 srflx 192.0.2.1:4000"},
		{"nothing", "", ""},
	} {
		d := parse(t, "v=0\nm=audio 4000 RTP/AVP 0\na=candidate:"+c.line+"\n")
		if got := strings.Join(candidatesOf(d, 0), ", "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Each media description has its own candidates, and bounds; those of one too many go to none.
func TestCandidateBounds(t *testing.T) {
	line := "a=candidate:1 1 udp 1 192.0.2.1 %d typ host\n"
	var text strings.Builder
	text.WriteString("v=0\n" + fmt.Sprintf(line, 1))
	for i := range 12 {
		text.WriteString("m=audio 4000 RTP/AVP 0\n")
		for k := range []int{3, 17}[i%2] {
			fmt.Fprintf(&text, line, 1000*i+k+1)
		}
	}
	d := parse(t, text.String())
	all := 0
	for i := range d.Media {
		list := slices.Collect(d.Candidates(i))
		want := []int{3, MaxCandidates}[i%2]
		if i < 12 && all+want <= maxAllCandidates && len(list) != want || len(list) > want {
			t.Errorf("media %d has %d candidates, want %d", i, len(list), want)
		}
		for _, c := range list {
			if int(c.Addr.Port())/1000 != i {
				t.Errorf("media %d has the candidate %v of another", i, c.Addr)
			}
		}
		all += len(list)
	}
	if all != 6*3+6*MaxCandidates || d.Anomalies != MoreCandidates {
		t.Errorf("%d candidates, anomalies %v", all, slices.Collect(d.Anomalies.Names()))
	}
	d = parse(t, "v=0\n"+strings.Repeat("m=audio 1 RTP/AVP 0\n"+strings.Repeat(fmt.Sprintf(line, 1), 3), MaxMedia))
	if len(d.candidates) != maxAllCandidates || d.Anomalies != MoreCandidates {
		t.Errorf("%d candidates, anomalies %v", len(d.candidates), slices.Collect(d.Anomalies.Names()))
	}
}

func TestRTCPAddress(t *testing.T) {
	for value, want := range map[string]struct {
		ip   netip.Addr
		port uint16
	}{
		"53020": {netip.Addr{}, 53020}, "53020 IN IP4 192.0.2.5": {netip.MustParseAddr("192.0.2.5"), 53020},
		"53020 IN IP6 2001:db8::5": {netip.MustParseAddr("2001:db8::5"), 53020}, "53020 IN IP4 host.example.com": {netip.Addr{}, 53020},
		"53020 IN IP5 192.0.2.5": {netip.Addr{}, 53020}, "x IN IP4 192.0.2.5": {netip.Addr{}, 4001}, "0 IN IP4 192.0.2.5": {netip.Addr{}, 4001},
	} {
		m := parse(t, "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp:"+value+"\n").Media[0]
		if m.RTCPIP != want.ip || m.RTCPPort != want.port {
			t.Errorf("a=rtcp:%s gives %v port %d", value, m.RTCPIP, m.RTCPPort)
		}
	}
}

// Made after the examples of RFC 9143 sections 17.1 and 17.5.
func TestBundle(t *testing.T) {
	const head = "v=0\nc=IN IP4 192.0.2.1\n"
	const audio, video, data = "m=audio 10000 RTP/AVP 0\na=mid:foo\n", "m=video %d RTP/AVP 31\na=mid:bar\n", "m=audio 0 RTP/AVP 0\na=mid:zen\na=bundle-only\n"
	for _, c := range []struct{ name, text, want string }{
		{"an offer with an address of each", head + "a=group:BUNDLE foo bar\n" + audio + fmt.Sprintf(video, 10002), "10000 10002>0"},
		{"an answer", head + "a=group:BUNDLE foo bar\n" + audio + fmt.Sprintf(video, 10000), "10000 10000>0"},
		{"bundle-only", head + "a=group:BUNDLE foo bar zen\n" + audio + fmt.Sprintf(video, 10002) + data, "10000 10002>0 10000>0"},
		{"the tagged one comes later", head + "a=group:BUNDLE bar foo\n" + audio + fmt.Sprintf(video, 10002), "10000>1 10002"},
		{"refused", head + "a=group:BUNDLE foo\n" + audio + fmt.Sprintf(video, 0), "10000 0"},
		{"port 0 in the group, not bundle-only: refused", head + "a=group:BUNDLE foo bar\n" + audio + fmt.Sprintf(video, 0), "10000 0>0"},
		{"the tagged one is refused", head + "a=group:BUNDLE bar foo zen\n" + audio + fmt.Sprintf(video, 0) + data, "10000 0 0"},
		{"another group", head + "a=group:LS foo bar\n" + audio + fmt.Sprintf(video, 10002), "10000 10002"},
		{"two groups", head + "a=group:BUNDLE foo\na=group:BUNDLE bar zen\n" + audio + fmt.Sprintf(video, 10002) + data, "10000 10002 10002>1"},
		{"a member that there is not", head + "a=group:BUNDLE nobody foo\n" + audio, "10000"},
		{"bundle-only and in no group", head + "a=group:BUNDLE foo\n" + audio + data, "10000 0"},
		{"tags are told apart by case", head + "a=group:BUNDLE FOO bar\n" + audio + fmt.Sprintf(video, 10002), "10000 10002"},
		{"the tag comes after the media", head + audio + "a=group:BUNDLE foo\n", "10000"},
	} {
		d := parse(t, c.text)
		var got []string
		for i := range d.Media {
			s := fmt.Sprint(d.Media[i].Port)
			if d.Media[i].Bundled {
				s += fmt.Sprintf(">%d", d.Media[i].Tagged)
			}
			got = append(got, s)
		}
		if strings.Join(got, " ") != c.want || d.Anomalies != 0 {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	d := parse(t, "v=0\na=group:BUNDLE foo zen\nm=audio 10000 RTP/AVP 0\nc=IN IP4 192.0.2.7\na=mid:foo\na=rtcp:7 IN IP4 192.0.2.8\n"+data)
	if m := d.Media[1]; m.IP != netip.MustParseAddr("192.0.2.7") || m.RTCPPort != 7 || m.RTCPIP != netip.MustParseAddr("192.0.2.8") {
		t.Errorf("bundle-only media has %+v", m)
	}
}

func TestNoAllocationForICE(t *testing.T) {
	d, b := new(Description), []byte(strings.Replace(iceOffer, "t=0 0\n", "t=0 0\na=group:BUNDLE 1\n", 1)+"a=mid:1\n")
	if err := d.Parse(b); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if d.Parse(b) != nil || d.Media[0].NumCandidates != 4 {
			t.Error("not parsed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParseICE(b *testing.B) {
	d, text := new(Description), []byte(strings.ReplaceAll(iceOffer, "\n", "\r\n"))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := d.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
