package pipeline_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// notInRecords are the values of tshark.json that a record does not hold, so that a change of them cannot be noticed. Those of
// a case are so in that case only.
var notInRecords = []struct{ of, path, why string }{
	{"", `^dissector$`, "a name"},
	{"", `^calls\.\d+\.cancel_ts$`, "a record has the number of CANCELs, not their times"},
	{"", `^calls\.\d+\.hops\.\w+\.(cseq|vias)$`, "serves to find the caller's hop and its attempts"},
	{"", `^calls\.\d+\.hops\.\w+\.transport$`, "a record has the transport of the first INVITE, which is the call's"},
	{"", `^calls\.\d+\.hops\.behind\.(request_uri|first_18x_ts|final_status|final_ts)$`, "a record has the ways behind the caller's hop only"},
	{"", `^calls\.\d+\.hops\.again\.invite_ts$`, "a way that was taken before is in the path once"},
	{"", `^registrations\.\w+\.(cseq|request_ts)$`, "an event has the time of the answer"},
	{"", `^registrations\.\w+\.requested_expires$`, "an event has the seconds granted"},
	{"", `^registrations\.challenge\.(call_id|aor|contact|\w+_ip|\w+_port|transport|expires|final_ts)$`, "a challenge is no event"},
	{"", `^messages\.\w+\.final_ts$`, "an event has the time of the request"},
	{"", `^messages\.\w+\.vias$`, "serves to find the sender's hop"},
	{"", `^messages\.behind\.(from_user|to_user|\w+_ip|\w+_port|transport|request_ts|final_status)$`, "an event has the sender's hop only"},
	{"", `^tls\.\d+\.cipher$`, "it says nothing of who spoke to whom"},
	{"", `^tls\.\d+\.(first_ts|last_ts|packets)$`, "TCP's own packets too: a record has those with payload, held to these bounds"},
	{"", `^carriage\.segments_of_one$`, "octets of a message are counted nowhere by how they came; decode/reassembly's tests cut them everywhere"},
	{"", `^carriage\.messages_at_once$`, "nor are messages by what came with them"},
	{"bye-unanswered", `^calls\.0\.end_ts$`, "the first BYE is not the end, see allowances"},
	{"tls", `^rtp_streams\.`, "streams of no call are counted only, see allowances"},
	{"webrtc-turn", `^rtcp_packets$`, inTURN},
	{"webrtc-turn-one-side", `^rtcp_packets$`, inTURN},
	{"webrtc-relay-to-peer", `^rtcp_packets$`, inTURN},
	{"sip-turn", `^rtcp_packets$`, inTURN},
}

// flipAll changes every value that tshark states, one at a time: each change must be noticed. Without that, agreement
// would prove nothing.
func flipAll(t *testing.T, name string, said []byte, o *observations) {
	t.Helper()
	var tree any
	var ts opinion
	if err := json.Unmarshal(said, &ts); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(said)))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	flipped := 0
	try := func(path string, set func(any), old any) {
		for _, n := range notInRecords {
			if (n.of == "" || n.of == name) && regexp.MustCompile(n.path).MatchString(byRole(&ts, path)) {
				return
			}
		}
		set(otherValue(path, old))
		changed, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if len(hold(name, changed, o)) == 0 {
			t.Errorf("%s changed from %v to %v: not noticed", path, old, otherValue(path, old))
		}
		set(old)
		flipped++
	}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		visit := func(key string, child any, set func(any)) {
			full := strings.TrimPrefix(path+"."+key, ".")
			switch child.(type) {
			case map[string]any, []any:
				walk(full, child)
			default:
				try(full, set, child)
			}
		}
		switch n := node.(type) {
		case map[string]any:
			for key, child := range n {
				visit(key, child, func(v any) { n[key] = v })
			}
		case []any:
			for i, child := range n {
				visit(strconv.Itoa(i), child, func(v any) { n[i] = v })
			}
		}
	}
	walk("", tree)
	if flipped < 8 { // a capture without a call says that there is none, how many packets, and from when until when
		t.Errorf("%d values flipped: tshark.json says next to nothing", flipped)
	}
}

// byRole names a hop, a registration or a message in a path by what it is, where that decides what a record has of it.
func byRole(ts *opinion, path string) string {
	var i int
	var field string
	if n, _ := fmt.Sscanf(path, "registrations.%d.%s", &i, &field); n == 2 && ts.Registered[i].challenge() {
		return "registrations.challenge." + field
	}
	if n, _ := fmt.Sscanf(path, "messages.%d.%s", &i, &field); n == 2 && ts.Messages[i].behind(ts.Messages) {
		return "messages.behind." + field
	}
	return hopByRole(ts, path)
}

// hopByRole writes "behind" for the number of a hop that is not the caller's, and "again" for one that repeats a way.
func hopByRole(ts *opinion, path string) string {
	var call, hop int
	var field string
	if n, _ := fmt.Sscanf(path, "calls.%d.hops.%d.%s", &call, &hop, &field); n != 3 {
		return path
	}
	h := &ts.Calls[call].Hops[hop]
	for _, earlier := range ts.Calls[call].Hops[:hop] {
		switch {
		case h.Vias > earlier.Vias:
			return fmt.Sprintf("calls.%d.hops.behind.%s", call, field)
		case h.SrcIP == earlier.SrcIP && h.DstIP == earlier.DstIP:
			return fmt.Sprintf("calls.%d.hops.again.%s", call, field)
		}
	}
	return path
}

// otherValue is another value of the same sort.
func otherValue(path string, old any) any {
	key := path[strings.LastIndexByte(path, '.')+1:]
	switch v := old.(type) {
	case bool:
		return !v
	case json.Number:
		if strings.HasSuffix(key, "_ts") {
			var s seconds
			if err := s.UnmarshalJSON([]byte(v)); err != nil {
				return err.Error()
			}
			return json.Number(fmt.Sprintf("%d.%06d", (s+1)/1e6, (s+1)%1e6))
		}
		n, err := v.Int64()
		if err != nil {
			return err.Error()
		}
		return n + 1
	case string:
		switch {
		case v == "caller":
			return "callee"
		case v == "callee":
			return "caller"
		case key == "ssrc":
			return "0x00000000"
		case strings.HasSuffix(key, "_ip") || key == "src" || key == "dst":
			return "192.0.2.254"
		}
		return v + "x"
	}
	// null
	switch {
	case strings.HasSuffix(key, "_ts"):
		return 1.0
	case key == "final_status":
		return 200
	case key == "bye_from":
		return "nobody"
	}
	return "x"
}
