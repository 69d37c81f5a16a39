package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"
)

// SchemaSeal is the format of a Seal.
const SchemaSeal = "calltrail.bundle-signature.v1"

// sealContext begins what is signed of a manifest, so that no signature of another kind can pass for one.
const sealContext = "calltrail-bundle-v1\n"

// Seal is the signature of a bundle's manifest, which stands beside the manifest: what is signed cannot hold its own signature.
type Seal struct {
	Schema string `json:"schema"`
	// Name of whoever signed, as the key is named in the operator's file.
	Name string `json:"name"`
	// At is when it was signed, for the key's validity.
	At time.Time `json:"at"`
	// Manifest is the SHA-256 of the manifest's exact octets.
	Manifest Hash `json:"manifest_sha256"`
	// KeyID of the key of use evidence, and its Ed25519 signature.
	KeyID     string `json:"key_id"`
	Signature []byte `json:"signature"`
}

// message is what is signed, each value on a line of its own, each line ended by a line feed; no value holds one:
//
//	calltrail-bundle-v1
//	name
//	at, RFC 3339 in UTC
//	SHA-256 of manifest.json, 64 lower-case hexadecimal digits
func (s *Seal) message() []byte {
	return fmt.Appendf(nil, "%s%s\n%s\n%x\n", sealContext, s.Name, instant(s.At), s.Manifest[:])
}

// SealManifest signs a manifest's octets in the name of name.
func (s *Signer) SealManifest(name string, at time.Time, manifest []byte) (Seal, error) {
	seal := Seal{Schema: SchemaSeal, Name: name, At: at.UTC(), Manifest: sha256.Sum256(manifest), KeyID: s.KeyID()}
	if name == "" {
		return seal, errEmpty("name of whoever signs the bundle", name)
	}
	if err := plainText("name", name, 255); err != nil {
		return seal, err
	}
	seal.Signature = ed25519.Sign(s.key, seal.message())
	return seal, nil
}

// ParseSeal reads one. Whether it is to be believed, a Keyring says.
func ParseSeal(data []byte) (Seal, error) {
	var s Seal
	if err := strict(data, &s); err != nil {
		return s, err
	}
	if s.Schema != SchemaSeal {
		return s, fmt.Errorf("schema %.64q, want %q", s.Schema, SchemaSeal)
	}
	return s, plainText("name", s.Name, 255)
}

// Seal says why the signature of a manifest must not be believed; empty: it holds, and the manifest is the one that was signed.
func (k *Keyring) Seal(s *Seal, manifest []byte) string {
	if sha256.Sum256(manifest) != s.Manifest {
		return "the manifest is not the one that was signed"
	}
	reason := fmt.Sprintf("key %.16s is not trusted for the bundles of %.255q; calltrail key trust FILE.pub --use evidence --name NAME --keys FILE", s.KeyID, s.Name)
	for i := range k.keys {
		r := &k.keys[i]
		if r.use != ForEvidence || r.name != s.Name || KeyID(r.public) != s.KeyID {
			continue
		}
		if !ed25519.Verify(r.public, s.message(), s.Signature) {
			reason = "the signature of the manifest does not hold"
			continue
		}
		if reason = r.valid(s.At); reason == "" {
			return ""
		}
	}
	return reason
}
