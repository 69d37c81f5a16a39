package rtp

// comfortNoise is the payload type of comfort noise, RFC 3389: it accompanies another codec.
const comfortNoise = 13

// staticTypes are the payload types that RFC 3551 section 6, tables 4 and 5, assigns for good. Reserved and
// unassigned ones have no name.
var staticTypes = [...]struct {
	name      string
	clockRate uint32
}{
	0:  {"PCMU", 8000},
	3:  {"GSM", 8000},
	4:  {"G723", 8000},
	5:  {"DVI4", 8000},
	6:  {"DVI4", 16000},
	7:  {"LPC", 8000},
	8:  {"PCMA", 8000},
	9:  {"G722", 8000}, // samples at 16 kHz, its clock is 8 kHz for historical reasons (section 4.5.2)
	10: {"L16", 44100}, // two channels
	11: {"L16", 44100},
	12: {"QCELP", 8000},
	13: {"CN", 8000},
	14: {"MPA", 90000},
	15: {"G728", 8000},
	16: {"DVI4", 11025},
	17: {"DVI4", 22050},
	18: {"G729", 8000},
	25: {"CelB", 90000},
	26: {"JPEG", 90000},
	28: {"nv", 90000},
	31: {"H261", 90000},
	32: {"MPV", 90000},
	33: {"MP2T", 90000},
	34: {"H263", 90000},
}

// StaticPayload returns the encoding name and the clock rate in Hz of a static payload type. ok is false for the
// dynamic, reserved and unassigned ones, whose meaning only the session description knows.
func StaticPayload(pt uint8) (name string, clockRate uint32, ok bool) {
	if int(pt) >= len(staticTypes) || staticTypes[pt].name == "" {
		return "", 0, false
	}
	return staticTypes[pt].name, staticTypes[pt].clockRate, true
}
