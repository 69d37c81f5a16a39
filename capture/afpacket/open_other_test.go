//go:build !linux || !cgo

package afpacket

import (
	"strings"
	"testing"

	"calltrail/capture"
)

func TestOpen(t *testing.T) {
	tap, err := Open(capture.TapConfig{Interface: "eth0"})
	if tap != nil || err == nil || !strings.Contains(err.Error(), "eth0") || !strings.Contains(err.Error(), "engine afpacket") {
		t.Errorf("%v, %v", tap, err)
	}
}
