package sip

import (
	"bytes"
	"time"
)

// ParseDate reads Date (RFC 3261 section 20.17) as seconds since 1970-01-01T00:00:00Z. The name of the day is not compared with
// the date. Another time zone than GMT is none (RFC 4475 section 3.1.2.12). The error is ErrDate.
//
//	SIP-date      =  rfc1123-date                                   Sat, 13 Nov 2010 23:29:00 GMT
//	rfc1123-date  =  wkday "," SP date1 SP time SP "GMT"            0    5  8   12   17       26
//	date1         =  2DIGIT SP month SP 4DIGIT
//	time          =  2DIGIT ":" 2DIGIT ":" 2DIGIT
func ParseDate(value []byte) (seconds int64, err error) {
	v := trim(value)
	if len(v) != 29 || !bytes.Equal(v[3:5], []byte(", ")) || v[7] != ' ' || v[11] != ' ' || v[16] != ' ' ||
		v[19] != ':' || v[22] != ':' || !bytes.Equal(v[25:], []byte(" GMT")) {
		return 0, ErrDate
	}
	month := bytes.Index([]byte(monthNames), v[8:11])
	day, ok1 := number(v[5:7], 31)
	year, ok2 := number(v[12:16], 9999)
	hour, ok3 := number(v[17:19], 23)
	minute, ok4 := number(v[20:22], 59)
	second, ok5 := number(v[23:25], 60) // a leap second is the first of the next minute
	if month < 0 || month%3 != 0 || day == 0 || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return 0, ErrDate
	}
	t := time.Date(int(year), time.Month(month/3+1), int(day), 0, 0, 0, 0, time.UTC) // #nosec G115 -- at most 9999
	if t.Day() != int(day) {                                                         // #nosec G115 -- at most 31
		return 0, ErrDate // 31 Feb
	}
	return t.Unix() + int64(hour*3600+minute*60+second), nil // #nosec G115 -- a day
}

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
