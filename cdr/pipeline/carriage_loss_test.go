package pipeline_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/record"
	"calltrail/cmd/callgen/gen"
)

// sentMessage is a SIP message in a direction of a TCP connection, found by its Content-Length alone.
type sentMessage struct {
	from, to int // in the octets of the direction
	callID   string
}

var (
	lengthLine = regexp.MustCompile(`(?im)^(?:Content-Length|l): *(\d+)\r$`)
	callIDLine = regexp.MustCompile(`(?im)^(?:Call-ID|i): *(\S+)\r$`)
)

// sentMessages cuts the octets of a direction into messages.
func sentMessages(t *testing.T, b []byte) (list []sentMessage) {
	t.Helper()
	for at := 0; at < len(b); {
		if b[at] == '\r' || b[at] == '\n' {
			at++
			continue
		}
		head := bytes.Index(b[at:], []byte("\r\n\r\n"))
		if head < 0 {
			t.Fatalf("no end of a head at %d of %d", at, len(b))
		}
		text := b[at : at+head+2]
		n, err := strconv.Atoi(string(lengthLine.FindSubmatch(text)[1]))
		if err != nil {
			t.Fatal(err)
		}
		end := at + head + 4 + n
		list = append(list, sentMessage{at, end, string(callIDLine.FindSubmatch(text)[1])})
		at = end
	}
	return list
}

// tcpStreams are all octets of each direction, by the numbers of its segments.
func tcpStreams(list []capture.Packet) map[tcpFlow]*sentStream {
	all := map[tcpFlow]*sentStream{}
	for i := range list {
		s, ok := openTCP(&list[i])
		if !ok {
			continue
		}
		d := all[s.flow()]
		if s.flags&tcpSYN != 0 {
			all[s.flow()] = &sentStream{first: s.seq + 1}
			continue
		}
		if len(s.payload) == 0 {
			continue
		}
		at := int(s.seq - d.first)
		if need := at + len(s.payload); need > len(d.octets) {
			d.octets = append(d.octets, make([]byte, need-len(d.octets))...)
		}
		copy(d.octets[at:], s.payload)
	}
	return all
}

// loss is one segment that the tap did not see.
type loss struct {
	packet   int
	flow     tcpFlow
	from, to int // octets of the direction that no other segment has
}

// losable are the segments whose octets come once only.
func losable(list []capture.Packet, all map[tcpFlow]*sentStream) (losses []loss) {
	times := map[tcpFlow][]uint8{}
	for flow, d := range all {
		times[flow] = make([]uint8, len(d.octets))
	}
	each := func(f func(i int, flow tcpFlow, from, to int)) {
		for i := range list {
			if s, ok := openTCP(&list[i]); ok && s.flags&tcpSYN == 0 && len(s.payload) > 0 {
				at := int(s.seq - all[s.flow()].first)
				f(i, s.flow(), at, at+len(s.payload))
			}
		}
	}
	each(func(_ int, flow tcpFlow, from, to int) {
		for i := from; i < to; i++ {
			times[flow][i]++
		}
	})
	each(func(i int, flow tcpFlow, from, to int) {
		if !slices.ContainsFunc(times[flow][from:to], func(n uint8) bool { return n > 1 }) {
			losses = append(losses, loss{i, flow, from, to})
		}
	})
	return losses
}

// shown says that packets behind a loss tell of it: octets or a FIN that follow, or an acknowledgement.
func shown(list []capture.Packet, l loss, first uint32) bool {
	for i := range list {
		s, ok := openTCP(&list[i])
		if !ok {
			continue
		}
		ack := int(int32(binary.BigEndian.Uint32(s.header[8:]) - first))
		at := int(int32(s.seq - first))
		if s.flow() == l.flow && i != l.packet && at >= l.to && (len(s.payload) > 0 || s.flags&tcpFIN != 0) ||
			s.flow() == (tcpFlow{l.flow.dst, l.flow.src}) && ack >= l.to {
			return true
		}
	}
	return false
}

var (
	flagMembers = regexp.MustCompile(`"record_id":"[^"]*"|,"flags":\[[^]]*\]|,"group_uid":"[^"]*"|,"group_method":"[^"]*"`)
	// groupMembers depend on the other calls that were seen.
	groupMembers = regexp.MustCompile(`"record_id":"[^"]*"|,"group_uid":"[^"]*"|,"group_method":"[^"]*"`)
)

