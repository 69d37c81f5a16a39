package gen

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// outcome is how a call ends.
type outcome int

const (
	answered   outcome = iota
	busy               // 486, 600
	noAnswer           // 480, 408
	noFinal            // no final response
	cancelled          // CANCEL, 487
	rejected           // 403, 603
	redirected         // 302, not followed
	failed             // 404, 500, 503
	outcomes
)

var outcomeNames = [outcomes]string{"answered", "busy", "no_answer", "no_final", "cancelled", "rejected", "redirected", "failed"}

// disposition is the name in the truth: a call without final response was not answered either.
func (o outcome) disposition() string {
	if o == noFinal {
		o = noAnswer
	}
	return outcomeNames[o]
}

// Mix holds the weight of every outcome; only their proportions matter.
type Mix [outcomes]int

// DefaultMix is about what a trunk between operators sees.
func DefaultMix() Mix {
	return Mix{answered: 58, busy: 8, noAnswer: 8, noFinal: 4, cancelled: 9, rejected: 4, redirected: 3, failed: 6}
}

// ParseMix reads "answered=60,busy=10,…"; names left out have weight 0. The names are answered, busy, no_answer,
// no_final, cancelled, rejected, redirected, failed.
func ParseMix(text string) (Mix, error) {
	var m Mix
	for item := range strings.SplitSeq(text, ",") {
		name, weight, ok := strings.Cut(strings.TrimSpace(item), "=")
		if !ok {
			return m, fmt.Errorf("mix: %q is not name=weight", item)
		}
		o := outcome(0)
		for o < outcomes && outcomeNames[o] != name {
			o++
		}
		if o == outcomes {
			return m, fmt.Errorf("mix: unknown outcome %q; known are %s", name, strings.Join(outcomeNames[:], ", "))
		}
		n, err := strconv.ParseUint(weight, 10, 16)
		if err != nil {
			return m, fmt.Errorf("mix: weight of %s is %q, must be a number from 0 to 65535", name, weight)
		}
		m[o] = int(n)
	}
	return m, m.check()
}

// String is the form that ParseMix reads.
func (m Mix) String() string {
	items := make([]string, 0, outcomes)
	for o, weight := range m {
		if weight != 0 {
			items = append(items, outcomeNames[o]+"="+strconv.Itoa(weight))
		}
	}
	return strings.Join(items, ",")
}

func (m Mix) sum() int {
	sum := 0
	for _, weight := range m {
		sum += weight
	}
	return sum
}

func (m Mix) check() error {
	for o, weight := range m {
		if weight < 0 {
			return fmt.Errorf("mix: weight of %s is negative", outcomeNames[o])
		}
	}
	if m.sum() == 0 {
		return errors.New("mix: every weight is 0")
	}
	return nil
}

// draw picks an outcome by weight.
func (m Mix) draw(r *rand.Rand) outcome {
	n := r.IntN(m.sum())
	o := outcome(0)
	for n >= m[o] {
		n -= m[o]
		o++
	}
	return o
}
