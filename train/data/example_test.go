package data_test

import (
	"fmt"

	"github.com/surge-snn/surge/train/data"
)

// One epoch of the Yin-Yang training set in batches of 150, encoded as spike times.
func ExampleBatches_Fill() {
	train, _, _ := data.StandardYinYang()
	batches := data.Batches{Data: train, Encoder: data.TTFSBias{}, Size: 150, Steps: 31, Seed: 1}
	var b data.Batch
	samples, spikes := 0, 0
	for k := range batches.Len() {
		if err := batches.Fill(&b, 0, k); err != nil {
			fmt.Println(err)
			return
		}
		samples += b.Valid
		for _, v := range b.Input {
			spikes += int(v)
		}
	}
	fmt.Println(batches.Len(), "batches of", b.Steps, "steps and", b.Channels, "channels")
	fmt.Println(samples, "samples,", spikes/samples, "spikes each")
	// Output:
	// 34 batches of 31 steps and 5 channels
	// 5000 samples, 5 spikes each
}

// The two dots of the Yin-Yang set as a data set of their own.
func ExampleSubset() {
	_, _, test := data.StandardYinYang()
	var s data.Sample
	var dots []int
	for i := range test.Len() {
		if err := test.Sample(&s, i); err != nil {
			fmt.Println(err)
			return
		}
		if s.Label == data.Dot {
			dots = append(dots, i)
		}
	}
	d, err := data.Subset(test, dots)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Len(), "of", test.Len())
	// Output: 334 of 1000
}
