package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// content says what this side sends: sound, pictures or messages, from the connection on until ctx ends.
func (p *peer) content(ctx context.Context) error {
	if p.data {
		return p.channel(ctx)
	}
	audio := sample{kind: "audio", mime: webrtc.MimeTypeOpus, rate: 48000, every: p.audioEvery, least: 40, most: 60}
	if err := p.send(ctx, audio); err != nil || !p.video {
		return err
	}
	return p.send(ctx, sample{kind: "video", mime: webrtc.MimeTypeVP8, rate: 90000, every: 125 * time.Millisecond, least: 150, most: 350, descriptor: vp8Descriptor})
}

// sample is one medium: sizes and times of Opus and VP8, and bytes that mean nothing, since nobody can hear or see what
// SRTP carries. Each sample is one packet.
type sample struct {
	kind, mime  string
	rate        uint32
	every       time.Duration
	least, most int // octets
	descriptor  int // octets of the payload before the sample
}

func (p *peer) send(ctx context.Context, s sample) error {
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: s.mime, ClockRate: s.rate}, s.kind, p.name)
	if err != nil {
		return err
	}
	sender, err := p.pc.AddTrack(track)
	if err != nil {
		return err
	}
	p.watch(sender.Transport().ICETransport())
	go drain(sender)
	p.media.Go(func() {
		if p.begun(ctx) != nil {
			return
		}
		parameters := sender.GetParameters()
		counted := p.truth.streamOf(&p.truth.Sent, s.kind, uint32(parameters.Encodings[0].SSRC), uint8(parameters.Codecs[0].PayloadType))
		tick := time.NewTicker(s.every)
		defer tick.Stop()
		for {
			body := make([]byte, s.most)
			_, _ = rand.Read(body) // never fails
			body = body[:s.least+int(body[0])%(s.most-s.least)]
			at := now()
			if err := track.WriteSample(media.Sample{Data: body, Duration: s.every}); err != nil {
				p.fail(err)
				return
			}
			p.truth.count(counted, s.descriptor+len(body), at)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return nil
}

// begun waits for the connection.
func (p *peer) begun(ctx context.Context) error {
	select {
	case <-p.connected:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain reads the reports of the other side, which pion's own bookkeeping waits for.
func drain(sender *webrtc.RTPSender) {
	for {
		if _, _, err := sender.ReadRTCP(); err != nil {
			return
		}
	}
}

// watch keeps which pairs of candidates ICE chose.
func (p *peer) watch(transport *webrtc.ICETransport) {
	transport.OnSelectedCandidatePairChange(func(pair *webrtc.ICECandidatePair) {
		of := func(c *webrtc.ICECandidate) end {
			return end{c.Typ.String(), joined(c.Address, c.Port)}
		}
		p.truth.mu.Lock()
		defer p.truth.mu.Unlock()
		p.truth.Paths = append(p.truth.Paths, path{now(), of(pair.Local), of(pair.Remote)})
	})
}

// receive counts what comes of one track.
func (p *peer) receive(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	counted := p.truth.streamOf(&p.truth.Received, track.Kind().String(), uint32(track.SSRC()), uint8(track.PayloadType()))
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return // the connection was closed
		}
		p.truth.count(counted, len(packet.Payload), now())
	}
}

// vp8Descriptor is what the packetizer puts before each VP8 sample (RFC 7741, section 4.2), with a picture ID of 15 bits.
const vp8Descriptor = 4 // octets

// channel talks as a game does, in short messages, and the caller gives a file away.
func (p *peer) channel(ctx context.Context) error {
	negotiated, id := true, uint16(0)
	channel, err := p.pc.CreateDataChannel("game", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		return err
	}
	p.watch(p.pc.SCTP().Transport().ICETransport())
	p.truth.Messages = &messages{}
	channel.OnMessage(func(webrtc.DataChannelMessage) {
		p.truth.mu.Lock()
		defer p.truth.mu.Unlock()
		p.truth.Messages.Received++
	})
	open := make(chan struct{})
	channel.OnOpen(func() { close(open) })
	p.media.Go(func() {
		select {
		case <-open:
		case <-ctx.Done():
			return
		}
		tick := time.NewTicker(70 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			size := 48
			if p.calls && n == 40 {
				size = 16 << 10
			}
			if err := channel.Send(make([]byte, size)); err != nil {
				p.fail(err)
				return
			}
			p.truth.mu.Lock()
			p.truth.Messages.Sent++
			p.truth.mu.Unlock()
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return nil
}
