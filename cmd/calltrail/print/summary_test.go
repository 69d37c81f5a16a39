package print

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSummary(t *testing.T) {
	s := Summary{
		Files: 3, Damaged: 1, Packets: 112,
		Decoded: []Count{{"sip", 14}, {"rtp", 40}, {"rtcp", 4}},
		Ignored: []Count{{"arp", 50}, {"none", 0}, {"tcp", 4}},
		Calls:   []Count{{"answered", 2}, {"busy", 1}},
		Records: 4, MediaClaimed: 4, MediaUnclaimed: 1, Elapsed: 500 * time.Millisecond,
	}
	want := `packets 112 = decoded 58 + ignored 54 + dropped 0
  decoded: sip 14, rtp 40, rtcp 4
  ignored: arp 50, tcp 4
calls 3: answered 2, busy 1
records 4
media streams 5 = in calls 4 + without a call 1
files 3, damaged 1
time 0.5 s, 224 packets/s
`
	var out strings.Builder
	if err := s.Write(&out); err != nil {
		t.Error(err)
	}
	if out.String() != want {
		t.Errorf("gives\n%s\nwant\n%s", out.String(), want)
	}
}

func TestSummaryThatDoesNotBalance(t *testing.T) {
	s := Summary{Packets: 112, Decoded: []Count{{"sip", 58}}, Ignored: []Count{{"arp", 53}}, Dropped: []Count{{"queue_full", 2}}}
	var out strings.Builder
	err := s.Write(&out)
	var unbalanced *UnbalancedError
	if !errors.As(err, &unbalanced) || *unbalanced != (UnbalancedError{112, 58, 53, 2}) {
		t.Errorf("%v", err)
	}
	if !strings.HasPrefix(out.String(), "packets 112 ≠ decoded 58 + ignored 53 + dropped 2\n") {
		t.Errorf("%s", out.String())
	}
	if want := "decoded 58 + ignored 53 + dropped 2 = 113"; !strings.Contains(err.Error(), want) {
		t.Errorf("%q does not say %q", err, want)
	}
}

func TestEmptySummary(t *testing.T) {
	var out strings.Builder
	if err := new(Summary).Write(&out); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(out.String(), "packets 0 = decoded 0 + ignored 0 + dropped 0\ncalls 0\n") {
		t.Errorf("%s", out.String())
	}
}

func TestProgressWaits(t *testing.T) {
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	p := newProgress(&out, 10*progressStep, func() time.Time { return clock })
	p.Add(progressStep)
	if out.Len() > 0 {
		t.Errorf("shown at once: %q", out.String())
	}
	clock = clock.Add(progressAfter)
	p.Add(1)
	if out.Len() > 0 {
		t.Errorf("shown for one octet: %q", out.String())
	}
	p.Add(progressStep)
	if !strings.Contains(out.String(), "reading") {
		t.Errorf("not shown after %v: %q", progressAfter, out.String())
	}
	p.Close()
	after := out.Len()
	p.Add(progressStep)
	if out.Len() != after {
		t.Error("written after Close")
	}
}

func TestProgressIsSilentWithoutTerminal(t *testing.T) {
	p := newProgress(nil, 100, time.Now)
	p.start = time.Unix(0, 0)
	p.Add(progressStep)
	if p.bar != nil {
		t.Error("a bar for nobody")
	}
	p.Close()
}
