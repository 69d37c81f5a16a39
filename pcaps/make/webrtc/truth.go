package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// truth is what this program knows of its side, written to a file for comparison with what calltrail makes of the packets.
// Times are this program's clock, which is the tap's too, just before a packet was handed down or just after it came up:
// up to a few ms before and after the packet's own.
type truth struct {
	mu       sync.Mutex
	Host     string    `json:"host"`
	Paths    []path    `json:"paths,omitempty"`
	Relays   []string  `json:"relays,omitempty"` // addresses that a TURN server lent
	Sent     []*stream `json:"sent,omitempty"`
	Received []*stream `json:"received,omitempty"`
	Messages *messages `json:"messages,omitempty"`
}

// path is a pair of candidates that ICE chose.
type path struct {
	At     seconds `json:"at"`
	Local  end     `json:"local"`
	Remote end     `json:"remote"`
}

type end struct {
	Type    string `json:"type"` // of the candidate: host, srflx, prflx, relay
	Address string `json:"address"`
}

// stream is one SSRC in one direction.
type stream struct {
	Kind        string  `json:"kind"`
	SSRC        string  `json:"ssrc"`
	PayloadType uint8   `json:"payload_type"`
	Packets     int     `json:"packets"`
	Octets      int     `json:"octets"` // RTP payload, before SRTP's tag
	FirstAt     seconds `json:"first_at"`
	LastAt      seconds `json:"last_at"`
}

// messages are those of a data channel.
type messages struct {
	Sent     int `json:"sent"`
	Received int `json:"received"`
}

// seconds since 1970, with six decimals.
type seconds time.Time

func now() seconds { return seconds(time.Now()) }

func (s seconds) MarshalJSON() ([]byte, error) { //nolint:unparam // json.Marshaler's
	us := time.Time(s).UnixMicro()
	return fmt.Appendf(nil, "%d.%06d", us/1e6, us%1e6), nil
}

// streamOf adds a stream to a list of the truth's.
func (t *truth) streamOf(list *[]*stream, kind string, ssrc uint32, payloadType uint8) *stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &stream{Kind: kind, SSRC: fmt.Sprintf("0x%08x", ssrc), PayloadType: payloadType}
	*list = append(*list, s)
	return s
}

// count adds one packet of so many payload octets.
func (t *truth) count(s *stream, octets int, at seconds) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Packets == 0 {
		s.FirstAt = at
	}
	s.Packets++
	s.Octets += octets
	s.LastAt = at
}

// write puts the truth into a file; with an empty name it does nothing.
func (t *truth) write(file string) error {
	if file == "" {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	body, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("truth: %w", err)
	}
	return os.WriteFile(file, append(body, '\n'), 0o644) //nolint:gosec // test data, for everyone
}
