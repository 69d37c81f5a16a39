package record

import (
	"bytes"
	"strconv"

	"github.com/google/uuid"
)

// Peek reads of a call's exact bytes which call it is of, the number of its revision, and whether it is the last word. It
// is false for another kind of record, and for what Append has not written.
func Peek(body []byte) (call uuid.UUID, revision int, final, ok bool) {
	const schema = `"schema":"` + SchemaCall + `","call_uid":"`
	const uuidLen = 36
	if len(body) < len(placeholder) || !bytes.HasPrefix(body[len(placeholder):], []byte(schema)) {
		return call, 0, false, false
	}
	rest := body[len(placeholder)+len(schema):]
	if len(rest) < uuidLen {
		return call, 0, false, false
	}
	call, err := uuid.ParseBytes(rest[:uuidLen])
	if err != nil {
		return call, 0, false, false
	}
	rest, found := bytes.CutPrefix(rest[uuidLen:], []byte(`","revision":`))
	number, rest, ended := bytes.Cut(rest, []byte(`,"final":`))
	revision, err = strconv.Atoi(string(number))
	if !found || !ended || err != nil {
		return call, 0, false, false
	}
	return call, revision, bytes.HasPrefix(rest, []byte("true")), true
}
