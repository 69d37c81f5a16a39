// Package promtest holds what calltrail shows to what deploy/ expects of it, on a real Prometheus.
//
// In: the addresses of a running sensor and store. It starts a Prometheus of its own with the scrape example and the
// alert rules of deploy/prometheus, waits until both were scraped, and runs every alert's expression and every query of
// the dashboard in deploy/grafana. Out: test failures. Only tests call it; it touches nothing outside of the test's
// temporary folder and a loopback port.
package promtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Targets are host:port of the programs to look at. One that is empty is not scraped, and expressions with metrics of it
// are left out, which the test's log says.
type Targets struct {
	Sensor, Store string
	// Agents says that the sensor listens to capture agents. If not, it has none of their metrics, and the expressions with
	// them are left out.
	Agents bool
}

// patience bounds every wait: for the server to start, and for scrapes.
const patience = time.Minute

// scrapes is how often each target is scraped before the expressions are run: a rate needs two samples.
const scrapes = 3

// Check fails tb for each alert and each query that returns no series, for each target that cannot be scraped, and for each
// metric that promtool finds fault with. root is the repository's folder. Without the programs prometheus and promtool the
// test is skipped, or fails when CALLTRAIL_REQUIRE_PROGRAMS is 1.
func Check(tb testing.TB, root string, targets Targets) {
	tb.Helper()
	Require(tb)
	s := Start(tb, root, targets)
	all := append(alerts(tb, root), queries(tb, root)...)
	for _, e := range Missing(tb, s, known(tb, all, targets)) {
		tb.Errorf("%s returns no series: %s", e.Where, e.Text)
	}
	s.rulesAreHealthy(tb)
}

// Require skips or fails the test where the programs are not installed; the distribution's package prometheus has both.
func Require(tb testing.TB) {
	tb.Helper()
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			const why = "%s is not installed: apt-get install prometheus"
			if os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") == "1" {
				tb.Fatalf(why, program)
			}
			tb.Skipf(why, program)
		}
	}
}

// Missing returns those expressions that return no series now.
func Missing(tb testing.TB, s *Server, all []Expression) (missing []Expression) {
	tb.Helper()
	for _, e := range all {
		n, err := s.series(tb, e.Text)
		if err != nil {
			tb.Errorf("%s: %s: %v", e.Where, e.Text, err)
			continue
		}
		if n == 0 {
			missing = append(missing, e)
		}
	}
	return missing
}

var (
	ofStore  = regexp.MustCompile(`calltrail_(store|kafka|postgres)_`)
	ofSensor = regexp.MustCompile(`calltrail_(tap|nic|softnet|decode|streams|calls|sip|registrations|records|watermark|coverage|spool|disk|clock|fragments|tcp|websocket|sctp|tls|hep)`)
	ofAgents = regexp.MustCompile(`calltrail_hep_`)
)

// known leaves out what only a program that is not looked at could answer.
func known(tb testing.TB, all []Expression, targets Targets) (out []Expression) {
	tb.Helper()
	for _, e := range all {
		if targets.Store == "" && ofStore.MatchString(e.Text) || targets.Sensor == "" && ofSensor.MatchString(e.Text) ||
			!targets.Agents && ofAgents.MatchString(e.Text) {
			tb.Logf("left out, nothing that is looked at has its metrics: %s", e.Where)
			continue
		}
		out = append(out, e)
	}
	return out
}

// Promtool runs promtool in a folder of deploy/ and fails the test with what it says.
func Promtool(tb testing.TB, dir, stdin string, args ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "promtool", args...) //nolint:gosec // a test's own words
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func read(tb testing.TB, elements ...string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(elements...)) //nolint:gosec // a file of the repository
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
