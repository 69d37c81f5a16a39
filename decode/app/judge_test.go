package app

import (
	"slices"
	"strings"
	"testing"
)

// marksOf makes a set of rules by their names.
func marksOf(tb testing.TB, names string) (m Marks) {
	tb.Helper()
	for name := range strings.FieldsSeq(names) {
		id, ok := Lookup(name)
		if !ok {
			tb.Fatalf("no rule %q", name)
		}
		m.Add(id)
	}
	return m
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name       string
		marks      string
		app        Name
		confidence Confidence
		evidence   string
	}{
		{"nothing", "", Unknown, None, ""},

		{"certain", "telegram.realm", Telegram, Certain, "telegram.realm"},
		{"all marks of the application are evidence", "telegram.network telegram.realm", Telegram, Certain, "telegram.realm telegram.network"},
		{"marks of others are not", "messenger.audio_type teams.audio_port telegram.realm", Telegram, Certain, "telegram.realm"},

		{"one weak mark", "telegram.network", Telegram, Weak, "telegram.network"},
		{"two kinds", "telegram.network telegram.audio_type", Telegram, Likely, "telegram.audio_type telegram.network"},
		{"two of one kind", "viber.payload_0300 viber.payload_0900", Viber, Weak, "viber.payload_0300 viber.payload_0900"},
		{"two supports of two kinds", "signal.audio_type teams.audio_port", Unknown, None, ""},
		{"port and network", "teams.audio_port teams.network", Teams, Likely, "teams.audio_port teams.network"},
		{"port and payload type", "signal.stun_port signal.audio_type", Signal, Likely, "signal.stun_port signal.audio_type"},
		{"weak port alone", "signal.stun_port", Signal, Weak, "signal.stun_port"},
		{"AS and payload type", "messenger.as messenger.audio_type", Messenger, Likely, "messenger.audio_type messenger.as"},

		{"every payload type at once", "whatsapp.audio_type whatsapp.video_type messenger.audio_type messenger.video_type telegram.audio_type " +
			"telegram.video_type signal.audio_type signal.video_type meet.audio_type meet.video_type", Unknown, None, ""},
		{"port of any STUN server", "teams.audio_port meet.stun_port", Unknown, None, ""},

		{"Meet's servers", "meet.stun_port meet.network", Meet, Likely, "meet.stun_port meet.network"},
		{"Google's STUN server and its WebRTC's types", "meet.network meet.audio_type meet.video_type", Meet, Weak, "meet.audio_type meet.video_type meet.network"},

		{"question alone", "discord.question", Discord, Weak, "discord.question"},
		{"answer alone", "discord.answer", Discord, Weak, "discord.answer"},
		{"question and answer", "discord.answer discord.question", Discord, Certain, "discord.question discord.answer"},

		{"ICE", "webrtc.ice", WebRTC, Weak, "webrtc.ice"},
		{"ICE and RTP", "webrtc.ice webrtc.srtp", WebRTC, Likely, "webrtc.ice webrtc.srtp"},
		{"ICE and DTLS", "webrtc.ice webrtc.dtls", WebRTC, Likely, "webrtc.ice webrtc.dtls"},
		{"all three", "webrtc.ice webrtc.dtls webrtc.srtp", WebRTC, Certain, "webrtc.ice webrtc.dtls webrtc.srtp"},
		{"DTLS-SRTP without ICE", "webrtc.dtls webrtc.srtp", Unknown, None, ""},

		{"certain before WebRTC", "messenger.realm webrtc.ice webrtc.dtls webrtc.srtp", Messenger, Certain, "messenger.realm"},
		{"likely before WebRTC that is certain", "telegram.network telegram.audio_type webrtc.ice webrtc.dtls webrtc.srtp", Telegram, Likely, "telegram.audio_type telegram.network"},
		{"WebRTC before weak", "telegram.network webrtc.ice webrtc.dtls webrtc.srtp", WebRTC, Certain, "webrtc.ice webrtc.dtls webrtc.srtp"},
		{"weak WebRTC before weak", "telegram.network webrtc.ice", WebRTC, Weak, "webrtc.ice"},
		{"a browser with Google's STUN server", "meet.network meet.audio_type messenger.audio_type telegram.audio_type webrtc.ice webrtc.dtls webrtc.srtp", WebRTC, Certain, "webrtc.ice webrtc.dtls webrtc.srtp"},
		{"WebRTC does not add to weak", "telegram.network webrtc.dtls webrtc.srtp", Telegram, Weak, "telegram.network"},

		{"two certain, more marks", "whatsapp.stun_type signal.realm signal.audio_type", Signal, Certain, "whatsapp.stun_type signal.realm signal.audio_type"},
		{"two certain, more marks first", "whatsapp.stun_type whatsapp.audio_type signal.realm", WhatsApp, Certain, "whatsapp.stun_type whatsapp.audio_type signal.realm"},
		{"two certain, as many", "viber.realm zoom.setup", Zoom, Certain, "zoom.setup viber.realm"},
		{"certain and likely", "telegram.network telegram.audio_type viber.realm", Viber, Certain, "viber.realm"},
		{"two likely, more marks", "whatsapp.as messenger.as whatsapp.audio_type whatsapp.video_type messenger.audio_type", WhatsApp, Likely, "whatsapp.audio_type whatsapp.video_type whatsapp.as"},
		{"two likely, more marks in the second", "whatsapp.as messenger.as whatsapp.video_type messenger.audio_type messenger.video_type", Messenger, Likely, "messenger.audio_type messenger.video_type messenger.as"},
		{"two likely, as many", "whatsapp.as messenger.as whatsapp.video_type messenger.audio_type", Unknown, None, "whatsapp.video_type whatsapp.as messenger.audio_type messenger.as"},
		{"two likely and WebRTC", "whatsapp.as messenger.as whatsapp.video_type messenger.audio_type webrtc.ice webrtc.srtp", WebRTC, Likely, "webrtc.ice webrtc.srtp"},
		{"two likely, then a third with more", "whatsapp.as messenger.as whatsapp.video_type messenger.audio_type telegram.network telegram.audio_type telegram.video_type", Telegram, Likely, "telegram.audio_type telegram.video_type telegram.network"},
		{"two weak", "telegram.network teams.network", Unknown, None, "telegram.network teams.network"},
		{"two weak before one likely", "telegram.network teams.network signal.stun_port signal.audio_type", Signal, Likely, "signal.stun_port signal.audio_type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, confidence, evidence := Judge(marksOf(t, c.marks))
			if n != c.app || confidence != c.confidence || strings.Join(evidence, " ") != c.evidence {
				t.Errorf("%q, %q by %q, want %q, %q by %q", n, confidence, evidence, c.app, c.confidence, c.evidence)
			}
		})
	}
}

