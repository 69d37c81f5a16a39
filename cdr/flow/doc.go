// Package flow follows the conversations in which a call in an application may take place: pairs of endpoints between which
// STUN, DTLS or the mark of an application was seen. It counts what goes each way and collects marks and addresses.
//
// In: UDP datagrams and TCP segments with STUN, packet time. Out: Events. Called by cdr/pipeline's workers; each has its own
// Table, for it sees both directions of a pair of hosts. It knows nothing of calls (cdr/app does) and keeps no payload.
//
// A flow is begun by STUN, by a DTLS ClientHello, or by a payload with a certain mark; never by RTP. From then on all of its
// packets count, those that TURN carries as what they are:
//
//	begun ─ answered, marked, or RTP both ways ─→ Noticed ─ media both ways ─→ Playing ─ silence, or only keep-alives ─→ Closed
//	  └ nothing of that: no event                    ↑ something new to join or name by                                  │
//	                                                 └────────── media, or a new mark: Serial + 1 ← asleep ←─────────────┘
package flow
