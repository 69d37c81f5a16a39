package natlog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"calltrail/decode/fuzzbound"
)

// Lines as the products' documentation or source shows them, with addresses of the documentation ranges.
const (
	// ulogd2 2.0.8, stack NFCT,GPRINT on a Debian 12 router with nf_conntrack_timestamp, sent on by logger --rfc5424.
	gprintNew     = `<13>1 2026-11-22T17:09:55.900000+00:00 router ulogd - - [timeQuality tzKnown="1" isSynced="1"] timestamp=2026/11/22-17:09:55,orig.ip.saddr=100.64.0.5,orig.ip.daddr=203.0.113.50,orig.ip.protocol=17,orig.l4.sport=40001,orig.l4.dport=5060,orig.raw.pktlen=0,orig.raw.pktcount=0,reply.ip.saddr=203.0.113.50,reply.ip.daddr=203.0.113.9,reply.ip.protocol=17,reply.l4.sport=5060,reply.l4.dport=31409,reply.raw.pktlen=0,reply.raw.pktcount=0,ct.mark=0,ct.id=2412893739,ct.event=1,flow.start.sec=1795367395,flow.start.usec=341080,oob.family=2,oob.protocol=0`
	gprintDestroy = `<13>Nov 22 17:09:56 router ulogd: orig.ip.saddr=100.64.0.5,orig.ip.daddr=203.0.113.50,orig.ip.protocol=17,orig.l4.sport=40001,orig.l4.dport=5060,reply.ip.saddr=203.0.113.50,reply.ip.daddr=203.0.113.9,reply.ip.protocol=17,reply.l4.sport=5060,reply.l4.dport=31409,ct.event=4,flow.start.sec=1795367395,flow.start.usec=340827,flow.end.sec=1795367395,flow.end.usec=422317,oob.family=2,oob.protocol=0`
	// The same with PRINTFLOW and SYSLOG.
	printflowNew     = `<30>Nov 22 17:09:55 router ulogd[812]: [NEW] ORIG: SRC=100.64.0.5 DST=203.0.113.50 PROTO=UDP SPT=40001 DPT=5060 PKTS=0 BYTES=0 , REPLY: SRC=203.0.113.50 DST=203.0.113.9 PROTO=UDP SPT=5060 DPT=31409 PKTS=0 BYTES=0 `
	printflowDestroy = `<30>2026-11-22T17:09:57.5Z router ulogd[812]: [DESTROY] ORIG: SRC=100.64.0.5 DST=203.0.113.50 PROTO=TCP SPT=40001 DPT=5060 PKTS=3 BYTES=180 , REPLY: SRC=203.0.113.50 DST=203.0.113.9 PROTO=TCP SPT=5060 DPT=31409 PKTS=0 BYTES=0 `
	// Cisco IOS XR Carrier Grade NAT Configuration Guide, Syslog Message Format: its values in the form that it gives.
	cisco = `<14>1 2011 May 31 10:30:45 192.168.2.3 - - NAT44 - [UserbasedA - 10.0.0.1 Broadband - 100.1.1.1 - 2048 3071 - -]`
	// Juniper, System Log Error Messages for Next Gen Services, with a protocol that has ports.
	junosCreate = `<14>1 2018-06-26T17:23:06.269-07:00 booklet RT_FLOW - RT_FLOW_SESSION_CREATE_USF [junos@2636.1.1.1.2.25 prefix="SYSLOG-PREFIX" service-set-name="JNPR-NH-SSET3" source-address="50.0.0.10" source-port="1055" destination-address="60.0.0.10" destination-port="21219" connection-tag="0" service-name="None" nat-source-address="100.0.0.1" nat-source-port="1024" nat-destination-address="60.0.0.10" nat-destination-port="21219" nat-connection-tag="0" src-nat-rule-type="source rule" protocol-id="17" policy-name="p1 ]"] Prefix PADDY3 svc-set-name JNPR-NH-SSET3: session created 50.0.0.1`
)

