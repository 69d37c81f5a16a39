package pidf

import "bytes"

// Parse reads a PIDF-LO document: of the first geopriv element that has a place read here, its first shape and civic address.
// On an error, a ParseError, there is no place. b may be used again afterwards.
//
//	presence                            RFC 3863
//	└ tuple | device | person           RFC 5491 section 3.4
//	  └ status                          of a tuple only
//	    └ geopriv                       RFC 4119 section 2.2
//	      ├ location-info
//	      │ ├ Point | Circle | Ellipse | ArcBand | Polygon | Sphere | Ellipsoid | Prism   RFC 5491 section 5.2
//	      │ └ civicAddress              country, A1, A3 of it: RFC 5139
//	      └ method                      RFC 4119 section 2.2.3
//
// Elements are known by their local names: senders differ in namespaces more than in anything else, and only
// what lies within geopriv and location-info is looked at.
func Parse(b []byte) (Location, error) {
	if len(b) > maxDocument {
		return Location{}, ErrTooLong
	}
	p := parser{scanner: scanner{b: bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))}}
	if err := p.document(); err != 0 {
		return Location{}, err
	}
	return p.place, nil
}

type parser struct {
	scanner
	place Location

	// Depth of the open element of that name, 0 when none is open.
	geopriv, info, shape, interior int

	leaf    leaf
	reading int // depth of the open element that leaf names, 0 when none is open
	buf     []byte

	geometry geometry
	shaped   bool       // this geopriv had its shape
	refused  ParseError // why the first shape that was refused was
}

// leaf is an element whose text is read.
type leaf uint8

const (
	noLeaf leaf = iota
	leafPos
	leafPosList
	leafCoordinates
	leafRadius
	leafCountry
	leafA1
	leafA3
	leafMethod
)

func (p *parser) document() ParseError {
	for {
		t, ok := p.next()
		if !ok {
			return ErrSyntax
		}
		switch t.kind {
		case endOfDocument:
			if p.refused != 0 {
				return p.refused
			}
			return ErrNoLocation
		case startTag:
			p.open(t)
		case endTag:
			if p.closed() {
				return 0
			}
		case text:
			if p.reading == 0 {
				break
			}
			if p.buf, ok = appendText(p.buf, t.text); !ok {
				return ErrSyntax
			}
		case cdata:
			if p.reading != 0 {
				p.buf = append(p.buf, t.text...)
			}
		}
	}
}

// open takes in a start tag; p.depth counts it already.
func (p *parser) open(t token) {
	switch name := string(t.name); {
	case p.geopriv == 0:
		if name == "geopriv" {
			p.geopriv = p.depth
		}
	case p.reading != 0 || p.interior != 0:
	case p.shape != 0:
		p.inShape(name, t.attrs)
	case p.info != 0:
		p.inInfo(name, t.attrs)
	case name == "location-info":
		p.info = p.depth
	case name == "method":
		p.read(leafMethod)
	}
}

func (p *parser) read(l leaf) { p.leaf, p.reading, p.buf = l, p.depth, p.buf[:0] }

// inInfo is for what stands in location-info, outside a shape.
func (p *parser) inInfo(name string, attrs []byte) {
	switch name {
	case "Point", "Circle", "Ellipse", "ArcBand", "Polygon", "Sphere", "Ellipsoid", "Prism":
		p.shape = p.depth
		p.geometry = geometry{}
		p.geometry.reference(attrs)
	case "country":
		p.read(leafCountry)
	case "A1":
		p.read(leafA1)
	case "A3":
		p.read(leafA3)
	}
}

func (p *parser) inShape(name string, attrs []byte) {
	p.geometry.reference(attrs)
	switch name {
	case "interior": // a hole
		p.interior = p.depth
	case "pos":
		p.read(leafPos)
	case "posList":
		p.read(leafPosList)
	case "coordinates":
		p.read(leafCoordinates)
	case "radius", "semiMajorAxis", "outerRadius":
		p.geometry.metres = isMetre(attribute(attrs, "uom"))
		p.read(leafRadius)
	}
}

// closed takes in an end tag; p.depth does not count its element any more. It says that the place is known.
func (p *parser) closed() bool {
	switch p.depth + 1 {
	case p.reading:
		p.reading = 0
		p.text()
	case p.interior:
		p.interior = 0
	case p.shape:
		p.shape = 0
		if p.shaped {
			break // only the first counts (RFC 5491 section 3.2)
		}
		p.shaped = true
		bad := p.geometry.circle(&p.place)
		p.place.HasPoint = bad == 0
		if p.refused == 0 {
			p.refused = bad
		}
	case p.info:
		p.info = 0
	case p.geopriv:
		p.geopriv, p.shaped = 0, false
		if !p.place.empty() {
			return true
		}
		p.place = Location{}
	}
	return false
}

// text takes in the text of the leaf that was read.
func (p *parser) text() {
	b := bytes.Trim(p.buf, spaces)
	switch p.leaf {
	case leafPos:
		p.geometry.positions(b, 0)
	case leafPosList:
		p.geometry.positions(b, p.geometry.dimension)
	case leafCoordinates:
		p.geometry.coordinates(b)
	case leafRadius:
		p.geometry.setRadius(b)
	case leafCountry:
		if p.place.Country == "" {
			p.place.Country = countryOf(b)
		}
	case leafA1:
		first(&p.place.A1, b)
	case leafA3:
		first(&p.place.A3, b)
	case leafMethod:
		first(&p.place.Method, b)
	case noLeaf:
	}
}

// first keeps a text, unless there is one already.
func first(to *string, b []byte) {
	if *to == "" {
		*to = string(b[:min(len(b), maxText)])
	}
}

// countryOf returns the two letters of a country code in capitals, "" when it is none.
func countryOf(b []byte) string {
	if len(b) != 2 {
		return ""
	}
	upper := [2]byte{b[0] &^ 0x20, b[1] &^ 0x20}
	if upper[0] < 'A' || upper[0] > 'Z' || upper[1] < 'A' || upper[1] > 'Z' {
		return ""
	}
	return string(upper[:])
}
