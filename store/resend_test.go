package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// What two looks show is asked for, then at growing distances while it stays away; what has come is forgotten.
func TestInquiry(t *testing.T) {
	a, b := Request{"edge-1", 7, 5, 9}, Request{"edge-2", 7, 1, 3 * MaxRequest}
	first := Request{"edge-2", 7, 1, MaxRequest}
	var missing, asked []Request
	var fails error
	q := Inquiry{Log: zerolog.Nop(), Missing: func(context.Context, int) ([]Request, error) { return slices.Clone(missing), nil }, Ask: func(_ context.Context, r []Request) error {
		if fails == nil {
			asked = append(asked, r...)
		}
		return fails
	}}
	start := time.Now()
	for _, step := range []struct {
		at      time.Duration
		missing []Request
		fails   error
		want    []Request
	}{
		{0, []Request{a}, nil, nil},                             // it may be under way
		{10, []Request{a, b}, nil, []Request{a}},                // at the second look
		{20, []Request{a, b}, nil, []Request{first}},            // at most so many
		{29, []Request{a, b}, nil, nil},                         // asked 19 s ago
		{30, []Request{a, b}, errors.New("kafka is away"), nil}, // not asked,
		{31, []Request{a, b}, nil, []Request{a}},                // so as soon as it can be
		{40, []Request{a}, nil, nil},                            // the other has come
		{70, []Request{a}, nil, nil},                            // 39 s after
		{71, []Request{a}, nil, []Request{a}},                   // 40 s after
		{72, []Request{a, b}, nil, nil},                         // and is missing again: new
		{82, []Request{a, b}, nil, []Request{first}},
		{72 + 80, nil, nil, nil},
	} {
		missing, asked, fails = step.missing, nil, step.fails
		if err := q.look(context.Background(), start.Add(step.at*time.Second)); !errors.Is(err, step.fails) {
			t.Fatalf("after %d s: %v", step.at, err)
		}
		if !slices.Equal(asked, step.want) {
			t.Errorf("after %d s it asked for %v, want %v", step.at, asked, step.want)
		}
	}
	if len(q.known) != 0 {
		t.Errorf("%d gaps are remembered when none is left", len(q.known))
	}
	missing = []Request{a}
	for at := 1000 * time.Second; at < 50*time.Hour; at += time.Minute {
		asked = nil
		if err := q.look(context.Background(), start.Add(at)); err != nil {
			t.Fatal(err)
		}
	}
	if s := q.known[a]; s.after != repeatLast {
		t.Errorf("it waits %v for a sensor that never answers, want %v", s.after, repeatLast)
	}
}
