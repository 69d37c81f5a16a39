package print

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"calltrail/cdr/record"
)

// What csv and table show of calls without signalling: those in applications, and those of media alone.

var appColumns = []column{
	appColumn("app_name", "of a call in an application: which", false, func(a *record.App) string { return a.Name }),
	appColumn("app_confidence", "how sure that is: certain, likely, weak", false, func(a *record.App) string { return a.Confidence }),
	appColumn("app_evidence", "rules that say so, separated by ;", false, func(a *record.App) string { return strings.Join(a.Evidence, ";") }),
	appColumn("app_media", "of a call in an application: audio, video, unknown", false, func(a *record.App) string { return a.Media }),
	appColumn("app_mapped_ip", "the client (src) outside its NAT: IP address", true, func(a *record.App) string { return ipOf(a.Mapped) }),
	appColumn("app_mapped_port", "the client outside its NAT: port", true, func(a *record.App) string { return portOf(a.Mapped) }),
	appColumn("app_peer_ip", "the other party: IP address", true, func(a *record.App) string { return ipOf(a.Peer) }),
	appColumn("app_peer_port", "the other party: port", true, func(a *record.App) string { return portOf(a.Peer) }),
	appColumn("app_peer_seen", "false: that address was only named", true, func(a *record.App) string {
		if a.PeerSeen == nil {
			return ""
		}
		return strconv.FormatBool(*a.PeerSeen)
	}),
	appColumn("app_relay_ip", "server in between: IP address", true, func(a *record.App) string { return ipOf(a.Relay) }),
	appColumn("app_relay_port", "server in between: port", true, func(a *record.App) string { return portOf(a.Relay) }),
	appColumn("app_packets_up", "of a call in an application: packets with payload from the client", true, func(a *record.App) string { return counted(a.PacketsUp) }),
	appColumn("app_packets_down", "of a call in an application: packets with payload to the client", true, func(a *record.App) string { return counted(a.PacketsDown) }),
	appColumn("app_octets_up", "of a call in an application: octets of payload from the client", true, func(a *record.App) string { return counted(a.OctetsUp) }),
	appColumn("app_octets_down", "of a call in an application: octets of payload to the client", true, func(a *record.App) string { return counted(a.OctetsDown) }),
	{"media_cnames", "names that the parties' RTCP gave (CNAME), separated by ;", false, func(r *row) string { return strings.Join(r.cnames(), ";") }},
}

func appColumn(name, meaning string, ours bool, of func(*record.App) string) column {
	return column{name, meaning, ours, func(r *row) string {
		if r.App == nil {
			return ""
		}
		return of(r.App)
	}}
}

func ipOf(a *record.Addr) string {
	if a == nil {
		return ""
	}
	return a.IP.String()
}

func portOf(a *record.Addr) string {
	if a == nil {
		return ""
	}
	return strconv.Itoa(int(a.Port))
}

// cnames are the names of those who sent the call's media, each once.
func (r *row) cnames() (list []string) {
	seen := map[string]bool{"": true}
	for i := range r.Media {
		if m := &r.Media[i]; !m.Foreign && !seen[m.CName] {
			seen[m.CName] = true
			list = append(list, m.CName)
		}
	}
	return list
}

// application says what is known of a call in an application: between whom, by what evidence, how much; nil for other records.
func (r *row) application() []string {
	a := r.App
	if a == nil {
		return nil
	}
	judgement := cmp.Or(a.Confidence, "not named")
	if len(a.Evidence) > 0 {
		judgement += " by " + strings.Join(a.Evidence, "+")
	}
	way := "from " + endpoint(&a.Client)
	if a.Mapped != nil {
		way += " outside its NAT " + endpoint(a.Mapped)
	}
	if a.Relay != nil {
		way += " by relay " + endpoint(a.Relay)
	}
	if a.Peer != nil {
		way += " to " + endpoint(a.Peer)
		if a.PeerSeen != nil && !*a.PeerSeen {
			way += " (not seen)"
		}
	}
	parts := []string{judgement, way}
	if a.Media != "unknown" {
		parts = slices.Insert(parts, 1, a.Media)
	}
	if up, down := a.OctetsUp, a.OctetsDown; up != nil && down != nil {
		parts = append(parts, volume(*up, *down, "octets"))
	}
	return []string{strings.Join(parts, ", ")}
}

// streams says between whom the RTP of a call without signalling went, and how much of it; nil for other records.
func (r *row) streams() []string {
	if r.Kind != record.KindMedia {
		return nil
	}
	words := "RTP"
	if r.Src != nil {
		words += " from " + endpoint(&record.Addr{IP: r.Src.IP, Port: r.Src.Port})
	}
	if r.Dst != nil {
		words += " to " + endpoint(&record.Addr{IP: r.Dst.IP, Port: r.Dst.Port})
	}
	var up, down uint64
	for i := range r.Media {
		m := &r.Media[i]
		if m.Packets == nil || m.Foreign {
			continue
		}
		if m.Direction == "up" {
			up += *m.Packets
		} else {
			down += *m.Packets
		}
	}
	if up+down > 0 {
		words += ", " + volume(up, down, "packets")
	}
	return []string{words}
}

func endpoint(a *record.Addr) string { return netip.AddrPortFrom(a.IP, a.Port).String() }

func volume(up, down uint64, what string) string {
	return strconv.FormatUint(up, 10) + " " + what + " up, " + strconv.FormatUint(down, 10) + " down"
}
