package chip

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

func TestReadDeviceErrors(t *testing.T) {
	var file bytes.Buffer
	if err := deployed(t).Write(&file); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	for name, bad := range map[string]string{
		"empty":          "",
		"cut":            text[:len(text)/2],
		"more":           text + "{}",
		"unknown member": strings.Replace(text, `"inputs"`, `"outputs"`, 1),
		"type":           strings.Replace(text, `"dc": true`, `"dc": 1`, 1),
		"fine value":     strings.Replace(text, `"fine": `, `"fine": 25600`, 1),
	} {
		if bad == text {
			t.Fatalf("%s: nothing changed", name)
		}
		if d, err := ReadDevice(strings.NewReader(bad)); !errors.Is(err, ErrDevice) || d != nil {
			t.Errorf("%s: error %v, want ErrDevice", name, err)
		}
	}
	broken := errors.New("broken")
	if _, err := ReadDevice(reader{broken}); !errors.Is(err, broken) || errors.Is(err, ErrDevice) {
		t.Errorf("error %v, want that of the reader", err)
	}
}

// reader fails.
type reader struct{ err error }

func (r reader) Read([]byte) (int, error) { return 0, r.err }

// FuzzReadDevice reads arbitrary text. What is read is written and read again as the same, and
// asking for its network does not panic.
func FuzzReadDevice(f *testing.F) {
	var file bytes.Buffer
	if err := deployed(f).Write(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(`{"format": "` + DeviceFormat + `", "iscale": 1e-8, "chips": [], "inputs": []}`))
	f.Add([]byte(`{"format": "` + DeviceFormat + `", "iscale": 1e-8, "chips": [{"chip": 1, "x": 9223372036854775807, "cores": [{"neurons": [{"destinations": [{"x_hop": 7, "tag": 1}]}]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ReadDevice(bytes.NewReader(text))
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := d.Write(&first); err != nil {
			t.Fatal(err)
		}
		again, err := ReadDevice(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("%v\n%s\n%s", err, first.Bytes(), second.Bytes())
		}
		if _, _, err := d.Network(); err != nil && !errors.Is(err, ErrDevice) && !errors.Is(err, ErrGraph) && !errors.Is(err, dynapse.ErrParameter) {
			t.Fatal(err)
		}
	})
}
