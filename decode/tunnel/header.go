package tunnel

// Type names what packets are carried in.
type Type uint8

// Tunnels, by the documents that describe them.
const (
	MPLS   Type = iota + 1 // RFC 3032: ID is the label at the bottom of the stack
	PPPoE                  // RFC 2516: ID is the session
	GRE                    // RFC 2784, RFC 2890: ID is the key, when there is one
	ERSPAN                 // draft-foschiano-erspan: ID is the session; type I has none
	VXLAN                  // RFC 7348: ID is the VNI
	Geneve                 // RFC 8926: ID is the VNI
	IPIP                   // RFC 2003, RFC 2473: IPv4 or IPv6 in IP, but for
	SixIn4                 // RFC 4213: IPv6 in IPv4
	L2TP                   // RFC 2661: ID is the tunnel in the upper 16 bits, the session in the lower
	GTPU                   // 3GPP TS 29.281: ID is the TEID
)

var names = [...]string{
	MPLS: "mpls", PPPoE: "pppoe", GRE: "gre", ERSPAN: "erspan", VXLAN: "vxlan", Geneve: "geneve", IPIP: "ipip", SixIn4: "6in4",
	L2TP: "l2tp", GTPU: "gtpu",
}

// String returns the name that records have.
func (t Type) String() string {
	if int(t) >= len(names) {
		return ""
	}
	return names[t]
}

// Header is what a record keeps of one layer that a packet came through. It has no pointers.
type Header struct {
	Type  Type
	HasID bool
	ID    uint32
	// Src and Dst are the addresses of the IP packet that carried it, IPv4 ones IPv4-mapped; zero below IP (MPLS, PPPoE).
	Src, Dst [16]byte
}

// MaxDepth is how many layers are followed.
const MaxDepth = 8
