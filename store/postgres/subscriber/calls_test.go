package subscriber

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// call stores a call of minute m of 10 o'clock that lasted 30 seconds, between ends written address:port.
func (d *database) call(n, minute int, from, fromPort, to, toPort string) {
	d.Helper()
	at := time.Date(2026, 5, 28, 10, minute, 0, 0, time.UTC)
	id := fmt.Sprintf("00000000-0000-8000-8000-%012d", n)
	d.exec(`SELECT calltrail.ensure_partitions('2026-05-28', '2026-05-28')`)
	d.exec(`INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, started_at, ended_at, disposition, visibility, flags, received_at,
		                                       caller_raw, src_ip, dst_ip, dst_as_number, dst_as_org)
		VALUES ('2026-05-28', $1::uuid, 'test', $1::uuid, 1, true, 'sip', 'edge-1', $2::timestamptz, $2::timestamptz + interval '30 s', 'answered', 'full', '{}', $2::timestamptz, $3, $4::inet, $5::inet, 64496, 'Example')`,
		id, at, fmt.Sprint("call ", n), from, to)
	d.exec(`INSERT INTO calltrail.endpoint (day, record_id, call_uid, ip, port, roles, first_at, last_at)
		SELECT '2026-05-28', $1::uuid, $1::uuid, e.ip::inet, e.port::int, ARRAY[e.role], $2::timestamptz, $2::timestamptz + interval '30 s'
		  FROM (VALUES ($3::text, $4::text, 'caller_signalling'), ($5, $6, 'callee_signalling')) e (ip, port, role)`, id, at, from, fromPort, to, toPort)
}

// asha has an IPv4 address, then a prefix, then ports behind a NAT that does not know her; and a tap inside sees her there.
const ashaFile = `Acct-Status-Type,Acct-Session-Id,User-Name,Event-Timestamp,Framed-IP-Address,Delegated-IPv6-Prefix
Start,1,asha,2026-05-28T10:00:00Z,198.51.100.1,
Stop,1,asha,2026-05-28T10:10:00Z,198.51.100.1,
Start,2,asha,2026-05-28T10:10:00Z,,2001:db8:1::/48
Stop,2,asha,2026-05-28T10:20:00Z,,2001:db8:1::/48
Start,3,asha,2026-05-28T10:20:00Z,100.64.0.1,
Stop,3,asha,2026-05-28T10:30:00Z,100.64.0.1,
Start,4,bela,2026-05-28T10:10:00Z,198.51.100.1,
Stop,4,bela,2026-05-28T10:30:00Z,198.51.100.1,
Start,5,bela,2026-05-28T10:10:00Z,,2001:db8:1:ff00::/56
Stop,5,bela,2026-05-28T10:20:00Z,,2001:db8:1:ff00::/56
Start,6,chand,2026-05-28T10:00:00Z,198.51.100.3,
Stop,6,chand,2026-05-28T10:30:00Z,198.51.100.3,
`

func (d *database) neighbours() {
	d.Helper()
	d.assignments()
	d.calls()
}

func (d *database) assignments() {
	d.Helper()
	d.put(RADIUS, ashaFile)
	d.put(CGNAT, "public_ip,port_start,port_end,inside_ip,from,to\n"+
		"203.0.113.9,1024,2047,100.64.0.1,2026-05-28T10:20:00Z,2026-05-28T10:25:00Z\n"+
		"203.0.113.9,2048,3071,100.64.0.2,2026-05-28T10:20:00Z,2026-05-28T10:25:00Z\n")
}

func (d *database) calls() {
	d.Helper()
	d.call(1, 5, "198.51.100.1", "5060", "192.0.2.200", "5060")             // asha
	d.call(2, 11, "198.51.100.1", "5060", "192.0.2.200", "5060")            // bela by now
	d.call(3, 12, "2001:db8:1:1::7", "5060", "2001:db8:ffff::1", "5060")    // asha
	d.call(4, 13, "2001:db8:1:ff01::7", "5060", "2001:db8:ffff::2", "5060") // bela, by a longer prefix
	d.call(5, 22, "192.0.2.77", "5060", "203.0.113.9", "2047")              // to asha, through the NAT
	d.call(6, 22, "192.0.2.77", "5060", "203.0.113.9", "2048")              // to the next block
	d.call(7, 26, "192.0.2.77", "5060", "203.0.113.9", "2047")              // when the block was given back
	d.call(8, 23, "100.64.0.1", "40000", "192.0.2.200", "5060")             // asha, seen inside
	d.call(9, 31, "100.64.0.1", "40000", "192.0.2.200", "5060")             // when nobody had it
	d.call(10, 6, "198.51.100.3", "5060", "192.0.2.77", "5060")             // chand
	d.call(11, 7, "198.51.100.3", "5060", "192.0.2.99", "5060")             // chand, alone with it
}

