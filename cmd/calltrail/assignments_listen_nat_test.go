package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A real NAT, the kernel's, translates a datagram; ulogd2 writes down that it began and ended, and logger sends the lines on. SQL
// says whose the public port was.
func TestAssignmentsListenSyslog(t *testing.T) {
	t.Parallel()
	s := newHeardSite(t)
	p := s.listen()
	n := testnet.New(t)
	nat, far := n.Host("nat", "203.0.113.9"), n.Host("far", "198.51.100.10")
	nat.Run("ip", "addr", "add", "100.64.0.5/32", "dev", "lo")
	nat.Run("nft", `table ip t { chain c { type nat hook postrouting priority 100; ip saddr 100.64.0.0/10 meta l4proto udp snat to 203.0.113.9:31000-31999; }; }`)
	nat.Run("sysctl", "-q", "-w", "net.netfilter.nf_conntrack_timestamp=1")

	lines := filepath.Join(nat.Dir, "connections")
	plugins, err := filepath.Glob("/usr/lib*/*/ulogd/ulogd_inpflow_NFCT.so")
	if err != nil || len(plugins) == 0 {
		t.Fatalf("ulogd2 has no NFCT: %v", err)
	}
	folder := filepath.Dir(plugins[0])
	conf := filepath.Join(nat.Dir, "ulogd.conf")
	text := fmt.Sprintf("[global]\nlogfile=\"%s\"\nplugin=\"%s\"\nplugin=\"%s/ulogd_output_GPRINT.so\"\nstack=ct1:NFCT,gp1:GPRINT\n[ct1]\nevent_mask=0x00000005\nhash_enable=0\n[gp1]\nfile=\"%s\"\nsync=1\ntimestamp=1\n",
		filepath.Join(nat.Dir, "ulogd.log"), plugins[0], folder, lines)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	nat.Start(nil, "ulogd", "-c", conf)
	noted := func() int {
		b, err := os.ReadFile(lines)
		if err != nil {
			return 0
		}
		return bytes.Count(b, []byte("\n"))
	}
	// Datagrams, until one shows that ulogd has begun to listen: it does not say so itself.
	tried := 0
	if !p.until(t, 50*time.Millisecond, func() bool {
		tried++
		nat.Run("python3", "-c", `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("100.64.0.5", 40001))
s.sendto(b"x", ("`+far.Addr.String()+`", 5060))`)
		nat.Run("conntrack", "-D")
		return noted() >= 2 || tried > 100
	}) {
		t.Fatal(p.wait(t).stderr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "logger", "--server", s.host, "--port", "5514", "--udp", "--rfc5424", "--tag", "ulogd", "--size", "2KiB", "--file", lines).CombinedOutput(); err != nil {
		t.Fatalf("logger: %v: %s", err, out)
	}
	if !p.until(t, 20*time.Millisecond, func() bool {
		return s.db.number("SELECT count(*) FROM calltrail.assignments WHERE NOT upper_inf(during)") >= 1
	}) {
		t.Fatal(p.wait(t).stderr)
	}
	// What the NAT itself wrote down, taken apart by nothing of ours.
	b, err := os.ReadFile(lines)
	if err != nil {
		t.Fatal(err)
	}
	port, end := "", ""
	for line := range strings.Lines(string(b)) {
		for field := range strings.SplitSeq(line, ",") {
			if v, ok := strings.CutPrefix(field, "reply.l4.dport="); ok {
				port = v
			}
			if v, ok := strings.CutPrefix(field, "flow.end.sec="); ok {
				end = v
			}
		}
	}
	s.db.want(fmt.Sprintf(`SELECT DISTINCT host(inside_address), inside_port, host(address), ports FROM calltrail.who_used('203.0.113.9', %s, (SELECT max(lower(during)) FROM calltrail.assignments WHERE ports @> %s))`, port, port),
		fmt.Sprintf("100.64.0.5|40001|203.0.113.9|[%s,%d)", port, atoi(t, port)+1))
	s.db.want(`SELECT extract(epoch FROM date_trunc('second', max(upper(during)))) FROM calltrail.assignments`, end+".000000")
	s.db.want(`SELECT DISTINCT via, host(sender) FROM calltrail.assignment_receipt`, "syslog|127.0.0.1")
	s.ends(p)
}

func atoi(t *testing.T, s string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return n
}

// sender is what scapy makes of IPFIX, an implementation that shares nothing with ours: a template of RFC 8158's session events, one of its
// port blocks, and a record of each kind; the inside address is one that RADIUS knows.
const sender = `
import socket, sys
from scapy.layers.netflow import *
def template(id, *fields):
    return NetflowFlowsetV9(flowSetID=2, templates=[NetflowTemplateV9(templateID=id, template_fields=[NetflowTemplateFieldV9(fieldType=t, fieldLength=l) for t, l in fields])])
def ipv4(s): return socket.inet_aton(s)
def n(v, octets): return v.to_bytes(octets, "big")
def data(id, *records):
    body = b"".join(records)
    return n(id, 2) + n(4 + len(body), 2) + body
def message(*sets):
    body = b"".join(bytes(s) for s in sets)
    head = NetflowHeaderV10(length=16 + len(body), ExportTime=1779962400, flowSequence=1, ObservationDomainID=7)
    return bytes(NetflowHeader(version=10) / head) + body
session = ((323, 8), (230, 1), (8, 4), (225, 4), (4, 1), (7, 2), (227, 2), (12, 4), (11, 2))
block = ((323, 8), (230, 1), (8, 4), (225, 4), (361, 2), (362, 2))
def s(at, event): return n(at, 8) + n(event, 1) + ipv4("100.64.0.5") + ipv4("203.0.113.9") + n(17, 1) + n(40001, 2) + n(31409, 2) + ipv4("198.51.100.1") + n(5060, 2)
def b(at, event): return n(at, 8) + n(event, 1) + ipv4("100.64.0.5") + ipv4("203.0.113.10") + n(1024, 2) + n(2047, 2)
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect((sys.argv[1], 4739))
for m in (message(data(256, s(1779962400000, 4))), message(template(256, *session), template(257, *block), data(256, s(1779962400000, 4)), data(257, b(1779962400500, 16))),
          message(data(256, s(1779962403250, 5)), data(257, b(1779966000000, 17)))):
    out.send(m)
    open(sys.argv[2], "ab").write(m)
    print(m.hex())
`

// No program of Debian sends NAT events in IPFIX; scapy makes them, and tshark reads the same octets. RADIUS knows whose the inside
// address was: the public one is found with it.
func TestAssignmentsListenIPFIX(t *testing.T) {
	t.Parallel()
	s := newHeardSite(t)
	p := s.listen()
	at := time.Unix(1779962400, 0).Add(-time.Hour)
	s.accounted(request("Start", "01", "asha", at, "Framed-IP-Address=100.64.0.5"))
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	sent, err := exec.CommandContext(ctx, "/usr/bin/python3", "-c", sender, s.host, filepath.Join(s.dir, "sent")).CombinedOutput()
	if err != nil {
		t.Fatalf("scapy: %v: %s", err, sent)
	}
	s.witness(string(sent))
	if !p.until(t, 20*time.Millisecond, func() bool {
		return s.db.number("SELECT count(*) FROM calltrail.assignments WHERE source = 'cgnat' AND NOT upper_inf(during)") == 2
	}) {
		t.Fatal(p.wait(t).stderr)
	}
	s.db.want(`SELECT subscriber, host(inside_address), inside_port, valid_from, valid_until FROM calltrail.who_used('203.0.113.9', 31409, to_timestamp(1779962401))`,
		"asha|100.64.0.5|40001|2026-05-28 10:00:00+00|2026-05-28 10:00:03.25+00")
	s.db.want(`SELECT count(*) FROM calltrail.who_used('203.0.113.9', 31409, to_timestamp(1779962404))`, "0")
	s.db.want(`SELECT subscriber, inside_port, ports FROM calltrail.who_used('203.0.113.10', 2047, to_timestamp(1779962401))`, "asha||[1024,2048)")
	s.db.want(`SELECT count(*) FROM calltrail.who_used('203.0.113.10', 2048, to_timestamp(1779962401))`, "0")
	s.db.want(`SELECT host(address) FROM calltrail.public_of('100.64.0.5', 40001, to_timestamp(1779962401)) WHERE inside_port = 40001`, "203.0.113.9")
	// The message before the template could not be read, and is counted.
	if metrics := s.page("/metrics"); !strings.Contains(metrics, "\ncalltrail_assignments_malformed_total{via=\"ipfix\"} 1\n") || !strings.Contains(metrics, "\ncalltrail_assignments_events_total{via=\"ipfix\"} 4\n") {
		t.Errorf("metrics:\n%s", metrics)
	}
	s.ends(p)
}

// witness lets tshark read what was sent: it sees the same events at the same times.
func (s *heardSite) witness(sent string) {
	s.Helper()
	var dump bytes.Buffer
	for line := range strings.Lines(sent) {
		line = strings.TrimSpace(line)
		for i := 0; i < len(line); i += 32 {
			fmt.Fprintf(&dump, "%06x", i/2)
			for j := i; j < min(i+32, len(line)); j += 2 {
				dump.WriteString(" " + line[j:j+2])
			}
			dump.WriteString("\n")
		}
	}
	pcap := filepath.Join(s.dir, "sent.pcap")
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	convert := exec.CommandContext(ctx, "text2pcap", "-q", "-u", "50000,4739", "-", pcap)
	convert.Stdin = &dump
	if out, err := convert.CombinedOutput(); err != nil {
		s.Fatalf("text2pcap: %v: %s", err, out)
	}
	out, err := exec.CommandContext(ctx, "tshark", "-n", "-r", pcap, "-d", "udp.port==4739,cflow", "-T", "fields", "-e", "cflow.nat_event", "-e", "cflow.post_natsource_ipv4_address").Output()
	if err != nil {
		s.Fatalf("tshark: %v", err)
	}
	if got := strings.Join(strings.Fields(string(out)), " "); got != "4,16 203.0.113.9,203.0.113.10 5,17 203.0.113.9,203.0.113.10" {
		s.Errorf("tshark reads %q", got)
	}
}
