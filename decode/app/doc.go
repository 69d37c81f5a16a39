// Package app knows what calls in applications look like on the wire: one table of rules, each with its application, its
// confidence and its source. docs/applications.md is made from it.
//
// In: parsed STUN messages, first octets of payloads, ports, addresses. Out: Marks, the set of rules that matched, and a
// judgement of such a set. Called by cdr/flow for each packet of a flow that it follows, and by cdr/app. It allocates nothing,
// keeps nothing between packets, and makes no call out of a mark: that takes media.
package app
