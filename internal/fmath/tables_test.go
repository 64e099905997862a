package fmath

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"math"
	"math/big"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write tables.go")

// TestTables computes the tables; -update writes them.
func TestTables(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`package fmath

// The tables are computed by TestTables.

// expTable[i] holds the bits of 2^(i/128), rounded, less i<<45, which k<<45 adds again for
// k = 128 n + i and with it n to the exponent, and the relative error of the rounding:
//
//	2^(i/128) = s (1 + tail)
var expTable = [expSteps]struct {
	tail float64
	bits uint64
}{
`)
	for i := range expSteps {
		x := newBig(float64(i) / expSteps)
		exact := bigExp(x.Mul(x, bigLn2), false)
		s, _ := exact.Float64()
		tail, _ := newBig(0).Sub(newBig(0).Quo(exact, newBig(s)), newBig(1)).Float64()
		fmt.Fprintf(&b, "\t{%x, %#016x},\n", tail, math.Float64bits(s)-uint64(i)<<45)
	}
	b.WriteString(`}

// logTable[i] holds, for an interval of z,
//
//	inv = 1/c rounded to 12 bits after the point, with c the middle of the interval
//	hi + lo = -ln(inv), hi rounded to 42 bits after the point
//
// Intervals are 2^-8 wide below 1 and 2^-7 above; c is 1 for the two that meet there.
var logTable = [logSteps]struct{ inv, hi, lo float64 }{
`)
	for i := range uint64(logSteps) {
		low := math.Float64frombits(logFirst + i<<45)
		high := math.Float64frombits(logFirst + (i+1)<<45)
		c := (low + high) / 2
		if low == 1 || high == 1 {
			c = 1
		}
		inv := math.Round(0x1p12/c) / 0x1p12
		ln := bigLog(newBig(inv), false, math.Log(inv))
		ln.Neg(ln)
		f, _ := newBig(0).SetMantExp(ln, 42).Float64()
		hi := math.Round(f)/0x1p42 + 0 // no -0
		lo, _ := newBig(0).Sub(ln, newBig(hi)).Float64()
		fmt.Fprintf(&b, "\t{%x, %x, %x},\n", inv, hi, lo)
		if r := max(math.Abs(low*inv-1), math.Abs(high*inv-1)); c != 1 && r >= 0.0042 {
			t.Errorf("interval %d has r up to %v, want < 0.0042", i, r)
		}
	}
	b.WriteString("}\n\n// twoOverPi holds 64 zeros and 1216 bits of 2/π.\nvar twoOverPi = [...]uint64{")
	whole, _ := new(big.Float).SetMantExp(new(big.Float).Quo(newBig(2).SetPrec(1500), bigPi), 19*64).Int(nil)
	for i := range 20 {
		word := new(big.Int).Rsh(whole, uint(64*(19-i)))
		fmt.Fprintf(&b, "%s%#x", map[bool]string{true: "\n\t", false: ", "}[i%4 == 0], word.And(word, new(big.Int).SetUint64(math.MaxUint64)))
		if i%4 == 3 {
			b.WriteString(",")
		}
	}
	b.WriteString("\n}\n")
	want, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("tables.go", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("tables.go"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("tables.go is not what is computed, error %v", err)
	}
}

// TestParts compares the constants in two parts with what they add up to.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		hi, lo float64
		want   *big.Float
		bits   uint // of hi
	}{
		{stepHi, stepLo, newBig(0).SetMantExp(bigLn2, -7), 35},
		{ln2Hi, ln2Lo, bigLn2, 42},
	} {
		rest, _ := newBig(0).Sub(c.want, newBig(c.hi)).Float64()
		if rest != c.lo {
			t.Errorf("%x: the rest is %x, not %x", c.hi, rest, c.lo)
		}
		if got := newBig(c.hi).MinPrec(); got > c.bits {
			t.Errorf("%x has %d bits, want at most %d", c.hi, got, c.bits)
		}
	}
}
