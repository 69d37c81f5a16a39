package pipeline_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/store/spool"
)

// secret makes a mark that the test's own memory does not hold as text: it is put together where it is needed only. It is
// of digits, so that it can stand for keys pressed too.
func secret(n int) []byte {
	b := []byte{'9', 0, '4', '7', 0, '3', '8', byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10), '5', '2'}
	b[1], b[4] = '0', '1'
	return b
}

// What stands in {} is replaced by a mark of its own: it is content, or a secret.
const contentINVITE = `INVITE sip:+911205550170:{}@192.0.2.70;postd={}?Subject={}&body={} SIP/2.0
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKc1
Max-Forwards: 70
From: "Kept Name" <sip:+912225550101:{}@198.51.100.10>;tag=a1
To: <sip:+911205550170,{}@192.0.2.70>
Call-ID: content@198.51.100.10
CSeq: 1 INVITE
Contact: <sip:+912225550101:{}@198.51.100.10;pn-provider=acme;pn-prid={};pn-param={}>
Subject: {}
s: {}
User-to-User: {};encoding=hex
P-Asserted-Identity: <sip:+442079460101:{}@198.51.100.10>
Remote-Party-ID: <sip:+442079460101:{}@198.51.100.10?a={}>
P-Preferred-Identity: <sip:+442079460101:{}@198.51.100.10>
Diversion: <sip:+442079460102:{}@198.51.100.10>;reason=unconditional
History-Info: <sip:+442079460102:{}@198.51.100.10?Subject={}>;index=1
Authorization: Digest username="asha",realm="example.com",nonce="{}",uri="sip:x:{}@example.com",response="{}",cnonce="{}",opaque="{}"
Proxy-Authorization: Basic {}
Call-Info: <https://example.com/{}>;purpose=icon
Alert-Info: <https://example.com/{}>
Organization: {}
Identity: {}
X-Note: {}
User-Agent: kept-agent
Content-Type: application/sdp
Content-Length: LENGTH

v=0
o={} 1 1 IN IP4 198.51.100.10
s={}
i={}
u=https://example.com/{}
e={}@example.com
p=+44 {}
c=IN IP4 198.51.100.10
k=clear:{}
t=0 0
a=note:{}
m=audio 20000 RTP/SAVP 8 101
i={}
k=base64:{}
a=rtpmap:8 PCMA/8000
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}
a=ice-pwd:{}
a=fmtp:8 {}
`

const contentAnswer = `SIP/2.0 200 OK
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKc1
From: "Kept Name" <sip:+912225550101:{}@198.51.100.10>;tag=a1
To: <sip:+911205550170@192.0.2.70>;tag=b1
Call-ID: content@198.51.100.10
CSeq: 1 INVITE
Contact: <sip:+911205550170:{}@192.0.2.70>
P-Asserted-Identity: <sip:+911205550170:{}@192.0.2.70>
User-to-User: {}
Content-Type: multipart/mixed;boundary=x
Content-Length: LENGTH

--x
Content-Type: text/plain

{}
--x
Content-Type: application/sdp

v=0
o=- 1 1 IN IP4 192.0.2.70
s={}
c=IN IP4 192.0.2.70
t=0 0
m=audio 22000 RTP/SAVP 8
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}
--x--
`

// contentRequest is any further request of the call: METHOD, CSEQ, EXTRA headers and BODY.
const contentRequest = `METHOD sip:+911205550170:{}@192.0.2.70 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKcCSEQ
From: <sip:+912225550101@198.51.100.10>;tag=a1
To: <sip:+911205550170@192.0.2.70>;tag=b1
Call-ID: CALLID@198.51.100.10
CSeq: CSEQ METHOD
Subject: {}
EXTRA
Content-Length: LENGTH

BODY`

