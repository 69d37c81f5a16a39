//go:build libpcap && cgo

package libpcap

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/gopacket/pcap"
	"golang.org/x/net/bpf"

	"calltrail/capture"
)

// minRing is the least memory that a packet put together by the card (64 KiB) and the block after it go into.
const minRing = 512 << 10

// tap is one interface under observation; its only Live is itself.
//
// libpcap's handle is no thing to be used from two goroutines: mu is held for every call. Next waits inside of libpcap
// for at most maxWait, and so do those who want the lock meanwhile; Close does not want it.
type tap struct {
	cfg  capture.TapConfig
	hold time.Duration // the longest that libpcap and the kernel keep a packet to themselves

	end ending

	mu     sync.Mutex // guards what follows
	filter []bpf.RawInstruction
	state  state
}

// Open observes an interface. The error says what is missing. An interface that is down is no error: capture begins when
// it comes up.
func Open(cfg capture.TapConfig) (capture.Tap, error) {
	t, err := open(cfg)
	if err != nil {
		return nil, fmt.Errorf("tap %s: %w", cfg.Interface, err)
	}
	return t, nil
}

func open(cfg capture.TapConfig) (*tap, error) {
	switch {
	case cfg.Workers != 1:
		return nil, fmt.Errorf("%d workers: the engine libpcap has exactly 1 for an interface; afpacket has several", cfg.Workers)
	case cfg.RingBytes < minRing || cfg.RingBytes > math.MaxInt32:
		return nil, fmt.Errorf("a ring of %d octets is outside of %d to %d", cfg.RingBytes, minRing, math.MaxInt32)
	case cfg.BlockTimeout < time.Millisecond || cfg.BlockTimeout > time.Second:
		return nil, fmt.Errorf("block time-out %v is outside of 1ms to 1s", cfg.BlockTimeout)
	case cfg.SnapLength < 1:
		return nil, fmt.Errorf("a snap length of %d octets keeps nothing", cfg.SnapLength)
	case cfg.Interface == "" || len(cfg.Interface) > 15:
		return nil, fmt.Errorf("%q is no name of an interface", cfg.Interface)
	}
	is, err := net.InterfaceByName(cfg.Interface)
	if err != nil {
		return nil, fmt.Errorf("there is no such interface: %w", err)
	}
	t := &tap{cfg: cfg, hold: cfg.BlockTimeout + cfg.BlockTimeout/8 + 30*time.Millisecond, filter: slices.Clone(cfg.Filter)}
	now := time.Now()
	if up := is.Flags&net.FlagUp != 0; up {
		handle, err := t.openHandle(t.filter)
		if err != nil {
			return nil, err
		}
		t.state.use(handle, is.Index)
		t.state.note(true, now)
	} else {
		t.state.note(false, now)
	}
	return t, nil
}

// openHandle makes a handle of libpcap that takes what passes a filter. libpcap applies it to what came before as well.
func (t *tap) openHandle(filter []bpf.RawInstruction) (*pcap.Handle, error) {
	inactive, err := pcap.NewInactiveHandle(t.cfg.Interface)
	if err != nil {
		return nil, fmt.Errorf("libpcap: %w", err)
	}
	defer inactive.CleanUp()
	err = errors.Join(inactive.SetSnapLen(min(t.cfg.SnapLength, math.MaxInt32)), inactive.SetPromisc(t.cfg.Promiscuous),
		inactive.SetTimeout(min(t.cfg.BlockTimeout, maxWait)), inactive.SetBufferSize(t.cfg.RingBytes))
	if err != nil {
		return nil, fmt.Errorf("libpcap: %w", err)
	}
	handle, err := inactive.Activate()
	if err != nil {
		return nil, fmt.Errorf("libpcap: %w (capturing wants CAP_NET_RAW)", err)
	}
	if err = attach(handle, filter); err != nil {
		handle.Close()
		return nil, err
	}
	return handle, nil
}

// LinkType says what the packets of an interface begin with: the header that a TapConfig's filter must be made for. Of an
// interface that is down libpcap says nothing; then it is what its address makes likely.
func LinkType(name string) (capture.LinkType, error) {
	is, err := net.InterfaceByName(name)
	if err != nil {
		return 0, fmt.Errorf("tap %s: there is no such interface: %w", name, err)
	}
	if is.Flags&net.FlagUp == 0 {
		if len(is.HardwareAddr) == 6 || is.Flags&net.FlagLoopback != 0 {
			return capture.LinkEthernet, nil
		}
		return capture.LinkRaw, nil // a tunnel has none, or an IP address in its place
	}
	handle, err := pcap.OpenLive(name, minAsked, false, maxWait)
	if err != nil {
		return 0, fmt.Errorf("tap %s: libpcap: %w (capturing wants CAP_NET_RAW)", name, err)
	}
	defer handle.Close()
	return linkOf(handle), nil
}

// minAsked is a snap length for a handle from which nothing is read.
const minAsked = 64

func linkOf(handle *pcap.Handle) capture.LinkType {
	link := capture.LinkType(handle.LinkType())
	if link == dltRaw {
		return capture.LinkRaw
	}
	return link
}

// dltRaw is DLT_RAW on all systems but OpenBSD; as a LinkType it is 101.
const dltRaw = 12

func attach(handle *pcap.Handle, filter []bpf.RawInstruction) error {
	if len(filter) == 0 {
		filter = []bpf.RawInstruction{{Op: 6, K: math.MaxInt32}} // return the whole packet
	}
	program := make([]pcap.BPFInstruction, len(filter))
	for i, ins := range filter {
		program[i] = pcap.BPFInstruction{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	if err := handle.SetBPFInstructionFilter(program); err != nil {
		return fmt.Errorf("attach filter of %d instructions: %w", len(filter), err)
	}
	return nil
}

// Name of the interface.
func (t *tap) Name() string { return t.cfg.Interface }

// Sources is one.
func (t *tap) Sources() []capture.Live { return []capture.Live{(*live)(t)} }

// SetFilter replaces the filter, also for handles opened later. libpcap turns every packet away while it replaces the
// filter of a handle; so a second handle is opened with the new one, and takes over at an instant: what has a time up to
// it comes from the handle before, what has a later one from the new handle. For that long there are two rings. It waits
// until the source is past the take-over before, and fails if that does not happen: the source is not read.
func (t *tap) SetFilter(filter []bpf.RawInstruction) error {
	if err := t.setFilter(filter); err != nil {
		return fmt.Errorf("tap %s: set filter: %w", t.cfg.Interface, err)
	}
	return nil
}

// takeOverMost is how long SetFilter waits for the take-over before, looking each takeOverEvery.
const (
	takeOverMost  = 5 * time.Second
	takeOverEvery = 5 * time.Millisecond
)

func (t *tap) setFilter(filter []bpf.RawInstruction) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for start := time.Now(); t.state.next != nil; {
		if time.Since(start) > takeOverMost {
			return fmt.Errorf("the source did not come to the filter set before within %v", takeOverMost)
		}
		t.mu.Unlock()
		time.Sleep(takeOverEvery)
		t.mu.Lock()
	}
	if t.end.at() != 0 {
		return errors.New("the tap is closed")
	}
	if t.state.handle != nil && t.state.gone.IsZero() {
		next, err := t.openHandle(filter)
		if err != nil {
			return err
		}
		t.state.next, t.state.takeOver = next, time.Now().UnixNano()
	}
	t.filter = slices.Clone(filter)
	return nil
}

// Close ends the capture at this instant: Next hands out what came before it, and then returns io.EOF. It waits for
// nobody.
func (t *tap) Close() error {
	t.end.now()
	return nil
}
