package evidence

import (
	"crypto/ed25519"
	"encoding/hex"
	"strconv"
)

// headContext begins what is signed of a chain's head, so that no signature of another kind can pass for one.
const headContext = "calltrail-chain-head-v1\n"

// SignHead signs the head of a sensor's chain: the entry with the number seq of epoch has this hash, and with it
// everything before. The signature has 64 octets. Ed25519 is deterministic: the same head has the same signature.
func (s *Signer) SignHead(sensor string, epoch, seq uint64, hash [32]byte) []byte {
	return ed25519.Sign(s.key, headMessage(sensor, epoch, seq, hash))
}

// VerifyHead says whether signature is that of public over this head. A key or signature of another length is false.
func VerifyHead(public ed25519.PublicKey, sensor string, epoch, seq uint64, hash [32]byte, signature []byte) bool {
	return len(public) == PublicKeySize && ed25519.Verify(public, headMessage(sensor, epoch, seq, hash), signature)
}

// headMessage is what is signed, in ASCII, each line ended by one line feed:
//
//	calltrail-chain-head-v1
//	sensor
//	epoch, decimal
//	seq, decimal
//	hash, 64 lower-case hexadecimal digits
//
// The last three lines have no line feed within, so no two heads have the same message, whatever the sensor's name.
func headMessage(sensor string, epoch, seq uint64, hash [32]byte) []byte {
	m := make([]byte, 0, len(headContext)+len(sensor)+1+2*21+2*len(hash)+1)
	m = append(m, headContext...)
	m = append(append(m, sensor...), '\n')
	m = append(strconv.AppendUint(m, epoch, 10), '\n')
	m = append(strconv.AppendUint(m, seq, 10), '\n')
	m = hex.AppendEncode(m, hash[:])
	return append(m, '\n')
}
