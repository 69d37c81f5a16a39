package postgres

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/spool"
)

// Reasons of the quarantine. The comment on calltrail.quarantine.reason explains them to its readers.
const (
	// Not readable as an entry: no place on a chain.
	reasonBadEntry = "bad_entry"
	// The chain does not hold: an alarm each, and no place on the chain, so the gap stays until the true entry comes.
	reasonLeafMismatch = "leaf_mismatch"
	reasonHashMismatch = "hash_mismatch"
	reasonChainBroken  = "chain_broken"
	reasonHashConflict = "hash_conflict"
	// Authentic, and no record this store can read: has its place on the chain.
	reasonTooLarge       = "too_large"
	reasonBadUTF8        = "bad_utf8"
	reasonNUL            = "nul"
	reasonBadJSON        = "bad_json"
	reasonBadValue       = "bad_value"
	reasonUnknownSchema  = "unknown_schema"
	reasonUnknownKind    = "unknown_kind"
	reasonSensorMismatch = "sensor_mismatch"
	reasonDayMismatch    = "day_mismatch"
	reasonDayOutOfRange  = "day_out_of_range"
	reasonRefused        = "refused"
)

const (
	maxBody   = 64 << 10 // octets of a record: docs/record.md
	maxSensor = 255      // octets of a sensor's name
	daysAhead = 2        // a record may be this much younger than our clock says is possible
)

// firstDay is before the first SIP packet there can be a capture of.
var firstDay = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// entry is an item with what was found in it.
type entry struct {
	store.Item

	// reason says why the item goes to the quarantine; empty: its record can be stored.
	reason, detail string
	// chained: the item's hashes agree with each other, so it can be asked for its place on the chain.
	chained bool

	// The record. Exactly one of call, registration, message and coverage is set when reason is empty.
	call         *callRow
	registration *registrationRow
	message      *messageRow
	coverage     *coverageRow
	endpoints    []endpoint
	day          time.Time
	recordID     uuid.UUID
}

func (e *entry) refuse(reason, detail string) *entry {
	e.reason, e.detail = reason, detail
	e.call, e.registration, e.message, e.coverage, e.endpoints = nil, nil, nil, nil, nil
	return e
}

// alarm says whether a reason means that something was tampered with or damaged.
func alarm(reason string) bool {
	switch reason {
	case reasonLeafMismatch, reasonHashMismatch, reasonChainBroken, reasonHashConflict:
		return true
	}
	return false
}

// examine checks everything about an item that can be checked without the database.
func examine(item store.Item, now time.Time) *entry {
	e := &entry{Item: item}
	switch {
	case item.Fault != "":
		return e.refuse(reasonBadEntry, item.Fault)
	case item.Sensor == "" || len(item.Sensor) > maxSensor || !utf8.ValidString(item.Sensor) || strings.ContainsRune(item.Sensor, 0):
		return e.refuse(reasonBadEntry, fmt.Sprintf("a sensor's name is 1 to %d octets of UTF-8", maxSensor))
	case item.Seq == 0 || item.Seq >= math.MaxInt64 || item.Epoch > math.MaxInt64:
		return e.refuse(reasonBadEntry, fmt.Sprintf("epoch %d, number %d: out of range", item.Epoch, item.Seq))
	case sha256.Sum256(item.Body) != item.Leaf && breach != breachUnproved:
		return e.refuse(reasonLeafMismatch, "the leaf is not the SHA-256 of the body")
	case spool.Link(item.Prev, item.Epoch, item.Seq, item.Leaf) != item.Hash:
		return e.refuse(reasonHashMismatch, "the hash does not follow from the previous hash, epoch, number and leaf")
	}
	e.chained = true
	switch {
	case len(item.Body) > maxBody:
		return e.refuse(reasonTooLarge, fmt.Sprintf("%d octets, a record has at most %d", len(item.Body), maxBody))
	case !utf8.Valid(item.Body):
		return e.refuse(reasonBadUTF8, "the body is not UTF-8")
	case hasNUL(item.Body):
		return e.refuse(reasonNUL, "a text holds U+0000, which Postgres cannot keep in text or jsonb")
	}
	return e.read(now)
}

