package evidence

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"time"
)

// Keyring is the public keys that are believed, and for what and when. Everything in it follows by signatures from keys
// the operator named. It is not changed after NewKeyring, so any number of goroutines may ask it.
type Keyring struct {
	keys    []ringKey
	revoked []Statement // the operator's, which hold for keys that turn up later, too
}

type ringKey struct {
	use         Use
	name        string
	public      ed25519.PublicKey
	from, until time.Time // zero: no bound
	revoked     time.Time // zero: not revoked
	successor   []byte    // the key that follows it
}

// NewKeyring makes a keyring of the operator's own statements and of claimed ones, which somebody else keeps (the
// database). Of the claimed, those that follow by signatures are taken in; remarks says which others there are. An
// operator's statement wins against a claimed one.
func NewKeyring(own, claimed []Statement) (k *Keyring, remarks []string) {
	k = &Keyring{}
	for i := range own {
		if own[i].Kind == Revocation {
			k.revoked = append(k.revoked, own[i])
		}
	}
	for i := range own {
		if s := &own[i]; s.Kind == Trust {
			k.add(ringKey{use: s.Use, name: s.Name, public: s.PublicKey, from: s.ValidFrom, until: s.ValidUntil})
		}
	}
	remarks = append(k.follow(own, true), k.follow(claimed, false)...)
	for i := range k.revoked {
		if s := &k.revoked[i]; k.find(s.Use, s.Name, s.PublicKey) == nil {
			remarks = append(remarks, fmt.Sprintf("revocation of key %s of %q: that key is not trusted anyway", s.KeyID(), s.Name))
		}
	}
	return k, remarks
}

func (k *Keyring) add(r ringKey) {
	for i := range k.revoked {
		if s := &k.revoked[i]; s.Use == r.use && s.Name == r.name && bytes.Equal(s.PublicKey, r.public) {
			r.revoked = earlier(r.revoked, s.RevokedAt)
		}
	}
	k.keys = append(k.keys, r)
}

func (k *Keyring) find(use Use, name string, public []byte) *ringKey {
	for i := range k.keys {
		if r := &k.keys[i]; r.use == use && r.name == name && bytes.Equal(r.public, public) {
			return r
		}
	}
	return nil
}

// follow takes successions in until none is left that follows, then revocations.
func (k *Keyring) follow(list []Statement, own bool) (remarks []string) {
	done := make([]bool, len(list))
	forks := forked(list)
	for again := true; again; {
		again = false
		for i := range list {
			s := &list[i]
			if done[i] || s.Kind != Succession {
				continue
			}
			old := k.find(s.Use, s.Name, s.OldKey)
			if old == nil {
				continue
			}
			done[i], again = true, true
			if remark := k.succeed(old, s, own, forks[string(s.OldKey)]); remark != "" {
				remarks = append(remarks, remark)
			}
		}
	}
	for i := range list {
		s := &list[i]
		switch {
		case s.Kind == Revocation && !own:
			if remark := k.revoke(s); remark != "" {
				remarks = append(remarks, remark)
			}
		case s.Kind == Succession && !done[i]:
			remarks = append(remarks, fmt.Sprintf("key %s of %q is not believed: key %s, which signed it, is not trusted", s.KeyID(), s.Name, KeyID(s.OldKey)))
		case s.Kind == Trust && !own:
			remarks = append(remarks, fmt.Sprintf("key %s of %q is not believed: nobody signed it", s.KeyID(), s.Name))
		}
	}
	return remarks
}

// forked lists the old keys that have signed two different successors in one list.
func forked(list []Statement) map[string]bool {
	first, forks := map[string][]byte{}, map[string]bool{}
	for i := range list {
		if s := &list[i]; s.Kind == Succession {
			old := string(s.OldKey)
			if next, ok := first[old]; ok && !bytes.Equal(next, s.PublicKey) {
				forks[old] = true
			}
			first[old] = s.PublicKey
		}
	}
	return forks
}

// succeed takes a succession in. One that the database claims and a revoked key has signed is not believed, whatever time it names:
// who stole the key writes the time he likes. The operator puts the true successor into his own file.
func (k *Keyring) succeed(old *ringKey, s *Statement, own, fork bool) (remark string) {
	switch {
	case bytes.Equal(old.successor, s.PublicKey):
		return "" // the same statement, from another place
	case old.successor != nil || fork:
		return fmt.Sprintf("key %s of %q is not believed: key %s signed another successor too", s.KeyID(), s.Name, KeyID(s.OldKey))
	case !old.revoked.IsZero() && (!own || !s.ValidFrom.Before(old.revoked)):
		return fmt.Sprintf("key %s of %q is not believed: key %s, which signed it, was revoked", s.KeyID(), s.Name, KeyID(s.OldKey))
	}
	old.successor = s.PublicKey
	old.until = earlier(old.until, s.OldUntil)
	if k.find(s.Use, s.Name, s.PublicKey) == nil {
		k.add(ringKey{use: s.Use, name: s.Name, public: s.PublicKey, from: s.ValidFrom, until: s.ValidUntil})
	}
	return ""
}

