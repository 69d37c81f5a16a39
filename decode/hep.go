package decode

import (
	"calltrail/capture/hep"
)

// walkHEP reads a message that a capture agent sent (capture.LinkHEP). The agent saw the packet, and took all headers
// off: what it says of them is believed.
func walkHEP(b []byte, f *Frame) Reason {
	var m hep.Message
	if hep.Parse(b, &m) != nil {
		return BadHEP
	}
	if m.Type != hep.TypeSIP {
		return OtherProtocol
	}
	if m.HasVLAN {
		f.VLAN[0], f.VLANs = m.VLAN, 1
	}
	f.Src, f.Dst, f.Proto = EndpointOf(m.Src), EndpointOf(m.Dst), m.Proto
	f.Payload, f.PayloadLen = m.Payload, len(m.Payload)
	return Datagram
}
