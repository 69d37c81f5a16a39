package rtp

import (
	"math"
	"testing"
)

// sample is one packet of a jitter test.
type sample struct {
	payloadType uint8
	timestamp   uint32
	at          int64 // ms
}

func play(samples []sample) *Stream {
	s := new(Stream)
	for i, p := range samples {
		h := Header{Seq: uint16(i), Timestamp: p.timestamp, PayloadType: p.payloadType}
		if i == 0 {
			s.Start(&h, p.at*ms)
		} else {
			s.Add(&h, p.at*ms)
		}
	}
	return s
}

func TestJitter(t *testing.T) {
	// Sent every 20 ms, arrived with these delays: D is 0, 16, -16, 8; J is 0, 1, 1.9375, 2.31640625.
	delays := []int64{0, 0, 16, 0, 8}
	const want = 2.31640625
	at := func(pt uint8, rate, start uint32) (samples []sample) {
		for i, delay := range delays {
			samples = append(samples, sample{pt, start + uint32(i)*rate/50, int64(i)*20 + delay})
		}
		return samples
	}
	tests := []struct {
		name    string
		samples []sample
		rate    uint32 // asked for
		want    float64
		ok      bool
	}{
		{"PCMU", at(0, 8000, 0), 8000, want, true},
		{"PCMU, rate from the table", at(0, 8000, 0), 0, want, true},
		{"timestamp wraps around", at(0, 8000, math.MaxUint32-200), 0, want, true},
		{"L16, 44100", at(11, 44100, 0), 0, want, true},
		{"DVI4, 22050", at(17, 22050, 0), 0, want, true},
		{"DVI4, 16000", at(6, 16000, 0), 0, want, true},
		{"MPA, 90000", at(14, 90000, 0), 0, want, true},
		{"dynamic, 8000", at(97, 8000, 0), 8000, want, true},
		{"dynamic, 16000", at(97, 16000, 0), 16000, want, true},
		{"dynamic, 48000", at(97, 48000, 0), 48000, want, true},
		{"dynamic, 90000", at(97, 90000, 0), 90000, want, true},
		{"dynamic, rate not said", at(97, 8000, 0), 0, 0, false},
		{"dynamic, rate without estimator", at(97, 32000, 0), 32000, 0, false},
		{"one packet", at(0, 8000, 0)[:1], 8000, 0, false},
		{"two packets", at(0, 8000, 0)[:2], 8000, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := play(tt.samples).JitterMS(tt.rate)
			// 11025 and 22050 Hz have no whole number of ticks in 20 ms.
			if ok != tt.ok || math.Abs(got-tt.want) > 0.01 {
				t.Errorf("got %v, %v; want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestJitterLeavesEventsOut(t *testing.T) {
	// The timestamp of the events stands still for 60 ms; the audio around them is regular.
	s := play([]sample{
		{0, 0, 0},
		{0, 160, 20},
		{0, 320, 40},
		{0, 480, 60},
		{101, 640, 80},
		{101, 640, 100},
		{101, 640, 120},
		{0, 1120, 140},
		{0, 1280, 160},
	})
	if got, ok := s.JitterMS(0); !ok || got != 0 {
		t.Errorf("jitter %v, %v; want 0", got, ok)
	}
}

func TestJitterLeavesCopiesOut(t *testing.T) {
	var s Stream
	s.Start(&Header{Seq: 1, Timestamp: 0}, 0)
	s.Add(&Header{Seq: 2, Timestamp: 160}, 20*ms)
	s.Add(&Header{Seq: 2, Timestamp: 160}, 35*ms)
	s.Add(&Header{Seq: 3, Timestamp: 320}, 40*ms)
	if got, ok := s.JitterMS(8000); !ok || got != 0 {
		t.Errorf("jitter %v, %v; want 0", got, ok)
	}
}

func TestJitterWithWildTimes(t *testing.T) {
	var s Stream
	s.Start(&Header{Seq: 1}, math.MinInt64)
	s.Add(&Header{Seq: 2, Timestamp: math.MaxUint32}, math.MaxInt64)
	s.Add(&Header{Seq: 3, Timestamp: 1 << 31}, 0)
	if got, ok := s.JitterMS(8000); !ok || math.IsNaN(got) || math.IsInf(got, 0) || got < 0 {
		t.Errorf("jitter %v, %v", got, ok)
	}
}