// revoke takes a claimed revocation in when the key itself or its successor has signed it.
func (k *Keyring) revoke(s *Statement) (remark string) {
	key := k.find(s.Use, s.Name, s.PublicKey)
	if key == nil {
		return fmt.Sprintf("revocation of key %s of %q: that key is not trusted anyway", s.KeyID(), s.Name)
	}
	bySelf := bytes.Equal(s.OldKey, s.PublicKey)
	bySuccessor := key.successor != nil && bytes.Equal(s.OldKey, key.successor)
	if len(s.Signature) == 0 || (!bySelf && !bySuccessor) {
		return fmt.Sprintf("revocation of key %s of %q is not believed: neither the key nor its successor signed it", s.KeyID(), s.Name)
	}
	key.revoked = earlier(key.revoked, s.RevokedAt)
	return ""
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// valid says why the key must not be believed for what it signed at a time; empty: it may.
func (r *ringKey) valid(at time.Time) string {
	switch {
	case !r.from.IsZero() && at.Before(r.from):
		return fmt.Sprintf("key %s is valid from %s only", KeyID(r.public), instant(r.from))
	case !r.until.IsZero() && !at.Before(r.until):
		return fmt.Sprintf("key %s was valid until %s only", KeyID(r.public), instant(r.until))
	case !r.revoked.IsZero() && !at.Before(r.revoked):
		return fmt.Sprintf("key %s was revoked at %s", KeyID(r.public), instant(r.revoked))
	}
	return ""
}

// Sensor says whether any key of a sensor is trusted.
func (k *Keyring) Sensor(name string) bool {
	for i := range k.keys {
		if r := &k.keys[i]; r.use == ForSensor && r.name == name {
			return true
		}
	}
	return false
}

// Genesis says whether a chain of the sensor may begin with this hash: whether it binds the name and a trusted key.
func (k *Keyring) Genesis(sensor string, genesis [32]byte) bool {
	for i := range k.keys {
		if r := &k.keys[i]; r.use == ForSensor && r.name == sensor && Genesis(sensor, r.public) == genesis {
			return true
		}
	}
	return false
}

// Head says why a signed head must not be believed; empty: it holds. At is the time the head was signed, for the key's validity.
func (k *Keyring) Head(h *Head, at time.Time) string {
	reason := fmt.Sprintf("key %.16s is not trusted for sensor %.255q", h.KeyID, h.Sensor)
	for i := range k.keys {
		r := &k.keys[i]
		if r.use != ForSensor || r.name != h.Sensor || KeyID(r.public) != h.KeyID {
			continue
		}
		if !VerifyHead(r.public, h.Sensor, h.Epoch, h.Seq, h.Hash, h.Signature) {
			reason = "the signature of the head does not hold"
			continue
		}
		if reason = r.valid(at); reason == "" {
			return ""
		}
	}
	return reason
}

// Certificate says why a deletion certificate must not be believed; empty: it holds.
func (k *Keyring) Certificate(c *Certificate) string {
	reason := fmt.Sprintf("key %.16s is not trusted for deletions", c.KeyID)
	for i := range k.keys {
		r := &k.keys[i]
		if r.use != ForDeletion || KeyID(r.public) != c.KeyID {
			continue
		}
		if !ed25519.Verify(r.public, c.message(), c.Signature) {
			reason = "the signature of the certificate does not hold"
			continue
		}
		if reason = r.valid(c.At); reason == "" {
			return ""
		}
	}
	return reason
}

// Key is what a keyring says of one key.
type Key struct {
	Use                  Use
	Name, ID             string
	From, Until, Revoked time.Time // zero: none
	Successor            string    // its id; empty: none
}

// List returns the keys in the order in which they were found.
func (k *Keyring) List() []Key {
	list := make([]Key, len(k.keys))
	for i := range k.keys {
		r := &k.keys[i]
		list[i] = Key{Use: r.use, Name: r.name, ID: KeyID(r.public), From: r.from, Until: r.until, Revoked: r.revoked}
		if r.successor != nil {
			list[i].Successor = KeyID(r.successor)
		}
	}
	return list
}
