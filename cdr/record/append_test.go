package record

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// fill sets every field that v reaches to a value that is not zero, so that a member the writer forgets shows. words
// are those of the field's tag "schema": the values are such as the JSON Schema allows.
func fill(v reflect.Value, words []string, n *int) {
	*n++
	switch v.Interface().(type) {
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{192, 0, 2, byte(*n)})))
		return
	case Time:
		v.SetInt(1_700_000_000_000_000 + int64(*n))
		return
	case Methods:
		v.Set(reflect.ValueOf(Methods{{"INVITE", 2}}))
		return
	case map[string]uint64:
		v.Set(reflect.ValueOf(map[string]uint64{"rtp": uint64(*n), "sip": 2, "a_10": 0}))
		return
	}
	lower, upper := 0, 250
	text := `"é\` + strings.Repeat("x", *n%7) + "\t"
	for _, w := range words {
		name, arg, _ := strings.Cut(w, "=")
		switch name {
		case "const", "enum":
			text, _, _ = strings.Cut(arg, "|")
		case "hex":
			digits, _ := strconv.Atoi(arg)
			text = strings.Repeat("0f", digits/2)
		case "min":
			lower, _ = strconv.Atoi(arg)
		case "max":
			upper, _ = strconv.Atoi(arg)
		default:
			if example, ok := examples[name]; ok {
				text = example
			}
		}
	}
	number := min(max(*n%250, lower), upper)
	switch v.Kind() {
	case reflect.String:
		if example, ok := examples[v.Type().Name()]; ok && len(words) == 0 {
			text = example
		}
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(number))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(number))
	case reflect.Float64:
		v.SetFloat(float64(number) / 8)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), words, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), words, n)
		}
	case reflect.Array: // a UUID
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(byte(*n + i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), strings.Fields(v.Type().Field(i).Tag.Get("schema")), n)
		}
	default:
		panic(v.Kind())
	}
}

// examples of the forms that the tag "schema" names, and of the types that have constants.
var examples = map[string]string{
	"date": "2023-11-14", "e164": "+912225550100", "country": "IN", "name": "no_media", "rule": "zoom.sfu", "base64": "AP8=",
	"mcc": "404", "mnc": "10", "hexdigits": "0D1a",
	"Disposition": string(Answered), "EndedBy": string(ByCaller), "Visibility": string(Full),
}

// filled is a call with every member.
func filled() *Call {
	c := new(Call)
	fill(reflect.ValueOf(c).Elem(), nil, new(int))
	return c
}

// The writer by hand must say exactly what the struct's tags promise, for every field, set and unset.
func TestAppendMatchesTags(t *testing.T) {
	appenders := map[string]func(fill bool) (got []byte, v any){
		"call": func(full bool) ([]byte, any) {
			var c Call
			if full {
				fill(reflect.ValueOf(&c).Elem(), nil, new(int))
			}
			b := c.Append([]byte("before"))
			return b[len("before"):], &c
		},
		"registration": func(full bool) ([]byte, any) {
			var r Registration
			if full {
				fill(reflect.ValueOf(&r).Elem(), nil, new(int))
			}
			b := r.Append([]byte("before"))
			return b[len("before"):], &r
		},
		"message": func(full bool) ([]byte, any) {
			var m Message
			if full {
				fill(reflect.ValueOf(&m).Elem(), nil, new(int))
			}
			b := m.Append([]byte("before"))
			return b[len("before"):], &m
		},
		"coverage": func(full bool) ([]byte, any) {
			var c Coverage
			if full {
				fill(reflect.ValueOf(&c).Elem(), nil, new(int))
			}
			b := c.Append([]byte("before"))
			return b[len("before"):], &c
		},
	}
	for name, f := range appenders {
		for _, full := range []bool{true, false} {
			got, v := f(full)
			want, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			var g, w any
			if err := json.Unmarshal(got, &g); err != nil {
				t.Fatalf("%s full=%v: %v\n%s", name, full, err, got)
			}
			if err := json.Unmarshal(want, &w); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(w, g); d != "" {
				t.Errorf("%s full=%v: -tags +Append\n%s", name, full, d)
			}
			if full {
				back := reflect.New(reflect.TypeOf(v).Elem())
				if err := json.Unmarshal(got, back.Interface()); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(v, back.Interface(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
					t.Errorf("%s: -written +read\n%s", name, d)
				}
			}
		}
	}
}

func TestRecordIDLeavesTheObserverOut(t *testing.T) {
	c := Call{Schema: SchemaCall, StartedAt: 1_700_000_000_123_456, Sensor: "s"}
	c.Append(nil)
	first := c.RecordID
	c.Observer = Observer{Version: "other", File: "x.pcap"}
	c.Append(nil)
	if c.RecordID != first {
		t.Errorf("another observer changed record_id: %s, %s", first, c.RecordID)
	}
	if v, ms := first.Version(), first.String()[:13]; v != 8 || ms != "018bcfe5-687b" {
		t.Errorf("record_id %s: version %d, time part %s", first, v, ms)
	}
	c.Revision++
	c.Append(nil)
	if c.RecordID == first {
		t.Error("another observation has the same record_id")
	}
}

func TestCallUID(t *testing.T) {
	base := CallUID("s", "a", "b", 1, "")
	for name, other := range map[string]any{
		"sensor": CallUID("t", "a", "b", 1, ""), "shifted text": CallUID("s", "ab", "", 1, ""),
		"time": CallUID("s", "a", "b", 2, ""), "branch": CallUID("s", "a", "b", 1, "x"),
	} {
		if other == any(base) {
			t.Errorf("%s: same identity", name)
		}
	}
	if got := base.Version(); got != 5 {
		t.Errorf("version %d", got)
	}
}

// The recipe of docs/record.md, followed to the letter.
func TestFlowUID(t *testing.T) {
	client, server := Addr{netip.MustParseAddr("192.0.2.1"), 40000}, Addr{netip.MustParseAddr("2001:db8::1"), 5061}
	uid := FlowUID(KindTLS, "s", client, server, 1)
	want := uuid.NewSHA1(namespace, []byte("flow\x00tls\x00s\x00192.0.2.1:40000\x00[2001:db8::1]:5061\x001"))
	if uid != want {
		t.Errorf("%s, by the recipe %s", uid, want)
	}
	mapped := Addr{netip.MustParseAddr("::ffff:192.0.2.1"), 40000}
	if FlowUID(KindTLS, "s", mapped, server, 1) != uid {
		t.Error("the same address written otherwise has another identity")
	}
	for name, other := range map[string]uuid.UUID{
		"turned round": FlowUID(KindTLS, "s", server, client, 1), "later": FlowUID(KindTLS, "s", client, server, 2),
		"another sensor": FlowUID(KindTLS, "t", client, server, 1), "media": FlowUID(KindMedia, "s", client, server, 1), "app": FlowUID(KindApp, "s", client, server, 1),
	} {
		if other == uid {
			t.Errorf("%s: same identity", name)
		}
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		escaped, cut   bool
	}{
		{"plain", `"Bob" <sip:b@x>`, `"Bob" <sip:b@x>`, false, false},
		{"backslash stays when nothing is escaped", `a\b`, `a\b`, false, false},
		{"nul", "a\x00\\b", `a\x00\\b`, true, false},
		{"bad utf-8", "caf\xe9", `caf\xE9`, true, false},
		{"utf-8", "Zoë", "Zoë", false, false},
		{"long", strings.Repeat("a", MaxValue+1), strings.Repeat("a", MaxValue), false, true},
		{"long, cut between characters", strings.Repeat("a", MaxValue-1) + "é", strings.Repeat("a", MaxValue-1), false, true},
	} {
		got, escaped, cut := Clean([]byte(c.in))
		if got != c.want || escaped != c.escaped || cut != c.cut {
			t.Errorf("%s: %q %v %v", c.name, got, escaped, cut)
		}
	}
}
