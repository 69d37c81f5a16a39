package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"syscall"
	"time"
)

// SchemaAnchor is the format of a Head in a file of anchors.
const SchemaAnchor = "calltrail.anchor.v1"

// Head is the signed head of a chain: the entry with the number Seq has this hash, says the sensor. Kept where the owner of
// the database cannot reach it, it is an anchor: it shows that the chain once reached that far, and with what.
type Head struct {
	Schema string `json:"schema"`
	// At is the end of the time its coverage event speaks of. It is not part of the signed octets.
	At        time.Time `json:"at"`
	Sensor    string    `json:"sensor"`
	Epoch     uint64    `json:"epoch"`
	Seq       uint64    `json:"seq"`
	Hash      Hash      `json:"hash"`
	KeyID     string    `json:"key_id"`
	Signature []byte    `json:"signature"`
}

// ReadAnchors reads a file of anchors, one a line. Lines that are none, such as one that a crash has cut, are counted and left
// out: each of the others proves what it says alone.
func ReadAnchors(r io.Reader) (list []Head, bad int, err error) {
	err = eachLine(r, func(line []byte) error {
		var h Head
		if strict(line, &h) != nil || h.Schema != SchemaAnchor || h.Sensor == "" || h.Seq > math.MaxInt64 || h.Epoch > math.MaxInt64 {
			bad++
			return nil
		}
		list = append(list, h)
		return nil
	})
	return list, bad, err
}

// AnchorLine is a head as a file of anchors has it, without the line's end.
func AnchorLine(h Head) ([]byte, error) {
	h.Schema = SchemaAnchor
	line, err := json.Marshal(&h)
	if err != nil {
		return nil, fmt.Errorf("write an anchor: %w", err)
	}
	return line, nil
}

// AppendAnchors appends heads to the file at path, made with mode 0600 if it is not there, and waits for the disk. Nothing that
// stands in it is changed.
func AppendAnchors(path string, heads []Head) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("open the file of anchors: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var data []byte
	if torn(f) {
		data = append(data, '\n')
	}
	for i := range heads {
		line, err := AnchorLine(heads[i])
		if err != nil {
			return err
		}
		data = append(append(data, line...), '\n')
	}
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("write anchors to %s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write anchors to %s: %w", path, err)
	}
	return nil
}

// torn says whether the file ends within a line.
func torn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] != '\n'
}
