package testnet

import (
	_ "embed"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed config/kamailio.cfg
var kamailioConfig string

// Proxy is a kamailio: a registrar and proxy that accounts for every call.
type Proxy struct {
	*Process
	host *Host
}

// RingTime is how long the proxy lets a call ring before it gives up with 408.
const RingTime = 1500 * time.Millisecond

// Password is that of everyone who logs in at the proxy.
const Password = "example"

// Kamailio starts the proxy on the host. It knows who logs in with Password; calls to the user "barred" it refuses with
// 603, those to users who are not logged in with 404. Definitions, NAME or NAME=VALUE, are those of config/kamailio.cfg:
// what else it listens on, and where it sends every call instead.
func (h *Host) Kamailio(definitions ...string) *Proxy {
	h.t.Helper()
	file := filepath.Join(h.Dir, "kamailio.cfg")
	write(h.t, file, strings.NewReplacer(
		"@ADDRESS@", h.Addr.String(), "@PASSWORD@", Password, "@RING_MS@", strconv.FormatInt(RingTime.Milliseconds(), 10),
	).Replace(kamailioConfig))
	args := []string{"kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-f", file, "-Y", h.Dir, "-P", filepath.Join(h.Dir, "pid")}
	for _, d := range definitions {
		args = append(args, "-A", d)
	}
	p := &Proxy{h.Start(nil, args...), h}
	h.awaitPort(p.Process, 5060, len(definitions) > 0)
	return p
}

// Account is one transaction as kamailio's acc module accounts for it.
type Account struct {
	Method, CallID string
	Code           int
	Caller, Callee string // user parts of From and To
	// Began is when the request came to the proxy, At when its final response did. To the microsecond, by the clock of
	// the program.
	Began, At time.Time
}

var accountLine = regexp.MustCompile(`ACC: [^\n]*`)

// Accounts are the transactions of one call accounted for so far.
func (p *Proxy) Accounts(callID string) (list []Account) {
	p.t.Helper()
	for _, line := range accountLine.FindAllString(p.Output(), -1) {
		field := map[string]string{}
		for pair := range strings.SplitSeq(line, ";") {
			key, value, _ := strings.Cut(pair, "=")
			field[key] = value
		}
		if field["call_id"] != callID {
			continue
		}
		a := Account{Method: field["method"], CallID: callID, Caller: field["caller"], Callee: field["callee"]}
		if m := regexp.MustCompile(`method=(\w+)`).FindStringSubmatch(line); m != nil {
			a.Method = m[1]
		}
		var errs [3]error
		a.Code, errs[0] = strconv.Atoi(field["code"])
		a.Began, errs[1] = parseSeconds(field["began"])
		a.At, errs[2] = parseSeconds(field["at"])
		for _, err := range errs {
			if err != nil {
				p.t.Fatalf("kamailio's accounting: %v: %s", err, line)
			}
		}
		list = append(list, a)
	}
	return list
}
