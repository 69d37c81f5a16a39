package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"sort"
)

// genesisContext begins what the first entry of a chain is chained to.
const genesisContext = "calltrail chain v1\x00"

// Link is the hash of an entry: SHA-256(prev ‖ epoch ‖ seq ‖ leaf), the numbers as big-endian uint64. It is written down here
// a second time, and not taken from the spool that made the chain: who checks must not rest on what was checked.
func Link(prev [32]byte, epoch, seq uint64, leaf [32]byte) [32]byte {
	var b [32 + 8 + 8 + 32]byte
	copy(b[:], prev[:])
	binary.BigEndian.PutUint64(b[32:], epoch)
	binary.BigEndian.PutUint64(b[40:], seq)
	copy(b[48:], leaf[:])
	return sha256.Sum256(b[:])
}

// Genesis is what entry 1 is chained to: SHA-256("calltrail chain v1" 0x00 sensor 0x00 public key). A chain without a key
// (replay) has no octets there.
func Genesis(sensor string, public ed25519.PublicKey) [32]byte {
	b := append([]byte(genesisContext), sensor...)
	return sha256.Sum256(append(append(b, 0), public...))
}

// Walk goes along one chain in the order of its numbers and says where it does not hold.
type Walk struct {
	epoch uint64
	next  uint64   // the number that must come now
	prev  [32]byte // hash of the entry before
	known bool     // prev is known: false after a gap
	// deleted are the certificates of this chain, by their first number.
	deleted []Certificate
}

// NewWalk begins at number first, whose entry before has the hash prev (Genesis for number 1); known false: that hash is
// not there to be checked. The certificates must be verified ones of this chain, ascending and apart.
func NewWalk(epoch, first uint64, prev [32]byte, known bool, deleted []Certificate) *Walk {
	return &Walk{epoch: epoch, next: first, prev: prev, known: known, deleted: deleted}
}

// Next takes the entry that comes next and says what is wrong with its place. Numbers ascend; they come from an index of
// unique ones.
func (w *Walk) Next(seq uint64, leaf, hash [32]byte) []Fault {
	faults := w.skip(seq)
	if c := w.Certificate(seq); c != nil && c.FromSeq == seq && w.known && c.HashBefore != w.prev {
		faults = append(faults, Fault{Seq: seq, Last: c.ToSeq, Kind: Certified, Text: "the certificate names another hash for the entry before"})
	}
	if w.known && Link(w.prev, w.epoch, seq, leaf) != hash {
		faults = append(faults, Fault{Seq: seq, Last: seq, Kind: Broken, Text: "the hash does not follow from the hash before, the epoch, the number and the leaf"})
	}
	if c := w.Certificate(seq); c != nil && c.ToSeq == seq && c.HashLast != hash {
		faults = append(faults, Fault{Seq: seq, Last: seq, Kind: Certified, Text: "the certificate names another hash for its last entry"})
	}
	w.next, w.prev, w.known = seq+1, hash, true
	return faults
}

// End says what is missing up to the number last, the last there should be; less than the next: nothing.
func (w *Walk) End(last uint64) []Fault { return w.skip(last + 1) }

// Certificate is the one that a number is in, nil when there is none.
func (w *Walk) Certificate(seq uint64) *Certificate {
	// The first that does not end before it: a retention of years leaves many.
	i := sort.Search(len(w.deleted), func(i int) bool { return w.deleted[i].ToSeq >= seq })
	if i < len(w.deleted) && w.deleted[i].FromSeq <= seq {
		return &w.deleted[i]
	}
	return nil
}

// skip goes from the number that must come to seq, through what certificates say is deleted.
func (w *Walk) skip(seq uint64) (faults []Fault) {
	for w.next < seq {
		c := w.Certificate(w.next)
		if c == nil {
			last := seq - 1
			if i := sort.Search(len(w.deleted), func(i int) bool { return w.deleted[i].FromSeq > w.next }); i < len(w.deleted) {
				last = min(last, w.deleted[i].FromSeq-1)
			}
			faults = append(faults, Fault{Seq: w.next, Last: last, Kind: Missing, Text: "not there, and no certificate says it was deleted"})
			w.next, w.known = last+1, false
			continue
		}
		if w.next == c.FromSeq && w.known && c.HashBefore != w.prev {
			faults = append(faults, Fault{Seq: c.FromSeq, Last: c.ToSeq, Kind: Certified, Text: "the certificate names another hash for the entry before"})
		}
		if c.ToSeq >= seq {
			// Its last entries are still there: their place shows by their hashes, from the second of them on.
			w.next, w.known = seq, false
			continue
		}
		w.next, w.prev, w.known = c.ToSeq+1, c.HashLast, true
	}
	return faults
}
