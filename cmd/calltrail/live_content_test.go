package main

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
	"calltrail/store/kafka/kafkatest"
)

// contentCaller is the caller of the marked call: what must be found wherever records are.
const contentCaller = "+912225550177"

// contentRing is the sensor's ring in the test. The kernel's copy of packets is memory of the sensor, too.
const contentRing = 1 << 20

// Content is never kept. A call with marked sound, digits (events of RFC 4733 and bodies of INFO), Subject, User-to-User and SDP, and
// marked messages, go the whole way through the real programs; then other traffic of several times the ring, and collections of the
// garbage. No mark is then in the programs' memory, the ring, the spool, the topic, the tables, the logs, the metrics, or what is
// answered and exported, in any form. What must be there, the caller, is found by the same search, or it would prove nothing.
func TestLiveContentNever(t *testing.T) {
	t.Parallel()
	if found := contentPath(t, ""); len(found) > 0 {
		t.Errorf("content was kept:\n%s", strings.Join(found, "\n"))
	}
}

// The control: a sensor that keeps what it should not.
func TestLiveContentNeverIsNoticed(t *testing.T) {
	t.Parallel()
	found := contentPath(t, "calltrail/decode/sip.breach=whole")
	for _, what := range []string{
		"INFO body", "MESSAGE body in the call", "MESSAGE body in fragments", "MESSAGE body over TCP", "MESSAGE body over WebSocket", "MESSAGE body compressed", "name of the session", "key of SDES",
		"Subject", "User-to-User", "User-to-User of the end", "Subject of a MESSAGE",
	} {
		if !slices.Contains(found, "memory of the sensor: "+what) {
			t.Errorf("a sensor that keeps messages: their %s was not found in its memory; found %q", what, found)
		}
	}
	t.Logf("noticed: %d marks", len(found))
}

// contentPath sends it all through the programs, built with a breach or none, and returns which marks are where.
func contentPath(t *testing.T, breach string) (found []string) {
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	tap := n.Namespace("sensor")
	mirror := n.Mirror(tap, "tap0", n.Once())
	s := newLive(t, tap, afpacketEngine, []string{"tap0"}, settleSoon, fmt.Sprintf("capture: {ring_bytes: %d, websocket_ports: [%q]}", contentRing, contentWebSocket), "events: {messages: true}", "log: {level: debug}")
	if breach != "" {
		s.program = breached(t, breach)
	}
	alerts, anchors := s.topic+".alerts", s.topic+".anchors"
	s.env = append(s.env, "CALLTRAIL_WATCHLIST_ALERTS_TOPIC="+alerts, "CALLTRAIL_WATCHLIST_ALERTS_VALUES=true",
		"GOGC=5") // collections come often
	t.Cleanup(func() {
		if err := kafkatest.Delete(brokers(), alerts, anchors); err != nil {
			t.Error(err)
		}
	})
	s.ok("watchlist", "add", "--list", "content", "--kind", "number", "--value", contentCaller, "--source", "test", "--reason", "test", "--by", "test")
	p := contentPersons(t, s)
	store := tap.Start(s.env, s.program, "store", "--config", s.config)
	store.Await(`"message":"storing from kafka"`)
	s.begin("kafka")
	sensorMetrics, storeMetrics := outside(t, tap, "127.0.0.1:9465"), outside(t, tap, "127.0.0.1:9466")

	began := time.Now()
	c := newMarked(a.Addr, b.Addr)
	c.send(t, a, b)
	defer func() {
		if t.Failed() {
			t.Logf("calls %q, messages %q", s.db.ask("SELECT row_to_json(c) FROM calltrail.call_record c"), s.db.ask("SELECT row_to_json(c) FROM calltrail.message c"))
			t.Logf("the sensor says:\n%s\nthe store says:\n%s", s.process.Output(), store.Output())
		}
	}()
	testnet.Eventually(t, "the call and the messages", func() bool {
		return s.db.number("SELECT count(*) FROM calltrail.call_record WHERE final") == 1 && s.db.number("SELECT count(*) FROM calltrail.message") == 5
	})
	s.db.want("SELECT caller_user, sip_status, disposition, jsonb_array_length(media) FROM calltrail.call_record WHERE final", contentCaller+"|200|answered|2")

	// The search finds each mark in what was sent, and some still in the ring: they were in the sensor's memory.
	if got := find(t, bytes.NewReader(c.plain), c.marks); len(got) != len(c.marks) {
		t.Errorf("of %d marks only %q are found in what was sent", len(c.marks), got)
	}
	if got := find(t, ringOf(t, s.process), c.marks); len(got) == 0 {
		t.Error("no mark is found in the ring before it is written over: the search proves nothing")
	} else {
		t.Logf("in the ring before it is written over: %q", got)
	}

	collected := [2]int{collections(t, sensorMetrics), collections(t, storeMetrics)}
	others := otherTraffic(t, mirror, a, b)
	// Once behind the traffic for what it has written over, and once more for what that one let go. The programs' own minutes and
	// metrics make garbage enough for it.
	testnet.Within(t, 2*time.Minute, "two collections of each", func() bool {
		return collections(t, sensorMetrics) >= collected[0]+2 && collections(t, storeMetrics) >= collected[1]+2
	})

	testnet.Within(t, 2*time.Minute, "the sensor's word of its first minute", func() bool { return s.db.number("SELECT count(*) FROM calltrail.coverage") > 0 })

	look := func(where string, r io.Reader, must string) {
		t.Helper()
		got := find(t, r, append(slices.Clone(c.marks), mark{"what must be there", [][]byte{[]byte(must)}}))
		at := slices.Index(got, "what must be there")
		if at < 0 {
			t.Errorf("%s: %q was not found: the search proves nothing", where, must)
		} else {
			got = slices.Delete(got, at, at+1)
		}
		for _, what := range got {
			found = append(found, where+": "+what)
		}
	}
	look("memory of the sensor", core(t, s.process), contentCaller)
	look("memory of the store", core(t, store), contentCaller)
	look("ring of the sensor", ringOf(t, s.process), "unmarked-")
	look("spool", files(t, s.spool), contentCaller)
	s.askedAgain()
	look("topic of the records", s.topicOf(s.topic), contentCaller)
	look("topic of what is asked for again", s.topicOf(s.topic+".resend"), liveSensor)
	look("topic of the alerts", s.topicOf(alerts), contentCaller)
	s.ok("anchor", "--config", s.config, "--topic", anchors)
	look("topic of the anchors", s.topicOf(anchors), liveSensor)
	look("tables", s.dump(), contentCaller)
	bundle, answer := p.export(began)
	look("bundle", unpacked(t, bundle), contentCaller)
	look("answer", strings.NewReader(answer), contentCaller)
	look("log of the sensor", strings.NewReader(s.process.Output()), `"message":"capturing"`)
	look("log of the store", strings.NewReader(store.Output()), `"message":"storing from kafka"`)
	look("metrics of the sensor", strings.NewReader(metricsText(t, sensorMetrics)), "go_gc_duration_seconds_count")
	look("metrics of the store", strings.NewReader(metricsText(t, storeMetrics)), "go_gc_duration_seconds_count")
	s.end()
	t.Logf("content never: %d marks in up to %d forms each, %d octets of other traffic through a ring of %d, 15 places", len(c.marks), len(c.marks[0].forms), others, contentRing)
	return found
}

