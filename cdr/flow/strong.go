package flow

import "calltrail/decode/app"

// What sets of marks mean here, made of decode/app's table once.
var (
	// telling are the marks that are worth an event by themselves, without an answer to STUN: the certain ones, and those of attempts.
	telling = marksOf(func(r *app.Rule) bool { return r.Confidence == app.Certain || r.Attempt })
	// zoom are the marks that allow to look for Zoom's media on any port.
	zoom = marksOf(func(r *app.Rule) bool { return r.App == app.Zoom && r.Confidence == app.Certain })
)

func marksOf(want func(*app.Rule) bool) (m app.Marks) {
	for i, r := range app.Rules() {
		if want(&r) {
			m.Add(app.ID(i))
		}
	}
	return m
}

// common says whether two sets have a mark in common.
func common(a, b app.Marks) bool { return a[0]&b[0]|a[1]&b[1] != 0 }

// strong says whether the flow's marks are worth telling of without an answer to STUN. Weak ones are when they are likely together.
func (e *entry) strong() bool {
	if common(e.Marks, telling) {
		return true
	}
	if e.Marks == e.judged {
		return false
	}
	e.judged = e.Marks
	_, confidence, _ := app.Judge(e.Marks)
	return confidence >= app.Likely
}

// payloadLooks is how many unknown payloads of a flow are held against all rules; later ones only when app.Gate says so.
const payloadLooks = 64
