//go:build !linux

package nic

import "calltrail/capture"

// Check knows nothing of interfaces on systems other than Linux, and so warns of nothing.
func Check(capture.TapConfig) []string { return nil }
