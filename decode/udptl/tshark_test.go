package udptl_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"calltrail/decode/udptl"
)

// pcap is a capture file of UDP datagrams over IPv4.
func pcap(datagrams [][]byte) []byte {
	var f bytes.Buffer
	word := func(v ...uint32) { _ = binary.Write(&f, binary.BigEndian, v) }
	half := func(v ...uint16) { _ = binary.Write(&f, binary.BigEndian, v) }
	word(0xa1b2c3d4, 2<<16|4, 0, 0, 65535, 101) // version 2.4, link type "raw IP"
	for i, d := range datagrams {
		n := 28 + len(d)
		word(1_700_000_000, uint32(i), uint32(n), uint32(n))
		half(0x4500, uint16(n), uint16(i), 0, 0x4011, 0)
		word(0xc0000201, 0xc6336401)
		half(6000, 6004, uint16(8+len(d)), 0)
		f.Write(d)
	}
	return f.Bytes()
}

// dissected is what tshark reads in each datagram, told that it is T.38: a line of sequence number, choice, number of secondary
// packets, number of parity strings, and whether it finds something malformed.
func dissected(t *testing.T, datagrams [][]byte, version1 bool) []string {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skipf("nothing to compare with: %v", err)
	}
	file := filepath.Join(t.TempDir(), "fax.pcap")
	if err := os.WriteFile(file, pcap(datagrams), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"-n", "-r", file, "-d", "udp.port==6004,t38", "-T", "fields", "-E", "separator=;",
		"-o", "t38.reassembly:FALSE", // of the fax, which is none
		"-o", fmt.Sprintf("t38.use_pre_corrigendum_asn1_specification:%v", !version1),
	}
	for _, field := range []string{"seq_number", "error_recovery", "secondary_ifp_packets", "fec_data"} {
		args = append(args, "-e", "t38."+field)
	}
	var failure strings.Builder
	cmd := exec.CommandContext(t.Context(), tshark, append(args, "-e", "t38.malformed", "-e", "_ws.malformed")...)
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, failure.String())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// The packets must say to tshark what they say to Parse.
func TestAgreesWithTshark(t *testing.T) {
	for _, version1 := range []bool{false, true} {
		t.Run(fmt.Sprintf("version 1 %v", version1), func(t *testing.T) {
			var datagrams [][]byte
			var want, names []string
			for _, c := range packets {
				if c.own || c.version1 != version1 {
					continue
				}
				datagrams = append(datagrams, []byte(c.b))
				names = append(names, c.name)
				s := fmt.Sprintf("%d;0;%d;;;", c.want.Seq, c.want.Packets)
				if c.want.Recovery == udptl.FEC {
					s = fmt.Sprintf("%d;1;;%d;;", c.want.Seq, c.want.Packets)
				}
				want = append(want, s)
			}
			got := dissected(t, datagrams, version1)
			if len(got) != len(want) {
				t.Fatalf("%d lines, want %d: %q", len(got), len(want), got)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s: tshark reads %s, want %s", names[i], got[i], want[i])
				}
			}
		})
	}
}
