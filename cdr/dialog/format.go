package dialog

import "calltrail/cdr/media"

// A snapshot is three CBOR items (RFC 8949), arrays of the fields of snapshotHead, callState and callMore in their order.
// Numbers of methods, states, parties and fields of the text stand as they are in the program.

// Version is that of the snapshots' format. It must grow with any change of the structs below, of those of media.SessionState
// and media.SessionMore, or of the numbers they hold. Version 1, which is read too, had no callMore; version 3 has candidates of ICE in bits of BindingState.Party and Line.Signalled. A program does not read a
// version after its own: what was open then keeps its interim record.
const (
	Version      = 3
	firstVersion = 1
)

// snapshotHead says whose snapshot it is, so that the newest of each call is found without reading the rest.
type snapshotHead struct {
	_        struct{} `cbor:",toarray"`
	Version  uint8
	CallID   []byte // octets, here and below: nothing promises that they are UTF-8
	FirstTag []byte
	Branch   []byte
	Started  int64
	Order    uint64
	Forget   int64 // time at which the call is forgotten, 0 when that is not known
}

type callState struct {
	_                                        struct{} `cbor:",toarray"`
	FromTag, ToTag                           []byte
	Forked, Done                             bool
	Ringing, Answered, Ended, LastSeen       int64
	Cancelled, EndedNow, LowAt               int64
	Src, Dst, SrcVia                         media.End
	VLAN                                     [2]uint16
	VLANs                                    uint8
	Tap                                      uint16
	Status, Q850                             int32
	EndedBy                                  uint8
	Flags, Anomalies                         uint32
	Seen                                     [2]bool
	Revision                                 uint32
	State                                    uint8
	ByeStatus, LowStatus                     uint16
	Acked, Viewed, Invited, EndKept          bool
	Attempt, InviteSeq, Rounds               uint32
	InviteVias, SrcVias                      uint16
	CheckpointAt, TimeoutAt, FinalAt, KeepAt int64
	Answers                                  [2]answerState
	Hops                                     []hopState
	Attempts                                 []attemptState
	Methods                                  []methodState
	Transactions                             []transactionState
	Text                                     textState
	Media                                    media.SessionState
}

// callMore is what version 2 keeps besides.
type callMore struct {
	_                      struct{} `cbor:",toarray"`
	Transport              uint8
	Tunnels                []tunnelState
	Location               *locationState
	GroupMethod, GroupName []byte
	LifeAt, IdentityAt     int64
	ByeKept                bool
	Media                  media.SessionMore
	Conflicts              [][][]byte // values of each of conflicting, in its order
}

type tunnelState struct {
	_        struct{} `cbor:",toarray"`
	Type     uint8
	HasID    bool
	ID       uint32
	Src, Dst [16]byte
}

type locationState struct {
	_                            struct{} `cbor:",toarray"`
	HasPoint                     bool
	Latitude, Longitude, RadiusM float64
	Country, A1, A3, Method      []byte
}

type answerState struct {
	_           struct{} `cbor:",toarray"`
	CSeq, Round uint32
	Status      uint16
	Method      uint8
}

type hopState struct {
	_        struct{} `cbor:",toarray"`
	Src, Dst media.End
	At       int64
}

type attemptState struct {
	_      struct{} `cbor:",toarray"`
	Status int32
	At     int64
}

type methodState struct {
	_      struct{} `cbor:",toarray"`
	Method uint8
	Count  uint32
}

type transactionState struct {
	_                 struct{} `cbor:",toarray"`
	Branch            uint64
	CSeq, Round       uint32
	Attempt           uint32
	Status, Vias      uint16
	Method            uint8
	FromCaller, Offer bool
	Src, Dst          media.End
}

// textState holds the values themselves; what the slab keeps of values that were replaced is left out.
type textState struct {
	_         struct{} `cbor:",toarray"`
	Fields    [][]byte
	Vias      [][]byte
	Redirects []redirectState
	Full      bool
}

type redirectState struct {
	_             struct{} `cbor:",toarray"`
	Source        uint8
	Value, Reason []byte
}
