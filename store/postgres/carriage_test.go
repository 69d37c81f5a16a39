package postgres

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"

	"calltrail/cdr/record"
	"calltrail/store"
)

// connection is a TLS connection as a sensor records it.
func connection(n int) *record.Call {
	started := record.Time(1779962400000000 + int64(n)*2000000)
	ended := started + 60_000_000
	client, server := netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), netip.MustParseAddr("2001:db8::10")
	return &record.Call{
		Schema: record.SchemaCall, Kind: record.KindTLS, Revision: 1, Final: true, Day: started.Day(), Sensor: chainSensor,
		CallUID: record.FlowUID(record.KindTLS, chainSensor, record.Addr{IP: client, Port: 40000}, record.Addr{IP: server, Port: 5061}, started),
		TLS: &record.TLS{
			ServerName: "sip.example.org", ALPN: []string{"sip/2", "http/1.1"}, Version: "1.3",
			PacketsUp: new(uint64(12)), PacketsDown: new(uint64(11)), OctetsUp: new(uint64(4096)), OctetsDown: new(uint64(0)),
		},
		Src: &record.End{IP: client, Port: 40000}, Dst: &record.End{IP: server, Port: 5061},
		Tunnel:    []record.Tunnel{{Type: "gtpu", ID: new(uint32(4294967295)), Src: &client}},
		StartedAt: started, EndedAt: ended, LastSeenAt: ended, DurationMS: new(int64(60_000)),
		Disposition: record.Unknown, EndedBy: record.ByUnknown, Visibility: record.Encrypted, Observer: record.Observer{Version: "test"},
	}
}

// A TLS connection, in the bytes that a sensor writes: its outside is there, nobody is named, and its ends are found by
// their addresses and the time.
func TestTLSConnection(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	opening := connection(1)
	opening.Final, opening.EndedAt, opening.DurationMS, opening.EndedBy = false, 0, nil, ""
	opening.TLS = &record.TLS{ServerName: "sip.example.org"}
	closed := connection(1)
	closed.Revision = 2
	deliver(t, l, chain.body(opening.Append(nil)), chain.body(closed.Append(nil)), chain.call(chain.sample(2)))
	wantCounts(t, l, Counts{Stored: 3})
	db.want(`SELECT kind, tls_server_name, array_to_string(tls_alpn, ' ') AS alpn, tls_version, tls_packets_up, tls_packets_down, tls_octets_up, tls_octets_down, visibility, disposition, duration_ms
	           FROM calltrail.calls WHERE kind = 'tls'`, `tls|sip.example.org|"sip/2 http/1.1"|1.3|12|11|4096|0|encrypted|unknown|60000`)
	db.want(`SELECT revision, num_nulls(tls_alpn, tls_version, tls_packets_up, tls_packets_down, tls_octets_up, tls_octets_down) AS unknown FROM calltrail.call_record WHERE kind = 'tls' ORDER BY 1`,
		"1|6; 2|0")
	db.want(`SELECT num_nonnulls(caller_raw, caller_user, callee_raw, callee_user, sip_call_id, sip_transport, sip_status) AS named FROM calltrail.calls WHERE kind = 'tls'`, "0")
	db.want(`SELECT num_nonnulls(tls_server_name, tls_alpn, tls_version, tls_octets_up, cell_mcc, cell_ci) AS tls FROM calltrail.calls WHERE kind = 'sip'`, "0")
	db.want(`SELECT tunnel->0->>'type' AS type, (tunnel->0->>'id')::bigint AS id, tunnel->0->>'src' AS src FROM calltrail.calls WHERE kind = 'tls'`, "gtpu|4294967295|203.0.113.1")
	const use = `SELECT e.roles[1] AS role, c.tls_server_name FROM calltrail.endpoint e JOIN calltrail.calls c USING (day, record_id)
	              WHERE e.ip = $1 AND e.port = $2 AND e.first_at <= '2026-05-28T10:00:30Z' AND e.last_at >= '2026-05-28T10:00:30Z'`
	db.want(use, "tls_client|sip.example.org", netip.MustParseAddr("203.0.113.1"), 40000)
	db.want(use, "tls_server|sip.example.org", netip.MustParseAddr("2001:db8::10"), 5061)
	db.want(use, "", netip.MustParseAddr("203.0.113.1"), 40001)
}

