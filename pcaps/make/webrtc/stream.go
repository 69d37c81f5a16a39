package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/pion/rtp"
)

// runStream sends G.711 A-law to an address that nobody announced. Of what comes back to its own port it counts the RTP,
// by SSRC.
func runStream(ctx context.Context, flags *flag.FlagSet, args []string) error {
	name := flags.String("name", "", "of this host, in the truth")
	local := flags.String("local", "", "address and port to send from")
	remote := flags.String("remote", "", "address and port to send to; none: only listens")
	sound := flags.String("sound", "", "file of A-law, repeated")
	ssrc := flags.Uint("ssrc", 0, "of the stream, 32 bits")
	first := flags.Uint("first", 0, "first sequence number, 16 bits")
	talk := flags.Duration("talk", 12*time.Second, "how long")
	every := flags.Duration("every", 20*time.Millisecond, "sound in one packet")
	file := flags.String("truth", "", "file for what was sent")
	if err := flags.Parse(args); err != nil {
		return err
	}
	tone, err := os.ReadFile(*sound) //nolint:gosec // the caller's choice
	if err != nil {
		return err
	}
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp4", *local)
	if err != nil {
		return err
	}
	t := &truth{Host: *name}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		hear(conn, t)
	}()
	end := time.After(*talk)
	if *remote == "" {
		select {
		case <-end:
		case <-ctx.Done():
			return ctx.Err()
		}
	} else if err := speak(ctx, conn, speech{
		to: *remote, tone: tone, ssrc: uint32(*ssrc), first: uint16(*first), every: *every, //nolint:gosec // as said
	}, t, end); err != nil {
		return err
	}
	if err := conn.Close(); err != nil {
		return err
	}
	<-heard
	return t.write(*file)
}

// speech is a stream of A-law.
type speech struct {
	to    string
	tone  []byte
	ssrc  uint32
	first uint16 // sequence number
	every time.Duration
}

// speak sends until end.
func speak(ctx context.Context, conn net.PacketConn, s speech, t *truth, end <-chan time.Time) error {
	to, err := net.ResolveUDPAddr("udp4", s.to)
	if err != nil {
		return err
	}
	counted := t.streamOf(&t.Sent, "audio", s.ssrc, pcma)
	octets := int(s.every/time.Millisecond) * 8 // 8000 samples/s of one octet
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	packet := rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: true, PayloadType: pcma, SequenceNumber: s.first, SSRC: s.ssrc,
		},
		Payload: make([]byte, octets),
	}
	for {
		for i := range packet.Payload {
			packet.Payload[i] = s.tone[(int(packet.Timestamp)+i)%len(s.tone)]
		}
		body, err := packet.Marshal()
		if err != nil {
			return err
		}
		at := now()
		if _, err := conn.WriteTo(body, to); err != nil {
			return fmt.Errorf("send to %s: %w", s.to, err)
		}
		t.count(counted, octets, at)
		packet.Marker = false
		packet.SequenceNumber++
		packet.Timestamp += uint32(octets) //nolint:gosec // small
		select {
		case <-tick.C:
		case <-end:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pcma is the payload type of G.711 A-law (RFC 3551, table 4).
const pcma = 8

// hear counts RTP until the socket is closed.
func hear(conn net.PacketConn, t *truth) {
	streams := map[uint32]*stream{}
	buffer := make([]byte, 2048)
	for {
		n, _, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var packet rtp.Packet
		if packet.Unmarshal(buffer[:n]) != nil {
			continue // not RTP
		}
		s := streams[packet.SSRC]
		if s == nil {
			s = t.streamOf(&t.Received, "audio", packet.SSRC, packet.PayloadType)
			streams[packet.SSRC] = s
		}
		t.count(s, len(packet.Payload), now())
	}
}

func joined(address string, port uint16) string {
	return net.JoinHostPort(address, strconv.Itoa(int(port)))
}
