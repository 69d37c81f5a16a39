package sip

import (
	"bytes"
	"sync"
)

// breach breaks this package's first promise on purpose: with "whole", messages stay in memory with their bodies and with the header
// fields that nobody wants. The test that searches a running sensor for content must find them then, or it proves nothing. No program
// sets it: the linker does, for a test's program (-ldflags "-X calltrail/decode/sip.breach=whole").
var breach string

// keptWhole are the first messages that came, with the breach alone.
var keptWhole struct {
	sync.Mutex
	list [][]byte
}

// keepWhole keeps a copy of a message, of few.
func keepWhole(message []byte) {
	keptWhole.Lock()
	defer keptWhole.Unlock()
	if len(keptWhole.list) < 64 {
		keptWhole.list = append(keptWhole.list, bytes.Clone(message))
	}
}
