package postgres

import (
	"context"
	"math"
	"net/netip"
	"strings"
	"testing"

	"calltrail/cdr/record"
	"calltrail/store"
)

func addr(s string) record.Addr {
	a := netip.MustParseAddrPort(s)
	return record.Addr{IP: a.Addr(), Port: a.Port()}
}

// appCall is a call through a relay as a sensor records it, a minute long, from 10:00:00 plus n seconds. The other party is known
// by a STUN message alone.
func appCall(n int) *record.Call {
	started := record.Time(1779962400000000 + int64(n)*1_000_000)
	ended := started + 60_000_000
	client, relay, peer, mapped := addr("10.9.0.7:40000"), addr("198.51.100.3:3478"), addr("203.0.113.77:50001"), addr("203.0.113.4:61000")
	from := record.Time(started + 100_000)
	return &record.Call{
		Schema: record.SchemaCall, Kind: record.KindApp, Revision: 1, Final: true, Day: started.Day(), Sensor: chainSensor, LegalBasis: "test order 1",
		CallUID: record.FlowUID(record.KindApp, chainSensor, client, relay, started),
		App: &record.App{
			Name: "whatsapp", Confidence: "certain", Evidence: []string{"whatsapp.stun_type", "whatsapp.as"}, Media: "audio",
			Client: client, Mapped: &mapped, Peer: &peer, PeerSeen: new(false), Relay: &relay,
			PacketsUp: new(uint64(3000)), PacketsDown: new(uint64(2990)), OctetsUp: new(uint64(math.MaxInt64)), OctetsDown: new(uint64(0)),
		},
		Src: &record.End{IP: client.IP, Port: client.Port}, Dst: &record.End{IP: relay.IP, Port: relay.Port},
		Media: []record.Media{{
			SSRC: new(uint32(7)), PayloadType: new(uint8(120)), Observed: &record.Flow{Src: client, Dst: relay}, FirstAt: from, LastAt: ended,
			Packets: new(uint64(2900)), Octets: new(uint64(100_000)), Encrypted: true, Direction: "up", CName: "alice@192.0.2.1",
		}},
		StartedAt: started, EndedAt: ended, LastSeenAt: ended, DurationMS: new(int64(60_000)),
		Disposition: record.Unknown, EndedBy: record.ByTimeout, Visibility: record.Encrypted, Observer: record.Observer{Version: "test"},
	}
}

