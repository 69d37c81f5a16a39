package testnet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packages are the Debian packages of the programs that networks and their witnesses are made of.
var packages = map[string]string{
	"ip": "iproute2", "bridge": "iproute2", "nft": "nftables", "ethtool": "ethtool",
	"kamailio": "kamailio", "baresip": "baresip-core", "sipp": "sip-tester",
	"tshark": "tshark", "dumpcap": "wireshark-common", "reordercap": "wireshark-common", "python3": "python3",
}

// modules are parts of kamailio that come in packages of their own.
var modules = map[string]string{"tls.so": "kamailio-tls-modules", "websocket.so": "kamailio-websocket-modules"}

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
	for module, pkg := range modules {
		// Where it is says the architecture: /usr/lib/x86_64-linux-gnu.
		if found, _ := filepath.Glob("/usr/lib*/*/kamailio/modules/" + module); len(found) == 0 { // the pattern is good
			list = append(list, pkg)
		}
	}
	if len(list) > 0 {
		return fmt.Sprintf("programs are missing: apt-get install --no-install-recommends %s", strings.Join(list, " "))
	}
	return ""
}
