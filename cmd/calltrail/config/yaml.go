package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a configuration file, in octets.
const maxFile = mib

// reader lays one YAML document over a Config. It walks the syntax tree itself, so that every problem is found in one
// pass and each value's place is known afterwards.
type reader struct {
	cfg      *Config
	file     string
	problems Problems
}

// layFile lays the document over c. What cannot be used is reported and left as it was.
func (c *Config) layFile(name string, data []byte) Problems {
	r := reader{cfg: c, file: name}
	if bytes.IndexByte(data, 0) >= 0 {
		r.problems = append(r.problems, Problem{Where: name, What: "holds a NUL octet; a configuration is YAML text in UTF-8"})
		return r.problems
	}
	doc, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.problems = append(r.problems, syntaxProblem(name, err))
		return r.problems
	}
	for i, d := range doc.Docs {
		if i > 0 {
			r.add(d.Body, "", "a second document in one file; join them")
			break
		}
		r.document(d.Body)
	}
	return r.problems
}

func syntaxProblem(name string, err error) Problem {
	var se yaml.Error
	if errors.As(err, &se) && se.GetToken() != nil {
		p := se.GetToken().Position
		return Problem{Where: fmt.Sprintf("%s:%d:%d", name, p.Line, p.Column), What: "not YAML: " + se.GetMessage()}
	}
	return Problem{Where: name, What: "not YAML: " + err.Error()}
}

func (r *reader) at(n ast.Node) origin {
	p := n.GetToken().Position
	return origin{layer: fromFile, name: r.file, line: p.Line, column: p.Column}
}

func (r *reader) add(n ast.Node, key, what string) {
	where := r.file
	if n != nil && n.GetToken() != nil {
		where = r.at(n).String()
	}
	r.problems = append(r.problems, Problem{Where: where, Key: key, What: what})
}

func (r *reader) document(body ast.Node) {
	entries, ok := mapping(body)
	if !ok {
		r.add(body, "", "not a mapping; write sections such as \"log:\" with indented keys")
		return
	}
	for _, e := range entries {
		r.section(e)
	}
}

func (r *reader) section(e *ast.MappingValueNode) {
	name := e.Key.GetToken().Value
	if !isSection(name) {
		r.add(e.Key, name, unknown("section", hintSection(name)))
		return
	}
	entries, ok := mapping(e.Value)
	if !ok {
		r.add(e.Value, name, describe(e.Value)+" where a section's keys belong; write them indented below "+name+":")
		return
	}
	for _, kv := range entries {
		leaf := kv.Key.GetToken().Value
		path := name + "." + leaf
		k, ok := findKey(path)
		if !ok {
			r.add(kv.Key, path, unknown("key", hintKey(name, leaf)))
			continue
		}
		r.value(k, kv.Value)
	}
}

func unknown(what, hint string) string {
	if hint == "" {
		return "unknown " + what + "; remove it"
	}
	return "unknown " + what + "; did you mean " + hint + "?"
}

func isSection(name string) bool {
	for _, k := range keys {
		if len(k.path) > len(name) && k.path[:len(name)] == name && k.path[len(name)] == '.' {
			return name != ""
		}
	}
	return false
}

// value sets one key. Null, a key without a value, leaves the default.
func (r *reader) value(k key, n ast.Node) {
	if _, ok := n.(*ast.NullNode); ok {
		return
	}
	field := r.cfg.field(k)
	want, list := shape(field)
	if !list {
		if x, ok := r.scalar(k.path, want, n); ok {
			field.Set(reflect.ValueOf(x))
			r.cfg.origins[k.path] = r.at(n)
		}
		return
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		r.add(n, k.path, describe(n)+" where a list belongs; write [a, b]")
		return
	}
	out := reflect.MakeSlice(field.Type(), 0, len(seq.Values))
	for i, item := range seq.Values {
		path := fmt.Sprintf("%s[%d]", k.path, i)
		x, ok := r.scalar(path, want, item)
		if !ok {
			continue
		}
		out = reflect.Append(out, reflect.ValueOf(x))
		// The place of the element, under its number among those kept.
		r.cfg.origins[fmt.Sprintf("%s[%d]", k.path, out.Len()-1)] = r.at(item)
	}
	field.Set(out)
	r.cfg.origins[k.path] = r.at(n)
}

// scalar reads one value. Text keys take numbers as they are written, so that 011 stays 011.
func (r *reader) scalar(path string, want kind, n ast.Node) (any, bool) {
	text, fits := "", false
	switch v := n.(type) {
	case *ast.StringNode:
		text, fits = v.Value, want != kindBool && want != kindInt
	case *ast.LiteralNode:
		text, fits = v.Value.Value, want == kindString
	case *ast.IntegerNode:
		text, fits = v.GetToken().Value, want == kindString || want == kindInt || want == kindSize
	case *ast.FloatNode:
		text, fits = v.GetToken().Value, want == kindString
	case *ast.BoolNode:
		text, fits = v.GetToken().Value, want == kindBool
	}
	if !fits {
		r.add(n, path, fmt.Sprintf("%s where %s belongs%s", describe(n), want, example(want)))
		return nil, false
	}
	x, err := parseScalar(want, text)
	if err != nil {
		r.add(n, path, err.Error())
		return nil, false
	}
	return x, true
}

func example(k kind) string {
	switch k {
	case kindDuration:
		return "; write it with a unit, 10s, 5m, 24h or 7d"
	case kindSize:
		return "; write a number of octets or with KiB, MiB or GiB"
	case kindInt:
		return "; write digits only, without quotes"
	case kindBool:
		return "; write one of them, without quotes"
	case kindPrefix:
		return "; write 192.0.2.0/24"
	case kindString:
	}
	return "; put it in quotes"
}

// describe names what stands in the file, for a message. It never repeats the value, which may be a secret.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode:
		return "a number"
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a fraction"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		return "an anchor, alias or tag (not used here)"
	}
	return "something"
}

// mapping is the entries of a mapping; an absent or null one has none.
func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch v := n.(type) {
	case nil:
		return nil, true
	case *ast.NullNode:
		return nil, true
	case *ast.CommentGroupNode:
		return nil, true
	case *ast.MappingNode:
		return v.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{v}, true
	}
	return nil, false
}
