package pipeline_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// notInRecords are the values of tshark.json that a record does not hold, so that a change of them cannot be noticed.
var notInRecords = []struct{ path, why string }{
	{`^dissector$`, "a name"},
	{`^calls\.\d+\.cancel_ts$`, "a record has the number of CANCELs, not their times"},
	{`^calls\.\d+\.hops\.\w+\.(cseq|vias)$`, "serves to find the caller's hop and its attempts"},
	{`^calls\.\d+\.hops\.behind\.(request_uri|first_18x_ts|final_status|final_ts)$`, "a record has the ways behind the caller's hop only"},
	{`^calls\.\d+\.hops\.again\.invite_ts$`, "a way that was taken before is in the path once"},
	{`^registrations\.\d+\.(cseq|request_ts)$`, "an event has the time of the answer"},
	{`^registrations\.\d+\.requested_expires$`, "an event has the seconds granted"},
	{`^registrations\.[02468]\.(call_id|aor|contact|src_ip|src_port|dst_ip|dst_port|expires|final_ts)$`, "a challenge is no event (each log-in here has one before it)"},
}

// flipAll changes every value that tshark states, one at a time: each change must be noticed. Without that, agreement
// would prove nothing.
func flipAll(t *testing.T, said []byte, o *observations) {
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
			if regexp.MustCompile(n.path).MatchString(hopByRole(&ts, path)) {
				return
			}
		}
		set(otherValue(path, old))
		changed, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if len(hold(t, changed, o)) == 0 {
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
	if flipped < 10 {
		t.Errorf("%d values flipped: tshark.json says next to nothing", flipped)
	}
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
