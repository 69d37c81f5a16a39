// Package page writes what a bundle shows to people: the page with the finding, the annexe for requests abroad, and the certificate of
// section 63(4) of the Bharatiya Sakshya Adhiniyam 2023.
//
// In: an answer. Out: HTML files that stand alone: no script, no network, no font or picture from elsewhere; a policy in the file
// (Content-Security-Policy) forbids the reader's program to look for any. Called by store/evidence/bundle. Everything from the wire is
// escaped, and what a reader could not see is shown as an escape. It never draws a place that is not the party's own, and no pins: a circle
// says how far the truth may be away. It judges nobody: indicators are facts with what else they can be.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"

	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/answer"
)

// Most that is shown on the page; the tables and records.jsonl have all.
const (
	maxShown = 200 // calls with a paragraph of their own
	maxLines = 60  // calls on the timeline
	maxSpots = 24  // circles on the map, a letter each
)

//go:embed templates/*.html
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"both": answer.Both, "visible": answer.Visible, "ist": answer.InIST, "utc": answer.InUTC, "why": why, "dash": dash, "blank": answer.Blank,
}).ParseFS(files, "templates/*.html"))

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return answer.Visible(s)
}

// File is a file of the bundle with its hash, for lists.
type File struct {
	Name   string
	Bytes  int
	SHA256 evidence.Hash
	What   string
}

// Content is what the files are made of.
type Content struct {
	*answer.Answer
	Calls []*answer.Call
	// Form names the tables' template, and what of it is unverified.
	Form string
	// Unsigned counts records that no signed head covers yet.
	Unsigned int
	Files    []File
}

// Place is a circle on the map, in the words of its legend.
type legend struct {
	Letter, Text string
}

type shown struct {
	*Content
	Shown    []*answer.Call
	Rest     int
	Answered int
	Timeline template.HTML
	Lines    int
	Overview template.HTML
	Details  []template.HTML
	Legend   []legend
	Unplaced int // ends whose place is not drawn
	Sum      evidence.Hash
}

// Page is page.html.
func Page(c *Content) ([]byte, error) {
	s := &shown{Content: c, Sum: c.Sum()}
	s.Shown = c.Calls[:min(len(c.Calls), maxShown)]
	s.Rest = len(c.Calls) - len(s.Shown)
	for _, call := range c.Calls {
		if call.Disposition == "answered" {
			s.Answered++
		}
	}
	s.Lines = min(len(c.Calls), maxLines)
	s.Timeline = timeline(c.Calls[:s.Lines])
	s.maps()
	return run("page.html", s)
}

// maps puts the ends' own places on a map, one circle a place; each circle that is small there gets a picture of its own.
func (s *shown) maps() {
	var spots []spot
	var whose []string
	index := map[string]int{}
	for _, c := range s.Calls {
		for _, p := range c.Places() {
			if !p.Drawn {
				s.Unplaced++
				continue
			}
			key := fmt.Sprint(p.Latitude, p.Longitude, p.Radius, p.Claimed)
			i, ok := index[key]
			if !ok {
				if len(spots) == maxSpots {
					continue
				}
				i = len(spots)
				index[key] = i
				spots = append(spots, spot{point{p.Longitude, p.Latitude}, p.Radius, string(rune('A' + i)), p.Claimed}) //nolint:gosec // few places
				text := fmt.Sprintf("%s, within %.0f km: ", p.Name, p.Radius)
				if p.Claimed {
					text = "stated by the caller's own side, not confirmed: " + text
				}
				s.Legend = append(s.Legend, legend{spots[i].letter, text})
				whose = append(whose, "")
			}
			whose[i] = add(whose[i], fmt.Sprintf("%s of call %d", p.Whose, c.N))
		}
	}
	for i := range s.Legend {
		s.Legend[i].Text += whose[i]
	}
	if len(spots) == 0 {
		return
	}
	const tooSmall = 30.0 // user units
	v := viewOf(spots, 24, mapWidth, mapHeight)
	s.Overview = v.draw(spots, "Circles within which a party is believed to have been")
	for _, one := range spots[:min(len(spots), 4)] {
		if one.km*v.perKM() < tooSmall {
			near := viewOf([]spot{one}, one.km/kmPerDegree*5, 430, 260)
			s.Details = append(s.Details, near.draw([]spot{one}, "Circle "+one.letter+" nearer by"))
		}
	}
}

// add appends one to a list in words that stays short.
func add(list, one string) string {
	switch {
	case list == "":
		return one
	case len(list) < 300:
		return list + ", " + one
	case strings.HasSuffix(list, " …"):
		return list
	}
	return list + " …"
}

func run(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return b.Bytes(), nil
}