func TestCallsOfSubscriber(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.neighbours()
	const calls = `SELECT caller_raw, host(ip), port, roles[1], inside FROM calltrail.calls_of_subscriber($1, $2::timestamptz, $3::timestamptz)`
	d.want(calls, `call 1|198.51.100.1|5060|caller_signalling|false
call 3|2001:db8:1:1::7|5060|caller_signalling|false
call 5|203.0.113.9|2047|callee_signalling|false
call 8|100.64.0.1|40000|caller_signalling|false`, "asha", "2026-05-28 10:00Z", "2026-05-28 11:00Z")
	d.want(calls, `call 3|2001:db8:1:1::7|5060|caller_signalling|false`, "asha", "2026-05-28 10:06Z", "2026-05-28 10:22Z")
	d.want(calls, `call 2|198.51.100.1|5060|caller_signalling|false
call 4|2001:db8:1:ff01::7|5060|caller_signalling|false`, "bela", "2026-05-28Z", "2026-05-29Z")
	d.want(calls, "", "nobody", "2026-05-28Z", "2026-05-29Z")
}

func TestCommonFarEnds(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.neighbours()
	const ends = `SELECT far_network::text, as_number, subscribers::text, calls FROM calltrail.common_far_ends($1, '2026-05-28Z', '2026-05-29Z')`
	d.want(ends, `192.0.2.0/24|64496|{asha,bela,chand}|6
192.0.2.200/32|64496|{asha,bela}|3
192.0.2.77/32|64496|{asha,chand}|2
2001:db8:ffff::/48|64496|{asha,bela}|2`, []string{"asha", "bela", "chand", "asha"})
	d.want(ends, "", []string{"asha"})
	d.want(ends, "", []string{"asha", "nobody"})
}

// The join is frozen beside the records; again it adds nothing; what is learnt later is a further row, and the history stays.
func TestJoin(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.neighbours()
	day := time.Date(2026, 5, 28, 23, 0, 0, 0, time.UTC)
	join := func(added, takenBack int64) {
		t.Helper()
		j, err := Join(context.Background(), d.cfg, day)
		if err != nil || j.Added != added || j.TakenBack != takenBack {
			t.Errorf("%+v, %v, want %d added and %d taken back", j, err, added, takenBack)
		}
	}
	const shown = `SELECT c.caller_raw, s.subscriber, host(s.inside_address) AS inside, s.source FROM calltrail.call_subscribers s JOIN calltrail.calls c USING (day, record_id) ORDER BY c.started_at, c.record_id`
	join(0, 0) // they were joined as they landed
	const before = `call 1|asha|-|radius
call 10|chand|-|radius
call 11|chand|-|radius
call 2|bela|-|radius
call 3|asha|-|radius
call 4|bela|-|radius
call 5|-|100.64.0.1|cgnat
call 6|-|100.64.0.2|cgnat
call 8|asha|-|radius`
	d.want(shown, before)

	// Whose call 9 was arrives late, open; then its end, before the call: taken back. A longer prefix takes call 3 away.
	d.put(RADIUS, radiusHeader+"Start,9,devi,2026-05-28T10:30:10Z,100.64.0.1,\n")
	join(1, 0)
	d.want(`SELECT subscriber, host(ip) FROM calltrail.call_subscribers WHERE subscriber = 'devi'`, "devi|100.64.0.1")
	d.put(RADIUS, radiusHeader+"Stop,9,devi,2026-05-28T10:30:50Z,100.64.0.1,40\n")
	d.put(DHCP, "address,hwaddr,subscriber,start,end\n2001:db8:1:1::/64,,esha,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z\n")
	join(1, 2)
	join(0, 0)
	d.want(`SELECT subscriber, host(ip) FROM calltrail.call_subscribers WHERE subscriber IN ('devi', 'esha') OR ip = '2001:db8:1:1::7'`, "esha|2001:db8:1:1::7")
	d.want(`SELECT a.subscriber, s.holds FROM calltrail.call_subscriber s JOIN calltrail.assignment a USING (assignment_id) WHERE a.subscriber = 'devi' ORDER BY s.joined_at`,
		"devi|true\ndevi|false")
	// Days before since are left alone.
	d.put(RADIUS, radiusHeader+"Interim-Update,6,chand,2026-05-28T10:30:55Z,198.51.100.3,1855\n")
	day = day.AddDate(0, 0, 1)
	join(0, 0)
	d.want(`SELECT count(*) FROM calltrail.call_subscriber`, "13")
}
