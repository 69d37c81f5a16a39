//go:build linux && cgo

package afpacket

import (
	"fmt"
	"math"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// maxInstructions is the most the kernel takes (BPF_MAXINSNS).
const maxInstructions = 4096

// rejectAll is attached to a socket that is to take no more.
var rejectAll = []bpf.RawInstruction{{Op: retConstant}}

// retConstant is the operation code of "return K": how many octets of the packet to keep.
const retConstant = unix.BPF_RET | unix.BPF_K

// program is the filter as it is attached: it keeps no more than snap octets, so that the ring has no more to hold, and
// on the loopback it turns away the sent copy of each packet. The socket option PACKET_IGNORE_OUTGOING would do that as
// well, but not in a fanout group.
func program(filter []bpf.RawInstruction, snap int, loopback bool) ([]bpf.RawInstruction, error) {
	snap = min(snap, math.MaxInt32)
	if len(filter) == 0 {
		filter = []bpf.RawInstruction{{Op: retConstant, K: math.MaxInt32}}
	}
	var all []bpf.RawInstruction
	if loopback {
		prefix, err := bpf.Assemble([]bpf.Instruction{
			bpf.LoadExtension{Num: bpf.ExtType},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 1},
			bpf.RetConstant{Val: 0},
			bpf.LoadConstant{Dst: bpf.RegA, Val: 0}, // a program may rely on A being 0 where it begins
		})
		if err != nil {
			return nil, fmt.Errorf("assemble filter: %w", err)
		}
		all = prefix
	}
	for _, ins := range filter {
		if ins.Op == retConstant {
			ins.K = min(ins.K, uint32(snap)) //nolint:gosec // at least 1 (checked by Open), at most MaxInt32
		}
		all = append(all, ins)
	}
	if len(all) > maxInstructions {
		return nil, fmt.Errorf("the filter has %d instructions, the kernel takes %d", len(all), maxInstructions)
	}
	return all, nil
}
