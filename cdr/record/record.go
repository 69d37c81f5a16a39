// Package record is the call-detail record: its fields, its identity and its bytes.
//
// In: what cdr/pipeline knows of a call. Out: one JSON object in a fixed order of members, the exact bytes that are
// hashed, spooled, sent, stored and shown to a court. A leaf: it imports nothing of ours, and everything downstream
// imports it. It never looks anything up and never decides what happened.
//
// Unknown is absent or null, never "" or 0. Text is UTF-8 without NUL (see Clean).
//
// The structs are the source of two documents, docs/record.schema.json and the tables of docs/record.md: their comments
// are the descriptions there, and their "schema" tags say what the type cannot (see schema_test.go). After a change:
//
//	go test ./cdr/record -run TestDocuments -update
package record

// Names of the object formats, the member "schema".
const (
	SchemaCall         = "calltrail.call.v1"
	SchemaRegistration = "calltrail.registration.v1"
)

// Kind says what was observed.
type Kind string

// Kinds of records and events.
const (
	KindSIP          Kind = "sip"          // a call, by its signalling
	KindMedia        Kind = "media"        // RTP without signalling
	KindApp          Kind = "app"          // a call in an application
	KindTLS          Kind = "tls"          // encrypted signalling
	KindRegistration Kind = "registration" // a REGISTER that was accepted or refused
)

// Disposition is how a call ended; the table in docs/record.md maps SIP status codes to it.
type Disposition string

// Dispositions.
const (
	Answered   Disposition = "answered"
	Busy       Disposition = "busy"
	NoAnswer   Disposition = "no_answer"
	Cancelled  Disposition = "cancelled"
	Rejected   Disposition = "rejected"
	Redirected Disposition = "redirected"
	Failed     Disposition = "failed"
	InProgress Disposition = "in_progress"
	Unknown    Disposition = "unknown"
)

// EndedBy names who or what ended a call.
type EndedBy string

// Enders.
const (
	ByCaller       EndedBy = "caller"
	ByCallee       EndedBy = "callee"
	ByNetwork      EndedBy = "network"
	ByTimeout      EndedBy = "timeout"
	ByMediaTimeout EndedBy = "media_timeout"
	ByUnknown      EndedBy = "unknown"
)

// Visibility says how much of a call the tap saw.
type Visibility string

// Visibilities.
const (
	Full      Visibility = "full"       // signalling both ways, and media
	SIPOnly   Visibility = "sip_only"   // signalling both ways, no media
	MediaOnly Visibility = "media_only" // media without signalling
	OneWay    Visibility = "one_way"    // signalling of one direction only
	Encrypted Visibility = "encrypted"  // nothing readable but addresses, times and volume
)

// FlagTruncated says that something was longer or more than a record holds.
const FlagTruncated = "truncated"
