package passport

// notBase64 marks what is no digit of base64url (RFC 4648 section 5).
const notBase64 = 0xff

// sextets holds the value of each digit. "+" and "/" of plain base64 are taken for "-" and "_".
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = notBase64
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		t[c] = byte(i) // #nosec G115 -- below 64
	}
	t['+'], t['/'] = t['-'], t['_']
	return t
}()

// appendDecoded appends what b, base64url without padding (RFC 7515 section 2), stands for. ok is false when it is none.
func appendDecoded(dst, b []byte) (_ []byte, ok bool) {
	var bits uint32
	n := 0
	for _, c := range b {
		v := sextets[c]
		if v == notBase64 {
			return dst, false
		}
		bits = bits<<6 | uint32(v)
		if n += 6; n >= 8 {
			n -= 8
			dst = append(dst, byte(bits>>n)) // #nosec G115 -- the lowest eight are meant
		}
	}
	return dst, n < 6
}
