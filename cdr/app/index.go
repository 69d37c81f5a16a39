package app

import (
	"iter"
	"slices"

	"calltrail/cdr/flow"
	"calltrail/decode"
)

// Bounds of the lists behind one key, and of what one session puts into them.
const (
	maxSharing  = 16 // sessions with the same address
	maxHost     = 64 // sessions of one host
	maxAddress  = 64 // addresses of one session in one role
	maxLearned  = 32
	maxIdentity = 8 // credentials, and hosts, of one session
)

// address is an endpoint in its network.
type address struct {
	decode.Endpoint
	scope uint32
}

// host is an IP address in its network.
type host struct {
	ip    [16]byte
	scope uint32
}

// learned is an address that a STUN message named.
type learned struct {
	address
	role flow.Role
	by   [16]byte // the client of the flow that named it
}

// pair is two endpoints without regard to direction: the lower end first.
type pair struct {
	low, high decode.Endpoint
	scope     uint32
}

func pairOf(a, b decode.Endpoint, scope uint32) pair {
	if compare(a, b) > 0 {
		a, b = b, a
	}
	return pair{a, b, scope}
}

// index finds sessions. What a session has in it the session knows, so that it can be taken out.
type index struct {
	pairs       map[pair][]*member
	credentials map[uint64][]*session
	clients     map[address][]*session // the ends that ask servers, or that sent first
	servers     map[address][]*session // the other ends: those of many sessions are not all found, nor need they be
	sources     map[source][]*session
	learned     map[address][]*session
	hosts       map[host][]*session
	names       int // addresses in learned
}

func newIndex() index {
	return index{
		pairs: map[pair][]*member{}, credentials: map[uint64][]*session{}, sources: map[source][]*session{}, clients: map[address][]*session{},
		servers: map[address][]*session{}, learned: map[address][]*session{}, hosts: map[host][]*session{},
	}
}

// entries are what a session has in the index.
type entries struct {
	credentials []uint64
	sources     []source
	clients     []client
	servers     []address
	learned     []learned
	hosts       []host
}

// source is a stream of RTP at one of its hosts: the sender, or the receiver.
type source struct {
	ssrc uint32
	host
}

// sources yields the streams of a flow at both its hosts.
func sources(f *flow.Flow) iter.Seq[source] {
	return func(yield func(source) bool) {
		for d := range f.Types {
			for i := range f.Types[d] {
				if p := &f.Types[d][i]; p.Proved() && p.SSRC != 0 &&
					(!yield(source{p.SSRC, host{f.Client.IP, f.Scope}}) || !yield(source{p.SSRC, host{f.Server.IP, f.Scope}})) {
					return
				}
			}
		}
	}
}

// client is a client's address. Asks says that it has asked a server: it is the socket of one user, which cannot be said of every
// end that sends first when a capture begins in the middle of a call.
type client struct {
	address
	asks bool
}

// enter puts a flow's addresses into the index for its session.
func (t *Sessions) enter(s *session, f *flow.Flow) {
	if f.Credential != 0 {
		t.identify(s, f.Credential)
	}
	for src := range sources(f) {
		t.source(s, src)
	}
	t.client(s, client{address{f.Client, f.Scope}, asksServer(f)})
	t.server(s, address{f.Server, f.Scope})
	t.host(s, host{f.Client.IP, f.Scope})
	for _, l := range f.Learned[:min(int(f.NumLearned), len(f.Learned))] {
		if l.Role == flow.Mapped && l.End.IP != f.Client.IP && isPublic(f.Client) {
			continue // no NAT stands before a public address: anybody could name anybody's socket
		}
		if l.Role == flow.Relayed && l.End.IP != f.Server.IP {
			continue // two who work together could name anybody's, too
		}
		t.learn(s, learned{address{l.End, f.Scope}, l.Role, f.Client.IP})
	}
}

