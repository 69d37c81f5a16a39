package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// note is what one peer tells the other outside of the tap's sight, as an application does over HTTPS to its servers: a
// session description, a candidate, or that it hangs up.
type note struct {
	Description *webrtc.SessionDescription `json:"description,omitempty"`
	Candidate   *webrtc.ICECandidateInit   `json:"candidate,omitempty"`
	Bye         bool                       `json:"bye,omitempty"`
}

// signal carries notes over a Unix socket: the peers' network namespaces share the file system, and no packet of it can
// come to the tap.
type signal struct {
	mu   sync.Mutex // of writers
	conn net.Conn
	in   *json.Decoder
}

// answerSignal waits for the one peer that calls.
func answerSignal(ctx context.Context, socket string) (*signal, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }() // one connection is enough
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	conn, err := l.Accept()
	if err != nil {
		return nil, err
	}
	return &signal{conn: conn, in: json.NewDecoder(conn)}, nil
}

// callSignal connects to a peer that waits, or will soon.
func callSignal(ctx context.Context, socket string) (*signal, error) {
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err == nil {
			return &signal{conn: conn, in: json.NewDecoder(conn)}, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *signal) send(n note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := json.NewEncoder(s.conn).Encode(n); err != nil {
		return fmt.Errorf("tell the other peer: %w", err)
	}
	return nil
}

// next returns the other peer's next note; its end is a bye.
func (s *signal) next() (n note, err error) {
	if err = s.in.Decode(&n); err == io.EOF {
		return note{Bye: true}, nil
	}
	return n, err
}
