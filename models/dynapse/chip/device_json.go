package chip

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Write writes the configuration as indented JSON, equal bytes for equal configurations. A
// configuration that [Device.Check] refuses is not written.
func (d *Device) Write(w io.Writer) error {
	if err := d.Check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// ReadDevice reads a configuration that [Device.Write] wrote, or that another program wrote in its
// form: one JSON object, with no other members than those of [Device]. A file of version 1 is
// brought to [DeviceFormat]. The error is that of r, [ErrDevice] for what is not of that form, or
// that of [Device.Check].
func ReadDevice(r io.Reader) (*Device, error) {
	if r == nil {
		return nil, fmt.Errorf("%w: nothing to read from", ErrDevice)
	}
	reader := faithful{r: r}
	decoder := json.NewDecoder(&reader)
	decoder.DisallowUnknownFields()
	d := new(Device)
	if err := decoder.Decode(d); err != nil {
		if reader.err != nil {
			return nil, reader.err
		}
		return nil, fmt.Errorf("%w: at byte %d: %w", ErrDevice, decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		if reader.err != nil {
			return nil, reader.err
		}
		return nil, fmt.Errorf("%w: at byte %d: expected the end of the file", ErrDevice, decoder.InputOffset())
	}
	if d.Format == formerFormat {
		d.renew()
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	return d, nil
}

// renew gives a configuration of version 1 what version 2 has.
func (d *Device) renew() {
	d.Format = DeviceFormat
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			for i := range core.Neurons {
				core.Neurons[i].Adaptation, core.Neurons[i].Type = true, Thresholded
			}
		}
	}
}

// faithful remembers an error of reading, to tell it from one of decoding.
type faithful struct {
	r   io.Reader
	err error
}

func (f *faithful) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
