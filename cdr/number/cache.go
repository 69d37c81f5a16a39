package number

// cache remembers the answers for at most size numbers, hostile ones included: an invalid number costs the library as
// much as a valid one.
//
// It has two generations. New answers enter the young one; when that holds half of size it becomes the old one, and the
// old one before it is dropped whole. A hit in the old generation moves to the young one. So what was asked for within
// the last size/2 new numbers is always there, what is asked for again stays, and there is no list to keep in order.
type cache struct {
	half       int
	young, old map[string]*entry
}

type entry struct {
	key  string
	info Info
}

func newCache(size int) cache {
	return cache{half: max(size/2, 1), young: make(map[string]*entry), old: make(map[string]*entry)}
}

// get does not allocate: the compiler looks string(key) up without making the string.
func (c *cache) get(key []byte) (Info, bool) {
	if e, ok := c.young[string(key)]; ok {
		return e.info, true
	}
	e, ok := c.old[string(key)]
	if !ok {
		return Info{}, false
	}
	delete(c.old, e.key)
	c.add(e)
	return e.info, true
}

func (c *cache) put(key string, info Info) { c.add(&entry{key: key, info: info}) }

func (c *cache) add(e *entry) {
	if len(c.young) >= c.half {
		c.young, c.old = c.old, c.young
		clear(c.young) // keeps its memory: a full cache stops growing
	}
	c.young[e.key] = e
}

func (c *cache) len() int { return len(c.young) + len(c.old) }
