package chip_test

import (
	"fmt"

	"github.com/surge-snn/surge/models/dynapse/chip"
)

// A trained network of LIF neurons goes to the chip, and comes back as what the chip will compute.
func Example_deploy() {
	graph := chip.Graph{
		Inputs: 2,
		Populations: []chip.Population{
			{Name: "hidden", N: 3, Neurons: chip.LIF{TauMem: []float64{20e-3}, TauSyn: []float64{10e-3}}},
		},
		Linear: []chip.Linear{
			{From: chip.GraphInput, To: "hidden", Weights: chip.Weights{Pre: 2, Post: 3, W: []float64{0.1, -0.2, 0.5, 0, 0.7, -1.5}}},
		},
	}
	n, in, err := chip.FromGraph(graph)
	if err != nil {
		fmt.Println(err)
		return
	}
	core, err := chip.Cores(n)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := chip.Quantise(in, chip.Weights{}, core, chip.QuantiseSettings{DAC: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	device, err := chip.Deploy(n, q, chip.DeploySettings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, synapse := range device.Chips[0].Cores[0].Neurons[1].Synapses {
		fmt.Println("tag", synapse.Tag, synapse.Dendrite)
	}
	n, in, err = device.Network()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", in.W)
	// Output:
	// tag 0 gaba
	// tag 1 ampa
	// [0.10 -0.20 0.50 0.00 0.70 -1.50]
}

// The time constant of the membrane sets its leak current, and so a code of the bias generator.
func ExampleBias_Lookup() {
	currents, err := chip.Quantities{"tau_mem": 20e-3}.Currents()
	if err != nil {
		fmt.Println(err)
		return
	}
	name, err := chip.DeviceParameter("Itau_mem")
	if err != nil {
		fmt.Println(err)
		return
	}
	bias, err := chip.BiasOf(name)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := bias.Lookup(currents["Itau_mem"])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %.3g A wanted, code %v gives %.3g A\n", name, currents["Itau_mem"], s.Code, s.Current)
	// Output: SOIF_LEAK_N: 5.32e-12 A wanted, code 0:29 gives 5.27e-12 A
}
