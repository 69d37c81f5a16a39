package record

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fill sets every field that v reaches to a value that is not zero, so that a member the writer forgets shows.
func fill(v reflect.Value, n *int) {
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
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(`"é\` + strings.Repeat("x", *n%7) + "\t")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n % 250))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 8)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Array: // a UUID
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(*n + i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic(v.Kind())
	}
}

// The writer by hand must say exactly what the struct's tags promise, for every field, set and unset.
func TestAppendMatchesTags(t *testing.T) {
	appenders := map[string]func(fill bool) (got []byte, v any){
		"call": func(full bool) ([]byte, any) {
			var c Call
			if full {
				fill(reflect.ValueOf(&c).Elem(), new(int))
			}
			b := c.Append([]byte("before"))
			return b[len("before"):], &c
		},
		"registration": func(full bool) ([]byte, any) {
			var r Registration
			if full {
				fill(reflect.ValueOf(&r).Elem(), new(int))
			}
			b := r.Append([]byte("before"))
			return b[len("before"):], &r
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

func BenchmarkAppend(b *testing.B) {
	var c Call
	fill(reflect.ValueOf(&c).Elem(), new(int))
	buf := make([]byte, 0, 1<<16)
	b.ReportAllocs()
	for b.Loop() {
		buf = c.Append(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}
