package route

// Direction is the way of a call; "" when nothing is configured.
type Direction string

// Directions, as the record names them. A side of a call is the operator's when its end is a subscriber, and another's when
// it is on a trunk or foreign.
const (
	Originating Direction = "originating" // from the operator's side to another's
	Terminating Direction = "terminating" // from another's to the operator's
	OnNet       Direction = "on_net"      // within the operator's
	Transit     Direction = "transit"     // from another's to another's
	Unknown     Direction = "unknown"     // one of the sides cannot be told
)

// Result is what the configuration tells of a call.
type Result struct {
	Direction Direction
	Src, Dst  Role
	// Ingress is the trunk the call came by, Egress the one it left by; nil: none that is configured.
	Ingress, Egress *Link
}

// side says whose a side of a call is.
type side uint8

const (
	nobodys side = iota // not known
	ours
	anothers
)

// Route tells the way of a call whose INVITE went from src to dst and called a number, in E.164 form with its sign; "" when
// it has none.
//
// Behind the operator's own SBC the called side is told by the number, for that is what the network itself routes by: in
// Numbers ours, else another's, and not known where there is no number, or no range is configured. (A number that was ported
// to another network still counts as ours, and one ported to us as another's.) The calling side behind an SBC is not known:
// only the caller's number would tell it. The call's leg before the SBC does.
func (t *Table) Route(src, dst End, called string) (r Result) {
	if t.empty {
		return r
	}
	r.Src, r.Ingress = t.find(&src)
	r.Dst, r.Egress = t.find(&dst)
	from, to := sideOf(r.Src), sideOf(r.Dst)
	if r.Dst == OwnSBC && called != "" && len(t.numbers) > 0 {
		to = anothers
		if t.isOwn(called) {
			to = ours
		}
	}
	r.Direction = directionOf(from, to)
	return r
}

// Between tells what the ends of a call are of which nobody knows who called: of the directions only those that are the same
// either way. Ingress is the trunk that src is on, Egress that of dst.
func (t *Table) Between(src, dst End) (r Result) {
	if t.empty {
		return r
	}
	r.Src, r.Ingress = t.find(&src)
	r.Dst, r.Egress = t.find(&dst)
	r.Direction = directionOf(sideOf(r.Src), sideOf(r.Dst))
	if r.Direction == Originating || r.Direction == Terminating {
		r.Direction = Unknown
	}
	return r
}

func directionOf(from, to side) Direction {
	switch {
	case from == nobodys || to == nobodys:
		return Unknown
	case from == ours && to == ours:
		return OnNet
	case from == ours:
		return Originating
	case to == ours:
		return Terminating
	}
	return Transit
}

func sideOf(r Role) side {
	switch r {
	case Subscriber:
		return ours
	case OnTrunk, Foreign:
		return anothers
	default:
		return nobodys
	}
}
