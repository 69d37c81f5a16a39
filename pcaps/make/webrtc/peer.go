package main

import (
	"context"
	"errors"
	"flag"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// peerOptions are what the command line says of one side of a call.
type peerOptions struct {
	name, socket, server, user, password, truth string
	calls, relay, video, data                   bool
	audioEvery                                  time.Duration
	talk, move                                  time.Duration
	port                                        uint
}

// peer is one side of a call.
type peer struct {
	peerOptions
	truth  *truth
	signal *signal
	pc     *webrtc.PeerConnection

	telling   sync.Mutex    // of a description, which goes before its candidates
	direct    atomic.Bool   // whether candidates that are no relay's are told
	connected chan struct{} // closed at the first connection
	once      sync.Once
	failed    chan error
	media     sync.WaitGroup
}

func runPeer(ctx context.Context, flags *flag.FlagSet, args []string) error {
	var o peerOptions
	flags.StringVar(&o.name, "name", "", "of this host, in the truth")
	flags.StringVar(&o.socket, "socket", "", "Unix socket between the peers")
	flags.StringVar(&o.server, "server", "", "STUN or TURN URL; none: addresses of the host alone")
	flags.StringVar(&o.user, "user", "", "at the TURN server")
	flags.StringVar(&o.password, "password", "", "at the TURN server")
	flags.StringVar(&o.truth, "truth", "", "file for what was sent and received")
	flags.BoolVar(&o.calls, "calls", false, "this side calls, and hangs up")
	flags.BoolVar(&o.relay, "relay", false, "only through the TURN server")
	flags.BoolVar(&o.video, "video", false, "pictures too")
	flags.BoolVar(&o.data, "data", false, "a data channel, and neither sound nor pictures")
	flags.DurationVar(&o.audioEvery, "audio-every", 40*time.Millisecond, "sound in one packet")
	flags.DurationVar(&o.talk, "talk", 12*time.Second, "after which the caller hangs up")
	flags.DurationVar(&o.move, "move", 0, "tell the relay's candidates alone, and all with an ICE restart after so long")
	flags.UintVar(&o.port, "port", 0, "first of a hundred UDP ports to take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p := &peer{peerOptions: o, truth: &truth{Host: o.name}, connected: make(chan struct{}), failed: make(chan error, 1)}
	p.direct.Store(o.move == 0)
	if err := p.run(ctx); err != nil {
		return err
	}
	return p.truth.write(o.truth)
}

func (p *peer) run(ctx context.Context) (err error) {
	if err := p.open(); err != nil {
		return err
	}
	connect := answerSignal
	if p.calls {
		connect = callSignal
	}
	if p.signal, err = connect(ctx, p.socket); err != nil {
		return err
	}
	defer func() { _ = p.signal.conn.Close() }()
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	if err := p.content(ctx); err != nil {
		return err
	}
	go p.listen(hangUp)
	if p.calls {
		if err := p.offer(nil); err != nil {
			return err
		}
	}
	if err := p.converse(ctx); err != nil {
		return err
	}
	hangUp()
	p.media.Wait()
	if p.calls {
		err = p.signal.send(note{Bye: true})
	}
	return errors.Join(err, p.pc.Close())
}

// open makes the connection object, which sends nothing yet.
func (p *peer) open() error {
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return err
	}
	interceptors := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(engine, interceptors); err != nil {
		return err
	}
	settings := webrtc.SettingEngine{}
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	if p.port != 0 {
		if err := settings.SetEphemeralUDPPortRange(uint16(p.port), uint16(p.port)+99); err != nil { //nolint:gosec // a port
			return err
		}
	}
	cfg := webrtc.Configuration{}
	if p.server != "" {
		cfg.ICEServers = []webrtc.ICEServer{{URLs: []string{p.server}, Username: p.user, Credential: p.password}}
	}
	if p.relay {
		cfg.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(cfg)
	if err != nil {
		return err
	}
	p.pc = pc
	pc.OnICECandidate(p.candidate)
	pc.OnTrack(p.receive)
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			p.once.Do(func() { close(p.connected) })
		}
		if state == webrtc.PeerConnectionStateFailed {
			p.fail(errors.New("ICE or DTLS failed"))
		}
	})
	return nil
}

// fail keeps the first failure; converse returns it.
func (p *peer) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// candidate tells the other peer an address of this one, as soon as it is known.
func (p *peer) candidate(c *webrtc.ICECandidate) {
	if c == nil {
		return
	}
	if c.Typ == webrtc.ICECandidateTypeRelay {
		p.truth.mu.Lock()
		p.truth.Relays = append(p.truth.Relays, joined(c.Address, c.Port))
		p.truth.mu.Unlock()
	} else if !p.direct.Load() {
		return
	}
	p.telling.Lock()
	defer p.telling.Unlock()
	init := c.ToJSON()
	if err := p.signal.send(note{Candidate: &init}); err != nil {
		p.fail(err)
	}
}

// offer describes this side first.
func (p *peer) offer(options *webrtc.OfferOptions) error {
	description, err := p.pc.CreateOffer(options)
	if err != nil {
		return err
	}
	return p.tell(description)
}

// tell takes a description of this side and tells it.
func (p *peer) tell(d webrtc.SessionDescription) error {
	p.telling.Lock()
	defer p.telling.Unlock()
	if err := p.pc.SetLocalDescription(d); err != nil {
		return err
	}
	return p.signal.send(note{Description: &d})
}

// listen does what the other peer's notes ask for, until it hangs up.
func (p *peer) listen(hangUp func()) {
	defer hangUp()
	for {
		n, err := p.signal.next()
		switch {
		case err != nil || n.Bye:
			return
		case n.Candidate != nil:
			err = p.pc.AddICECandidate(*n.Candidate)
		case n.Description != nil:
			err = p.described(*n.Description)
		}
		if err != nil {
			p.fail(err)
			return
		}
	}
}

func (p *peer) described(d webrtc.SessionDescription) error {
	if p.pc.RemoteDescription() != nil && d.Type == webrtc.SDPTypeOffer {
		p.direct.Store(true) // an ICE restart
	}
	if err := p.pc.SetRemoteDescription(d); err != nil || d.Type == webrtc.SDPTypeAnswer {
		return err
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return p.tell(answer)
}

// converse returns when the call is over: the caller's time is up, or the caller hung up.
func (p *peer) converse(ctx context.Context) error {
	select {
	case <-p.connected:
	case err := <-p.failed:
		return err
	case <-ctx.Done():
		return errors.New("the call was over before it began")
	}
	var over, move <-chan time.Time
	if p.calls {
		over = time.After(p.talk)
		if p.move > 0 {
			move = time.After(p.move)
		}
	}
	for {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return nil
		case err := <-p.failed:
			return err
		case <-move:
			p.direct.Store(true)
			if err := p.offer(&webrtc.OfferOptions{ICERestart: true}); err != nil {
				return err
			}
		}
	}
}
