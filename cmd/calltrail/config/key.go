package config

import "reflect"

// key is one leaf of Config.
type key struct {
	path  string // "kafka.records_topic"
	index []int  // for reflect.Value.FieldByIndex
}

// keys lists every key in the order of the structs. The structs are two levels deep: section and key.
var keys = listKeys()

func listKeys() []key {
	var out []key
	for section := range reflect.TypeFor[Config]().Fields() {
		name := section.Tag.Get("yaml")
		if name == "" {
			continue
		}
		for field := range section.Type.Fields() {
			out = append(out, key{
				path:  name + "." + field.Tag.Get("yaml"),
				index: append(append([]int{}, section.Index...), field.Index...),
			})
		}
	}
	return out
}

func findKey(path string) (key, bool) {
	for _, k := range keys {
		if k.path == path {
			return k, true
		}
	}
	return key{}, false
}

func (c *Config) field(k key) reflect.Value {
	return reflect.ValueOf(c).Elem().FieldByIndex(k.index)
}
