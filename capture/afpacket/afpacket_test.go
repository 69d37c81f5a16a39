//go:build linux && cgo

package afpacket

import (
	"testing"

	"calltrail/capture/afpacket/taptest"
)

func TestMain(m *testing.M) { taptest.Main(m) }

var engine = taptest.Engine{Open: Open, Resolution: 0}

func TestEngine(t *testing.T) { engine.Run(t) }