// A call in an application, in the bytes that a sensor writes: its columns are there, nobody is named, and each of its addresses
// is found by address, port and time, for what it was.
func TestAppCall(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	open, closed := appCall(0), appCall(0)
	open.Final, open.EndedAt, open.DurationMS, open.EndedBy, open.Media = false, 0, nil, "", nil
	open.App.PacketsUp, open.App.PacketsDown, open.App.OctetsUp, open.App.OctetsDown = nil, nil, nil, nil
	closed.Revision = 2
	seen := appCall(1)
	seen.App.PeerSeen, seen.App.Relay, seen.App.Mapped, seen.App.Evidence = new(true), nil, nil, nil
	seen.App.Client, seen.Src.Port, seen.Media = addr("10.9.0.8:40000"), 40001, nil
	seen.Dst = &record.End{IP: seen.App.Peer.IP, Port: seen.App.Peer.Port}
	seen.Src.IP, seen.Src.Port, seen.CallUID = seen.App.Client.IP, seen.App.Client.Port, record.FlowUID(record.KindApp, chainSensor, seen.App.Client, *seen.App.Peer, seen.StartedAt)
	deliver(t, l, chain.body(open.Append(nil)), chain.body(closed.Append(nil)), chain.call(chain.sample(2)), chain.body(seen.Append(nil)))
	wantCounts(t, l, Counts{Stored: 4})

	db.want(`SELECT app_name, app_confidence, array_to_string(app_evidence, '+') AS evidence, app_media, app_client_ip, app_client_port, app_mapped_ip, app_mapped_port, app_peer_ip, app_peer_port, app_peer_seen,
	                app_relay_ip, app_relay_port, app_packets_up, app_packets_down, app_octets_up, app_octets_down, visibility, duration_ms
	           FROM calltrail.calls WHERE kind = 'app' ORDER BY started_at`,
		"whatsapp|certain|whatsapp.stun_type+whatsapp.as|audio|10.9.0.7|40000|203.0.113.4|61000|203.0.113.77|50001|f|198.51.100.3|3478|3000|2990|9223372036854775807|0|encrypted|60000; "+
			"whatsapp|certain||audio|10.9.0.8|40000|||203.0.113.77|50001|t|||3000|2990|9223372036854775807|0|encrypted|60000")
	db.want(`SELECT revision, num_nulls(app_packets_up, app_packets_down, app_octets_up, app_octets_down) AS unknown FROM calltrail.call_record WHERE app_relay_ip IS NOT NULL ORDER BY 1`, "1|4; 2|0")
	db.want(`SELECT num_nonnulls(caller_raw, caller_user, callee_raw, callee_user, sip_call_id, tls_server_name) AS named FROM calltrail.calls WHERE kind = 'app'`, "0; 0")
	db.want(`SELECT num_nonnulls(app_name, app_client_ip, app_client_port, app_evidence, app_peer_seen, app_octets_up) AS app FROM calltrail.calls WHERE kind = 'sip'`, "0")
	db.want(`SELECT media->0->>'cname' AS cname, media->0->>'direction' AS direction FROM calltrail.calls WHERE app_relay_ip IS NOT NULL`, "alice@192.0.2.1|up")

	// Who used this address and port at this time?
	const use = `SELECT array_to_string(e.roles, '+') AS roles, c.app_name, c.app_client_ip FROM calltrail.endpoint e JOIN calltrail.calls c USING (day, record_id)
	              WHERE e.ip = $1 AND e.port = $2 AND e.first_at <= $3 AND e.last_at >= $3 ORDER BY c.started_at`
	const during, before, after = "2026-05-28T10:00:30Z", "2026-05-28T09:59:59Z", "2026-05-28T10:01:02Z"
	for _, tt := range []struct{ address, at, want string }{
		{"10.9.0.7:40000", during, "app_client+media_source|whatsapp|10.9.0.7"},
		{"198.51.100.3:3478", during, "app_relay+media_destination|whatsapp|10.9.0.7"},
		{"203.0.113.4:61000", during, "app_mapped|whatsapp|10.9.0.7"},
		{"203.0.113.77:50001", during, "app_peer_named|whatsapp|10.9.0.7; app_peer|whatsapp|10.9.0.8"},
		{"203.0.113.77:50002", during, ""},
		{"203.0.113.77:50001", before, ""},
		{"203.0.113.77:50001", after, ""},
		{"198.51.100.3:3478", after, ""},
	} {
		a := netip.MustParseAddrPort(tt.address)
		db.want(use, tt.want, a.Addr(), int(a.Port()), tt.at)
	}
	db.want(`SELECT count(*) AS again FROM calltrail.endpoint e GROUP BY record_id, ip, port HAVING count(*) > 1`, "")
}

// A call of media alone: its ends, and who sent what where; a stream of somebody else's is not one of theirs.
func TestMediaCall(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	c := appCall(0)
	a, b, stranger := addr("192.0.2.1:20000"), addr("192.0.2.2:30000"), addr("192.0.2.66:9")
	c.Kind, c.App, c.Visibility, c.CallUID = record.KindMedia, nil, record.MediaOnly, record.FlowUID(record.KindMedia, chainSensor, a, b, c.StartedAt)
	c.Src, c.Dst = &record.End{IP: a.IP, Port: a.Port}, &record.End{IP: b.IP, Port: b.Port}
	first := c.StartedAt + 5_000_000
	c.Media = []record.Media{
		{SSRC: new(uint32(1)), Observed: &record.Flow{Src: a, Dst: b}, FirstAt: first, LastAt: first + 10_000_000, Direction: "up"},
		{SSRC: new(uint32(2)), Observed: &record.Flow{Src: stranger, Dst: b}, FirstAt: first, LastAt: first + 1_000_000, Foreign: true},
	}
	// A fax: T.38 has neither payload type nor SSRC.
	fax := chain.sample(3)
	fax.Media = []record.Media{{Type: "image", Codec: "t38", Observed: &record.Flow{Src: a, Dst: b}, FirstAt: first, LastAt: first, Packets: new(uint64(9)), Direction: "from_caller"}}
	deliver(t, l, chain.body(c.Append(nil)), chain.body(fax.Append(nil)))
	wantCounts(t, l, Counts{Stored: 2})
	db.want(`SELECT kind, visibility, app_name, num_nonnulls(caller_raw, callee_raw, sip_call_id) AS named, (media->1->>'foreign')::boolean AS f FROM calltrail.calls WHERE kind = 'media'`, "media|media_only||0|t")
	db.want(`SELECT host(e.ip), array_to_string(e.roles, '+') AS roles, e.first_at - c.started_at AS after, e.last_at - e.first_at AS span FROM calltrail.endpoint e JOIN calltrail.calls c USING (day, record_id) WHERE c.kind = 'media' ORDER BY e.ip`,
		"192.0.2.1|media+media_source|00:00:00|00:01:00; 192.0.2.2|media+media_destination|00:00:00|00:01:00; 192.0.2.66|media_foreign|00:00:05|00:00:01")
	db.want(`SELECT media->0->>'codec' AS codec, media->0 ? 'ssrc' AS ssrc FROM calltrail.calls WHERE kind = 'sip'`, "t38|f")
}

