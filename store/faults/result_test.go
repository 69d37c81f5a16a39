package faults

import (
	"slices"
	"strings"
	"testing"
)

const sampleRun = `{"Action":"run","Package":"calltrail/store/spool","Test":"TestKill"}
{"Action":"output","Package":"calltrail/store/spool","Test":"TestKill","Output":"    kill_test.go:99: fault 1: 30 kills\n"}
{"Action":"output","Package":"calltrail/store/spool","Test":"TestKill","Output":"    kill_test.go:99: fault 2: of another\n"}
{"Action":"pass","Package":"calltrail/store/spool","Test":"TestKill","Elapsed":1.5}
{"Action":"output","Package":"calltrail/store","Test":"TestPump/slow","Output":"    pump_test.go:9: fault 1: 2 ways\n"}
{"Action":"pass","Package":"calltrail/store","Test":"TestPump/slow","Elapsed":1}
{"Action":"skip","Package":"calltrail/store/spool","Test":"TestTorn/sector","Elapsed":0}
{"Action":"pass","Package":"calltrail/store/spool","Test":"TestTorn","Elapsed":0}
{"Action":"pass","Package":"calltrail/store/spool","Test":"TestFaults/away,_control","Elapsed":0.5}
{"Action":"fail","Package":"calltrail/store","Test":"TestPump","Elapsed":1}
{"Action":"pass","Package":"calltrail/store","Test":"TestPump","Elapsed":2}
{"Action":"skip","Package":"calltrail/decode/rtp","Test":"FuzzRTP","Elapsed":0}
{"Action":"pass","Package":"calltrail/decode","Test":"FuzzAll/seed","Elapsed":0}
{"Action":"pass","Package":"calltrail/store","Elapsed":4}
`

func TestProve(t *testing.T) {
	results, err := Read(strings.NewReader(sampleRun))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		tests    []string
		controls []string
		problems []string
	}{
		{"all passed", []string{"store/spool TestKill", "store TestPump"}, []string{"store/spool TestFaults/away,_control"}, nil},
		{"a control was not run", []string{"store/spool TestKill"}, []string{"store/spool TestKillIsNoticed"}, []string{"store/spool TestKillIsNoticed: was not run"}},
		{"a part was skipped", []string{"store/spool TestTorn"}, nil, []string{"store/spool TestTorn/sector: was skipped"}},
		{"a folder too far", []string{"store TestKill"}, nil, []string{"store TestKill: was not run"}},
		{"one of a pattern was skipped", []string{"decode/... Fuzz*"}, nil, []string{"decode/rtp FuzzRTP: was skipped"}},
		{"a pattern without any", []string{"capture/... Fuzz*"}, nil, []string{"capture/... Fuzz*: was not run"}},
	} {
		f := Fault{Number: 1, Tests: tt.tests, Controls: tt.controls}
		p, err := f.Prove(results)
		if err != nil || !slices.Equal(p.Problems, tt.problems) {
			t.Errorf("%s: %q, %v, want %q", tt.name, p.Problems, err, tt.problems)
		}
		if tt.name == "all passed" && (p.Count != "2 ways, 30 kills" || p.Took.Seconds() != 4) {
			t.Errorf("%s: made %q in %v", tt.name, p.Count, p.Took)
		}
	}
	bad := Fault{Number: 1, Tests: []string{"TestKill"}}
	if _, err := bad.Prove(results); err == nil {
		t.Error("a test without a folder is taken")
	}
}

func TestCommands(t *testing.T) {
	f := Fault{Tests: []string{"store/kafka TestFaults/broker_away", "store TestPump", "store/kafka TestAccess"}, Controls: []string{"store/kafka TestFaults/broker_away,_control", "decode/... Fuzz*"}}
	got, err := f.Commands()
	want := []Command{
		{"store/kafka", "^TestFaults$/^broker_away$|^TestAccess$|^TestFaults$/^broker_away,_control$"}, {"store", "^TestPump$"}, {"decode/...", "^Fuzz"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}
