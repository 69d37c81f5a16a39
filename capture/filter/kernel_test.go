package filter_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"calltrail/capture"
	"calltrail/capture/filter"
)

// attach gives a program to the kernel, as the sensor does.
func attach(socket int, program []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(program))
	for i, ins := range program {
		code[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	return unix.SetsockoptSockFprog(socket, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

// kernel runs a program in the kernel. A datagram on a Unix socket goes through the receiver's filter octet by octet as it
// was sent and is cut to what the filter returns: so any frame can be tried, without privileges, and the answer is there
// when the sending has returned.
type kernel struct {
	send, receive int
	buf           []byte
}

func newKernel(t testing.TB, p *filter.Program) *kernel {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) })
	if err := attach(pair[1], p.Raw()); err != nil {
		t.Fatalf("the kernel refuses the program: %v", err)
	}
	return &kernel{pair[0], pair[1], make([]byte, 1<<17)}
}

// run returns how many octets of a frame are left, 0 when it was turned away.
func (k *kernel) run(t testing.TB, frame []byte) int {
	t.Helper()
	if err := unix.Send(k.send, frame, 0); err != nil {
		t.Fatal(err)
	}
	n, _, err := unix.Recvfrom(k.receive, k.buf, unix.MSG_DONTWAIT)
	if errors.Is(err, unix.EAGAIN) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The kernel takes every program and says of every frame what the virtual machine says.
func TestKernelAgrees(t *testing.T) {
	for _, cfg := range []filter.Config{wide, narrow} {
		t.Run(cfg.Mode.String(), func(t *testing.T) {
			programs := map[capture.LinkType]*kernel{}
			for _, s := range samples() {
				k := programs[s.link]
				if k == nil {
					k = newKernel(t, programOf(t, onLink(cfg, s.link)))
					programs[s.link] = k
				}
				want := s.wide
				if cfg.Mode == filter.Narrow {
					want = s.narrow
				}
				if got := k.run(t, s.frame); got != min(want, len(s.frame)) {
					t.Errorf("%s: %d of %d octets are left, want %d", s.name, got, len(s.frame), min(want, len(s.frame)))
				}
			}
		})
	}
}

// On a real interface the kernel takes the outermost VLAN tag out of the frame before the filter runs: the same frames,
// tagged once more and sent over a veth pair, have the same fate. It needs root, for a network namespace of its own.
func TestPacketSocket(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") == "1" {
			t.Fatal("this test needs root, and CALLTRAIL_REQUIRE_PROGRAMS=1 says that it must run")
		}
		t.Skip("needs root for a network namespace")
	}
	done := make(chan struct{})
	go func() { // its thread ends with it, and with the thread the namespace
		defer close(done)
		runtime.LockOSThread()
		for _, cfg := range []filter.Config{wide, narrow} {
			overVeth(t, cfg)
		}
	}()
	<-done
}

// overVeth sends every sample over a veth pair and looks at what a packet socket gets. It may not end the test: it runs in
// a goroutine of its own.
func overVeth(t *testing.T, cfg filter.Config) {
	check := func(what string, err error) bool {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return err == nil
	}
	if !check("new network namespace", unix.Unshare(unix.CLONE_NEWNET)) {
		return
	}
	for _, command := range [][]string{
		{"ip", "link", "add", "from", "type", "veth", "peer", "name", "to"},
		{"sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"}, // nothing is to be sent but the samples
		{"ip", "link", "set", "from", "up"},
		{"ip", "link", "set", "to", "up"},
	} {
		out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
		if !check(command[0]+" "+string(out), err) {
			return
		}
	}
	// One CPU, and frames stay in order.
	var one, before unix.CPUSet
	if !check("affinity", unix.SchedGetaffinity(0, &before)) {
		return
	}
	for cpu := range 1024 {
		if before.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if !check("affinity", unix.SchedSetaffinity(0, &one)) {
		return
	}
	defer func() { check("affinity", unix.SchedSetaffinity(0, &before)) }()

	p, err := filter.New(cfg)
	if !check("program", err) {
		return
	}
	from, err := packetSocket("from", nil)
	if !check("socket", err) {
		return
	}
	defer func() { _ = unix.Close(from) }()
	to, err := packetSocket("to", p)
	if !check("socket", err) {
		return
	}
	defer func() { _ = unix.Close(to) }()
	buf := make([]byte, 1<<17)
	number, err := carries(from, to, buf)
	if !check("veth pair", err) {
		return
	}
	for _, s := range samples() {
		if s.link != capture.LinkEthernet || len(s.frame) < 14 {
			continue
		}
		want := s.wide
		if cfg.Mode == filter.Narrow {
			want = s.narrow
		}
		for _, tags := range []int{0, 1} {
			sent := s.frame
			left := min(want, len(s.frame)) // the filter does not see the tag
			if tags == 1 {
				sent = append(append(append([]byte{}, s.frame[:12]...), 0x81, 0x00, 0x00, 0x64), s.frame[12:]...)
			} else if taggedFrame(s.frame) {
				continue // its own outermost tag would be taken out
			}
			got, err := sendAndMark(from, to, sent, number, buf)
			number++
			if !check(s.name, err) {
				return
			}
			if got != left {
				t.Errorf("%s: %s, %d tags put before: %d of %d octets are left, want %d", cfg.Mode, s.name, tags, got, len(s.frame), left)
			}
		}
	}
}

func taggedFrame(frame []byte) bool {
	return frame[12] == 0x81 && frame[13] == 0x00 || frame[12] == 0x88 && frame[13] == 0xa8
}

// packetSocket opens an AF_PACKET socket on an interface of this thread's namespace.
func packetSocket(name string, p *filter.Program) (int, error) {
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	if p != nil {
		if err := attach(socket, p.Raw()); err != nil {
			return 0, err
		}
		if err := unix.SetsockoptInt(socket, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
			return 0, err
		}
		if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}); err != nil {
			return 0, err
		}
	}
	ifreq, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, ifreq); err != nil {
		return 0, err
	}
	all := uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8)
	return socket, unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: all, Ifindex: int(ifreq.Uint32())})
}

// mark is a frame that every program passes; each number is another mark.
func mark(number int) []byte {
	return onEther(ipv4(17, nil, udp(5060, 5060, fmt.Appendf(nil, "MARK sip:%d SIP/2.0\r\n", number))))
}

// sendAndMark sends a frame and then a mark, whose number was not used before. It returns how many octets of the frame came
// before the mark did.
func sendAndMark(from, to int, frame []byte, number int, buf []byte) (left int, err error) {
	m := mark(number)
	for _, b := range [][]byte{frame, m} {
		if _, err := unix.Write(from, b); err != nil {
			return 0, err
		}
	}
	for {
		n, _, err := unix.Recvfrom(to, buf, 0)
		if err != nil {
			return 0, err
		}
		if string(buf[:n]) == string(m) {
			return left, nil
		}
		left += n
	}
}

// carries waits until the pair carries frames: the kernel sets that up in the background after the second end is up, and
// until then drops what is sent. It returns the first number that marks can have.
func carries(from, to int, buf []byte) (number int, err error) {
	for number = 1; number <= 100; number++ {
		// The receiver's time-out is 100 ms here. A mark that comes late is another one than what is waited for.
		if _, err = sendAndMark(from, to, mark(0), number, buf); !errors.Is(err, unix.EAGAIN) {
			break
		}
	}
	if err != nil {
		return 0, fmt.Errorf("no frame came in 10 s: %w", err)
	}
	return number + 1, unix.SetsockoptTimeval(to, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10})
}
