package pidf

import (
	"bytes"
	"math"
	"strconv"
)

// geometry collects the numbers of one shape.
type geometry struct {
	corners   [maxCorners]corner
	n         int
	dimension int // numbers a position has, 2 or 3
	radius    float64
	metres    bool // the radius is in metres
	bad       ParseError
}

// corner is a position: degrees north and east.
type corner struct{ lat, lon float64 }

// maxRadius is half the equator, metres: more is no place on Earth.
const maxRadius = 20_037_508

// reference reads the srsName of a geometry's elements. RFC 5491 section 5.1 allows two systems, both with the latitude
// first; with none it is taken for the first of them.
//
//	urn:ogc:def:crs:EPSG::4326    WGS84, latitude and longitude
//	urn:ogc:def:crs:EPSG::4979    WGS84, latitude, longitude and height
func (g *geometry) reference(attrs []byte) {
	if g.dimension == 0 {
		g.dimension = 2
	}
	name := attribute(attrs, "srsName")
	if name == nil {
		return
	}
	switch code := name[bytes.LastIndexAny(name, ":#/")+1:]; {
	case !bytes.Contains(bytes.ToLower(name[:min(len(name), 64)]), []byte("epsg")):
		g.refuse(ErrReference)
	case string(code) == "4326":
		g.dimension = 2
	case string(code) == "4979":
		g.dimension = 3
	default:
		g.refuse(ErrReference)
	}
}

func (g *geometry) refuse(e ParseError) {
	if g.bad == 0 {
		g.bad = e
	}
}

// isMetre: radii are in metres (RFC 5491 section 5.2.1), and some senders do not say so.
func isMetre(uom []byte) bool {
	return uom == nil || bytes.HasSuffix(uom, []byte(":9001")) || bytes.HasSuffix(uom, []byte("#9001")) || string(uom) == "m"
}

// positions takes in the numbers of a pos (of 2 or 3 numbers, dimension 0) or a posList.
func (g *geometry) positions(b []byte, dimension int) {
	var numbers [3]float64
	n := 0
	for {
		b = bytes.TrimLeft(b, spaces)
		if len(b) == 0 {
			break
		}
		end := bytes.IndexAny(b, spaces)
		if end < 0 {
			end = len(b)
		}
		v, ok := number(b[:end])
		if !ok || n == len(numbers) {
			g.refuse(ErrRange)
			return
		}
		numbers[n] = v
		b, n = b[end:], n+1
		if n == dimension {
			g.add(numbers[0], numbers[1])
			n = 0
		}
	}
	switch {
	case dimension == 0 && n >= 2:
		g.add(numbers[0], numbers[1])
	case n != 0:
		g.refuse(ErrRange)
	}
}

func (g *geometry) add(lat, lon float64) {
	if math.Abs(lat) > 90 || math.Abs(lon) > 180 || g.n == maxCorners {
		g.refuse(ErrRange)
		return
	}
	g.corners[g.n] = corner{lat, lon}
	g.n++
}

// coordinates takes in one position as RFC 4119 wrote it, before RFC 5491: "37:46:30N 122:25:10W", or "37.775,-122.42".
func (g *geometry) coordinates(b []byte) {
	at := bytes.IndexAny(b, ", \t\r\n")
	if at < 0 {
		g.refuse(ErrRange)
		return
	}
	lat, ok1 := angle(b[:at], 'N', 'S')
	lon, ok2 := angle(bytes.Trim(b[at+1:], spaces), 'E', 'W')
	if !ok1 || !ok2 {
		g.refuse(ErrRange)
		return
	}
	g.add(lat, lon)
}

// angle reads degrees, or degrees:minutes:seconds, with a sign or a letter behind.
func angle(b []byte, plus, minus byte) (float64, bool) {
	sign := 1.0
	if n := len(b); n > 0 && (b[n-1] == plus || b[n-1] == minus) {
		if b[n-1] == minus {
			sign = -1
		}
		b = b[:n-1]
	}
	sum, unit := 0.0, 1.0
	for {
		part, rest, more := bytes.Cut(b, []byte{':'})
		v, ok := number(part)
		if !ok || unit < 1 && (v < 0 || v >= 60) || unit < 1.0/3600 || more && unit == 1 && v < 0 {
			return 0, false
		}
		sum += v * unit
		if !more {
			return sign * sum, true
		}
		b, unit = rest, unit/60
	}
}

func (g *geometry) setRadius(b []byte) {
	v, ok := number(b)
	switch {
	case !g.metres: // some other unit: not known
	case !ok || v < 0 || v > maxRadius:
		g.refuse(ErrRange)
	default:
		g.radius = max(g.radius, v)
	}
}

// number reads a decimal number: no names, no hexadecimal, nothing longer than a place can need.
func number(b []byte) (float64, bool) {
	if len(b) == 0 || len(b) > 32 {
		return 0, false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' && c|0x20 != 'e' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil
}

// circle writes the shape down as a point with a radius.
func (g *geometry) circle(l *Location) ParseError {
	switch {
	case g.bad != 0:
		return g.bad
	case g.n == 0:
		return ErrNoLocation
	case g.n == 1:
		l.Latitude, l.Longitude, l.RadiusM = g.corners[0].lat, g.corners[0].lon, g.radius
	default:
		l.Latitude, l.Longitude, l.RadiusM = enclose(g.corners[:g.n])
	}
	return 0
}
