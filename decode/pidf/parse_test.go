package pidf

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

// document puts a place into the shell of RFC 6442 section 5.1.
func document(locationInfo string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
   xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
   xmlns:cl="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" entity="pres:alice@atlanta.example.com">
 <dm:device id="target123-1" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model">
  <gp:geopriv>
   <gp:location-info>` + locationInfo + `</gp:location-info>
   <gp:usage-rules><gp:retransmission-allowed>false</gp:retransmission-allowed></gp:usage-rules>
   <gp:method>802.11</gp:method>
  </gp:geopriv>
  <dm:deviceID>mac:1234567890ab</dm:deviceID>
  <dm:timestamp>2010-11-04T20:57:29Z</dm:timestamp>
 </dm:device>
</presence>
`
}

const (
	srs2 = ` srsName="urn:ogc:def:crs:EPSG::4326"`
	srs3 = ` srsName="urn:ogc:def:crs:EPSG::4979"`
)

// rfc4119 is that RFC's own first example, with the coordinates of GML 3.0, and a note of our own.
const rfc4119 = `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
  xmlns:gml="urn:opengis:specification:gml:schema-xsd:feature:v3.0" entity="pres:geotarget@example.com">
<note>country CH</note>
<tuple id="sg89ae"><status><basic>open</basic>
 <gp:geopriv><gp:location-info><gml:location>
  <gml:Point gml:id="point1" srsName="epsg:4326"><gml:coordinates>37:46:30N 122:25:10W</gml:coordinates></gml:Point>
 </gml:location></gp:location-info>
 <gp:usage-rules><gp:retention-expiry>2003-06-23T04:57:29Z</gp:retention-expiry></gp:usage-rules></gp:geopriv>
</status><timestamp>2003-06-22T20:57:29Z</timestamp></tuple></presence>`

var documents = []struct {
	name, doc, want string // "lat lon radius|country A1 A3|method"
	err             error
}{
	// RFC 5491 section 5.2, RFC 6442 section 5
	{"Point", document(`<gml:Point` + srs2 + `><gml:pos>32.86726 -97.16054</gml:pos></gml:Point>`), "32.86726 -97.16054 0||802.11", nil},
	{"Point, with a height", document(`<gml:Point` + srs3 + `><gml:pos>-34.407 150.883 24.8</gml:pos></gml:Point>`), "-34.407 150.883 0||802.11", nil},
	{"Circle", document(`<gs:Circle` + srs2 + `><gml:pos>42.5463 -73.2512</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">850.24</gs:radius></gs:Circle>`), "42.5463 -73.2512 850.24||802.11", nil},
	{"Circle in feet", document(`<gs:Circle` + srs2 + `><gml:pos>42.5463 -73.2512</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9002">850.24</gs:radius></gs:Circle>`), "42.5463 -73.2512 0||802.11", nil},
	{"Ellipse", document(`<gs:Ellipse` + srs2 + `><gml:pos>42.5463 -73.2512</gml:pos><gs:semiMajorAxis uom="urn:ogc:def:uom:EPSG::9001">1275</gs:semiMajorAxis><gs:semiMinorAxis uom="urn:ogc:def:uom:EPSG::9001">670</gs:semiMinorAxis><gs:orientation uom="urn:ogc:def:uom:EPSG::9102">43.2</gs:orientation></gs:Ellipse>`), "42.5463 -73.2512 1275||802.11", nil},
	{"ArcBand: the circle around it", document(`<gs:ArcBand` + srs2 + `><gml:pos>-43.5723 153.21760</gml:pos><gs:innerRadius uom="urn:ogc:def:uom:EPSG::9001">3594</gs:innerRadius><gs:outerRadius uom="urn:ogc:def:uom:EPSG::9001">4148</gs:outerRadius><gs:startAngle uom="urn:ogc:def:uom:EPSG::9102">20</gs:startAngle></gs:ArcBand>`), "-43.5723 153.2176 4148||802.11", nil},
	{"Sphere", document(`<gs:Sphere` + srs3 + `><gml:pos>42.5463 -73.2512 26.3</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">850.24</gs:radius></gs:Sphere>`), "42.5463 -73.2512 850.24||802.11", nil},
	{"Polygon by pos", document(`<gml:Polygon` + srs2 + `><gml:exterior><gml:LinearRing><gml:pos>10 20</gml:pos><gml:pos>10 20.002</gml:pos><gml:pos>10.002 20.002</gml:pos><gml:pos>10.002 20</gml:pos><gml:pos>10 20</gml:pos></gml:LinearRing></gml:exterior></gml:Polygon>`), "10.001 20.001 156||802.11", nil},
	{"Polygon by posList, a hole in it", document(`<gml:Polygon` + srs3 + `><gml:exterior><gml:LinearRing><gml:posList>10 20 5 10 20.002 5 10.002 20.002 5 10.002 20 5 10 20 5</gml:posList></gml:LinearRing></gml:exterior><gml:interior><gml:LinearRing><gml:posList>80 90 1</gml:posList></gml:LinearRing></gml:interior></gml:Polygon>`), "10.001 20.001 156||802.11", nil},
	{"Prism", document(`<gs:Prism` + srs3 + `><gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>10 20 5 10 20.002 5 10.002 20.002 5 10.002 20 5 10 20 5</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gs:base><gs:height uom="urn:ogc:def:uom:EPSG::9001">2.4</gs:height></gs:Prism>`), "10.001 20.001 156||802.11", nil},
	{"Polygon across 180 degrees", document(`<gml:Polygon` + srs2 + `><gml:posList>0 179.999 0 -179.999 0.002 -179.999 0.002 179.999 0 179.999</gml:posList></gml:Polygon>`), "0.001 180 157||802.11", nil},
	{"Polygon without area", document(`<gml:Polygon` + srs2 + `><gml:posList>1 1 1 1 1 1</gml:posList></gml:Polygon>`), "1 1 0||802.11", nil},

	// RFC 5139 section 5, RFC 4119 section 2.2.1
	{"civic address: no more of it", document(`<cl:civicAddress xml:lang="en-AU"><cl:country>AU</cl:country><cl:A1>NSW</cl:A1><cl:A3> Wollongong </cl:A3><cl:A4>Gwynneville</cl:A4><cl:STS>Northfield Avenue</cl:STS><cl:LMK>University of Wollongong</cl:LMK><cl:NAM>Andrew Corporation</cl:NAM><cl:PC>2500</cl:PC></cl:civicAddress>`), "|AU NSW Wollongong|802.11", nil},
	{"both", document(`<gml:Point` + srs2 + `><gml:pos>19.076 72.8777</gml:pos></gml:Point><cl:civicAddress><cl:country>in</cl:country></cl:civicAddress>`), "19.076 72.8777 0|IN  |802.11", nil},
	{"references, CDATA and a comment", document(`<cl:civicAddress><cl:country>FR</cl:country><cl:A1>a&amp;b&#x20;&#233;<!-- c --><![CDATA[<d>&]]></cl:A1></cl:civicAddress>`), "|FR a&b é<d>& |802.11", nil},
	{"country that is none", document(`<cl:civicAddress><cl:country>India</cl:country><cl:A1>MH</cl:A1></cl:civicAddress>`), "| MH |802.11", nil},
	{"long text", document(`<civicAddress><A1>` + strings.Repeat("x", 300) + `</A1></civicAddress>`), "| " + strings.Repeat("x", 256) + " |802.11", nil},
	{"RFC 4119", rfc4119, "37.775 -122.419444 0||", nil},
	{"decimal coordinates", document(`<gml:Point><gml:coordinates>37.775,-122.42</gml:coordinates></gml:Point>`), "37.775 -122.42 0||802.11", nil},
	{"no name of the system", document(`<Point><pos>1 2</pos></Point>`), "1 2 0||802.11", nil},
	{"name of the system at the position", document(`<Point><pos` + srs2 + `>1 2</pos></Point>`), "1 2 0||802.11", nil},
	{"byte order mark", "\xef\xbb\xbf" + document(`<Point><pos>1 2</pos></Point>`), "1 2 0||802.11", nil},
	{"the first of two shapes (RFC 5491 3.2)", document(`<Point><pos>1 2</pos></Point><Point><pos>3 4</pos></Point>`), "1 2 0||802.11", nil},
	{"the first that has one of two places", strings.Replace(document(`<Point><pos>1 2</pos></Point>`), "<dm:device", "<tuple><geopriv><location-info/><method>Manual</method></geopriv></tuple><dm:device", 1), "1 2 0||802.11", nil},
	{"what follows the first place is not read", document(`<Point><pos>1 2</pos></Point>`) + "<", "1 2 0||802.11", nil},
	{"bad shape, good address", document(`<Point><pos>91 2</pos></Point><civicAddress><country>IN</country></civicAddress>`), "|IN  |802.11", nil},
	{"bad shape, good one in the next geopriv", strings.Replace(document(`<Point><pos>1 2</pos></Point>`), "<dm:device", "<tuple><geopriv><location-info><Point><pos>91 2</pos></Point></location-info></geopriv></tuple><dm:device", 1), "1 2 0||802.11", nil},

	{"not in geopriv", `<presence><note><Point><pos>1 2</pos></Point><country>IN</country></note></presence>`, "", ErrNoLocation},
	{"not in location-info", `<presence><geopriv><country>IN</country><Point><pos>1 2</pos></Point></geopriv></presence>`, "", ErrNoLocation},
	{"empty shape", document(`<Point/>`), "", ErrNoLocation},
	{"longitude first (CRS84)", document(`<Point srsName="urn:ogc:def:crs:OGC::CRS84"><pos>1 2</pos></Point>`), "", ErrReference},
	{"another system", document(`<Point srsName="urn:ogc:def:crs:EPSG::27700"><pos>1 2</pos></Point>`), "", ErrReference},
	{"latitude out of range", document(`<Point><pos>90.01 2</pos></Point>`), "", ErrRange},
	{"longitude out of range", document(`<Point><pos>1 -180.01</pos></Point>`), "", ErrRange},
	{"one number", document(`<Point><pos>1</pos></Point>`), "", ErrRange},
	{"four numbers", document(`<Point><pos>1 2 3 4</pos></Point>`), "", ErrRange},
	{"no number", document(`<Point><pos>NaN Inf</pos></Point>`), "", ErrRange},
	{"hexadecimal", document(`<Point><pos>0x1p3 2</pos></Point>`), "", ErrRange},
	{"infinite", document(`<Point><pos>1e999 2</pos></Point>`), "", ErrRange},
	{"negative radius", document(`<Circle><pos>1 2</pos><radius>-1</radius></Circle>`), "", ErrRange},
	{"radius beyond the Earth", document(`<Circle><pos>1 2</pos><radius>1e9</radius></Circle>`), "", ErrRange},
	{"list that ends in the middle", document(`<Polygon><posList>1 2 3</posList></Polygon>`), "", ErrRange},
	{"65 corners", document(`<Polygon><posList>` + strings.Repeat("1 2 ", 65) + `</posList></Polygon>`), "", ErrRange},
	{"minutes out of range", document(`<Point><coordinates>37:60:30N 122:25:10W</coordinates></Point>`), "", ErrRange},
	{"document type", "<!DOCTYPE presence [<!ENTITY x 'y'>]>" + document(`<Point><pos>1 2</pos></Point>`), "", ErrSyntax},
	{"entity of its own", document(`<civicAddress><A1>&x;</A1></civicAddress>`), "", ErrSyntax},
	{"NUL by reference", document(`<civicAddress><A1>&#0;</A1></civicAddress>`), "", ErrSyntax},
	{"crossed tags", `<presence><geopriv></presence></geopriv>`, "", ErrSyntax},
	{"33 levels", strings.Repeat("<a>", 33), "", ErrSyntax},
	{"cut", document("")[:200], "", ErrSyntax},
	{"no XML", "v=0\r\n", "", ErrNoLocation},
	{"empty", "", "", ErrNoLocation},
	{"too long", strings.Repeat(" ", 16<<10+1), "", ErrTooLong},
}

