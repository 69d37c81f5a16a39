package subscriber

import "testing"

// Two sessions that meet, one that lost its Stop, a line with prefixes, and a NAT.
const (
	radiusFile = `Acct-Status-Type,Acct-Session-Id,User-Name,Event-Timestamp,Framed-IP-Address,Framed-IPv6-Prefix,Delegated-IPv6-Prefix,Calling-Station-Id,NAS-Port-Id,NAS-IP-Address
Start,01,asha,2026-05-28T10:00:00Z,198.51.100.7,,,02-00-5E-00-00-01,olt1/3,192.0.2.1
Interim-Update,01,asha,2026-05-28T10:15:00Z,198.51.100.7,,,02-00-5E-00-00-01,olt1/3,192.0.2.1
Stop,01,asha,2026-05-28T10:30:00Z,198.51.100.7,,,02-00-5E-00-00-01,olt1/3,192.0.2.1
Start,02,bela,2026-05-28T10:30:00Z,198.51.100.7,,,0200.5e00.0002,olt1/4,192.0.2.1
Stop,02,bela,2026-05-28T11:00:00Z,198.51.100.7,,,0200.5e00.0002,olt1/4,192.0.2.1
Start,03,chand,2026-05-28T12:00:00Z,198.51.100.8,,,,olt1/5,192.0.2.1
Interim-Update,03,chand,2026-05-28T12:30:00Z,198.51.100.8,,,,olt1/5,192.0.2.1
Start,04,devi,2026-05-28T13:00:00Z,198.51.100.8,,,,olt1/6,192.0.2.1
Stop,04,devi,2026-05-28T14:00:00Z,198.51.100.8,,,,olt1/6,192.0.2.1
Start,05,esha,2026-05-28T10:00:00Z,,2001:db8:1:100::/64,2001:db8:1::/48,,olt1/7,192.0.2.1
Start,06,farid,2026-05-28T10:00:00Z,,,2001:db8:1:200::/56,,olt1/8,192.0.2.1
Interim-Update,07,gita,2026-05-28T10:20:00Z,198.51.100.9,,,14155550100,olt1/9,192.0.2.1
Start,08,hari,2026-05-28T09:00:00Z,100.64.0.5,,,02:00:5e:00:00:08,olt2/1,192.0.2.1
Stop,08,hari,2026-05-28T12:00:00Z,100.64.0.5,,,02:00:5e:00:00:08,olt2/1,192.0.2.1
Accounting-On,,,2026-05-28T14:30:00Z,,,,,,192.0.2.1
`
	cgnatFile = `public_ip,port_start,port_end,inside_ip,inside_port,subscriber,from,to
203.0.113.9,1024,2047,100.64.0.5,,,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z
203.0.113.9,2048,3071,100.64.0.6,,ina,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z
203.0.113.9,1024,2047,100.64.0.7,,jaya,2026-05-28T11:00:00Z,
203.0.113.10,5000,5000,100.64.0.6,40001,ina,2026-05-28T10:00:00Z,2026-05-28T10:00:05Z
203.0.113.11,1024,2047,100.64.0.8,,kavi,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z
203.0.113.11,2000,2999,100.64.0.9,,lata,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z
`
	dhcpFile = `address,hwaddr,client_id,start,end
198.51.100.60,02005e000060,,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z
198.51.100.60,02005e000060,,2026-05-28T10:30:00Z,2026-05-28T11:30:00Z
`
)

