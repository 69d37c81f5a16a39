package app

import "strings"

// Markdown is the text of docs/applications.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# Calls in applications: what they are known by\n\n" +
		"<!-- Made from the table of decode/app; change it there, then: go test ./decode/app -update -->\n\n" + preface)
	b.WriteString("| rule | application | confidence | what | source |\n|---|---|---|---|---|\n")
	for i := range table {
		r := &table[i]
		b.WriteString("| `" + r.Name + "` | " + r.App.String() + " | " + r.confidence() + " | " + r.What)
		if r.Attempt {
			b.WriteString("; without an answer or media it is an attempt")
		}
		b.WriteString(" | " + r.Source + " |\n")
	}
	return b.String()
}

// confidence is the word of the table.
func (r *Rule) confidence() string {
	switch {
	case r.Pair != "":
		return r.Confidence.String() + ", certain with `" + r.Pair + "`"
	case r.Support:
		return "support"
	case r.Confidence == None:
		return "medium only"
	default:
		return r.Confidence.String()
	}
}

const preface = "Calls in WhatsApp, Telegram, Teams and the like are encrypted from end to end or to the provider. What a tap sees is addresses, ports, times and volume, and the octets that set the path up. The rules below tell the " +
	"application by these octets. A record of kind `app` carries the application (`app.name`), how sure that is (`app.confidence`) and the rules that said so (`app.evidence`): the names in the first column.\n" + `
## What a mark is, and what makes a call

A mark is one rule that one packet or one end of a conversation met. A mark makes no call: a record needs media in both directions for some seconds, or, for the rules that say so, a set-up that stayed without
(an attempt, flag ` + "`no_media`" + `). A keep-alive is neither.

## How sure it is

- **certain**: one mark that nobody else is known to send, or a question and its answer that are certain together.
- **likely**: two weak marks of different kinds, such as a network and a payload type, of one application. Two of the same kind are one fact seen twice.
- **weak**: one weak mark.

Marks called *support* are shown by many programs: alone they name nothing, beside a weak mark of another kind they make it likely. *Medium only* says whether it is sound or video, once the application is known otherwise.

` + "`webrtc`" + ` means that some application uses WebRTC, and which one is not known: FaceTime, LINE, KakaoTalk, imo, Jitsi and every web page with calls look alike. ICE, DTLS and SRTP together make it certain, two of them with ICE likely.

When marks of several applications come together, an application that is certain is named before one that is likely; then ` + "`webrtc`" + `; then one that is weak. Of two that are certain the one with more marks is named, and the
evidence has the marks of both: they contradict each other, and a person should look. When as much speaks for one likely or weak application as for another, none is named, and the evidence has both.

## What a record of kind app does not prove

- **Who called whom.** There are no numbers and no names in it: addresses only. The subscriber lookup says whose line an address was.
- **That somebody spoke.** Media went both ways. A voice message or a file sent in an application is not a call, and is told from one by its rate and length only.
- **Where the caller was.** Behind a VPN or a proxy the caller is seen at its exit; through a relay the two parties meet at the provider's server, and the other party's address is known only when the set-up named it.
- **That it was this application, when the confidence is less than certain.** Payload types from 96 on mean what the two ends agreed on. Networks change owners, and one network serves many products. Whoever writes a program
  can send another one's marks.
- **That there was no call.** Applications change what they send with any update. A call inside a VPN, over TCP 443 or in a form that no rule knows has no record.

Weak marks of a payload, such as Viber's, are looked for only in conversations that are followed for another reason: one random datagram in 65,536 has the first of them.

AS numbers are not on the wire: the rules ` + "`whatsapp.as` and `messenger.as`" + ` count only where a database of AS numbers is configured, and are looked up when the record is made.

Attribute 0xC057 (GOOG-NETWORK-INFO) is of Google's WebRTC, which many applications contain: it is no mark of any. None of the STUN attributes below is registered to somebody else: they were
compared with IANA's registry as the dissector of Wireshark lists it (0x0031-0x7fff, 0x8005-0x8021, 0x8031-0xbfff and 0xc061-0xff03 are unassigned there, but for what Microsoft publishes). STUN attributes are one space of numbers and message types another: 0x0800 is a mark of WhatsApp as a message type and of Teams as an attribute.

## The rules

`
