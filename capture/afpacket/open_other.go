//go:build !linux || !cgo

package afpacket

import (
	"fmt"
	"runtime"

	"calltrail/capture"
)

// Open says that this program cannot: AF_PACKET is Linux's, and the library needs cgo.
func Open(cfg capture.TapConfig) (capture.Tap, error) { return nil, refusal(cfg.Interface) }

// LinkType says so too.
func LinkType(name string) (capture.LinkType, error) { return 0, refusal(name) }

func refusal(name string) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("tap %s: engine afpacket: this program was built for %s, AF_PACKET is Linux's: use the engine libpcap",
			name, runtime.GOOS)
	}
	return fmt.Errorf("tap %s: engine afpacket: this program was built without cgo: build it with CGO_ENABLED=1 and a C compiler",
		name)
}