// otherTraffic sends four times the ring: in datagrams, in fragments and over TCP.
func otherTraffic(t *testing.T, mirror *testnet.Mirror, a, b *testnet.Host) (octets int) {
	t.Helper()
	const size, count = 1300, 4 * contentRing / 1300
	before := mirror.Messages()
	if _, err := a.Send(t.Context(), testnet.Traffic{Rate: 2000, Count: count, Datagram: func(i int) (netip.Addr, netip.AddrPort, []byte) {
		octets := size
		if i%20 == 0 {
			octets = 3 * size
		}
		return netip.Addr{}, netip.AddrPortFrom(b.Addr, 5060), unmarked(i, octets, a.Addr, b.Addr, "UDP")
	}}); err != nil {
		t.Fatal(err)
	}
	var stream []byte
	for i := range 100 {
		stream = append(stream, unmarked(i, 4*size, a.Addr, b.Addr, "TCP")...)
	}
	overTCP(t, a, b, "5060", turn{stream, []byte("done")})
	testnet.Eventually(t, "the other traffic", func() bool { return mirror.Messages() >= before+uint64(count) })
	return size*count + len(stream)
}

// contentAsker is who asks about the marked call, with a request that another has approved.
type contentAsker struct {
	*live
	p *persons
}

// contentPersons prepares the database and the keys for an export.
func contentPersons(t *testing.T, s *live) *contentAsker {
	t.Helper()
	key := filepath.Join(s.dir, "evidence.key")
	s.ok("key", "init", "--key-file", key)
	s.ok("key", "trust", filepath.Join(s.dir, "sensor.key.pub"), "--name", liveSensor, "--keys", filepath.Join(s.dir, "operator.keys"))
	s.env = append(s.env, "CALLTRAIL_EVIDENCE_KEY_FILE="+key, "CALLTRAIL_EVIDENCE_PROVIDER=Example Broadband")
	s.ok("access", "init")
	a := &contentAsker{s, newPersons(t, s.site)}
	a.p.add("anita", "analyst")
	a.p.add("ravi", "approver")
	return a
}

// export asks for all calls of the caller since a time: as a bundle, and as rows.
func (a *contentAsker) export(since time.Time) (bundle []byte, answer string) {
	a.Helper()
	id := a.p.ask("anita", `SELECT calltrail.register_request('Crime Branch', 'A. Deshmukh', 'SP', '[{"type":"number","value":"`+contentCaller+`"}]',
		$1, $2, 'Hoax call', 'CB/2026/4471', 'BNSS s. 94', 'CR 118/2026', repeat('ab', 32), 100)`, since.Add(-time.Minute), time.Now().Add(time.Minute))
	a.p.ask("ravi", `SELECT coalesce(calltrail.approve_request($1, 'seen the letter')::text, '')`, id)
	out := filepath.Join(a.dir, "bundle.zip")
	for _, args := range [][]string{
		{"export", "--request", id, "--out", out, "--unsigned", "--as", a.p.login("anita")},
		{"query", "calls_of_number", "of_number=" + contentCaller, "from_time=" + since.UTC().Format(time.RFC3339), "to_time=" + time.Now().UTC().Format(time.RFC3339), "--request", id, "--format", "json", "--as", a.p.login("anita")},
	} {
		r := a.start([]string{"PGPASSWORD=" + a.p.password}, args...).wait(a.T)
		if r.status != exitOK {
			a.Fatalf("%s: status %d\n%s%s", args[0], r.status, r.stdout, r.stderr)
		}
		answer += r.stdout
	}
	bundle, err := os.ReadFile(out)
	if err != nil {
		a.Fatal(err)
	}
	return bundle, answer
}
