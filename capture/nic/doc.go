// Package nic tells what happens to packets before any socket sees them: what the card and the host have lost, and how
// they are set up.
//
// In: the name of an interface, the configuration of a tap. Out: capture.NICStats, and warnings that say what to type.
// Called by calltrail capture and calltrail check. It changes no setting, keeps nothing, and needs no right: where the
// kernel shows something to the administrator only, it is left out.
package nic