var received = time.Date(2026, 11, 22, 17, 10, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	t.Parallel()
	kolkata := time.FixedZone("IST", 5*3600+1800)
	for _, c := range []struct {
		name, line string
		zone       *time.Location
		want       string
	}{
		{"a connection began", gprintNew, time.UTC, "began 17 100.64.0.5:40001 as 203.0.113.9 31409-31409 to 203.0.113.50:5060 at 2026-11-22T17:09:55.34108Z after 0s"},
		{"and ended", gprintDestroy, time.UTC, "ended 17 100.64.0.5:40001 as 203.0.113.9 31409-31409 to 203.0.113.50:5060 at 2026-11-22T17:09:55.422317Z after 81.49ms"},
		{"its state changed", strings.Replace(gprintNew, "ct.event=1", "ct.event=2", 1), time.UTC, ""},
		{"nothing was translated", strings.NewReplacer("203.0.113.9,", "100.64.0.5,", "=31409", "=40001").Replace(gprintNew), time.UTC, ""},
		{"a connection of ICMP", strings.NewReplacer("orig.l4.sport", "x", "reply.l4.dport", "y").Replace(gprintNew), time.UTC, ""},
		{"printed", printflowNew, kolkata, "began 17 100.64.0.5:40001 as 203.0.113.9 31409-31409 to 203.0.113.50:5060 at 2026-11-22T11:39:55Z after 0s"},
		{"its end, with a whole time", printflowDestroy, kolkata, "ended 6 100.64.0.5:40001 as 203.0.113.9 31409-31409 to 203.0.113.50:5060 at 2026-11-22T17:09:57.5Z after 0s"},
		{"of last year", strings.Replace(printflowNew, "Nov 22", "Dec 31", 1), time.UTC, "began 17 100.64.0.5:40001 as 203.0.113.9 31409-31409 to 203.0.113.50:5060 at 2026-12-31T17:09:55Z after 0s"},
		{"a block of ports", cisco, time.UTC, "began 0 10.0.0.1:0 as 100.1.1.1 2048-3071 to invalid AddrPort at 2011-05-31T10:30:45Z after 0s"},
		{
			"two records, one of ports run out", strings.Replace(cisco, "[Userb", "[Portblockrunout - 10.0.0.2 Broadband - - - - - - -][Userb", 1) + "[SessionbasedWD TCP 10.0.0.1 Broadband - 100.1.1.1 5000 2050 - 198.51.100.1 443]", time.UTC,
			"began 0 10.0.0.1:0 as 100.1.1.1 2048-3071 to invalid AddrPort at 2011-05-31T10:30:45Z after 0s\nended 6 10.0.0.1:5000 as 100.1.1.1 2050-2050 to 198.51.100.1:443 at 2011-05-31T10:30:45Z after 0s",
		},
		{"a session", junosCreate, time.UTC, "began 17 50.0.0.10:1055 as 100.0.0.1 1024-1024 to 60.0.0.10:21219 at 2018-06-27T00:23:06.269Z after 0s"},
		{
			"its end", strings.NewReplacer("SESSION_CREATE_USF", "SESSION_CLOSE", `policy-name="`, `elapsed-time="12" policy-name="`).Replace(junosCreate), time.UTC,
			"ended 17 50.0.0.10:1055 as 100.0.0.1 1024-1024 to 60.0.0.10:21219 at 2018-06-27T00:23:06.269Z after 12s",
		},
		{"of ICMP, as the documentation has it", strings.Replace(junosCreate, `protocol-id="17"`, `protocol-id="1"`, 1), time.UTC, ""},
		{"denied", strings.Replace(junosCreate, "CREATE_USF", "DENY_USF", 1), time.UTC, ""},
	} {
		events, err := Parse([]byte(c.line), received, c.zone)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []string
		for _, e := range events {
			what := "began"
			if e.Ended {
				what = "ended"
			}
			got = append(got, fmt.Sprintf("%s %d %s as %s %d-%d to %s at %s after %s", what, e.Protocol, e.Inside, e.Public, e.First, e.Last, e.Remote, e.Time.Format(time.RFC3339Nano), e.Elapsed))
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, text, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, line string
		want       error
	}{
		{"empty", "", ErrUnknown},
		{"of another program", "<86>Nov 22 17:09:55 router sshd[1]: session opened", ErrUnknown},
		{"structured data without an end", `<14>1 - h a p RT_FLOW [x y="`, ErrUnknown},
		{"no UTF-8", "<86>\xff", ErrMalformed},
		{"too long", strings.Repeat("x", maxLine+1), ErrMalformed},
		{"a port beyond all", strings.Replace(gprintNew, "31409", "70000", 1), ErrMalformed},
		{"no address", strings.Replace(gprintNew, "203.0.113.9,", "203.0.113,", 1), ErrMalformed},
		{"nobody's address", strings.Replace(gprintNew, "203.0.113.9,", "0.0.0.0,", 1), ErrMalformed},
		{"no protocol", strings.Replace(gprintNew, "orig.ip.protocol=17", "orig.ip.protocol=udp", 1), ErrMalformed},
		{"an unknown event", strings.Replace(gprintNew, "ct.event=1", "ct.event=9", 1), ErrMalformed},
		{"cut in the middle", printflowNew[:110], ErrMalformed},
		{"ports that end before they begin", strings.Replace(cisco, "3071", "2047", 1), ErrMalformed},
		{"a field is missing", strings.Replace(cisco, " - -]", " -]", 1), ErrMalformed},
		{"a record without its bracket", strings.TrimSuffix(cisco, "]"), ErrMalformed},
		{"something behind it", cisco + "x", ErrMalformed},
		{"a session without protocol", strings.Replace(junosCreate, "protocol-id", "protocol", 1), ErrMalformed},
	} {
		if list, err := Parse([]byte(c.line), received, time.UTC); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, list, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{gprintNew, gprintDestroy, printflowNew, printflowDestroy, cisco, junosCreate, "<1>1 - - - - - - x"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _, _ = Parse(b, received, time.UTC) })
		list, err := Parse(b, received, time.UTC)
		for _, e := range list {
			if err != nil || !e.Valid() || !e.Ports {
				t.Errorf("%+v, %v", e, err)
			}
		}
	})
}
