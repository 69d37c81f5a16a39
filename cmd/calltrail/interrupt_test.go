package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/cdr/record"
	"calltrail/cmd/callgen/gen"
)

// A replay that is interrupted while its input has gone quiet ends at once, with whole records, and says of the calls it
// had open that it was stopped, not that the input ended.
func TestInterruptedReplay(t *testing.T) {
	cfg := gen.Default()
	cfg.Calls, cfg.Tail = 2000, 0 // forty seconds: the first calls have ended and settled by the middle of the capture
	var pcap bytes.Buffer
	if _, err := gen.Write(cfg, &pcap, io.Discard); err != nil {
		t.Fatal(err)
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "replay", "--quiet", "-")
	cmd.WaitDelay = 10 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = in.Write(pcap.Bytes()[:pcap.Len()/2]) }() // and no end of input
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	read, stopped := 0, 0
	for lines.Scan() {
		var c record.Call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("line %d is no record: %v", read+1, err)
		}
		if read++; read == 1 {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range c.Flags {
			switch f {
			case "shutdown":
				stopped++
			case "capture_end":
				t.Errorf("line %d says capture_end", read)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != exitError {
		t.Errorf("ended with %v, want exit status %d", err, exitError)
	}
	if stopped == 0 {
		t.Errorf("%d records, none of a call that was open", read)
	}
}

func TestDamageBesideAFailure(t *testing.T) {
	damage := fmt.Errorf("cut.pcap: %w", capture.ErrDamaged)
	full := errors.New("no space left on device")
	for _, c := range []struct {
		name   string
		err    error
		damage []error
		want   int
	}{
		{"neither", nil, nil, exitOK},
		{"damage", nil, []error{damage, damage}, exitDamaged},
		{"failure", full, nil, exitError},
		{"both", full, []error{damage}, exitError},
	} {
		if got := exitCode(withDamage(c.err, c.damage)); got != c.want {
			t.Errorf("%s: exit status %d, want %d", c.name, got, c.want)
		}
	}
}
