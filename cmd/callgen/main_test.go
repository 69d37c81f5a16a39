package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"calltrail/capture"
)

func execute(args ...string) (report string, err error) {
	var out bytes.Buffer
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err = cmd.Execute()
	return out.String(), err
}

func TestWritesCompressedCaptureAndTruth(t *testing.T) {
	dir := t.TempDir()
	pcap, truth := filepath.Join(dir, "c.pcap.gz"), filepath.Join(dir, "c.csv")
	report, err := execute("--calls", "20", "--seed", "7", "--rate", "5", "--media-seconds", "1", "--rtp", "5",
		"--background", "1", "--ipv6", "0.5", "--mix", "answered=2,busy=1", "--start", "2026-02-03T04:05:06Z", "--tail", "1m",
		"--out", pcap, "--truth", truth)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(report, "calls      20, at most ") || !strings.Contains(report, "2026-02-03T04:05:06Z to ") {
		t.Errorf("report:\n%s", report)
	}
	f, err := capture.OpenFile(pcap)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var p capture.Packet
	for err = f.Next(&p); err == nil; {
		err = f.Next(&p)
	}
	if !errors.Is(err, io.EOF) || p.Position < 100 {
		t.Errorf("%d packets, %v", p.Position, err)
	}
	rows, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(rows, []byte("\n")); n != 21 {
		t.Errorf("%d lines of truth, want 21", n)
	}
}

func TestCarriageFlags(t *testing.T) {
	out := filepath.Join(t.TempDir(), "c.pcap")
	report, err := execute("--calls", "20", "--rtp", "0", "--tcp", "0.5", "--fragments", "0.5", "--tunnels", "0.5", "--web", "3", "--out", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, none := range []string{"segments 0\n", "fragment 0\n", " 0 web"} {
		if strings.Contains(report, none) {
			t.Errorf("%q in the report:\n%s", none, report)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	out := filepath.Join(t.TempDir(), "c.pcap")
	for want, args := range map[string][]string{
		`required flag(s) "out" not set`:   {},
		`mix: unknown outcome "engaged"`:   {"--out", out, "--mix", "engaged=1"},
		`start: "noon" is no time like`:    {"--out", out, "--start", "noon"},
		`calls is 0, must be at least 1`:   {"--out", out, "--calls", "0"},
		`tcp is 1.1, must be a share`:      {"--out", out, "--tcp", "1.1"},
		`unknown command "x" for "callgen`: {"--out", out, "x"},
	} {
		if _, err := execute(args...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a wrong flag left a file: %v", err)
	}
	if _, err := execute("--out", filepath.Join(filepath.Dir(out), "missing", "c.pcap")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
