package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
)

var benchBody = make([]byte, 2<<10)

func BenchmarkAppend(b *testing.B) {
	for _, group := range []int{1, 100} {
		b.Run(fmt.Sprintf("commit=%d", group), func(b *testing.B) {
			s := mustOpen(b, Config{Dir: b.TempDir(), Sensor: "edge-1"})
			bodies := make([][]byte, group)
			for i := range bodies {
				bodies[i] = benchBody
			}
			b.ReportAllocs()
			b.SetBytes(int64(group * len(benchBody)))
			for b.Loop() {
				mustAppend(b, s, bodies...)
			}
			b.ReportMetric(float64(group*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkAppendParallel is many callers of one record each, who share fsyncs.
func BenchmarkAppendParallel(b *testing.B) {
	s := mustOpen(b, Config{Dir: b.TempDir(), Sensor: "edge-1"})
	b.SetParallelism(50)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := s.Append(benchBody); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkReader(b *testing.B) {
	s := mustOpen(b, Config{Dir: b.TempDir(), Sensor: "edge-1"})
	const records = 20000
	for range records {
		if _, err := s.Write(benchBody); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(benchBody)))
	r := s.NewReader(1)
	for b.Loop() {
		if _, err := r.Poll(); errors.Is(err, io.EOF) {
			r = s.NewReader(1)
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen needs a spool of real size: CALLTRAIL_SPOOL_BYTES says how much to write before (64 MiB by default).
func BenchmarkOpen(b *testing.B) {
	size := int64(64 << 20)
	if text := os.Getenv("CALLTRAIL_SPOOL_BYTES"); text != "" {
		if _, err := fmt.Sscan(text, &size); err != nil {
			b.Fatal(err)
		}
	}
	cfg := Config{Dir: b.TempDir(), Sensor: "edge-1"}
	s := mustOpen(b, cfg)
	for s.Stats().Bytes < size {
		for range 1000 {
			if _, err := s.Write(benchBody); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Sync(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	mustClose(b, s)
	for b.Loop() {
		s, err := Open(cfg)
		if err != nil {
			b.Fatal(err)
		}
		mustClose(b, s)
	}
}
