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
	SchemaMessage      = "calltrail.message.v1"
	SchemaCoverage     = "calltrail.coverage.v1"
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
	KindMessage      Kind = "message"      // that one SIP MESSAGE was sent, never its text
	KindCoverage     Kind = "coverage"     // what a tap saw, and missed, in one minute
)

// Disposition is how a call ended.
type Disposition string

// Dispositions.
const (
	Answered   Disposition = "answered"    // a 2xx to the INVITE; or a call seen from its middle that was plainly established
	Busy       Disposition = "busy"        // 486 Busy Here, 600 Busy Everywhere
	NoAnswer   Disposition = "no_answer"   // 408, 480, or no final response at all
	Cancelled  Disposition = "cancelled"   // CANCEL by the caller, or 487, and no 2xx
	Rejected   Disposition = "rejected"    // 403 Forbidden, 603 Decline
	Redirected Disposition = "redirected"  // 3xx that the caller did not follow with the same Call-ID
	Failed     Disposition = "failed"      // any other 4xx, 5xx or 6xx; 401 and 407 too, when no credentials came
	InProgress Disposition = "in_progress" // has not ended
	Unknown    Disposition = "unknown"     // seen in part, and nothing tells how far it had come
)

// EndedBy names who or what ended a call.
type EndedBy string

// Enders.
const (
	ByCaller       EndedBy = "caller"        // BYE or CANCEL of the caller
	ByCallee       EndedBy = "callee"        // BYE of the callee, or a final response that refuses, by whichever server
	ByNetwork      EndedBy = "network"       // BYE of a server between them
	ByTimeout      EndedBy = "timeout"       // nothing more was heard: Timers B and C of RFC 3261, session timer, greatest age
	ByMediaTimeout EndedBy = "media_timeout" // its media stopped
	ByUnknown      EndedBy = "unknown"       // it ended, and nothing tells how
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
