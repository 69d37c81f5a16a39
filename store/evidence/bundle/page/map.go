package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"sync"
)

// The picture's size in user units, and how long a degree of latitude is in kilometres on the sphere that maps use.
const (
	mapWidth, mapHeight = 900.0, 430.0
	kmPerDegree         = 111.195
	earthKM             = 6371.0088
)

//go:embed coastlines.txt
var coastlines string

// point is longitude and latitude in degrees.
type point struct{ lon, lat float64 }

// rings are the coastlines, each a closed ring.
var rings = sync.OnceValue(func() (list [][]point) {
	for line := range strings.Lines(coastlines) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var ring []point
		for pair := range strings.FieldsSeq(line) {
			lon, lat, _ := strings.Cut(pair, ",")
			x, errX := strconv.Atoi(lon)
			y, errY := strconv.Atoi(lat)
			if errX != nil || errY != nil {
				panic("coastlines.txt: " + pair) // embedded, and a test reads all of it
			}
			ring = append(ring, point{float64(x) / 100, float64(y) / 100})
		}
		list = append(list, ring)
	}
	return list
})

// spot is one place on the map: the circle somebody was in.
type spot struct {
	point
	km      float64
	letter  string
	claimed bool
}

// view is a piece of the earth in a picture: equirectangular, true along every meridian and along the middle latitude. So one bar of scale
// holds for up and down everywhere, and for left and right in the middle; circles are drawn as what they are on the sphere.
type view struct {
	mid           point
	perDegree     float64 // user units for a degree of latitude
	width, height float64
}

// viewOf is a view that holds all spots with room around them, at least least degrees high.
func viewOf(spots []spot, least, width, height float64) view {
	lonLow, lonHigh, latLow, latHigh := 180.0, -180.0, 90.0, -90.0
	for _, s := range spots {
		d := s.km / kmPerDegree
		wide := d / math.Max(math.Cos(rad(s.lat)), 0.05)
		lonLow, lonHigh = min(lonLow, s.lon-wide), max(lonHigh, s.lon+wide)
		latLow, latHigh = min(latLow, s.lat-d), max(latHigh, s.lat+d)
	}
	v := view{mid: point{(lonLow + lonHigh) / 2, (latLow + latHigh) / 2}, width: width, height: height}
	high := math.Max((latHigh-latLow)*1.3, least)
	wide := (lonHigh - lonLow) * 1.3 * math.Cos(rad(v.mid.lat))
	v.perDegree = math.Min(height/high, width/math.Max(wide, 0.001))
	return v
}

func rad(degrees float64) float64 { return degrees * math.Pi / 180 }

// perKM is the scale: user units for a kilometre.
func (v *view) perKM() float64 { return v.perDegree / kmPerDegree }

// at is where a point lies in the picture.
func (v *view) at(p point) (x, y float64) {
	return v.width/2 + (p.lon-v.mid.lon)*math.Cos(rad(v.mid.lat))*v.perDegree, v.height/2 - (p.lat-v.mid.lat)*v.perDegree
}

// sees says whether a ring can show in the picture: whether its box and the picture's overlap.
func (v *view) sees(ring []point) bool {
	left, right, top, bottom := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, p := range ring {
		x, y := v.at(p)
		left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
	}
	return left < v.width && right > 0 && top < v.height && bottom > 0
}

func (v *view) path(b *strings.Builder, ring []point) {
	for i, p := range ring {
		x, y := v.at(p)
		_, _ = fmt.Fprintf(b, "%c%.1f %.1f", "ML"[min(i, 1)], x, y) // a Builder does not fail
	}
	b.WriteByte('Z')
}

// circle is all points km away from the middle, on the sphere.
func circle(mid point, km float64) []point {
	const corners = 90
	d := km / earthKM
	lat := rad(mid.lat)
	ring := make([]point, corners)
	for i := range ring {
		bearing := 2 * math.Pi * float64(i) / corners
		there := math.Asin(math.Sin(lat)*math.Cos(d) + math.Cos(lat)*math.Sin(d)*math.Cos(bearing))
		lon := math.Atan2(math.Sin(bearing)*math.Sin(d)*math.Cos(lat), math.Cos(d)-math.Sin(lat)*math.Sin(there))
		ring[i] = point{mid.lon + lon*180/math.Pi, there * 180 / math.Pi}
	}
	return ring
}

