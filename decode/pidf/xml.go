package pidf

import (
	"bytes"
	"unicode/utf8"
)

// scanner takes XML apart, token by token, without copying. What it does not know it refuses: document types, and with them
// entities of one's own, which have no place in SIP (RFC 3023 section 3 warns of them) and could make much of little.
//
//	document  ::=  prolog element Misc*                    (XML 1.0 section 2.1)
//	element   ::=  EmptyElemTag | STag content ETag        (section 3)
//	CharData  ::=  [^<&]*                                  (section 2.4)
//	CDSect    ::=  '<![CDATA[' CData ']]>'                 (section 2.7)
type scanner struct {
	b     []byte // what is still to be read
	names [maxDepth][]byte
	depth int
	empty bool // the last token was an empty element: its end comes next
}

type tokenKind uint8

const (
	endOfDocument tokenKind = iota
	startTag
	endTag
	text  // with references still in it
	cdata // text as it is
)

type token struct {
	kind  tokenKind
	name  []byte // of a tag, without its namespace prefix
	attrs []byte // of a start tag
	text  []byte
}

// next returns the next token; ok is false when the document is not well-formed.
func (s *scanner) next() (t token, ok bool) {
	if s.empty {
		s.empty = false
		s.depth--
		return token{kind: endTag, name: local(s.names[s.depth])}, true
	}
	for len(s.b) > 0 {
		if s.b[0] != '<' {
			n := bytes.IndexByte(s.b, '<')
			if n < 0 {
				n = len(s.b)
			}
			t = token{kind: text, text: s.b[:n]}
			s.b = s.b[n:]
			return t, true
		}
		switch {
		case bytes.HasPrefix(s.b, []byte("<!--")):
			if _, ok = s.until(4, "-->"); !ok {
				return token{}, false
			}
		case bytes.HasPrefix(s.b, []byte("<?")):
			if _, ok = s.until(2, "?>"); !ok {
				return token{}, false
			}
		case bytes.HasPrefix(s.b, []byte("<![CDATA[")):
			b, ok := s.until(9, "]]>")
			return token{kind: cdata, text: b}, ok
		case bytes.HasPrefix(s.b, []byte("<!")):
			return token{}, false
		case bytes.HasPrefix(s.b, []byte("</")):
			return s.end()
		default:
			return s.start()
		}
	}
	return token{}, s.depth == 0
}

// until cuts off what stands between the next n octets and mark.
func (s *scanner) until(n int, mark string) (b []byte, ok bool) {
	at := bytes.Index(s.b[n:], []byte(mark))
	if at < 0 {
		return nil, false
	}
	b = s.b[n : n+at]
	s.b = s.b[n+at+len(mark):]
	return b, true
}

func (s *scanner) end() (token, bool) {
	name, ok := s.until(2, ">")
	name = bytes.TrimRight(name, spaces)
	if !ok || s.depth == 0 || !bytes.Equal(name, s.names[s.depth-1]) {
		return token{}, false
	}
	s.depth--
	return token{kind: endTag, name: local(name)}, true
}

func (s *scanner) start() (token, bool) {
	tag, ok := s.tag()
	if !ok || s.depth == maxDepth {
		return token{}, false
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		s.empty, tag = true, tag[:n-1]
	}
	n := bytes.IndexAny(tag, spaces)
	if n < 0 {
		n = len(tag)
	}
	name, attrs := tag[:n], tag[n:]
	if len(local(name)) == 0 || bytes.ContainsAny(name, "=\"'&") {
		return token{}, false
	}
	s.names[s.depth] = name
	s.depth++
	return token{kind: startTag, name: local(name), attrs: attrs}, true
}

// tag cuts off a start tag. A > in a quoted attribute does not end it.
func (s *scanner) tag() ([]byte, bool) {
	for i := 1; i < len(s.b); i++ {
		switch c := s.b[i]; c {
		case '>':
			tag := s.b[1:i]
			s.b = s.b[i+1:]
			return tag, true
		case '<':
			return nil, false
		case '"', '\'':
			n := bytes.IndexByte(s.b[i+1:], c)
			if n < 0 {
				return nil, false
			}
			i += n + 1
		}
	}
	return nil, false
}

const spaces = " \t\r\n"

// local returns a name without its namespace prefix.
func local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// attribute returns the value of the attribute with that local name, nil when there is none.
//
//	Attribute  ::=  Name Eq AttValue      (section 3.1)
func attribute(attrs []byte, name string) []byte {
	for {
		n, rest, ok := bytes.Cut(attrs, []byte{'='})
		rest = bytes.TrimLeft(rest, spaces)
		if !ok || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(local(bytes.Trim(n, spaces))) == name {
			return rest[1 : 1+end]
		}
		attrs = rest[end+2:]
	}
}

// references are the entities every document has (section 4.6).
var references = [...]struct {
	name string
	char byte
}{{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}}

// appendText appends character data with its references resolved; ok is false at one that is not known.
func appendText(dst, b []byte) (_ []byte, ok bool) {
next:
	for {
		n := bytes.IndexByte(b, '&')
		if n < 0 {
			return append(dst, b...), true
		}
		dst, b = append(dst, b[:n]...), b[n+1:]
		for _, r := range references {
			if bytes.HasPrefix(b, []byte(r.name)) {
				dst, b = append(dst, r.char), b[len(r.name):]
				continue next
			}
		}
		char, length := charReference(b)
		if length == 0 {
			return dst, false
		}
		dst, b = utf8.AppendRune(dst, char), b[length:]
	}
}

// charReference reads what follows the & of a character reference, and how long that is; 0 when it is none.
//
//	CharRef  ::=  '&#' [0-9]+ ';' | '&#x' [0-9a-fA-F]+ ';'      (section 4.1)
func charReference(b []byte) (char rune, length int) {
	if len(b) < 3 || b[0] != '#' {
		return 0, 0
	}
	base, i := rune(10), 1
	if b[1] == 'x' {
		base, i = 16, 2
	}
	first := i
	for ; i < len(b) && b[i] != ';'; i++ {
		digit := rune(99)
		switch c := b[i]; {
		case c >= '0' && c <= '9':
			digit = rune(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			digit = rune(c|0x20-'a') + 10
		}
		if digit >= base {
			return 0, 0
		}
		if char = char*base + digit; char > utf8.MaxRune {
			return 0, 0
		}
	}
	if i == first || i == len(b) || char == 0 || !utf8.ValidRune(char) {
		return 0, 0
	}
	return char, i + 1
}