const contentREGISTER = `REGISTER sip:192.0.2.2 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKr1
From: <sip:asha:{}@192.0.2.2>;tag=r1
To: <sip:asha:{}@192.0.2.2>
Call-ID: register@198.51.100.10
CSeq: 1 REGISTER
Contact: <sip:asha:{}@198.51.100.10;pn-prid={}>;expires=600
Authorization: Digest username="asha",realm="example.com",nonce="{}",response="{}"
Content-Length: 0

`

const contentRegistered = `SIP/2.0 200 OK
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKr1
From: <sip:asha@192.0.2.2>;tag=r1
To: <sip:asha@192.0.2.2>;tag=r2
Call-ID: register@198.51.100.10
CSeq: 1 REGISTER
Contact: <sip:asha:{}@198.51.100.10;pn-prid={}>;expires=600
Content-Length: 0

`

// contentBroken is refused by the parser: it has no CSeq.
const contentBroken = `INVITE sip:+911205550170:{}@192.0.2.70 SIP/2.0
Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKc9
From: <sip:{}@198.51.100.10>;tag=x
Subject: {}

{}`

// marker writes marks into texts and remembers how many.
type marker struct{ n int }

func (m *marker) fill(text string, replace ...string) []byte {
	text = strings.NewReplacer(replace...).Replace(text)
	var b []byte
	for part := range strings.SplitSeq(text, "{}") {
		if b != nil {
			b = append(b, secret(m.n)...)
			m.n++
		}
		b = append(append([]byte{}, b...), part...)
	}
	b = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
	_, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	return bytes.Replace(b, []byte("LENGTH"), strconv.AppendInt(nil, int64(len(body)), 10), 1)
}

var (
	contentCaller = netip.MustParseAddrPort("198.51.100.10:5060")
	contentCallee = netip.MustParseAddrPort("192.0.2.70:5060")
)

// contentCapture is a capture whose every secret and piece of content is marked, carried as how says. said is what was sent
// before it was put into frames, and marks the number of marks in that. The last message is not whole.
func contentCapture(how string) (list []capture.Packet, said []byte, marks int) {
	var m marker
	caller, callee := contentCaller, contentCallee
	at := int64(1_800_000_000e9)
	carrier := newCarrier(how)
	frames := func(of ...[]byte) {
		at += 20e6
		for _, data := range of {
			list = append(list, capture.Packet{Time: at, Data: data, Length: len(data), Link: capture.LinkEthernet})
		}
	}
	send := func(from, to netip.AddrPort, message []byte) {
		said = append(said, message...)
		frames(carrier.frames(from, to, message, true)...)
	}
	request := func(callID, method, cseq, extra, body string) {
		send(caller, callee, m.fill(contentRequest, "METHOD", method, "CSEQ", cseq, "CALLID", callID, "EXTRA", extra, "BODY", body))
	}
	send(caller, callee, m.fill(contentINVITE))
	send(callee, caller, m.fill(contentAnswer))
	request("content", "ACK", "1", "X-A: {}", "")
	for i := range 20 {
		for _, way := range [][2]string{{"198.51.100.10:20000", "192.0.2.70:22000"}, {"192.0.2.70:22000", "198.51.100.10:20000"}} {
			rtp := binary.BigEndian.AppendUint16([]byte{0x80, 8}, uint16(i))
			rtp = binary.BigEndian.AppendUint32(rtp, uint32(160*i))
			rtp = append(append(rtp, 0, 0, 0, 1), bytes.Repeat(secret(m.n), 20)...)
			said = append(said, rtp...)
			frames(datagram(netip.MustParseAddrPort(way[0]), netip.MustParseAddrPort(way[1]), rtp))
		}
	}
	m.n++
	request("content", "INFO", "2", "Content-Type: application/dtmf-relay", "Signal={}\nDuration=160\n")
	request("content", "MESSAGE", "3", "Content-Type: text/plain", "{}")
	request("content", "NOTIFY", "4", "Content-Type: message/sipfrag", "SIP/2.0 200 {}")
	request("content", "REFER", "5", "Refer-To: <sip:+442079460103:{}@198.51.100.10?Replaces={}&Subject={}>", "")
	request("other", "MESSAGE", "1", "Content-Type: text/plain", "{}")
	request("content", "BYE", "6", "User-to-User: {}\nReason: Q.850;cause=16;text=\"{}\"", "{}")
	send(caller, callee, m.fill(contentREGISTER))
	send(callee, caller, m.fill(contentRegistered))
	send(caller, callee, m.fill(contentBroken))
	rest := m.fill(contentINVITE)
	said = append(said, rest...)
	frames(carrier.frames(caller, callee, rest, false)...)
	return list, said, m.n
}