// read decodes the body into a row.
func (e *entry) read(now time.Time) *entry {
	var what struct {
		Schema string      `json:"schema"`
		Kind   record.Kind `json:"kind"`
	}
	if err := json.Unmarshal(e.Body, &what); err != nil {
		return e.refuse(reasonBadJSON, err.Error())
	}
	switch what.Kind {
	case record.KindSIP, record.KindMedia, record.KindApp, record.KindTLS:
		if what.Schema != record.SchemaCall {
			return e.refuse(reasonUnknownSchema, fmt.Sprintf("%q", what.Schema))
		}
		return e.readCall(now)
	case record.KindRegistration:
		if what.Schema != record.SchemaRegistration {
			return e.refuse(reasonUnknownSchema, fmt.Sprintf("%q", what.Schema))
		}
		return e.readRegistration(now)
	case record.KindMessage:
		if what.Schema != record.SchemaMessage {
			return e.refuse(reasonUnknownSchema, fmt.Sprintf("%q", what.Schema))
		}
		return e.readMessage(now)
	case record.KindCoverage:
		if what.Schema != record.SchemaCoverage {
			return e.refuse(reasonUnknownSchema, fmt.Sprintf("%q", what.Schema))
		}
		return e.readCoverage(now)
	default:
		return e.refuse(reasonUnknownKind, fmt.Sprintf("%q", what.Kind))
	}
}

func (e *entry) readCall(now time.Time) *entry {
	row := new(callRow)
	if err := json.Unmarshal(e.Body, row); err != nil {
		return e.refuse(reasonBadJSON, err.Error())
	}
	if detail := row.fault(); detail != "" {
		return e.refuse(reasonBadValue, detail)
	}
	if reason, detail := e.place(row.RecordID, row.Sensor, row.Day, row.StartedAt, now); reason != "" {
		return e.refuse(reason, detail)
	}
	points, err := callEndpoints(row)
	if err != nil {
		return e.refuse(reasonBadJSON, err.Error())
	}
	row.day, e.call, e.endpoints = e.day, row, points
	return e
}

func (e *entry) readRegistration(now time.Time) *entry {
	row := new(registrationRow)
	if err := json.Unmarshal(e.Body, row); err != nil {
		return e.refuse(reasonBadJSON, err.Error())
	}
	switch {
	case row.Event == "" || row.CallID == "":
		return e.refuse(reasonBadValue, "no event or no call_id")
	case !small(&row.Status):
		return e.refuse(reasonBadValue, fmt.Sprintf("status %d", row.Status))
	}
	if reason, detail := e.place(row.RecordID, row.Sensor, row.Day, row.At, now); reason != "" {
		return e.refuse(reason, detail)
	}
	row.day, e.registration, e.endpoints = e.day, row, registrationEndpoints(row)
	return e
}

func (e *entry) readMessage(now time.Time) *entry {
	row := new(messageRow)
	if err := json.Unmarshal(e.Body, row); err != nil {
		return e.refuse(reasonBadJSON, err.Error())
	}
	if detail := row.fault(); detail != "" {
		return e.refuse(reasonBadValue, detail)
	}
	if reason, detail := e.place(row.RecordID, row.Sensor, row.Day, row.At, now); reason != "" {
		return e.refuse(reason, detail)
	}
	row.day, e.message, e.endpoints = e.day, row, messageEndpoints(row)
	return e
}

func (e *entry) readCoverage(now time.Time) *entry {
	row := new(coverageRow)
	if err := json.Unmarshal(e.Body, row); err != nil {
		return e.refuse(reasonBadJSON, err.Error())
	}
	if detail := row.fault(); detail != "" {
		return e.refuse(reasonBadValue, detail)
	}
	if reason, detail := e.place(row.RecordID, row.Sensor, row.Day, row.Minute, now); reason != "" {
		return e.refuse(reason, detail)
	}
	row.day, e.coverage = e.day, row
	return e
}

// place checks identity, owner and day of a record, and notes them.
func (e *entry) place(id uuid.UUID, sensor, day string, at record.Time, now time.Time) (reason, detail string) {
	switch {
	case id == uuid.Nil:
		return reasonBadValue, "no record_id"
	case sensor != e.Sensor:
		return reasonSensorMismatch, fmt.Sprintf("the record says sensor %q, the entry %q", sensor, e.Sensor)
	case at.IsZero() || at.Day() != day:
		return reasonDayMismatch, fmt.Sprintf("day %q is not the UTC date of the record's time", day)
	}
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return reasonDayMismatch, "day is not YYYY-MM-DD"
	}
	if date.Before(firstDay) || date.After(now.AddDate(0, 0, daysAhead)) {
		return reasonDayOutOfRange, fmt.Sprintf("day %s is not between %s and %d days from now", day, firstDay.Format(time.DateOnly), daysAhead)
	}
	e.day, e.recordID = date, id
	return "", ""
}

// small says whether a number fits a smallint and is not negative.
func small(n *int) bool { return n == nil || (*n >= 0 && *n <= math.MaxInt16) }

// hasNUL finds the JSON escape of U+0000. A backslash before it that is itself escaped makes it six harmless letters.
func hasNUL(body []byte) bool {
	for rest := body; ; {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		slashes := 0
		for j := i - 1; j >= 0 && rest[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		// What stood before cannot end in an unpaired backslash now, so nothing is lost by cutting here.
		rest = rest[i+len(`\u0000`):]
	}
}
