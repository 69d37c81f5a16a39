//go:build !libpcap || !cgo

package libpcap

import (
	"fmt"

	"calltrail/capture"
)

// Open says that this program cannot: libpcap was not built in.
func Open(cfg capture.TapConfig) (capture.Tap, error) { return nil, refusal(cfg.Interface) }

// LinkType says so too.
func LinkType(name string) (capture.LinkType, error) { return 0, refusal(name) }

func refusal(name string) error {
	return fmt.Errorf("tap %s: engine libpcap: this program was built without it: build it with cgo and -tags libpcap, or use the engine afpacket",
		name)
}
