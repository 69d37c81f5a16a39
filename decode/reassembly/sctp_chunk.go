package reassembly

import "encoding/binary"

// Chunk types that carry user data (RFC 9260 section 3.2, RFC 8260 section 2.1).
const (
	chunkData  = 0
	chunkIData = 64
)

// Octets of headers.
const (
	commonHeaderLen = 12 // RFC 9260 section 3.1
	chunkHeaderLen  = 4
	dataHeaderLen   = 16
	iDataHeaderLen  = 20
)

// Flags of DATA and I-DATA chunks.
const (
	flagEnd       = 1 << 0
	flagBegin     = 1 << 1
	flagUnordered = 1 << 2
)

// chunk is a DATA or I-DATA chunk: a part of a user message, or all of it.
type chunk struct {
	tsn uint32
	// message names the user message among those of its association, sequence is the chunk's place in it. Of DATA, whose
	// parts have consecutive TSNs, they are 0 and the TSN; of I-DATA, whose parts may be mixed with others, stream, U flag
	// and MID, and the FSN.
	message  uint64
	sequence uint32
	ppid     uint32 // of I-DATA, which has it in its first chunk only, 0 in the others
	begin    bool
	end      bool
	user     []byte // as captured
	cut      bool   // the snap length took a part of it away
}

// next cuts the first chunk off b, of which length octets were on the wire. data says whether it is in c; ok is false
// when there is no chunk, or one that ends within its header or past the end of the packet.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------+---------------+-------------------------------+
//	|  Chunk Type   |  Chunk Flags  |         Chunk Length          |  with its header, without padding to a multiple of 4
//	+---------------+---------------+-------------------------------+
func (c *chunk) next(b []byte, length int) (rest []byte, restLength int, data, ok bool) {
	if len(b) < chunkHeaderLen {
		return nil, 0, false, false
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < chunkHeaderLen || n > length {
		return nil, 0, false, false
	}
	switch b[0] {
	case chunkData:
		data = true
		ok = c.data(b[:min(n, len(b))], n)
	case chunkIData:
		data = true
		ok = c.iData(b[:min(n, len(b))], n)
	default:
		ok = true
	}
	padded := (n + 3) &^ 3
	return b[min(padded, len(b)):], max(0, length-padded), data, ok
}

// data reads a DATA chunk of n octets on the wire (RFC 9260 section 3.3.1).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------+-------+-+-+-+-+-------------------------------+
//	|   Type = 0    |  Res  |I|U|B|E|            Length             |
//	+---------------+-------+-+-+-+-+-------------------------------+
//	|                              TSN                              |
//	+-------------------------------+-------------------------------+
//	|      Stream Identifier        |    Stream Sequence Number     |
//	+-------------------------------+-------------------------------+
//	|                 Payload Protocol Identifier                   |
//	+---------------------------------------------------------------+
func (c *chunk) data(b []byte, n int) bool {
	if len(b) <= dataHeaderLen { // cut, or without user data, which is an error (section 6.2)
		return false
	}
	tsn := binary.BigEndian.Uint32(b[4:])
	*c = chunk{
		tsn: tsn, sequence: tsn, ppid: binary.BigEndian.Uint32(b[12:]),
		begin: b[1]&flagBegin != 0, end: b[1]&flagEnd != 0, user: b[dataHeaderLen:], cut: len(b) < n,
	}
	return true
}

// iData reads an I-DATA chunk of n octets on the wire (RFC 8260 section 2.1). The Fragment Sequence Number of the first
// chunk of a message, whose place the identifier takes, is 0.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------+-------+-+-+-+-+-------------------------------+
//	|   Type = 64   |  Res  |I|U|B|E|            Length             |
//	+---------------+-------+-+-+-+-+-------------------------------+
//	|                              TSN                              |
//	+-------------------------------+-------------------------------+
//	|      Stream Identifier        |           Reserved            |
//	+-------------------------------+-------------------------------+
//	|                      Message Identifier                       |
//	+---------------------------------------------------------------+
//	|    Payload Protocol Identifier / Fragment Sequence Number     |
//	+---------------------------------------------------------------+
func (c *chunk) iData(b []byte, n int) bool {
	if len(b) <= iDataHeaderLen {
		return false
	}
	*c = chunk{
		tsn:   binary.BigEndian.Uint32(b[4:]),
		begin: b[1]&flagBegin != 0, end: b[1]&flagEnd != 0, user: b[iDataHeaderLen:], cut: len(b) < n,
	}
	const interleaved = 1 << 63 // so that no message of I-DATA has the name of those of DATA
	c.message = interleaved | uint64(b[1]&flagUnordered)<<48 | uint64(binary.BigEndian.Uint16(b[8:]))<<32 |
		uint64(binary.BigEndian.Uint32(b[12:]))
	if last := binary.BigEndian.Uint32(b[16:]); c.begin {
		c.ppid = last
	} else {
		c.sequence = last
	}
	return true
}

// sigtran holds the payload protocol identifiers of SS7, ISDN and their gateways over IP, by IANA's "SCTP Payload
// Protocol Identifiers".
var sigtran = [...]bool{
	1:  true, // IUA, RFC 4233
	2:  true, // M2UA, RFC 3331
	3:  true, // M3UA, RFC 4666
	4:  true, // SUA, RFC 3868
	5:  true, // M2PA, RFC 4165
	6:  true, // V5UA, RFC 3807
	7:  true, // H.248, the gateways' control protocol
	8:  true, // BICC, ITU-T Q.2150.3
	9:  true, // TALI, RFC 3094
	10: true, // DUA, RFC 4129
	14: true, // Q.IPC, ITU-T Q.2150.3
}

// isSigtran says whether a payload protocol identifier is one of SIGTRAN's. SCTP does not touch the field, so that hosts
// that forget to turn it into network order send it the other way round (RFC 9260 section 3.3.1 warns of it).
func isSigtran(ppid uint32) bool {
	if ppid >= 1<<24 && ppid&(1<<24-1) == 0 {
		ppid >>= 24
	}
	return ppid < uint32(len(sigtran)) && sigtran[ppid]
}
