package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/monitor/status"
)

// runsStatus runs the command as main does and returns what it wrote.
func runsStatus(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(append([]string{"status"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// The command asks whom the configuration names, shows what it got, and its exit status says whether all is well.
func TestStatus(t *testing.T) {
	answer := `{"sensor":"edge-1","taps":[{"name":"eth1","up":true}]}`
	sensor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	defer sensor.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, section := range []string{"KAFKA_BROKERS", "POSTGRES_DSN"} {
		t.Setenv("CALLTRAIL_"+section, "")
	}
	t.Setenv(config.EnvFile, os.DevNull)
	t.Setenv("CALLTRAIL_CAPTURE_INTERFACES", "eth1")
	t.Setenv("CALLTRAIL_METRICS_LISTEN", sensor.Listener.Addr().String())
	t.Setenv("CALLTRAIL_METRICS_STORE_LISTEN", gone.Listener.Addr().String())

	out, err := runsStatus(t)
	if err != nil || !strings.Contains(out, "SENSOR edge-1") || !strings.Contains(out, "STORE  none on this host") || !strings.HasSuffix(out, "\nall is well\n") {
		t.Errorf("%v\n%s", err, out)
	}

	answer = `{"sensor":"edge-1","taps":[{"name":"eth1","up":false}]}`
	if out, err := runsStatus(t); !errors.Is(err, errReported) || !strings.HasSuffix(out, "\n! eth1 is down: see ip link\n") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = runsStatus(t, "--format", "json")
	var r status.Report
	if jerr := json.Unmarshal([]byte(out), &r); jerr != nil || !errors.Is(err, errReported) || len(r.Problems) != 1 || r.Sensor.Value.Taps[0].Name != "eth1" {
		t.Errorf("%v, %v\n%s", err, jerr, out)
	}

	// What a host should have and nobody can reach: each in its line, and the rest is shown.
	t.Setenv("CALLTRAIL_KAFKA_BROKERS", gone.Listener.Addr().String())
	t.Setenv("CALLTRAIL_POSTGRES_DSN", "postgres://calltrail:hunter2@"+gone.Listener.Addr().String()+"/calltrail")
	out, err = runsStatus(t)
	for _, want := range []string{
		"SENSOR edge-1", "\nSTORE  not reachable: ", "\n  kafka     not reachable: ", "\n  postgres  not reachable: ", "connection refused", "\n! eth1 is down",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if !errors.Is(err, errReported) || strings.Contains(out, "hunter2") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := runsStatus(t, "--format", "xml"); exitCode(err) != exitUsage {
		t.Errorf("an unknown format: %v", err)
	}
}
