package spool

import (
	"crypto/sha256"
	"encoding/binary"
)

// Entry is one numbered record on a sensor's chain: the unit that travels from the spool through Kafka to Postgres.
type Entry struct {
	// Sensor names the chain's owner.
	Sensor string
	// Epoch tells one life of the spool from the next; it grows when the spool was lost and never otherwise.
	// Microseconds since 1970-01-01T00:00:00Z at the moment the spool was made.
	Epoch uint64
	// Seq counts the sensor's records within the epoch: 1, 2, 3 … without gaps.
	Seq uint64
	// Prev is the Hash of the entry before; for Seq 1 it is Genesis of the sensor.
	Prev [sha256.Size]byte
	// Leaf is SHA-256 of Body.
	Leaf [sha256.Size]byte
	// Hash is Link(Prev, Epoch, Seq, Leaf).
	Hash [sha256.Size]byte
	// Body is the record's exact bytes. Who hands out an Entry says how long they live.
	Body []byte
}

// Genesis is the Prev of a chain's first entry: it binds the sensor's name and its public key (Ed25519, 32 octets, or
// empty when the sensor has no key yet).
//
//	SHA-256("calltrail chain v1" 0x00 sensor 0x00 publicKey)
func Genesis(sensor string, publicKey []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("calltrail chain v1\x00"))
	h.Write([]byte(sensor))
	h.Write([]byte{0})
	h.Write(publicKey)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// Link hashes one entry onto its chain:
//
//	SHA-256(prev ‖ epoch ‖ seq ‖ leaf)
//
// with prev and leaf as 32 raw octets, epoch and seq as big-endian uint64.
func Link(prev [sha256.Size]byte, epoch, seq uint64, leaf [sha256.Size]byte) [sha256.Size]byte {
	var b [2*sha256.Size + 16]byte
	copy(b[:], prev[:])
	binary.BigEndian.PutUint64(b[32:], epoch)
	binary.BigEndian.PutUint64(b[40:], seq)
	copy(b[48:], leaf[:])
	return sha256.Sum256(b[:])
}