// A segment that the tap did not see costs the messages of which it had octets, and no other: the stream goes on with the next
// one, whose call is flagged. No call changes of which no message was touched, and nothing is made up.
func TestLostSegment(t *testing.T) {
	cfg := gen.Default()
	cfg.Calls, cfg.Seed, cfg.TCP, cfg.RTP, cfg.Background, cfg.Tail = 40, 5, 1, 1, 0, 0
	var made bytes.Buffer
	if _, err := gen.Write(cfg, &made, io.Discard); err != nil {
		t.Fatal(err)
	}
	src, err := capture.NewFile(&made, "made.pcap")
	if err != nil {
		t.Fatal(err)
	}
	list := drain(t, src)
	whole, stats := replay(t, &packets{list: list}, signallingPorts)
	want := callsOf(t, whole.bodies)
	all := tcpStreams(list)
	sent := map[tcpFlow][]sentMessage{}
	for flow, d := range all {
		sent[flow] = sentMessages(t, d.octets)
	}
	losses := losable(list, all)
	touchedAny, followed, cut := 0, 0, 0
	seeds := carriageSeeds(t, 100)
	for seed := range seeds {
		l := losses[rand.New(rand.NewPCG(seed, 4)).IntN(len(losses))]
		out, got := replay(t, &packets{list: slices.Delete(slices.Clone(list), l.packet, l.packet+1)}, signallingPorts)
		touched, next := map[string]bool{}, ""
		n := 0
		for _, m := range sent[l.flow] {
			switch {
			case m.from < l.to && m.to > l.from:
				touched[m.callID] = true
				n++
			case m.from >= l.to && next == "":
				next = m.callID
			}
		}
		what := fmt.Sprintf("seed %d, packet %d without octets %d to %d", seed, l.packet+1, l.from, l.to)
		s := &got.Carriage.Streams
		if missing := stats.Carriage.Messages - got.Carriage.Messages; missing+s.Cut != uint64(n) {
			t.Errorf("%s: %d messages less and %d cut short, %d were touched", what, missing, s.Cut, n)
		}
		if shown(list, l, all[l.flow].first) && (s.Gaps == 0 || s.Unseen != uint64(l.to-l.from)) {
			t.Errorf("%s: %d gaps with %d octets", what, s.Gaps, s.Unseen)
		}
		touchedAny += n
		cut += int(s.Cut)
		calls := callsOf(t, out.bodies)
		for id, c := range want {
			g, found := calls[id]
			switch {
			case touched[id]:
				if found {
					notInvented(t, what, g, c)
				}
			case !found:
				t.Errorf("%s: call %s is gone", what, id)
			case id == next:
				followed++
				if !slices.Contains(g.Flags, "stream_gap") {
					t.Errorf("%s: call %s comes behind the gap and has flags %v", what, id, g.Flags)
				}
				same(t, what, [][]byte{flagMembers.ReplaceAll(g.body, nil)}, [][]byte{flagMembers.ReplaceAll(c.body, nil)})
			default:
				same(t, what, [][]byte{groupMembers.ReplaceAll(g.body, nil)}, [][]byte{groupMembers.ReplaceAll(c.body, nil)})
			}
		}
		for id := range calls {
			if _, ok := want[id]; !ok {
				t.Errorf("%s: call %s was made up", what, id)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d messages touched, %d of them cut short; %d calls behind a gap", touchedAny, cut, followed)
	if seeds >= 100 && (touchedAny == 0 || cut == 0 || followed == 0) {
		t.Error("a case did not come up")
	}
}

// seenCall is the last record of a call, and what stands before its observer.
type seenCall struct {
	record.Call
	body []byte
}

func callsOf(t *testing.T, bodies [][]byte) map[string]seenCall {
	t.Helper()
	calls := map[string]seenCall{}
	for _, body := range bodies {
		var c record.Call
		if err := json.Unmarshal(body, &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind == record.KindSIP {
			seen, _, _ := bytes.Cut(body, []byte(`,"observer":`))
			calls[c.SIP.CallID] = seenCall{c, seen}
		}
	}
	return calls
}

// notInvented holds what is left of a call to all of it: fewer messages, no other ends, and no response that nobody sent.
func notInvented(t *testing.T, what string, got, all seenCall) {
	t.Helper()
	for _, m := range got.SIP.Methods {
		i := slices.IndexFunc(all.SIP.Methods, func(o record.Method) bool { return o.Name == m.Name })
		if i < 0 || all.SIP.Methods[i].Count < m.Count {
			t.Errorf("%s: %s has %d %s, more than were sent", what, got.SIP.CallID, m.Count, m.Name)
		}
	}
	if got.SIP.Status != nil && (all.SIP.Status == nil || *got.SIP.Status != *all.SIP.Status) &&
		!slices.ContainsFunc(all.SIP.Attempts, func(a record.Attempt) bool { return a.Status == *got.SIP.Status }) {
		t.Errorf("%s: %s ends with %d, which nobody sent", what, got.SIP.CallID, *got.SIP.Status)
	}
	if got.AnsweredAt != 0 && all.AnsweredAt == 0 {
		t.Errorf("%s: %s was never answered", what, got.SIP.CallID)
	}
	ends := []any{all.Src.IP, all.Src.Port, all.Dst.IP, all.Dst.Port}
	if e := []any{got.Src.IP, got.Src.Port, got.Dst.IP, got.Dst.Port}; !slices.Equal(e, ends) {
		t.Errorf("%s: %s is between %v, want %v", what, got.SIP.CallID, e, ends)
	}
	if got.Caller.User != all.Caller.User || got.Callee.User != all.Callee.User {
		t.Errorf("%s: %s is from %s to %s", what, got.SIP.CallID, got.Caller.User, got.Callee.User)
	}
}
