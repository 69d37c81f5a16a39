package pidf

import "math"

// enclose returns the centroid of a polygon's area, and the radius in metres of the circle around it that holds all corners.
// It reckons on the plane that touches the Earth there: good to a percent for the polygons of RFC 5491 section 5.2.3, which are
// to be small (130 km across), and for greater ones still a circle around it.
func enclose(corners []corner) (lat, lon, radius float64) {
	origin := corners[0]
	// Degrees from the first corner, the shorter way round; east-west ones as long as north-south ones there.
	shrink := math.Cos(origin.lat * math.Pi / 180)
	flat := func(c corner) (x, y float64) {
		return math.Remainder(c.lon-origin.lon, 360) * shrink, c.lat - origin.lat
	}
	var area, sx, sy, mx, my, west, east, south, north float64
	for i, c := range corners {
		x1, y1 := flat(c)
		x2, y2 := flat(corners[(i+1)%len(corners)])
		cross := x1*y2 - x2*y1
		area += cross
		sx += (x1 + x2) * cross
		sy += (y1 + y2) * cross
		mx, my = mx+x1, my+y1
		west, east, south, north = min(west, x1), max(east, x1), min(south, y1), max(north, y1)
	}
	n := float64(len(corners))
	x, y := sx/(3*area), sy/(3*area)
	if !(x >= west && x <= east && y >= south && y <= north) { // no area, or lines that cross
		x, y = mx/n, my/n
	}
	lat = min(max(origin.lat+y, -90), 90)
	lon = origin.lon
	if shrink > 1e-9 {
		lon = math.Remainder(origin.lon+x/shrink, 360)
	}
	for _, c := range corners {
		radius = max(radius, distance(lat, lon, c.lat, c.lon))
	}
	return lat, lon, radius
}

// earthRadius is the mean one, metres.
const earthRadius = 6_371_009

// distance between two positions along the Earth's surface, metres (haversine).
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	const radian = math.Pi / 180
	sinLat := math.Sin((lat2 - lat1) * radian / 2)
	sinLon := math.Sin((lon2 - lon1) * radian / 2)
	h := sinLat*sinLat + math.Cos(lat1*radian)*math.Cos(lat2*radian)*sinLon*sinLon
	return 2 * earthRadius * math.Asin(math.Sqrt(min(h, 1)))
}
