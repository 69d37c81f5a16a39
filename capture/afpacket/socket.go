//go:build linux && cgo

package afpacket

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	library "github.com/google/gopacket/afpacket"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"calltrail/capture"
)

const (
	// blockSize is that of the ring's blocks. A packet lies in one block, and packets that GRO has put together have up
	// to 64 KiB. Small blocks hold more time: one is given away for every BlockTimeout, however little is in it.
	blockSize = 256 << 10
	// frameSize has no meaning in version 3; the kernel wants one that divides the block.
	frameSize = 2048
	// minBlocks: the kernel fills one while another is read.
	minBlocks = 2
	// clockSlack is how much older than its socket a packet may be stamped.
	clockSlack = 100 * time.Millisecond
)

// socket is one AF_PACKET socket and its ring.
type socket struct {
	fd    int
	ring  []byte
	link  capture.LinkType
	index int // of the interface it is bound to
	// loopback: each packet would come twice.
	loopback bool
	// Packets with times from opened to begin are from before the capture: they are in the ring, but not counted. In ns
	// of the wall clock. Were it set back by more than clockSlack meanwhile, times before opened would tell.
	opened, begin int64
	// taken is how many packets the kernel put into the ring since begin; the worker's lock guards it.
	taken uint64
	// failed is set when the kernel noted an error on the socket: the interface went down, or away.
	failed atomic.Bool
	// retired is when the socket was told to take no more; nil while it takes.
	retired atomic.Pointer[time.Time]

	mu  sync.Mutex       // guards what follows
	lib *library.TPacket // nil when closed
}

// openSocket binds a socket to the interface, in no fanout group yet. It takes no packets any more; but some may be in
// its ring, from before that could be said.
func openSocket(cfg capture.TapConfig, is iface) (*socket, error) {
	link, err := linkOf(is.hardware)
	if err != nil {
		return nil, err
	}
	opened := time.Now().Add(-clockSlack).UnixNano()
	lib, err := library.NewTPacket(
		library.OptInterface(cfg.Interface), library.SocketRaw, library.TPacketVersion3,
		library.OptBlockSize(blockSize), library.OptFrameSize(frameSize), library.OptNumBlocks(cfg.RingBytes/blockSize),
		library.OptBlockTimeout(cfg.BlockTimeout))
	if err != nil {
		return nil, fmt.Errorf("open socket with a ring of %d octets: %w", cfg.RingBytes, err)
	}
	s := &socket{link: link, index: is.index, loopback: is.hardware == unix.ARPHRD_LOOPBACK, opened: opened, lib: lib}
	if err = s.setUp(cfg); err != nil {
		lib.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) setUp(cfg capture.TapConfig) error {
	if err := s.lib.SetBPF(rejectAll); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	if err := s.lookInside(cfg.RingBytes / blockSize * blockSize); err != nil {
		return err
	}
	if !s.boundTo(s.index) {
		return errors.New("the interface was replaced while it was opened: try again")
	}
	if !cfg.Promiscuous {
		return nil
	}
	// On the ring's own socket: the kernel takes it back when that is closed, and keeps it when the interface is down.
	mreq := unix.PacketMreq{Ifindex: int32(s.index), Type: unix.PACKET_MR_PROMISC} //nolint:gosec // the kernel's int
	if err := unix.SetsockoptPacketMreq(s.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq); err != nil {
		return fmt.Errorf("make the interface promiscuous: %w", err)
	}
	return nil
}

// lookInside takes the descriptor and the ring out of the library's value, which shows neither: poll, PACKET_STATISTICS
// and SO_ERROR want the one, ring.go the other. What it finds is checked, so that another release of the library ends in
// this error and not in a wrong read.
func (s *socket) lookInside(size int) error {
	inside := reflect.ValueOf(s.lib).Elem()
	fd, ring := inside.FieldByName("fd"), inside.FieldByName("ring")
	if fd.Kind() != reflect.Int || ring.Type() != reflect.TypeFor[[]byte]() || ring.Len() != size {
		return errors.New("gopacket/afpacket is not the release this program was written for (v1.1.19)")
	}
	s.fd, s.ring = int(fd.Int()), ring.Bytes()
	unix.CloseOnExec(s.fd) // the library does not; a child must not hold the ring
	version, err := unix.GetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_VERSION)
	if err != nil || version != unix.TPACKET_V3 {
		return fmt.Errorf("descriptor %d is no socket with a ring of version 3 (%d, %w)", s.fd, version, err)
	}
	return nil
}

// newGroup stands for a fanout group that is to be made. Every number of 16 bits is one, 0 too.
const newGroup = -1

// join makes the socket a member of a fanout group and returns its number. The kernel chooses that of a new one, which no
// socket of the network namespace uses.
func (s *socket) join(group int) (int, error) {
	kind := library.FanoutType(unix.PACKET_FANOUT_HASH | unix.PACKET_FANOUT_FLAG_DEFRAG)
	if group == newGroup {
		kind |= unix.PACKET_FANOUT_FLAG_UNIQUEID
		group = 0
	}
	if err := s.lib.SetFanout(kind, uint16(group)); err != nil {
		return 0, fmt.Errorf("join fanout group: %w", err)
	}
	joined, err := unix.GetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
	if err != nil {
		return 0, fmt.Errorf("read fanout group: %w", err)
	}
	return joined & 0xffff, nil // the upper half says what kind it is
}

// boundTo says whether the socket takes, or once it is up will take, the packets of the interface. The kernel unbinds a
// socket when its interface is deleted or moved to another namespace.
func (s *socket) boundTo(index int) bool {
	address, err := unix.Getsockname(s.fd)
	if err != nil {
		return false
	}
	ll, ok := address.(*unix.SockaddrLinklayer)
	return ok && ll.Ifindex == index
}

// clearError takes the error off the socket, without which poll would return at once for ever.
func (s *socket) clearError() {
	if n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || n != 0 {
		s.failed.Store(true)
	}
}

// attach replaces the filter. The kernel swaps it between two packets.
func (s *socket) attach(filter []bpf.RawInstruction) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lib == nil {
		return nil
	}
	return s.lib.SetBPF(filter)
}

// retire ends the taking of packets. What is in the ring stays to be read; the kernel hands over the last block after its
// time-out.
func (s *socket) retire() {
	_ = s.attach(rejectAll) // a program of one instruction; were it refused, the socket would take packets until it is closed
	now := time.Now()
	s.retired.Store(&now)
}

// tally is what the kernel counted on a socket since it was asked before. It forgets when it is asked; packets include
// the drops. Read here and not by the library's SocketStats, which adds up in 32 bits.
func (s *socket) tally() (packets, drops, freezes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lib == nil {
		return 0, 0, 0
	}
	stats, err := unix.GetsockoptTpacketStatsV3(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, 0, 0 // of an open socket with a ring of this version: it cannot be refused
	}
	return uint64(stats.Packets), uint64(stats.Drops), uint64(stats.Freeze_q_cnt)
}

// close gives back socket and ring. The ring must not be read after it.
func (s *socket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lib != nil {
		s.lib.Close()
		s.lib, s.ring = nil, nil
	}
}
