package number

import (
	"bytes"
	"errors"
)

// maxDigits is the most digits of a number that are looked at. E.164 allows 15; an international prefix and what
// networks put before a number come on top.
const maxDigits = 32

var (
	errNotDigits = errors.New("not a telephone number")
	errTooLong   = errors.New("more than 32 digits")
)

// written is a telephone number as it was written, without its visual separators (RFC 3966 section 3):
//
//	telephone-subscriber  = global-number / local-number
//	global-number         = "+" *phonedigit DIGIT *phonedigit *par
//	local-number          = *phonedigit-hex … *par context *par
//	phonedigit            = DIGIT / [ "-" / "." / "(" / ")" ]
//	context               = ";phone-context=" domainname / "+" *phonedigit DIGIT *phonedigit
//
// A space is taken for a separator too, for those who write numbers as people do. "*", "#" and hex digits, which local
// numbers may have, dial services: such a string is not a number.
type written struct {
	buf     [2*maxDigits + 2]byte // "+" if global, digits, then ";" and the digits of a global context
	length  int                   // of the number, its sign included
	context int                   // digits of the context; 0: none, or a domain name
	global  bool
}

func (w *written) digits() []byte {
	if w.global {
		return w.buf[1:w.length]
	}
	return w.buf[:w.length]
}

func (w *written) contextDigits() []byte { return w.buf[w.length+1 : w.length+1+w.context] }

// key names the number in the cache; two ways to write the same digits share it. Valid as long as w is.
func (w *written) key() []byte {
	if w.context == 0 {
		return w.buf[:w.length]
	}
	return w.buf[:w.length+1+w.context]
}

// read takes the number out of the user part of a URI. It stops at the first byte that no number has.
func (w *written) read(user []byte) error {
	number, params, _ := bytes.Cut(user, []byte{';'})
	// Digits after a comma are dialled once the call is up: they are content, not part of the number.
	number, _, _ = bytes.Cut(number, []byte{','})
	if rest, ok := cutPlus(number); ok {
		number = rest
		w.global = true
		w.buf[0] = '+'
		w.length = 1
	}
	n, err := readDigits(w.buf[w.length:w.length+maxDigits], number)
	if err != nil {
		return err
	}
	w.length += n
	if !w.global {
		w.readContext(params)
	}
	return nil
}

// cutPlus takes the sign of a global number off, also when it came escaped (RFC 3261 section 19.1.2 lets a sender).
func cutPlus(number []byte) ([]byte, bool) {
	if len(number) > 0 && number[0] == '+' {
		return number[1:], true
	}
	if len(number) > 2 && number[0] == '%' && number[1] == '2' && number[2]|0x20 == 'b' {
		return number[3:], true
	}
	return number, false
}

// readDigits copies the digits of number to dst and returns how many there are, at least one.
func readDigits(dst, number []byte) (int, error) {
	n := 0
	for _, c := range number {
		switch {
		case c >= '0' && c <= '9':
			if n == len(dst) {
				return 0, errTooLong
			}
			dst[n] = c
			n++
		case c == '-' || c == '.' || c == '(' || c == ')' || c == ' ':
		default:
			return 0, errNotDigits
		}
	}
	if n == 0 {
		return 0, errNotDigits
	}
	return n, nil
}

// readContext keeps the digits of a global phone-context. A domain name as context ("ims.example.com") says that the
// number is local to that network: it is read like one without context.
func (w *written) readContext(params []byte) {
	for len(params) > 0 {
		var param []byte
		param, params, _ = bytes.Cut(params, []byte{';'})
		name, value, _ := bytes.Cut(param, []byte{'='})
		if !bytes.EqualFold(name, []byte("phone-context")) {
			continue
		}
		value, ok := cutPlus(value)
		if !ok {
			return
		}
		start := w.length + 1
		n, err := readDigits(w.buf[start:start+maxDigits], value)
		if err != nil {
			return // not a context: as if none had been sent
		}
		w.buf[w.length] = ';'
		w.context = n
		return
	}
}

// isSOS: the emergency service URN "urn:service:sos" or one of its sub-services (RFC 5031 section 4.2), which stands
// in place of a telephone number.
func isSOS(user []byte) bool {
	const sos = "urn:service:sos"
	if len(user) < len(sos) || user[0]|0x20 != 'u' || !bytes.EqualFold(user[:len(sos)], []byte(sos)) {
		return false
	}
	return len(user) == len(sos) || user[len(sos)] == '.'
}
