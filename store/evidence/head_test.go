package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"testing"
)

// The key pair of RFC 8032 section 7.1, test 1.
const (
	rfcSeed   = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	rfcPublic = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	rfcKeyID  = "21fe31dfa154a261" // openssl pkey -pubout -outform DER | tail -c 32 | sha256sum
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rfcSigner(t testing.TB) *Signer {
	t.Helper()
	return &Signer{ed25519.NewKeyFromSeed(octets(t, rfcSeed))}
}

const (
	headSensor = "noida-1"
	headEpoch  = 1795321725000000
	headSeq    = 42
	headHash   = "1c64e28d32f71aab68e7860a54eff9e6da62de85417cd1b16c34fb355830e821"
	headText   = "calltrail-chain-head-v1\nnoida-1\n1795321725000000\n42\n" + headHash + "\n"
	// By OpenSSL 3.0: openssl pkeyutl -sign -rawin -inkey KEY -in TEXT.
	headSignature = "a56546e8a181b18fcc89054b353bde86cc8cf096cc7d7d483460153b72ecb122" +
		"585071547953873a0b96b8d9fea4e2347a842e546de2ac411f353f56fcde520e"
)

func TestSignHead(t *testing.T) {
	hash := [32]byte(octets(t, headHash))
	if got := headMessage(headSensor, headEpoch, headSeq, hash); string(got) != headText {
		t.Errorf("signed is %q, want %q", got, headText)
	}
	s := rfcSigner(t)
	got := s.SignHead(headSensor, headEpoch, headSeq, hash)
	if !bytes.Equal(got, octets(t, headSignature)) {
		t.Errorf("signature %x, want %s", got, headSignature)
	}
}

// A signature is for one head by one key; anything else about it is another statement.
func TestVerifyHead(t *testing.T) {
	hash, signature, public := [32]byte(octets(t, headHash)), octets(t, headSignature), rfcSigner(t).PublicKey()
	flipped := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b }
	for _, tt := range []struct {
		name       string
		public     ed25519.PublicKey
		sensor     string
		epoch, seq uint64
		hash       [32]byte
		signature  []byte
		want       bool
	}{
		{"as signed", public, headSensor, headEpoch, headSeq, hash, signature, true},
		{"sensor", public, "noida-2", headEpoch, headSeq, hash, signature, false},
		{"no sensor", public, "", headEpoch, headSeq, hash, signature, false},
		{"epoch", public, headSensor, headEpoch + 1, headSeq, hash, signature, false},
		{"seq", public, headSensor, headEpoch, headSeq - 1, hash, signature, false},
		{"epoch and seq exchanged", public, headSensor, headSeq, headEpoch, hash, signature, false},
		{"hash", public, headSensor, headEpoch, headSeq, [32]byte(flipped(hash[:])), signature, false},
		{"signature", public, headSensor, headEpoch, headSeq, hash, flipped(signature), false},
		{"signature cut", public, headSensor, headEpoch, headSeq, hash, signature[:63], false},
		{"no signature", public, headSensor, headEpoch, headSeq, hash, nil, false},
		{"key", flipped(public), headSensor, headEpoch, headSeq, hash, signature, false},
		{"key cut", public[:31], headSensor, headEpoch, headSeq, hash, signature, false},
		{"no key", nil, headSensor, headEpoch, headSeq, hash, signature, false},
	} {
		if got := VerifyHead(tt.public, tt.sensor, tt.epoch, tt.seq, tt.hash, tt.signature); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Whatever a sensor is called, no two heads are signed with the same octets.
func TestHeadsDiffer(t *testing.T) {
	hash := [32]byte(octets(t, headHash))
	heads := map[string]string{}
	for _, sensor := range []string{"", "a", "a\n1", "a\n1\n2", "a\n1\n2\n" + headHash + "\nb"} {
		for _, n := range [][2]uint64{{0, 0}, {1, 2}, {12, 0}, {1, 20}, {^uint64(0), ^uint64(0)}} {
			m := string(headMessage(sensor, n[0], n[1], hash))
			if other, ok := heads[m]; ok {
				t.Errorf("%q %d is signed as %s is", sensor, n, other)
			}
			heads[m] = sensor
		}
	}
}