// draw makes the picture. Its title says what it shows to those who do not see it.
func (v *view) draw(spots []spot, title string) template.HTML {
	var b strings.Builder
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) } // a Builder does not fail
	put(`<svg class="map" viewBox="0 0 %.0f %.0f" role="img" data-units-per-km="%.6f"><title>%s</title>`, v.width, v.height, v.perKM(), template.HTMLEscapeString(title))
	put(`<rect class="sea" width="%.0f" height="%.0f"/><path class="land" d="`, v.width, v.height)
	for _, ring := range rings() {
		if v.sees(ring) {
			v.path(&b, ring)
		}
	}
	put(`"/>`)
	v.grid(put)
	for _, s := range spots {
		class := "circle"
		if s.claimed {
			class += " claimed"
		}
		put(`<path class="%s" data-km="%.0f" data-letter="%s" d="`, class, s.km, s.letter)
		v.path(&b, circle(s.point, s.km))
		put(`"/>`)
	}
	v.letters(put, spots)
	v.bar(put)
	put(`<rect class="frame" width="%.0f" height="%.0f"/></svg>`, v.width, v.height)
	return template.HTML(b.String()) //nolint:gosec // numbers, and a title that is escaped
}

// grid draws meridians and parallels, so that a picture without a coast shows where it is.
func (v *view) grid(put func(string, ...any)) {
	step := nice(v.height / v.perDegree / 3)
	put(`<g class="grid">`)
	for lat := math.Ceil((v.mid.lat-v.height/2/v.perDegree)/step) * step; lat <= v.mid.lat+v.height/2/v.perDegree; lat += step {
		_, y := v.at(point{0, lat})
		put(`<path d="M0 %.1fH%.0f"/><text x="4" y="%.1f">%s° %c</text>`, y, v.width, y-3, degrees(lat), "SN"[sign(lat)])
	}
	half := v.width / 2 / v.perDegree / math.Cos(rad(v.mid.lat))
	for step*math.Cos(rad(v.mid.lat))*v.perDegree < 70 { // room for the letters
		step *= 2
	}
	for lon := math.Ceil((v.mid.lon-half)/step) * step; lon <= v.mid.lon+half; lon += step {
		x, _ := v.at(point{lon, 0})
		put(`<path d="M%.1f 0V%.0f"/><text x="%.1f" y="12">%s° %c</text>`, x, v.height, x+3, degrees(lon), "WE"[sign(lon)])
	}
	put(`</g>`)
}

func degrees(f float64) string {
	return strconv.FormatFloat(math.Round(math.Abs(f)*1000)/1000, 'f', -1, 64)
}

func sign(f float64) int {
	if f < 0 {
		return 0
	}
	return 1
}

// nice is 1, 2 or 5 times a power of ten, not above f.
func nice(f float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(f)))
	for _, n := range []float64{5, 2} {
		if n*ten <= f {
			return n * ten
		}
	}
	return ten
}

// letters name the circles from outside: a line from the edge to a letter. No mark stands in the middle, where nobody knows that
// anybody was.
func (v *view) letters(put func(string, ...any), spots []spot) {
	put(`<g class="letters">`)
	for i, s := range spots {
		x, y := v.at(s.point)
		r := s.km * v.perKM()
		// Turned by the golden angle, letters of circles in one place do not cover one another.
		angle := -0.6 - 2.4*float64(i)
		reach := r + 26
		tx, ty := clamp(x+reach*math.Cos(angle), 14, v.width-14), clamp(y+reach*math.Sin(angle), 22, v.height-14)
		put(`<path d="M%.1f %.1fL%.1f %.1f"/><text x="%.1f" y="%.1f">%s</text>`, x+r*math.Cos(angle), y+r*math.Sin(angle), tx, ty, tx, ty, s.letter)
	}
	put(`</g>`)
}

func clamp(f, low, high float64) float64 { return math.Min(math.Max(f, low), high) }

// bar draws the scale.
func (v *view) bar(put func(string, ...any)) {
	km := nice(v.width / 5 / v.perKM())
	length := km * v.perKM()
	x, y := v.width-length-20, v.height-16
	put(`<g class="scale" data-km="%g"><rect class="back" x="%.1f" y="%.1f" width="%.1f" height="30"/><path class="bar" d="M%.1f %.1fv-6m0 6h%.3fv-6"/><text x="%.1f" y="%.1f">%s km</text></g>`,
		km, x-10, y-22, length+20, x, y, length, x+length/2, y-8, strconv.FormatFloat(km, 'f', -1, 64))
}
