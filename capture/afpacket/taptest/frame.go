//go:build linux

package taptest

import (
	"encoding/binary"
	"net"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Wireside sends frames as they are on an interface.
type Wireside struct {
	t  testing.TB
	fd int
}

// Sender opens an interface to send on.
func Sender(t testing.TB, name string) *Wireside {
	t.Helper()
	is, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &Wireside{t, fd}
	t.Cleanup(w.Close)
	if err = unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: is.Index}); err != nil {
		t.Fatal(err)
	}
	return w
}

// Send sends one frame and reports whether it left: it does not while the interface is down.
func (w *Wireside) Send(frame []byte) bool {
	_, err := unix.Write(w.fd, frame)
	return err == nil
}

// MustSend sends one frame.
func (w *Wireside) MustSend(frame []byte) {
	w.t.Helper()
	if _, err := unix.Write(w.fd, frame); err != nil {
		w.t.Fatalf("send frame of %d octets: %v", len(frame), err)
	}
}

// Close ends the sender.
func (w *Wireside) Close() {
	if w.fd >= 0 {
		_ = unix.Close(w.fd)
		w.fd = -1
	}
}

var (
	macs  = []byte{2, 0, 0, 0, 0, 0x0b, 2, 0, 0, 0, 0, 0x0a}
	hostA = [4]byte{192, 0, 2, 10}
	hostB = [4]byte{192, 0, 2, 11}
)

// Number of a frame made by UDP: the first four octets of what it carries.
func Number(frame []byte) uint32 { return binary.BigEndian.Uint32(frame[14+20+8:]) }

// UDP is a frame with an IPv4/UDP datagram between two ports, of size octets in all, that carries a number.
func UDP(from, to uint16, number uint32, size int) []byte {
	return Frame(nil, Datagram(hostA, hostB, 17, 0, Segment(from, to, number, size-14-20)))
}

// Reply is the same in the other direction.
func Reply(from, to uint16, number uint32, size int) []byte {
	return Frame(nil, Datagram(hostB, hostA, 17, 0, Segment(from, to, number, size-14-20)))
}

// Segment is a UDP header and payload of size octets in all. Its checksum is 0: there is none.
func Segment(from, to uint16, number uint32, size int) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint16(b, from)
	binary.BigEndian.PutUint16(b[2:], to)
	binary.BigEndian.PutUint16(b[4:], uint16(size)) //nolint:gosec // a test's packet
	binary.BigEndian.PutUint32(b[8:], number)
	for i := 12; i < size; i++ {
		b[i] = byte(i)
	}
	return b
}

// Datagram puts an IPv4 header before a payload. Fragment is the field of flags and fragment offset.
func Datagram(src, dst [4]byte, protocol byte, fragment uint16, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, 64, protocol
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload))) //nolint:gosec // a test's packet
	binary.BigEndian.PutUint16(b[4:], 0x4242)
	binary.BigEndian.PutUint16(b[6:], fragment)
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum))
	return append(b, payload...)
}

// Fragments are the frames of a UDP datagram cut in two.
func Fragments(from, to uint16, number uint32) [][]byte {
	whole := Segment(from, to, number, 1600)
	return [][]byte{
		Frame(nil, Datagram(hostA, hostB, 17, 0x2000, whole[:800])),
		Frame(nil, Datagram(hostA, hostB, 17, 800/8, whole[800:])),
	}
}

// Tag is a VLAN tag.
type Tag struct{ Identifier, Control uint16 }

// Frame is an Ethernet frame with an IPv4 datagram behind some tags.
func Frame(tags []Tag, datagram []byte) []byte {
	b := append([]byte(nil), macs...)
	for _, tag := range tags {
		b = binary.BigEndian.AppendUint16(b, tag.Identifier)
		b = binary.BigEndian.AppendUint16(b, tag.Control)
	}
	b = binary.BigEndian.AppendUint16(b, 0x0800)
	return append(b, datagram...)
}

// ToPort is a filter that keeps all of the UDP datagrams to a port; of any other one it keeps none. Length is how much is
// kept. Instructions that do nothing make it longer.
func ToPort(t testing.TB, port uint16, keep uint32, idle int) []bpf.RawInstruction {
	t.Helper()
	program := make([]bpf.Instruction, 0, idle+8)
	for range idle {
		program = append(program, bpf.LoadConstant{Dst: bpf.RegA, Val: 7})
	}
	program = append(program,
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 0x0800, SkipTrue: 3},
		bpf.LoadAbsolute{Off: 14 + 20 + 2, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(port), SkipTrue: 1},
		bpf.RetConstant{Val: keep},
		bpf.RetConstant{Val: 0})
	raw, err := bpf.Assemble(program)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
