package app

import (
	"iter"
	"math/bits"
	"slices"
)

// MaxEvidence is the most names of rules that a judgement gives.
const MaxEvidence = 16

// Marks of WebRTC that no packet shows by itself: who follows the conversation adds them. STUN sets WebRTCICE too.
var (
	WebRTCICE  = mustLookup("webrtc.ice")
	WebRTCDTLS = mustLookup("webrtc.dtls")
	WebRTCSRTP = mustLookup("webrtc.srtp")
)

// Rules are all rules, in the order of the table.
func Rules() []Rule { return slices.Clone(table[:]) }

// Rule is the rule of that number; nil when there is none. It must not be changed.
func (id ID) Rule() *Rule {
	if int(id) >= len(table) {
		return nil
	}
	return &table[id]
}

// Name is the name of the rule, "" when there is none.
func (id ID) Name() string {
	if r := id.Rule(); r != nil {
		return r.Name
	}
	return ""
}

// Lookup finds a rule by its name.
func Lookup(name string) (ID, bool) {
	id, ok := known.byName[name]
	return id, ok
}

func mustLookup(name string) ID {
	id, ok := Lookup(name)
	if !ok {
		panic("app: no rule " + name)
	}
	return id
}

// Attempts are the rules of a call's set-up: see Rule.Attempt.
func Attempts() Marks { return known.attempts }

// Reason says that one of the marks alone is reason enough to follow a conversation: a certain one, or one that is certain in a
// pair. Others happen by chance, or everywhere.
func (m Marks) Reason() bool { return !m.with(known.reasons).Empty() }

// Of are those marks that are of an application.
func (m Marks) Of(n Name) Marks {
	if n >= NumNames {
		return Marks{}
	}
	return m.with(known.perApp[n])
}

// All goes through the set in the order of the table.
func (m Marks) All() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for w, set := range m {
			for ; set != 0; set &= set - 1 {
				if !yield(ID(w<<6 | bits.TrailingZeros64(set))) { // #nosec G115 -- below MaxRules
					return
				}
			}
		}
	}
}

// Len is how many rules are in the set.
func (m Marks) Len() int { return bits.OnesCount64(m[0]) + bits.OnesCount64(m[1]) }

func (m Marks) with(o Marks) Marks { return Marks{m[0] & o[0], m[1] & o[1]} }
func (m *Marks) remove(id ID)      { m[id>>6&1] &^= 1 << (id & 63) }

// Judge says which application the marks of a conversation, or of several that are one call, speak of.
//
// For each application by itself: one certain mark, or both of a pair, is certain. Marks of two different kinds are likely, if
// one of them may name alone. One weak mark that may name alone is weak. ICE, DTLS and SRTP together are certainly WebRTC.
//
// Between applications, the first of these that holds:
//  1. one that is certain; of several the one with more marks, then the one that comes first in the table. The evidence has the
//     marks of all of them, for they contradict each other.
//  2. the one that is likely. WebRTC is only how it is done, so it does not stand against that.
//  3. WebRTC, whatever its confidence.
//  4. the one that is weak.
//
// When the same number of marks speaks for two likely or two weak ones, neither is named by them: WebRTC is, if it holds, else
// nothing (Unknown, None), and then they are the evidence. evidence are names of rules in the order of the table, at most
// MaxEvidence of them; nil when nothing is named and nothing is in dispute.
func Judge(m Marks) (n Name, c Confidence, evidence []string) {
	var contenders Marks
	tied := false
	most := 0
	for app := Unknown + 1; app < WebRTC; app++ {
		own := m.Of(app)
		level := confidence(own)
		if level == None || level < c {
			continue
		}
		switch marks := own.Len(); {
		case level > c:
			n, c, most, tied, contenders = app, level, marks, false, own
		case marks > most:
			n, most, tied = app, marks, false
			if level < Certain {
				contenders = Marks{}
			}
			contenders.Join(own)
		case marks == most && level < Certain:
			tied = true
			contenders.Join(own)
		case level == Certain:
			contenders.Join(own)
		}
	}
	if c >= Likely && !tied {
		return n, c, names16(contenders)
	}
	if own := m.Of(WebRTC); confidence(own) != None {
		return WebRTC, confidence(own), names16(own)
	}
	if tied {
		return Unknown, None, names16(contenders)
	}
	return n, c, names16(contenders)
}

// confidence is how sure the marks of one application make it.
func confidence(own Marks) Confidence {
	if own.Empty() {
		return None
	}
	if own.Has(WebRTCICE) && own.Has(WebRTCDTLS) && own.Has(WebRTCSRTP) {
		return Certain
	}
	alone := false
	kinds := uint(0)
	for id := range own.All() {
		r := &table[id]
		switch r.Confidence {
		case Certain:
			return Certain
		case None:
			continue
		default:
		}
		if r.Pair != "" && own.Has(known.byName[r.Pair]) {
			return Certain
		}
		kinds |= 1 << r.Kind
		alone = alone || !r.Support
	}
	switch {
	case !alone:
		return None
	case bits.OnesCount(kinds) > 1:
		return Likely
	default:
		return Weak
	}
}

// names16 are the names of the first MaxEvidence rules of a set.
func names16(m Marks) []string {
	if m.Empty() {
		return nil
	}
	list := make([]string, 0, min(m.Len(), MaxEvidence))
	for id := range m.All() {
		if len(list) == MaxEvidence {
			break
		}
		list = append(list, table[id].Name)
	}
	return list
}