func TestWhoUsed(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	r := d.put(RADIUS, radiusFile)
	if r.Rows != 15 || r.Ignored != 1 || r.Added != 9 {
		t.Errorf("%+v", r)
	}
	d.put(CGNAT, cgnatFile)
	d.put(DHCP, dhcpFile)
	const (
		open    = "no end is known, last heard of at 2026-05-28 "
		two     = "one of 2 assignments that overlap at this time: the sources do not agree, or an end is missing"
		inside  = "the subscriber is that of the inside address, by radius"
		renewed = "one of 2 assignments to the same holder"
	)
	for _, c := range []struct {
		name, address, port, at, want string
	}{
		{"within a session", "198.51.100.7", "5060", "10:10:00", "asha|olt1/3|02:00:5e:00:00:01|-|198.51.100.7/32|-"},
		{"the second before it", "198.51.100.7", "5060", "09:59:59.999999", ""},
		{"its first instant", "198.51.100.7", "0", "10:00:00", "asha|olt1/3|02:00:5e:00:00:01|-|198.51.100.7/32|-"},
		{"the last instant before the next", "198.51.100.7", "65535", "10:29:59.999999", "asha|olt1/3|02:00:5e:00:00:01|-|198.51.100.7/32|-"},
		{"where two sessions meet it is the second's", "198.51.100.7", "5060", "10:30:00", "bela|olt1/4|02:00:5e:00:00:02|-|198.51.100.7/32|-"},
		{"its end", "198.51.100.7", "5060", "11:00:00", ""},
		{"the neighbour's address", "198.51.100.6", "5060", "10:10:00", ""},
		{"an open session", "198.51.100.8", "5060", "12:59:59", "chand|olt1/5|-|-|198.51.100.8/32|" + open + "12:30:00 UTC"},
		{"it overlaps the next: both", "198.51.100.8", "5060", "13:00:01", "devi|olt1/6|-|-|198.51.100.8/32|" + two +
			"\nchand|olt1/5|-|-|198.51.100.8/32|" + two + "; " + open + "12:30:00 UTC; the address was given out again since: it may have ended before"},
		{"after the next has ended", "198.51.100.8", "5060", "15:00:00", "chand|olt1/5|-|-|198.51.100.8/32|" + open + "12:30:00 UTC; the address was given out again since: it may have ended before"},
		{"a session that was first heard of late", "198.51.100.9", "5060", "10:21:00", "gita|olt1/9|-|-|198.51.100.9/32|its beginning was not seen; " + open + "10:20:00 UTC"},
		{"what came before is not claimed", "198.51.100.9", "5060", "10:19:59", ""},
		{"the longest prefix", "2001:db8:1:100::5", "5060", "10:01:00", "esha|olt1/7|-|-|2001:db8:1:100::/64|" + open + "10:00:00 UTC"},
		{"another one within it", "2001:db8:1:2ff:1::5", "5060", "10:01:00", "farid|olt1/8|-|-|2001:db8:1:200::/56|" + open + "10:00:00 UTC"},
		{"the next network has the shorter one", "2001:db8:1:300::5", "5060", "10:01:00", "esha|olt1/7|-|-|2001:db8:1::/48|" + open + "10:00:00 UTC"},
		{"the next prefix", "2001:db8:2::5", "5060", "10:01:00", ""},
		{"first port of a block; the NAT knows the inside address, RADIUS the line", "203.0.113.9", "1024", "10:30:00", "hari|olt2/1|02:00:5e:00:00:08|100.64.0.5|203.0.113.9/32|" + inside},
		{"its last port", "203.0.113.9", "2047", "10:30:00", "hari|olt2/1|02:00:5e:00:00:08|100.64.0.5|203.0.113.9/32|" + inside},
		{"the port after it", "203.0.113.9", "2048", "10:30:00", "ina|-|-|100.64.0.6|203.0.113.9/32|-"},
		{"last port of the last block", "203.0.113.9", "3071", "10:30:00", "ina|-|-|100.64.0.6|203.0.113.9/32|-"},
		{"the port after all", "203.0.113.9", "3072", "10:30:00", ""},
		{"the port before all", "203.0.113.9", "1023", "10:30:00", ""},
		{"the block's next holder", "203.0.113.9", "2047", "11:00:00", "jaya|-|-|100.64.0.7|203.0.113.9/32|" + open + "11:00:00 UTC"},
		{"a single translation", "203.0.113.10", "5000", "10:00:04", "ina|-|-|100.64.0.6|203.0.113.10/32|-"},
		{"after it", "203.0.113.10", "5000", "10:00:05", ""},
		{"blocks that overlap: both", "203.0.113.11", "2047", "10:30:00", "kavi|-|-|100.64.0.8|203.0.113.11/32|" + two + "\nlata|-|-|100.64.0.9|203.0.113.11/32|" + two},
		{"of one block only", "203.0.113.11", "1999", "10:30:00", "kavi|-|-|100.64.0.8|203.0.113.11/32|-"},
		{"a lease", "198.51.100.60", "1", "10:10:00", "-|-|02:00:5e:00:00:60|-|198.51.100.60/32|-"},
		{"renewed", "198.51.100.60", "1", "10:40:00", "-|-|02:00:5e:00:00:60|-|198.51.100.60/32|" + renewed + "\n-|-|02:00:5e:00:00:60|-|198.51.100.60/32|" + renewed},
	} {
		got := d.ask(`SELECT subscriber, line, mac, inside_address, address::text, remark FROM calltrail.who_used($1::inet, $2::text::int, $3::timestamptz)`,
			c.address, c.port, "2026-05-28 "+c.at+"Z")
		if got != c.want {
			t.Errorf("%s: %s port %s at %s\n got %s\nwant %s", c.name, c.address, c.port, c.at, got, c.want)
		}
	}
	d.want(`SELECT subscriber, left(remark, 74) FROM calltrail.who_used('203.0.113.9', NULL, '2026-05-28 10:30Z')`,
		"hari|one of 2 assignments: the address was shared by its ports, and no port was\nina|one of 2 assignments: the address was shared by its ports, and no port was")
	d.want(`SELECT host(address), ports FROM calltrail.public_of('100.64.0.6', 40001, '2026-05-28 10:00:01Z')`, "203.0.113.9|[2048,3072)\n203.0.113.10|[5000,5001)")
	d.want(`SELECT host(address), ports FROM calltrail.public_of('100.64.0.6', 40002, '2026-05-28 10:00:01Z')`, "203.0.113.9|[2048,3072)")
	d.want(`SELECT host(address), ports, lower(during) AT TIME ZONE 'UTC' FROM calltrail.assignments_of('hari', '2026-05-28Z', '2026-05-29Z')`,
		"100.64.0.5|-|2026-05-28T09:00:00\n203.0.113.9|[1024,2048)|2026-05-28T10:00:00")
	d.want(`SELECT count(*) FROM calltrail.assignments_of('hari', '2026-05-28 12:00Z', '2026-05-29Z')`, "0")
}
