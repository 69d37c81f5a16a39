// Package hep reads HEPv3, the encapsulation in which capture agents (kamailio, opensips, Asterisk, FreeSWITCH, heplify)
// hand on the SIP messages that they saw: the message itself with the addresses, the transport and the time it had there.
//
// In: one HEP message. Out: a Message whose payload points into it, or why there is none. Called by decode.Walk for
// packets of link type capture.LinkHEP, and by capture/hep/collector, which takes them from the network. It allocates
// nothing, keeps nothing and unpacks nothing; an agent's authentication key (chunk 0x000e) is skipped like any unknown chunk.
//
// Source: "HEP3 Network Protocol Specification", revision 12 (github.com/sipcapture/HEP). HEPv1 and HEPv2 have other
// headers; they are refused.
package hep
