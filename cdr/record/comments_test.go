package record

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// sources is what the package's own text says that reflection does not: comments, and the constants of a type.
type sources struct {
	types  map[string]string  // first paragraph of the comment by type
	fields map[string]string  // comment by "Type.Field"
	values map[string][]value // constants by their type, in order
}

type value struct{ text, comment string }

func readSources(t *testing.T) *sources {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	s := &sources{types: map[string]string{}, fields: map[string]string{}, values: map[string][]value{}}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok {
				s.declaration(t, d)
			}
		}
	}
	return s
}

func (s *sources) declaration(t *testing.T, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			first, _, _ := strings.Cut(d.Doc.Text(), "\n\n") // the rest is for who reads the code
			s.types[spec.Name.Name] = strings.Join(strings.Fields(first), " ")
			st, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range st.Fields.List {
				for _, name := range f.Names {
					s.fields[spec.Name.Name+"."+name.Name] = oneLine(f.Doc)
				}
			}
		case *ast.ValueSpec:
			typ, ok := spec.Type.(*ast.Ident)
			if !ok || d.Tok != token.CONST || len(spec.Values) != 1 {
				continue
			}
			lit, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				continue
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			s.values[typ.Name] = append(s.values[typ.Name], value{text, oneLine(spec.Comment)})
		}
	}
}

func oneLine(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
