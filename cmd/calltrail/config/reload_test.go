package config

import (
	"slices"
	"testing"
)

func TestReload(t *testing.T) {
	running := Default()
	next := Default()
	next.Log.Level, next.Capture.Filter, next.Capture.SIPPorts = "debug", "narrow", []string{"5070"}
	next.Capture.Interfaces, next.Kafka.Group = []string{"eth9"}, "other"
	effective, waiting := running.Reload(next)
	if effective.Log.Level != "debug" || effective.Capture.Filter != "narrow" || effective.Capture.SIPPorts[0] != "5070" {
		t.Errorf("not taken over: %+v", effective)
	}
	if len(effective.Capture.Interfaces) != 0 || effective.Kafka.Group != Default().Kafka.Group {
		t.Errorf("taken over without a restart: %+v", effective)
	}
	if want := []string{"capture.interfaces", "kafka.group"}; !slices.Equal(waiting, want) {
		t.Errorf("waiting %v, want %v", waiting, want)
	}
	if running.Log.Level != Default().Log.Level {
		t.Error("the running configuration was changed in place")
	}
}

// Which connections are looked at, and which agents are heard, changes while packets flow; where agents are listened to does not.
func TestReloadOfPortsAndAgents(t *testing.T) {
	running, next := Default(), Default()
	next.Capture.TLSPorts, next.Capture.WebSocketPorts = []string{"5061", "443"}, []string{"8080"}
	next.Capture.HEPAllow = nil
	next.Capture.HEPUDP, next.Events.Messages, next.Limits.Fragments, next.Timers.MediaStop = "192.0.2.10:9060", true, 99, 0
	effective, waiting := running.Reload(next)
	c := effective.Capture
	if len(c.TLSPorts) != 2 || len(c.WebSocketPorts) != 1 || len(c.HEPAllow) != 0 {
		t.Errorf("not taken over: %+v", c)
	}
	if c.HEP() || effective.Events.Messages {
		t.Errorf("taken over without a restart: %+v", effective)
	}
	if want := []string{"capture.hep_udp", "limits.fragments", "timers.media_stop", "events.messages"}; !slices.Equal(waiting, want) {
		t.Errorf("waiting %v, want %v", waiting, want)
	}
}

func TestTaps(t *testing.T) {
	c := Capture{Interfaces: []string{"eth1"}}
	if got := c.Taps(); !slices.Equal(got, []string{"eth1"}) || c.HEP() {
		t.Error(got)
	}
	c.HEPTCP = "192.0.2.10:9060"
	if got := c.Taps(); !slices.Equal(got, []string{"eth1", "hep"}) || !c.HEP() || len(c.Interfaces) != 1 {
		t.Error(got)
	}
}

func TestReloadableKeysExist(t *testing.T) {
	for _, path := range Reloadable {
		if _, ok := findKey(path); !ok {
			t.Errorf("%s is no key", path)
		}
	}
}
