package capture

// linkOf maps the LINKTYPE field of a file to the LinkType of its packets. Files written by libpcap carry the
// registry's numbers; some others carry the writing system's own DLT_RAW, which is 12 on most systems and 14 on
// OpenBSD. Numbers unknown here pass unchanged: decode counts them. The field's upper half (FCS length, reserved;
// draft-ietf-opsawg-pcap section 4) is no part of the type.
func linkOf(field uint32) LinkType {
	switch n := LinkType(field & 0xffff); n {
	case 12, 14:
		return LinkRaw
	default:
		return n
	}
}
