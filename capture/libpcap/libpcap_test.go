//go:build libpcap && cgo && linux

package libpcap

import (
	"strings"
	"testing"
	"time"

	"calltrail/capture/afpacket/taptest"
)

func TestMain(m *testing.M) { taptest.Main(m) }

func TestEngine(t *testing.T) {
	taptest.Engine{Open: Open, Resolution: time.Microsecond}.Run(t)
}

func TestSeveralWorkers(t *testing.T) {
	cfg := taptest.Config()
	cfg.Workers = 2
	if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), "afpacket") {
		t.Errorf("%v", err)
	}
}
