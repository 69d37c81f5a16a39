package record

import (
	"testing"

	"github.com/google/uuid"
)

func TestPeek(t *testing.T) {
	c := Call{
		Schema: SchemaCall, Kind: KindSIP, CallUID: uuid.MustParse("0190a0b0-1111-5222-8333-444455556666"), Revision: 12, Final: true,
		StartedAt: 1_700_000_000_000_000,
	}
	for _, final := range []bool{true, false} {
		c.Final = final
		body := c.Append(nil)
		call, revision, got, ok := Peek(body)
		if !ok || call != c.CallUID || revision != 12 || got != final {
			t.Errorf("%v %d %v %v of %s", call, revision, got, ok, body)
		}
		for i := range body[:100] {
			if _, _, _, ok := Peek(body[:i]); ok {
				t.Errorf("%d octets are enough", i)
			}
		}
	}
	r := Registration{Schema: SchemaRegistration, Kind: KindRegistration}
	if _, _, _, ok := Peek(r.Append(nil)); ok {
		t.Error("a registration is a call")
	}
	m := Message{Schema: SchemaMessage, Kind: KindMessage}
	if _, _, _, ok := Peek(m.Append(nil)); ok {
		t.Error("a message is a call")
	}
	c.Kind = KindTLS
	if call, _, _, ok := Peek(c.Append(nil)); !ok || call != c.CallUID {
		t.Error("a TLS connection is no call record")
	}
}
