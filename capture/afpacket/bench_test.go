//go:build linux && cgo

package afpacket

import (
	"errors"
	"runtime"
	"testing"
	"time"

	library "github.com/google/gopacket/afpacket"

	"calltrail/capture"
	"calltrail/capture/afpacket/taptest"
)

// benchPackets of 242 octets, as RTP: what is put into the ring before it is read, so that reading alone is measured.
const (
	benchPackets = 40_000
	benchRing    = 32 << 20
)

func frames() map[string][]byte {
	plain := taptest.UDP(4000, 5060, 1, 242)
	tagged := append(append(append([]byte(nil), plain[:12]...), 0x81, 0, 0, 100), plain[12:]...)
	return map[string][]byte{"untagged": plain, "tagged": tagged}
}

func benchConfig() capture.TapConfig {
	cfg := taptest.Config()
	cfg.RingBytes = benchRing
	return cfg
}

// TestNoAllocation: no packet costs memory, tagged or not.
func TestNoAllocation(t *testing.T) {
	for name, frame := range frames() {
		t.Run(name, func(t *testing.T) {
			taptest.Pair(t)
			tap := engine.Start(t, benchConfig())
			source, w := tap.Sources()[0], taptest.Sender(t, taptest.Wire)
			for range 3000 {
				w.MustSend(frame)
			}
			var p capture.Packet
			waitIdle(t, source, 1) // the first: past what is only done at the start
			if n := testing.AllocsPerRun(2000, func() {
				if err := source.Next(&p); err != nil || len(p.Data) != len(frame) {
					t.Errorf("%v, %d octets", err, len(p.Data))
				}
			}); n != 0 {
				t.Errorf("%v allocations for each packet", n)
			}
		})
	}
}

// waitIdle reads n packets.
func waitIdle(t testing.TB, source capture.Live, n int) {
	t.Helper()
	var p capture.Packet
	for end := time.Now().Add(5 * time.Second); n > 0; {
		switch err := source.Next(&p); {
		case err == nil:
			n--
		case !errors.Is(err, capture.ErrIdle):
			t.Fatal(err)
		case time.Now().After(end):
			t.Fatalf("%d packets did not come", n)
		}
	}
}

// BenchmarkNext reads a ring that the kernel filled before: here, and by the library's own reader with the tag left out
// and put back.
func BenchmarkNext(b *testing.B) {
	for name, frame := range frames() {
		b.Run(name+"/calltrail", func(b *testing.B) {
			taptest.Pair(b)
			tap := engine.Start(b, benchConfig())
			source, w := tap.Sources()[0], taptest.Sender(b, taptest.Wire)
			var p capture.Packet
			measure(b, w, frame, func(n int) (octets int) {
				for range n {
					if err := source.Next(&p); err != nil {
						if !errors.Is(err, capture.ErrIdle) {
							b.Fatal(err)
						}
						continue
					}
					octets += int(p.Data[20])
				}
				return octets
			})
		})
		for _, putBack := range []bool{false, true} {
			variant := map[bool]string{false: "/gopacket", true: "/gopacket OptAddVLANHeader"}[putBack]
			b.Run(name+variant, func(b *testing.B) {
				taptest.Pair(b)
				lib, err := library.NewTPacket(library.OptInterface(taptest.Seen), library.TPacketVersion3, library.SocketRaw,
					library.OptBlockSize(blockSize), library.OptFrameSize(frameSize), library.OptNumBlocks(benchRing/blockSize),
					library.OptBlockTimeout(20*time.Millisecond), library.OptPollTimeout(pollWait), library.OptAddVLANHeader(putBack))
				if err != nil {
					b.Fatal(err)
				}
				defer lib.Close()
				w := taptest.Sender(b, taptest.Wire)
				measure(b, w, frame, func(n int) (octets int) {
					for range n {
						data, info, err := lib.ZeroCopyReadPacketData()
						if err != nil {
							continue
						}
						octets += int(data[20]) + int(info.Timestamp.UnixNano()&1)
					}
					return octets
				})
			})
		}
	}
}

// measure sends with the clock stopped and reads with the clock running.
func measure(b *testing.B, w *taptest.Wireside, frame []byte, read func(int) int) {
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; {
		b.StopTimer()
		n := min(left, benchPackets)
		for range n {
			w.MustSend(frame)
		}
		time.Sleep(3 * 20 * time.Millisecond) // the last block is handed over after its time-out
		b.StartTimer()
		runtime.KeepAlive(read(n))
		left -= n
	}
}