// show writes a Location as the table has it: coordinates to a decimetre, the radius in whole metres or as sent.
func show(l Location) string {
	s := ""
	if l.HasPoint {
		radius := l.RadiusM
		if len(fmt.Sprint(radius)) > 8 {
			radius = math.Round(radius)
		}
		s = fmt.Sprintf("%v %v %v", round(l.Latitude), round(l.Longitude), radius)
	}
	if civic := l.Country + " " + l.A1 + " " + l.A3; civic != "  " {
		return s + "|" + civic + "|" + l.Method
	}
	return s + "||" + l.Method
}

func round(v float64) float64 {
	v = math.Round(v*1e6) / 1e6
	if v == -180 {
		return 180 // the same meridian
	}
	return v
}

func TestParse(t *testing.T) {
	for _, c := range documents {
		t.Run(c.name, func(t *testing.T) {
			l, err := Parse([]byte(c.doc))
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err != nil && l != (Location{}) {
				t.Errorf("a place in spite of the error: %+v", l)
			}
			if got := show(l); err == nil && got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestParseOwnsItsText: the packet may be used again.
func TestParseOwnsItsText(t *testing.T) {
	doc := []byte(document(`<civicAddress><country>IN</country><A1>MH</A1><A3>Mumbai</A3></civicAddress>`))
	l, err := Parse(doc)
	for i := range doc {
		doc[i] = 'x'
	}
	if err != nil || show(l) != "|IN MH Mumbai|802.11" {
		t.Errorf("%s, %v", show(l), err)
	}
}

func TestEncloseHoldsAllCorners(t *testing.T) {
	for _, corners := range [][]corner{
		{{0, 0}, {0, 1}, {1, 1}, {1, 0}},
		{{89.9, 0}, {89.9, 120}, {89.9, -120}},    // around the pole
		{{0, 0}, {1, 1}, {0, 1}, {1, 0}},          // lines that cross
		{{-90, 0}, {90, 0}},                       // two corners
		{{10, 170}, {10, -170}, {20, 180}},        // across 180 degrees
		{{0, 0}, {0, 1e-9}, {1e-9, 1e-9}, {0, 0}}, // hardly any area
	} {
		lat, lon, radius := enclose(corners)
		if math.Abs(lat) > 90 || math.Abs(lon) > 180 || math.IsNaN(radius) {
			t.Errorf("%v: centre %v %v, radius %v", corners, lat, lon, radius)
		}
		for _, c := range corners {
			if d := distance(lat, lon, c.lat, c.lon); !(d <= radius) {
				t.Errorf("%v: corner %v is %v m away, radius %v", corners, c, d, radius)
			}
		}
	}
	// One degree of latitude is 111,195 m on that sphere.
	if d := distance(10, 20, 11, 20); math.Abs(d-111_195) > 1 {
		t.Errorf("a degree of latitude is %v m", d)
	}
}

func TestBody(t *testing.T) {
	const body = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\nContent-Type: application/pidf+xml\r\n\r\n<a/>\r\n" +
		"--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <x@example.com>\r\n\r\n<b/>\r\n--b--\r\n"
	contentType := []byte("multipart/mixed;boundary=b")
	for _, c := range []struct {
		id, want string
	}{{"", "<a/>"}, {"x%40example.com", "<b/>"}, {"nobody@example.com", "<a/>"}} {
		var id []byte
		if c.id != "" {
			id = []byte(c.id)
		}
		if got := string(Named(contentType, []byte(body), id)); got != c.want {
			t.Errorf("%q: %q, want %q", c.id, got, c.want)
		}
	}
	if got := string(FromBody(contentType, []byte(body))); got != "<a/>" {
		t.Errorf("first: %q", got)
	}
	if got := Named([]byte("application/sdp"), []byte("v=0"), []byte("x")); got != nil {
		t.Errorf("of a description: %q", got)
	}
}

func TestParseErrors(t *testing.T) {
	seen := map[string]bool{"": true}
	for e := ErrTooLong; int(e) < ParseErrors; e++ {
		if seen[e.Reason()] {
			t.Errorf("%d: name %q again, or none", e, e.Reason())
		}
		seen[e.Reason()] = true
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range documents {
		f.Add([]byte(c.doc))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _, _ = Parse(b) })
		l, err := Parse(b)
		if (err != nil) != (l == Location{} || l.empty()) {
			t.Errorf("%+v, %v", l, err)
		}
		if !l.HasPoint && (l.Latitude != 0 || l.Longitude != 0 || l.RadiusM != 0) {
			t.Errorf("numbers without a point: %+v", l)
		}
		if !(math.Abs(l.Latitude) <= 90 && math.Abs(l.Longitude) <= 180 && l.RadiusM >= 0 && l.RadiusM <= maxRadius+1) {
			t.Errorf("out of range: %+v", l)
		}
		if len(l.A1) > maxText || len(l.A3) > maxText || len(l.Method) > maxText || len(l.Country) != 0 && len(l.Country) != 2 {
			t.Errorf("text too long: %+v", l)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	doc := []byte(documents[2].doc)
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		_, _ = Parse(doc)
	}
}