func TestJudgeEverything(t *testing.T) {
	var all Marks
	for i := range table {
		all.Add(ID(i))
	}
	n, c, evidence := Judge(all)
	if n != Zoom || c != Certain || len(evidence) != MaxEvidence { // it has the most marks
		t.Errorf("%q, %q by %d rules, want %q by %d", n, c, len(evidence), Zoom, MaxEvidence)
	}
	if all.Len() != len(table) || len(slices.Collect(all.All())) != len(table) {
		t.Errorf("the set of all rules has %d", all.Len())
	}
	var again Marks
	for app := Unknown; app <= NumNames; app++ {
		again.Join(all.Of(app))
	}
	if again != all || !all.Of(Unknown).Empty() {
		t.Error("the applications' rules are not all rules")
	}
	for range all.All() {
		break // an early end is no fault
	}
}

// TestOneMark holds that a mark by itself says of its application what the table says, and nothing of another.
func TestOneMark(t *testing.T) {
	for i, r := range table {
		var m Marks
		m.Add(ID(i))
		n, c, evidence := Judge(m)
		if r.Support || r.Confidence == None {
			if n != Unknown || c != None || evidence != nil {
				t.Errorf("%s: %q, %q by %q, want nothing", r.Name, n, c, evidence)
			}
			continue
		}
		if n != r.App || c != r.Confidence || len(evidence) != 1 || evidence[0] != r.Name {
			t.Errorf("%s: %q, %q by %q, want %q, %q", r.Name, n, c, evidence, r.App, r.Confidence)
		}
	}
}

func TestMedium(t *testing.T) {
	for _, c := range []struct {
		app  Name
		pt   uint8
		want Medium
	}{
		{WhatsApp, 120, Audio},
		{WhatsApp, 97, Video},
		{WhatsApp, 111, MediumUnknown},
		{Messenger, 97, Audio},
		{Messenger, 127, Video},
		{Signal, 102, Audio},
		{Signal, 120, Video},
		{Telegram, 106, Video},
		{Meet, 111, Audio},
		{Meet, 100, Video},
		{WebRTC, 111, Audio},
		{WebRTC, 96, Video},
		{WebRTC, 100, MediumUnknown},
		{Unknown, 111, MediumUnknown},
		{Zoom, 112, MediumUnknown},
		{WebRTC, 128, MediumUnknown},
		{NumNames, 111, MediumUnknown},
	} {
		if got := MediumOf(c.app, c.pt); got != c.want {
			t.Errorf("%q, payload type %d: %s, want %s", c.app, c.pt, got, c.want)
		}
	}
	for _, c := range []struct {
		marks string
		want  Medium
	}{
		{"teams.audio_port", Audio},
		{"teams.audio_port teams.sharing_port", Video},
		{"teams.network", MediumUnknown},
		{"telegram.video_type", MediumUnknown},
		{"", MediumUnknown},
	} {
		if got := marksOf(t, c.marks).Medium(Teams); got != c.want {
			t.Errorf("%q: %s, want %s", c.marks, got, c.want)
		}
	}
}