// What a call's access network says stands in columns of its own.
func TestCell(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	lte, wifi := chain.sample(1), chain.sample(2)
	lte.Cell = &record.CellInfo{Type: "3GPP-E-UTRAN-FDD", ID: "404100D1a02ABCDEF", MCC: "404", MNC: "10", Area: "0D1a", Cell: "02ABCDEF", NetworkProvided: true}
	wifi.Cell = &record.CellInfo{Type: "IEEE-802.11"}
	deliver(t, l, chain.body(lte.Append(nil)), chain.body(wifi.Append(nil)))
	db.want(`SELECT cell_type, cell_id, cell_mcc, cell_mnc, cell_area, cell_ci, cell_network_provided FROM calltrail.calls ORDER BY started_at`,
		"3GPP-E-UTRAN-FDD|404100D1a02ABCDEF|404|10|0D1a|02ABCDEF|t; IEEE-802.11||||||")
}

// The values that a message contradicts itself with stand as they were written.
func TestConflicting(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	odd := chain.sample(1)
	odd.SIP.Conflicting = &record.Conflicting{From: []string{"<sip:a@example.net>;tag=1", "<sip:b@example.net>"}, CSeq: []string{"1 INVITE", "4711 BYE"}}
	deliver(t, l, chain.body(odd.Append(nil)), chain.call(chain.sample(2)))
	db.want(`SELECT sip_conflicting->'from'->>1 AS second, sip_conflicting->'cseq'->>1 AS cseq, sip_conflicting ? 'to' AS other FROM calltrail.calls ORDER BY started_at`,
		"<sip:b@example.net>|\"4711 BYE\"|f; ||")
}

