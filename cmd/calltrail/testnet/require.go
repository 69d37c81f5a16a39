package testnet

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// packages are the Debian packages of the programs that networks and their witnesses are made of.
var packages = map[string]string{
	"ip": "iproute2", "bridge": "iproute2", "nft": "nftables", "ethtool": "ethtool",
	"kamailio": "kamailio", "baresip": "baresip-core", "sipp": "sip-tester",
	"tshark": "tshark", "dumpcap": "wireshark-common", "reordercap": "wireshark-common", "python3": "python3",
}

// Require skips the test where networks cannot be made: without root or without one of the programs. Where
// CALLTRAIL_REQUIRE_PROGRAMS is 1 the test fails instead.
func Require(t testing.TB) {
	t.Helper()
	why := missing()
	switch {
	case why == "":
	case os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") == "1":
		t.Fatal(why)
	default:
		t.Skip(why)
	}
}

func missing() string {
	if os.Geteuid() != 0 {
		return "not root: network namespaces cannot be made"
	}
	seen, list := map[string]bool{}, []string{}
	for program, pkg := range packages {
		if _, err := exec.LookPath(program); err != nil && !seen[pkg] {
			seen[pkg], list = true, append(list, pkg)
		}
	}
	if len(list) > 0 {
		return fmt.Sprintf("programs are missing: apt-get install --no-install-recommends %s", strings.Join(list, " "))
	}
	return ""
}