// The calls of an address, whatever it was in them, and no other kind of record.
func TestAppCallsOf(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	var items []store.Item
	for i, revision := range []int{1, 1, 2} {
		c := appCall(i)
		if revision == 2 {
			c = appCall(1) // the newest of two revisions is the call
			c.App.Confidence = "likely"
		}
		c.Revision = revision
		items = append(items, chain.body(c.Append(nil)))
	}
	tls := connection(4)
	tls.Src.IP, tls.Src.Port = netip.MustParseAddr("203.0.113.77"), 50001
	items = append(items, chain.body(tls.Append(nil)))
	deliver(t, l, items...)
	const ask = `SELECT to_char(started_at AT TIME ZONE 'UTC', 'HH24:MI:SS') AS at, app_confidence FROM calltrail.app_calls_of($1, $2, $3)`
	const both = "10:00:00|certain; 10:00:01|likely"
	for _, tt := range []struct{ address, from, to, want string }{
		{"10.9.0.7", "2026-05-28T10:00:00Z", "2026-05-28T11:00:00Z", both},
		{"203.0.113.77", "2026-05-28T10:00:30Z", "2026-05-28T10:00:31Z", both},
		{"203.0.113.4", "2026-05-28T10:00:30Z", "2026-05-28T10:00:31Z", both},
		{"198.51.100.3", "2026-05-28T10:00:30Z", "2026-05-28T10:00:31Z", both},
		{"198.51.100.3", "2026-05-28T09:00:00Z", "2026-05-28T10:00:01Z", "10:00:00|certain"}, // the end is not included
		{"198.51.100.3", "2026-05-28T10:01:01Z", "2026-05-28T11:00:00Z", "10:00:01|likely"},
		{"198.51.100.3", "2026-05-28T10:01:02Z", "2026-05-28T11:00:00Z", ""},
		{"198.51.100.4", "2026-05-28T10:00:00Z", "2026-05-28T11:00:00Z", ""},
	} {
		db.want(ask, tt.want, netip.MustParseAddr(tt.address), tt.from, tt.to)
	}
}

// A count that no bigint holds is refused, and so the record goes to the quarantine instead of stopping the loader.
func TestAppCounts(t *testing.T) {
	t.Parallel()
	l, _ := opened(t)
	chain := newChain(t)
	c := appCall(0)
	c.App.OctetsDown = new(uint64(math.MaxInt64 + 1))
	deliver(t, l, chain.body(c.Append(nil)), chain.body(appCall(1).Append(nil)))
	wantCounts(t, l, Counts{Stored: 1, Quarantined: 1})
}

// A database that has records of before gets the new columns, and the way back is open until a call in an application is there.
func TestAppMigratesWithRecords(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	chain := newChain(t)
	deliver(t, open(t, c), chain.calls(1, 2)...)
	downTo(t, c, 14)
	db := ask(t, c)
	db.want(`SELECT count(*) AS columns FROM pg_attribute WHERE attrelid = 'calltrail.calls'::regclass AND attname LIKE 'app%'`, "0")
	db.want(`SELECT count(*) FROM calltrail.legs_of(NULL)`, "0")
	if _, err := Migrate(context.Background(), c, Up); err != nil {
		t.Fatal(err)
	}
	db.want(`SELECT count(*) AS calls, count(app_name) AS named FROM calltrail.calls`, "2|0")
	deliver(t, open(t, c), chain.body(appCall(3).Append(nil)))
	downTo(t, c, 15)
	_, err := Migrate(context.Background(), c, Down)
	if err == nil || !strings.Contains(err.Error(), "records are not dropped by a migration") || strings.Contains(err.Error(), "\n") {
		t.Errorf("down with a call in an application: %v", err)
	}
	db.want(`SELECT kind, count(*) FROM calltrail.calls GROUP BY 1 ORDER BY 1`, "app|1; sip|2")
}