// datagram is a UDP datagram in an Ethernet frame, without checksums.
func datagram(from, to netip.AddrPort, payload []byte) []byte {
	b := append(make([]byte, 12), 8, 0)
	b = binary.BigEndian.AppendUint16(append(b, 0x45, 0), uint16(28+len(payload)))
	b = append(b, 0, 0, 0, 0, 64, 17, 0, 0)
	b = append(append(b, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, from.Port()), to.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return append(append(b, 0, 0), payload...)
}

// marksIn names the marks that b holds, as they are or in a record's base64.
func marksIn(b []byte, marks int) (found []int) {
	for n := range marks {
		if bytes.Contains(b, secret(n)) {
			found = append(found, n)
		}
	}
	return found
}

// No content and no secret is in any record, final or interim, nor in what the spool wrote for them. Covered: the bytes of
// the records with what their octets member holds in base64, and every file of the spool.
func TestContentIsNotRecorded(t *testing.T) {
	for _, how := range contentCarriages {
		t.Run(how, func(t *testing.T) { contentIsNotRecorded(t, how) })
	}
}

func contentIsNotRecorded(t *testing.T, how string) {
	list, said, marks := contentCapture(how)
	if got := len(marksIn(said, marks)); got != marks || marks < 80 {
		t.Fatalf("%d of %d marks are in the capture", got, marks)
	}
	out, stats := replay(t, &packets{list: list}, func(c *pipeline.Config) {
		manyInterim(c)
		c.Messages = true
	})
	all := lines(out.bodies)
	for _, n := range marksIn(all, marks) {
		t.Errorf("mark %d is in the records: %s", n, around(all, secret(n)))
	}
	kinds := map[record.Kind]int{}
	for _, body := range out.bodies {
		var c record.Call
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		kinds[c.Kind]++
		for _, o := range c.Octets {
			raw, err := base64.StdEncoding.DecodeString(o.Base64)
			if err != nil || len(marksIn(raw, marks)) > 0 {
				t.Errorf("octets of %s: %v, %q", o.Field, err, raw)
			}
		}
	}
	// It was read: else nothing is proved.
	for _, want := range []string{"Kept Name", "kept-agent", `"auth_user":"asha"`, `"packets":20`, `"encrypted":true`, `"source":"refer"`, "+442079460102", `"transport":"` + transports[how] + `"`} {
		if !bytes.Contains(all, []byte(want)) {
			t.Errorf("%s is not in the records: %s", want, all)
		}
	}
	if kinds[record.KindSIP] == 0 || kinds[record.KindRegistration] != 1 || kinds[record.KindMessage] != 2 || stats.SIPErrors == [len(stats.SIPErrors)]uint64{} {
		t.Errorf("records %v, refused messages %v", kinds, stats.SIPErrors)
	}
	dir := t.TempDir()
	s, err := spool.Open(spool.Config{Dir: dir, Sensor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Append(out.bodies...); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	octets := 0
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		for _, n := range marksIn(b, marks) {
			t.Errorf("mark %d is in the spool's %s", n, e.Name())
		}
		octets += len(b)
		return err
	})
	if err != nil || octets < len(all) {
		t.Errorf("%d octets in the spool, %d in the records: %v", octets, len(all), err)
	}
}

func around(b, mark []byte) string {
	at := bytes.Index(b, mark)
	return string(b[max(0, at-60):min(len(b), at+40)])
}