// transfer takes over what another session had in the index.
func (t *Sessions) transfer(s, from *session) {
	for _, c := range from.credentials {
		t.identify(s, c)
	}
	for _, src := range from.sources {
		t.source(s, src)
	}
	for _, c := range from.clients {
		t.client(s, c)
	}
	for _, a := range from.servers {
		t.server(s, a)
	}
	for _, h := range from.hosts {
		t.host(s, h)
	}
	for _, l := range from.learned {
		t.learn(s, l)
	}
}

func (t *Sessions) identify(s *session, credential uint64) {
	switch {
	case slices.Contains(s.credentials, credential):
	case len(s.credentials) < maxIdentity && put(t.index.credentials, credential, s, maxSharing):
		s.credentials = append(s.credentials, credential)
	default:
		t.Stats.Unlisted++
	}
}

func (t *Sessions) source(s *session, src source) {
	switch {
	case slices.Contains(s.sources, src):
	case len(s.sources) < maxAddress && put(t.index.sources, src, s, maxSharing):
		s.sources = append(s.sources, src)
	default:
		t.Stats.Unlisted++
	}
}

func (t *Sessions) client(s *session, c client) {
	switch i := slices.IndexFunc(s.clients, func(o client) bool { return o.address == c.address }); {
	case i >= 0:
		s.clients[i].asks = s.clients[i].asks || c.asks
	case len(s.clients) < maxAddress && put(t.index.clients, c.address, s, maxSharing):
		s.clients = append(s.clients, c)
	default:
		t.Stats.Unlisted++
	}
}

// server is not counted when it finds no room: thousands of clients share one.
func (t *Sessions) server(s *session, a address) {
	if !slices.Contains(s.servers, a) && len(s.servers) < maxAddress && put(t.index.servers, a, s, maxSharing) {
		s.servers = append(s.servers, a)
	}
}

func (t *Sessions) host(s *session, h host) {
	switch {
	case slices.Contains(s.hosts, h):
	case len(s.hosts) < maxIdentity:
		putNewest(t.index.hosts, h, s)
		s.hosts = append(s.hosts, h)
	default:
		t.Stats.Unlisted++
	}
}

func (t *Sessions) learn(s *session, l learned) {
	if slices.Contains(s.learned, l) {
		return
	}
	if len(s.learned) >= maxLearned || t.index.names >= t.cfg.Learned {
		t.Stats.Unlearned++
		return
	}
	known := slices.ContainsFunc(s.learned, func(o learned) bool { return o.address == l.address })
	if !known && !put(t.index.learned, l.address, s, maxSharing) {
		t.Stats.Unlearned++
		return
	}
	s.learned = append(s.learned, l)
	t.index.names++
}

// leave takes all of a session out of the index, but for its flows' pairs: no further flow is joined with it.
func (t *Sessions) leave(s *session) {
	if s.settled {
		return
	}
	s.settled = true
	x := &t.index
	for _, c := range s.credentials {
		without(x.credentials, c, s)
	}
	for _, src := range s.sources {
		without(x.sources, src, s)
	}
	for _, c := range s.clients {
		without(x.clients, c.address, s)
	}
	for _, a := range s.servers {
		without(x.servers, a, s)
	}
	for _, l := range s.learned {
		without(x.learned, l.address, s)
	}
	for _, h := range s.hosts {
		without(x.hosts, h, s)
	}
	x.names -= len(s.learned)
}

// put adds v to m[k]; a list that is full stays as it is, and ok is false.
func put[K comparable](m map[K][]*session, k K, v *session, most int) (ok bool) {
	if len(m[k]) >= most {
		return false
	}
	m[k] = append(m[k], v)
	return true
}

// putNewest adds v to the sessions of a host; the one that was put there first makes room.
func putNewest(m map[host][]*session, k host, v *session) {
	list := m[k]
	if len(list) >= maxHost {
		list = slices.Delete(list, 0, 1)
	}
	m[k] = append(list, v)
}

// without takes v out of m[k]; the key goes with its last value.
func without[K, V comparable](m map[K][]V, k K, v V) {
	list := m[k]
	i := slices.Index(list, v)
	switch {
	case i < 0:
	case len(list) == 1:
		delete(m, k)
	default:
		m[k] = slices.Delete(list, i, i+1)
	}
}
