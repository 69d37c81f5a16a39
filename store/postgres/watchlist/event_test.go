package watchlist

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/spool"
)

// landEvents stores a registration, a message and a call with a PASSporT, in one transaction.
func (w *world) landEvents() {
	w.Helper()
	at := record.Time(ten.UnixMicro())
	src := &record.End{IP: netip.MustParseAddr("203.0.113.7"), Port: 5060}
	dst := &record.End{IP: netip.MustParseAddr("198.51.100.10"), Port: 5060}
	party := func(number string) record.Party {
		return record.Party{User: number, Host: "Example.NET", Number: record.Number{E164: number, Country: "IN"}}
	}
	call := sample(7)
	call.Passport = &record.Passport{Orig: "911204100099"}
	var items []store.Item
	for _, body := range []any{
		&record.Registration{
			RecordID: uid(1, 8, at), Schema: record.SchemaRegistration, Kind: record.KindRegistration, Day: at.Day(), Sensor: sensor, Event: "login", At: at,
			AOR: party("+911204100007"), Contact: `"A" <sip:anna@203.0.113.7:5060>`, Status: 200, UserAgent: "Example/1.0", CallID: "r", Src: src, Dst: dst, Observer: record.Observer{Version: "test"},
		},
		&record.Message{
			RecordID: uid(1, 9, at), Schema: record.SchemaMessage, Kind: record.KindMessage, Day: at.Day(), Sensor: sensor, At: at,
			Caller: party("+911204100007"), Callee: party("+911126000007"), ReqURI: "sip:desk@example.org;user=phone", CallID: "m", Transport: "udp", UserAgent: "Example/1.0",
			Src: src, Dst: dst, Flags: []string{}, Observer: record.Observer{Version: "test"},
		},
		&call,
	} {
		octets, err := json.Marshal(body)
		if err != nil {
			w.Fatal(err)
		}
		w.seq++
		e := spool.Entry{Sensor: sensor, Epoch: epoch, Seq: w.seq, Prev: w.prev, Leaf: sha256.Sum256(octets), Body: octets}
		e.Hash = spool.Link(e.Prev, e.Epoch, e.Seq, e.Leaf)
		w.prev = e.Hash
		items = append(items, store.Item{Entry: e, Origin: fmt.Sprintf("test %d", w.seq)})
	}
	if err := w.loader.Deliver(w.Context(), items); err != nil {
		w.Fatal(err)
	}
	if c := w.loader.Counts(); c.Quarantined != 0 {
		w.Fatalf("%d events were not taken", c.Quarantined)
	}
}

// Registrations, messages and PASSporTs are compared as they land and searched afterwards, and a hit says what it is of.
func TestEventsAreCompared(t *testing.T) {
	t.Parallel()
	cases := []struct {
		entry Entry
		want  string // kind and role of each hit
	}{
		{Entry{Kind: Number, Value: "+911204100007"}, "call caller; message caller; registration aor"},
		{Entry{Kind: Number, Value: "+911204100008"}, ""},
		{Entry{Kind: Number, Value: "+911204100099"}, "call passport_orig"},
		{Entry{Kind: NumberPrefix, Value: "+91112600000"}, "call callee; message callee"},
		{Entry{Kind: NumberPrefix, Value: "+9112041000099"}, ""},
		{Entry{Kind: NumberPrefix, Value: "+91120410009"}, "call passport_orig"},
		{Entry{Kind: SIPURI, Value: "+911204100007@example.net"}, "call caller; message caller; registration aor"},
		{Entry{Kind: SIPURI, Value: "anna@203.0.113.7"}, "call sip_contact; registration sip_contact"},
		{Entry{Kind: SIPURI, Value: "desk@example.org"}, "message request_uri"},
		{Entry{Kind: UserAgent, Value: "example/*"}, "call caller_agent; message caller_agent; registration user_agent"},
		{Entry{Kind: UserAgent, Value: "sample/*"}, ""},
		{Entry{Kind: Address, Value: "203.0.113.7"}, "call caller_signalling; call contact; message message_source; registration contact; registration registrant"},
		{Entry{Kind: Prefix, Value: "198.51.100.0/24"}, "call callee_signalling; message message_destination; registration registrar"},
		{Entry{Kind: Number, Value: "+911204100007", Until: ten}, ""},
	}
	for _, after := range []bool{false, true} {
		w := newWorld(t)
		if after {
			w.landEvents()
		}
		ids := make([]int64, len(cases))
		for i, tt := range cases {
			tt.entry.List = fmt.Sprintf("list-%d", i)
			ids[i] = w.add(tt.entry).Entries[0]
		}
		if after {
			for _, id := range ids {
				if _, err := Match(t.Context(), w.conn, Scope{Entry: id}, "tester", nil); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			w.landEvents()
		}
		for i, tt := range cases {
			w.want(fmt.Sprintf(`SELECT coalesce(string_agg(h.kind || ' ' || h.role, '; ' ORDER BY h.kind, h.role), '') FROM calltrail.watchlist_hit h WHERE h.entry_id = %d -- %d %v`, ids[i], i, after), tt.want)
		}
		// Of an event the hit names its record.
		w.want(`SELECT count(*)::text FROM calltrail.watchlist_hit h LEFT JOIN calltrail.registration r USING (day, record_id) LEFT JOIN calltrail.message m USING (day, record_id)
			WHERE h.kind <> 'call' AND (h.call_uid <> h.record_id OR (h.kind = 'registration') <> (r.record_id IS NOT NULL) OR (h.kind = 'message') <> (m.record_id IS NOT NULL))`, "0")
		w.want(`SELECT calls::text FROM calltrail.scam_scale('list-0')`, "1") // events are no calls
	}
}

// The quick look at a URI never turns away what the proper one finds.
func TestQuickLookAtURIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(`SELECT u FROM unnest(ARRAY['sip:a@b', '<sips:a@B:5>;x=y', 'sip:a@b@', 'sipss:a@b', 'sip:@b', 'sip:a@', 'sip:a b@c', '<sip:a:b@c>', 'x <SIP:A@B;p>', 'sip:a@[::1]:5060', 'sip:a@b;x=c@d',
			'<sip:1.2.3.4>;x=sip:foo@bar', '"q" <sip:a@b>', '"q@r" <sip:a@b>', '"q\"<sip:x@y>" <sip:a@b>', '"q" <sip:a@b>;x="sip:c@d"', 'Name "q" <sip:a@b>', '"a:b:c" <sip:a@b:5060>', 'a@b', 'sip::a@b', 'b:sip:a@b',
			'tel:+1;x=sip:a@b', '""<sip:a@b>', '"sip:a@b', 'sip:a b@c <sip:d@e>', '']) AS u
		WHERE split_part(calltrail.sip_uri_key(u), '@', 1) <> calltrail.sip_uri_user(u) AND calltrail.sip_uri_user(u) <> '"'`, "")
	w.want(`SELECT string_agg(calltrail.sip_uri_user(u), ' ') FROM unnest(ARRAY['sip:a@b', '<sip:c@d:5060>;p=1', '"A @ B" <sip:e@f>', 'sip:x:y@z']) AS u`, `a c e "`)
	w.want(`SELECT (calltrail.sip_uri_user(NULL) IS NULL)::text`, "true")
	w.want(`SELECT concat_ws(' ', calltrail.passport_number('911204100099'), calltrail.passport_number('+911204100099'), calltrail.passport_number('sip:a@b'))`, "+911204100099 +911204100099")
}