// texted is that one SIP MESSAGE was sent.
func texted(n int) *record.Message {
	at := record.Time(1779962400000000 + int64(n)*1000000)
	outer := netip.MustParseAddr("192.0.2.250")
	return &record.Message{
		Schema: record.SchemaMessage, Kind: record.KindMessage, Day: at.Day(), Sensor: chainSensor, LegalBasis: "test order 1",
		Caller:   record.Party{Raw: "<sip:+912225550100@example.net>", User: "+912225550100", Host: "example.net", Number: record.Number{E164: "+912225550100", Country: "IN"}},
		Asserted: &record.Asserted{Raw: "<sip:+442079460123@example.net>", Header: "pai", E164: "+442079460123", Country: "GB"},
		Callee:   record.Party{Raw: "<sip:bob@example.org>", User: "bob", Host: "example.org"},
		ReqURI:   "sip:bob@example.org", CallID: "m1", Transport: "tcp", UserAgent: "Example/1.0", Status: new(202),
		Src: &record.End{IP: netip.MustParseAddr("203.0.113.9"), Port: 5062}, Dst: &record.End{IP: netip.MustParseAddr("198.51.100.10"), Port: 5060},
		Tunnel: []record.Tunnel{{Type: "gre", Src: &outer}}, VLAN: []uint16{7}, At: at, Flags: []string{"one_way"}, Observer: record.Observer{Version: "test"},
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	l, db := open(t, c), ask(t, c)
	chain := newChain(t)
	unanswered := texted(2)
	unanswered.Status, unanswered.Asserted, unanswered.Flags = nil, nil, nil
	first := texted(1).Append(nil)
	deliver(t, l, chain.body(first), chain.body(unanswered.Append(nil)), chain.body(first))
	wantCounts(t, l, Counts{Stored: 2, Duplicates: 1})
	db.want(`SELECT caller_e164, asserted_e164, callee_user, request_uri, call_id, transport, status, user_agent, src_ip, dst_port, tunnel->0->>'type' AS t, vlan, flags, legal_basis
	           FROM calltrail.message WHERE caller_e164 = '+912225550100' ORDER BY at`,
		`+912225550100|+442079460123|bob|sip:bob@example.org|m1|tcp|202|Example/1.0|203.0.113.9|5060|gre|{7}|{one_way}|"test order 1"; `+
			`+912225550100||bob|sip:bob@example.org|m1|tcp||Example/1.0|203.0.113.9|5060|gre|{7}|{}|"test order 1"`)
	db.want(`SELECT roles, port, first_at = last_at AS moment, call_uid IS NULL AS no_call FROM calltrail.endpoint WHERE first_at = '2026-05-28T10:00:01Z' ORDER BY 1`,
		"{message_destination}|5060|t|t; {message_source}|5062|t|t")
	db.want(`SELECT count(*) FROM calltrail.calls`, "0")
	for _, statement := range []string{`UPDATE calltrail.message SET status = 200`, `DELETE FROM calltrail.message`, `TRUNCATE calltrail.message_20260525`} {
		if db.exec(statement) == nil {
			t.Errorf("%s: taken", statement)
		}
	}
}

// A registration says how it was carried.
func TestRegistrationCarriage(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	at := record.Time(1779962400000000)
	r := record.Registration{
		Schema: record.SchemaRegistration, Kind: record.KindRegistration, Day: at.Day(), Sensor: chainSensor, Event: "login", Status: 200, CallID: "r", Transport: "ws",
		Tunnel: []record.Tunnel{{Type: "vxlan", ID: new(uint32(42))}}, At: at, Observer: record.Observer{Version: "test"},
	}
	deliver(t, l, chain.body(r.Append(nil)))
	db.want(`SELECT transport, tunnel->0->>'id' AS vni FROM calltrail.registration`, "ws|42")
}

// The legs of one call, whichever sensor saw them and on whichever day they began; each at its newest revision.
func TestLegsOf(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	group, other := record.GroupUID("session_id", "a"), record.GroupUID("session_id", "b")
	leg := func(n, revision int, at record.Time, group *uuid.UUID) store.Item {
		c := chain.sample(n)
		c.Revision, c.StartedAt, c.Day, c.GroupUID, c.AuthUser = revision, at, at.Day(), group, string(rune('a'+n))
		if group != nil {
			c.GroupMethod = "session_id"
		}
		return chain.body(c.Append(nil))
	}
	const midnight, second = record.Time(1780185600000000), 1_000_000 // Sunday ends: the next leg is in another partition
	deliver(t, l,
		leg(3, 1, midnight+second, &group), leg(1, 1, midnight-2*second, nil), leg(2, 1, midnight-second, &group),
		leg(1, 2, midnight-2*second, &group), // what it belongs to was known later
		leg(4, 1, midnight, &other), leg(5, 1, midnight, nil))
	db.want(`SELECT auth_user, revision, group_method FROM calltrail.legs_of($1)`, "b|2|session_id; c|1|session_id; d|1|session_id", group)
	db.want(`SELECT auth_user FROM calltrail.legs_of($1)`, "", record.GroupUID("session_id", "c"))
	db.want(`SELECT string_agg(auth_user, ' ') AS legs FROM calltrail.legs_of(NULL)`, "")
}

// A database that has records of before gets the new columns and partitions, and the way back is open until something stands
// there that would be lost.
func TestCarriageMigratesWithRecords(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	chain := newChain(t)
	deliver(t, open(t, c), chain.calls(1, 2)...)
	downTo(t, c, 10)
	db := ask(t, c)
	db.want(`SELECT to_regclass('calltrail.message') IS NULL AS gone, count(*) AS calls FROM calltrail.calls`, "t|2")
	db.want(`SELECT count(*) AS columns FROM pg_attribute WHERE attrelid = 'calltrail.calls'::regclass AND attname LIKE 'tls%'`, "0")
	db.want(`SELECT a.attname FROM pg_attribute a WHERE attrelid = 'calltrail.calls'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL`, "")
	if err := db.exec(`SELECT calltrail.ensure_partitions('2025-01-01', '2025-01-01')`); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, version int64) {
		t.Helper()
		for {
			_, err := Migrate(context.Background(), c, Down)
			if err == nil {
				continue
			}
			if !strings.Contains(err.Error(), "records are not dropped by a migration") || strings.Contains(err.Error(), "\n") {
				t.Errorf("down with %s: %v", what, err)
			}
			break
		}
		list, err := Migrate(context.Background(), c, Up)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Changed && m.Version <= version {
				t.Errorf("down with %s takes %s back", what, m.Name)
			}
		}
	}
	if _, err := Migrate(context.Background(), c, Up); err != nil {
		t.Fatal(err)
	}
	db.want(`SELECT count(*) = (SELECT count(*) FROM calltrail.partition) AS all_there FROM pg_inherits WHERE inhparent = 'calltrail.message'::regclass`, "t")
	deliver(t, open(t, c), chain.body(connection(3).Append(nil)))
	refused("a TLS connection", 11)
	deliver(t, open(t, c), chain.body(texted(1).Append(nil)))
	refused("a message", 12)
	db.want(`SELECT kind, count(*) FROM calltrail.calls GROUP BY 1 ORDER BY 1`, "sip|2; tls|1")
}
