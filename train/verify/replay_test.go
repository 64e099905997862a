package verify

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// TestSamePicture: a picture is what it shows, but for rounding.
func TestSamePicture(t *testing.T) {
	draw := func(width, at int, c uint8) []byte {
		m := image.NewNRGBA(image.Rect(0, 0, width, 3))
		for i := range m.Pix {
			m.Pix[i] = 255
		}
		m.SetNRGBA(at, 1, color.NRGBA{200, c, 10, 255})
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	want := draw(5, 2, 100)
	for _, c := range []struct {
		name  string
		found []byte
		same  bool
	}{
		{"itself", draw(5, 2, 100), true},
		{"rounding", draw(5, 2, 100+rounding), true},
		{"more than rounding", draw(5, 2, 101+rounding), false},
		{"another place", draw(5, 3, 100), false},
		{"wider", draw(6, 2, 100), false},
		{"half", want[:len(want)/2], false},
		{"nothing", nil, false},
	} {
		if same := samePicture(c.found, want); same != c.same {
			t.Errorf("%s: %v", c.name, same)
		}
	}
}
