package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled is docs/record.schema.json with formats checked.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("record.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("record.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, body []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// least is a call of which nothing is known but that there was one.
func least() *Call {
	return &Call{
		Schema: SchemaCall, CallUID: uuid.UUID{1}, Revision: 1, Kind: KindMedia, Day: "1970-01-01", Sensor: "s",
		Disposition: Unknown, Visibility: MediaOnly, Observer: Observer{Version: "1"},
	}
}

func filledRegistration() *Registration {
	r := new(Registration)
	fill(reflect.ValueOf(r).Elem(), nil, new(int))
	return r
}

func filledMessage() *Message {
	m := new(Message)
	fill(reflect.ValueOf(m).Elem(), nil, new(int))
	return m
}

// tlsConnection is a record of kind tls as the sensor makes it.
func tlsConnection() *Call {
	client, server := Addr{netip.MustParseAddr("192.0.2.7"), 40000}, Addr{netip.MustParseAddr("198.51.100.10"), 5061}
	started, ended := Time(1_700_000_000_000_000), Time(1_700_000_060_000_000)
	return &Call{
		Schema: SchemaCall, CallUID: FlowUID(KindTLS, "s", client, server, started), Revision: 1, Final: true, Kind: KindTLS, Day: started.Day(), Sensor: "s",
		TLS: &TLS{
			ServerName: "sip.example.org", ALPN: []string{"sip/2"}, Version: "1.3",
			PacketsUp: new(uint64(12)), PacketsDown: new(uint64(11)), OctetsUp: new(uint64(4096)), OctetsDown: new(uint64(0)),
		},
		Src: &End{IP: client.IP, Port: client.Port}, Dst: &End{IP: server.IP, Port: server.Port}, StartedAt: started, EndedAt: ended, LastSeenAt: ended,
		DurationMS: new(int64(60_000)), Disposition: Unknown, EndedBy: ByUnknown, Visibility: Encrypted, Observer: Observer{Version: "1"},
	}
}

// attempt is a record of kind app with no more in it than there must be.
func attempt() *Call {
	c := appCall()
	c.App, c.Media, c.EndedAt, c.DurationMS, c.Flags = &App{Media: "unknown", Client: c.App.Client}, nil, 0, nil, []string{"no_media"}
	return c
}

// appCall is a record of kind app as the sensor makes it, of a call through a relay.
func appCall() *Call {
	client, relay := Addr{netip.MustParseAddr("10.0.0.7"), 40000}, Addr{netip.MustParseAddr("198.51.100.10"), 3478}
	started, ended := Time(1_700_000_000_000_000), Time(1_700_000_060_000_000)
	return &Call{
		Schema: SchemaCall, CallUID: FlowUID(KindApp, "s", client, relay, started), Revision: 2, Final: true, Kind: KindApp, Day: started.Day(), Sensor: "s",
		App: &App{
			Name: "whatsapp", Confidence: "certain", Evidence: []string{"whatsapp.stun_type"}, Media: "audio", Client: client,
			Mapped: &Addr{netip.MustParseAddr("203.0.113.4"), 61000}, Peer: &Addr{netip.MustParseAddr("2001:db8::7"), 50001}, PeerSeen: new(false),
			Relay: &relay, PacketsUp: new(uint64(3000)), PacketsDown: new(uint64(2990)), OctetsUp: new(uint64(400_000)), OctetsDown: new(uint64(0)),
		},
		Src: &End{IP: client.IP, Port: client.Port}, Dst: &End{IP: relay.IP, Port: relay.Port}, StartedAt: started, EndedAt: ended, LastSeenAt: ended,
		DurationMS: new(int64(60_000)), Disposition: Unknown, EndedBy: ByTimeout, Visibility: Encrypted, Observer: Observer{Version: "1"},
		Media: []Media{
			{SSRC: new(uint32(1)), PayloadType: new(uint8(120)), Direction: "up", CName: "alice@10.0.0.7", Encrypted: true},
			{SSRC: new(uint32(2)), Direction: "down", Foreign: true},
		},
	}
}

// Every record that is written keeps to the schema.
func TestSchemaHolds(t *testing.T) {
	s := compiled(t)
	long := strings.Repeat("\x01\x00", MaxValue)
	text, _, _ := Clean([]byte(long))
	escaped := least()
	escaped.Caller.Raw = text
	wild := least()
	wild.StartedAt, wild.Day = earliest-1, (earliest - 1).Day()
	for name, body := range map[string][]byte{
		"filled call": filled().Append(nil), "least call": least().Append(nil), "filled registration": filledRegistration().Append(nil),
		"filled message": filledMessage().Append(nil), "tls connection": tlsConnection().Append(nil),
		"call in an application": appCall().Append(nil), "attempt without a relay": attempt().Append(nil),
		"filled coverage": filledCoverage().Append(nil), "lossy minute": lossyMinute().Append(nil),
		"escaped": escaped.Append(nil), "wild time": wild.Append(nil), "example of the document": exampleRecord(t),
	} {
		if err := validate(s, body); err != nil {
			t.Errorf("%s: %v\n%s", name, err, body)
		}
	}
	files, err := filepath.Glob("../../pcaps/*/records.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(b))
		lines.Buffer(nil, 2*MaxRecord)
		for n := 1; lines.Scan(); n++ {
			if err := validate(s, lines.Bytes()); err != nil {
				t.Errorf("%s:%d: %v", file, n, err)
			}
		}
		if err := lines.Err(); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// The schema refuses what is no record.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	for _, tt := range []struct{ path, value string }{
		{"colour", `"red"`},
		{"caller.colour", `"red"`},
		{"record_id", `"0123"`},
		{"record_id", `"018BCFE5-687B-8000-8000-000000000000"`},
		{"schema", `"calltrail.call.v2"`},
		{"schema", `"calltrail.registration.v1"`},
		{"revision", `0`},
		{"revision", `1.5`},
		{"final", `"yes"`},
		{"kind", `"registration"`},
		{"kind", `"fax"`},
		{"day", `"2023-02-30"`},
		{"day", `"14.11.2023"`},
		{"sensor", `""`},
		{"group_method", `"guess"`},
		{"direction", `"up"`},
		{"caller.raw", `""`},
		{"caller.raw", `"` + strings.Repeat("a", maxText+1) + `"`},
		{"caller.raw", `null`},
		{"caller.e164", `"02225550100"`},
		{"caller.country", `"India"`},
		{"asserted.header", `"from"`},
		{"sip.status", `99`},
		{"sip.status", `700`},
		{"sip.methods", `{}`},
		{"sip.methods", `{"INVITE":0}`},
		{"sip.methods", `[{"Name":"INVITE","Count":2}]`},
		{"sip.emergency", `false`},
		{"sip.q850", `128`},
		{"src.ip", `"192.0.2.256"`},
		{"src.ip", `"example.com"`},
		{"src.ip", `""`},
		{"src.port", `65536`},
		{"src.port", `-1`},
		{"src.as_number", `0`},
		{"src.location.latitude", `90.5`},
		{"tls.alpn", `[]`},
		{"tls.alpn", `[""]`},
		{"tls.octets_up", `-1`},
		{"tls.octets_down", `null`},
		{"app.name", `"skype"`},
		{"app.name", `""`},
		{"app.name", `null`},
		{"app.confidence", `"sure"`},
		{"app.evidence", `[]`},
		{"app.evidence", `["Rule 1"]`},
		{"app.evidence", `["whatsapp"]`},
		{"app.media", `"fax"`},
		{"app.client", `null`},
		{"app.client", `"192.0.2.1:1"`},
		{"app.peer", `null`},
		{"app.peer_seen", `null`},
		{"app.relay.port", `65536`},
		{"app.octets_up", `-1`},
		{"cell.id", `""`},
		{"cell.mcc", `"40"`},
		{"cell.mnc", `"4"`},
		{"cell.area", `"tac"`},
		{"vlan", `[4096]`},
		{"vlan", `[]`},
		{"started_at", `"2023-11-14 22:13:20.000000"`},
		{"started_at", `"2023-11-14T22:13:20Z"`},
		{"started_at", `"2023-11-14T25:13:20.000000Z"`},
		{"started_at", `1700000000`},
		{"ring_ms", `-1`},
		{"duration_ms", `"4872"`},
		{"disposition", `null`},
		{"ended_by", `null`},
		{"visibility", `"partial"`},
		{"flags", `["No media"]`},
		{"flags", `[` + strings.Repeat(`"a",`, MaxList) + `"a"]`},
		{"octets", `[{"field":"caller.raw","base64":"?"}]`},
		{"media", `[{"payload_type":128}]`},
		{"media", `[{"packets":-1}]`},
		{"media", `[{"first_at":null}]`},
		{"media", `[{"foreign":false}]`},
		{"media", `[{"cname":""}]`},
		{"media", `[{"direction":"both"}]`},
		{"observer", `{"version":"1"}`},
		{"observer.clock.error_us", `-1`},
	} {
		if body := with(t, filled().Append(nil), tt.path, json.RawMessage(tt.value)); validate(s, body) == nil {
			t.Errorf("%s: %.60s is taken", tt.path, tt.value)
		}
	}
}

// No member may be left out that is always there, and none may be of another type.
func TestSchemaKnowsEveryMember(t *testing.T) {
	s := compiled(t)
	for _, body := range [][]byte{filled().Append(nil), filledRegistration().Append(nil), filledMessage().Append(nil), filledCoverage().Append(nil)} {
		var v map[string]any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatal(err)
		}
		n := 0
		for path := range paths(v, "") {
			n++
			if validate(s, with(t, body, path, json.RawMessage(`[[]]`))) == nil {
				t.Errorf("%s: [[]] is taken", path)
			}
		}
		if n < 50 {
			t.Fatalf("%d members were tried", n)
		}
	}
	src := readSources(t)
	for typ, body := range map[reflect.Type][]byte{
		reflect.TypeFor[Call](): least().Append(nil), reflect.TypeFor[Registration](): filledRegistration().Append(nil),
		reflect.TypeFor[Message](): filledMessage().Append(nil), reflect.TypeFor[Coverage](): filledCoverage().Append(nil),
	} {
		for _, m := range src.members(t, typ) {
			if !m.optional && validate(s, with(t, body, m.name, nil)) == nil {
				t.Errorf("%s: it may be missing", m.name)
			}
			nulled := validate(s, with(t, body, m.name, json.RawMessage("null"))) == nil
			if nulled != m.nullable {
				t.Errorf("%s: null is taken: %v", m.name, nulled)
			}
		}
	}
}

// paths yields the paths of all members of v but those within lists.
func paths(v map[string]any, prefix string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name, member := range v {
			if !yield(prefix + name) {
				return
			}
			if o, ok := member.(map[string]any); ok {
				for p := range paths(o, prefix+name+".") {
					if !yield(p) {
						return
					}
				}
			}
		}
	}
}

// with is body with another value at path, or without it when value is nil.
func with(t *testing.T, body []byte, path string, value json.RawMessage) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	at, names := v, strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			t.Fatal(fmt.Errorf("%s: there is no %s", path, name))
		}
		at = next
	}
	if name := names[len(names)-1]; value == nil {
		delete(at, name)
	} else {
		at[name] = value
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clip(b)
}
