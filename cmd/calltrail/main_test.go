package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"calltrail/capture"
	"calltrail/cmd/calltrail/config"
)

func TestMain(m *testing.M) {
	testscript.Main(cleanUp{m}, map[string]func(){"calltrail": main})
}

// TestScripts runs testdata/script/*.txtar: the command line as a user has it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// Only what the script says, whatever the tester has set.
			env.Vars = append(env.Vars, config.EnvFile+"="+os.DevNull)
			sample, err := os.ReadFile("../../deploy/config/calltrail.yaml")
			if err != nil {
				return err
			}
			return os.WriteFile(env.WorkDir+"/sample.yaml", sample, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command and holds its exit status to the number before it: "exits 2 calltrail --nope".
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARG…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	var status interface{ ExitCode() int }
	if errors.As(err, &status) {
		got = fmt.Sprint(status.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

func TestExitCode(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{io.ErrUnexpectedEOF, 1},
		{errReported, 1},
		{usagef("x"), 2},
		{fmt.Errorf("replay: %w", usagef("x")), 2},
		{fmt.Errorf("replay a.pcap: %w", capture.ErrDamaged), 3},
	} {
		if got := exitCode(tt.err); got != tt.want {
			t.Errorf("%v gives %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestReportIsHarmless(t *testing.T) {
	var out strings.Builder
	report(&out, "calltrail", errors.New("one\x1b[2J\ntwo"))
	if want := "calltrail: one\\u{1B}[2J\ncalltrail: two\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestVersionOf(t *testing.T) {
	settings := func(kv ...string) []debug.BuildSetting {
		var out []debug.BuildSetting
		for i := 0; i < len(kv); i += 2 {
			out = append(out, debug.BuildSetting{Key: kv[i], Value: kv[i+1]})
		}
		return out
	}
	for _, tt := range []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{}, "devel"},
		{debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3"},
		{debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: settings("vcs.revision", "0123456789abcdef", "vcs.modified", "false")}, "devel-0123456789ab"},
		{debug.BuildInfo{Settings: settings("vcs.revision", "0123", "vcs.modified", "true")}, "devel-0123+dirty"},
	} {
		if got := versionOf(&tt.info); got != tt.want {
			t.Errorf("%+v gives %q, want %q", tt.info, got, tt.want)
		}
	}
}

func TestLogFormats(t *testing.T) {
	for _, tt := range []struct {
		format   string
		terminal bool
		json     bool
	}{
		{"auto", true, false},
		{"auto", false, true},
		{"json", true, true},
		{"console", false, false},
	} {
		var out strings.Builder
		log, err := loggerTo(&out, tt.terminal, config.Log{Level: "info", Format: tt.format})
		if err != nil {
			t.Fatal(err)
		}
		log.Debug().Msg("hidden")
		log.Info().Str("topic", "t").Msg("started")
		if got := strings.HasPrefix(out.String(), "{"); got != tt.json || strings.Contains(out.String(), "hidden") {
			t.Errorf("%+v gives %q", tt, out.String())
		}
	}
	if _, err := loggerTo(io.Discard, false, config.Log{Level: "loud"}); err == nil {
		t.Error("an unknown level is taken")
	}
}
