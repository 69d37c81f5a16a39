package collector

import (
	"encoding/binary"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// overflowSpace is room for the one control message that was asked for.
var overflowSpace = unix.CmsgSpace(4)

// countOverflow asks the kernel to say with each datagram how many it had no room for since the socket was opened.
func countOverflow(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	}); err != nil {
		return err
	}
	return set
}

// overflowOf reads that number; there is none while it is 0. By hand, because the library's reader allocates.
func overflowOf(oob []byte) (n uint32, ok bool) {
	header := int(unsafe.Sizeof(unix.Cmsghdr{})) // length (of a machine word), level, type; then the value
	if len(oob) < header+4 {
		return 0, false
	}
	level, kind := binary.NativeEndian.Uint32(oob[header-8:]), binary.NativeEndian.Uint32(oob[header-4:])
	if level != unix.SOL_SOCKET || kind != unix.SO_RXQ_OVFL {
		return 0, false
	}
	return binary.NativeEndian.Uint32(oob[header:]), true
}
