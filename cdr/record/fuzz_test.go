package record

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzClean holds Clean to its word: text that can be shown and stored, and from which the octets can be read back.
func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"", `"Bob" <sip:bob@192.0.2.1>`, "caf\xe9", "a\x00b", `a\b`, "a\x00\\x00", "Zoë", strings.Repeat("é", MaxValue),
		strings.Repeat("a", MaxValue-2) + "\U0001F600", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "\x1b[31m\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		text, escaped, cut := Clean(in)
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Fatalf("%q: text %q", in, text)
		}
		if len(text) > maxText || cut != (len(in) > MaxValue) {
			t.Fatalf("%d octets in, %d out, cut %v", len(in), len(text), cut)
		}
		back := []byte(text)
		if escaped {
			back = unescaped(t, text)
		}
		if !bytes.HasPrefix(in, back) || !cut && len(back) != len(in) || cut && len(back) <= MaxValue-utf8.UTFMax {
			t.Fatalf("%q reads back as %q", in, back)
		}
		var got string
		if err := json.Unmarshal(appendString(nil, text), &got); err != nil || got != text {
			t.Fatalf("%q becomes %q in JSON, %v", text, got, err)
		}
	})
}

// unescaped is what docs/record.md says of reading an escaped text.
func unescaped(t *testing.T, text string) (out []byte) {
	t.Helper()
	for i := 0; i < len(text); {
		switch {
		case text[i] != '\\':
			out = append(out, text[i])
			i++
		case strings.HasPrefix(text[i:], `\\`):
			out = append(out, '\\')
			i += 2
		case len(text) >= i+4 && text[i+1] == 'x':
			hi, lo := strings.IndexByte("0123456789ABCDEF", text[i+2]), strings.IndexByte("0123456789ABCDEF", text[i+3])
			if hi < 0 || lo < 0 {
				t.Fatalf("%q: no hexadecimal digits at %d", text, i)
			}
			out = append(out, byte(hi<<4|lo))
			i += 4
		default:
			t.Fatalf("%q: a lone backslash at %d", text, i)
		}
	}
	return out
}

// FuzzAppendString takes what Clean has not seen: the output is JSON, UTF-8, and without U+0000, all the same.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", "\x00", `"\`, "\xff", "\u2028", "é\x80é", "\x7f\x1f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendString([]byte("before"), s)[len("before"):]
		var got string
		if err := json.Unmarshal(b, &got); err != nil || !utf8.Valid(b) {
			t.Fatalf("%q becomes %q: %v", s, b, err)
		}
		want := strings.ReplaceAll(string([]rune(s)), "\x00", "\uFFFD") // []rune makes U+FFFD of each bad octet
		if got != want {
			t.Fatalf("%q reads back as %q, want %q", s, got, want)
		}
	})
}
