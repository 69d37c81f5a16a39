package media

import "fmt"

// BindingState is one announced address.
type BindingState struct {
	_      struct{} `cbor:",toarray"`
	At     End
	Scope  uint32
	From   int64
	Until  int64 // 0 while it holds
	Party  uint8 // and the bits below
	Hidden bool
	Born   uint32
	Round  uint32
	Line   LineState // without Signalled when that is At
}

// Bits of BindingState.Party beside the party. Versions 1 and 2 of the format had none.
const (
	byCandidate = 1 << 4 // named by a=candidate alone
	relayBit    = 1 << 5 // of a TURN server
	furtherLine = 1 << 6 // not an address but a further line of the one before
	sameLines   = 1 << 7 // with the lines of the one before
	partyMask   = byCandidate - 1
)

// maxStates is how many of SessionState.Bindings there may be. What c= and m= named is always kept; candidates and further lines
// as long as there is room.
const maxStates = 64

// bindingStates are the addresses, with the lines of each.
func (s *Session) bindingStates() (list []BindingState) {
	spare := maxStates - s.announced(true)
	var before *lines
	for _, b := range s.bindings {
		if !b.main {
			if spare == 0 {
				continue
			}
			spare--
		}
		k := b.state()
		if b.lines == before {
			k.Party |= sameLines
			list = append(list, k)
			continue
		}
		before = b.lines
		for l := b.lines; l != nil && spare >= 0; l = l.next {
			k.Line = stateOf(&l.Line)
			if l.Signalled == b.at.Endpoint {
				k.Line.Signalled = nil
			}
			list = append(list, k)
			k.Party |= furtherLine
			if l.next != nil {
				spare--
			}
		}
		spare = max(spare, 0)
	}
	return list
}

// state is b without its lines.
func (b *binding) state() BindingState {
	k := BindingState{
		At: EndOf(b.at.Endpoint), Scope: b.at.scope, From: b.from, Until: b.until, Party: uint8(b.party), Hidden: b.hidden,
		Born: b.born, Round: b.round,
	}
	if b.until == noCut {
		k.Until = 0
	}
	if !b.main {
		k.Party |= byCandidate
	}
	if b.relay {
		k.Party |= relayBit
	}
	return k
}

// readBindings reads what binding.states made.
func (s *Session) readBindings(states []BindingState) error {
	var list []Line // of the newest binding
	for i := range states {
		k := &states[i]
		b, line, err := k.binding()
		if err != nil {
			return fmt.Errorf("address %d: %w", i, err)
		}
		n := len(s.bindings)
		switch {
		case k.Party&(furtherLine|sameLines) != 0 && n == 0, k.Party&furtherLine != 0 && len(list) >= maxLines:
			return fmt.Errorf("address %d: it has too few before it, or too many lines", i)
		case k.Party&furtherLine != 0:
			list = append(list, line)
			s.bindings[n-1].lines = newLines(list)
			continue
		case k.Party&sameLines != 0:
			b.lines = s.bindings[n-1].lines
		default:
			list = append(list[:0], line)
			b.lines = newLines(list)
		}
		if !b.main {
			s.ice[b.party] = true
		}
		s.bindings = append(s.bindings, b)
	}
	return nil
}

func (k *BindingState) binding() (*binding, Line, error) {
	end, ok := k.At.Endpoint()
	if !ok || k.Party&partyMask > uint8(Callee) || !timely(k.From) || !timely(k.Until) {
		return nil, Line{}, fmt.Errorf("an address of %d octets, party %d, from %d until %d", len(k.At), k.Party, k.From, k.Until)
	}
	line, err := k.Line.line()
	if len(k.Line.Signalled) == 0 {
		line.Signalled = end
	}
	b := &binding{
		at: address{end, k.Scope}, from: k.From, until: k.Until, party: Party(k.Party & partyMask), hidden: k.Hidden,
		main: k.Party&byCandidate == 0, relay: k.Party&relayBit != 0, born: k.Born, round: k.Round,
	}
	if k.Until == 0 {
		b.until = noCut
	}
	return b, line, err
}
