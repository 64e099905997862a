// Package diagram draws directed graphs: as a file for Graphviz, and as an SVG image with a
// layout of its own.
//
// # Overview
//
// A [Diagram] has nodes, some of them in groups, and edges; edges that lead back, to an earlier
// time, are loops. [Diagram.WriteDOT] writes all of it in the DOT language.
// [Diagram.WriteSVG] places the nodes in layers, operands above what reads them, each group
// within a frame of its own (the method of Sugiyama, Tagawa & Toda 1981,
// doi:10.1109/TSMC.1981.4308636), and suits some hundred nodes.
package diagram
