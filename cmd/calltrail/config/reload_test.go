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

func TestReloadableKeysExist(t *testing.T) {
	for _, path := range Reloadable {
		if _, ok := findKey(path); !ok {
			t.Errorf("%s is no key", path)
		}
	}
}
