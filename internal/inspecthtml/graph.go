package inspecthtml

// This file places programs, their hooks and the maps they use for an SVG:
// three columns, with an edge from each program to its hook and its maps, and
// one back from each map to what is put into it.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Graph is what the SVG shows. All numbers are pixels.
type Graph struct {
	Width, Height int
	Nodes         []Node
	Edges         []Edge
	// Apart is how many maps no program uses: they are not drawn.
	Apart int
}

// Node is a box with two lines of text.
type Node struct {
	// Kind is "hook", "program", "map" or "data".
	Kind        string
	Title, Note string
	Href        string
	X, Y        int
	Width       int
	// Whole is Title and Note at full length.
	Whole string
}

// Edge is a curve.
type Edge struct {
	// Kind is "hook", "uses" or "holds".
	Kind string
	// Whole is what the edge says in words.
	Whole string
	Path  string
}

const (
	nodeHeight = 40
	nodeGap    = 12
	columnGap  = 80
	charWidth  = 7.3 // of the monospace font, 12 px
)

// columnWidths of hooks, programs and maps.
var columnWidths = [3]int{270, 270, 270}

// newGraph is nil where there is nothing to draw.
func newGraph(p *Page) *Graph {
	maps, apart := connected(p)
	if len(p.Programs)+len(maps) == 0 {
		return nil
	}
	g := &graphBuilder{at: make(map[string]int)}
	g.Apart = apart
	programs := slices.Clone(p.Programs)
	slices.SortStableFunc(programs, func(a, b Program) int {
		return cmp.Or(strings.Compare(a.Hook, b.Hook), strings.Compare(a.Name, b.Name))
	})
	g.programs(programs)
	g.maps(maps, programs)
	g.edges(programs, maps)
	return g.finish()
}

// connected are the maps that a program uses, that hold something or are held. Of
// those that stand apart, which may be hundreds, the table tells. Where uses are not
// known, all are drawn.
func connected(p *Page) (maps []Map, apart int) {
	if p.GraphNote != "" {
		return p.Maps, 0
	}
	used := make(map[string]bool)
	for _, program := range p.Programs {
		for _, name := range program.Maps {
			used[name] = true
		}
	}
	for _, m := range p.Maps {
		for _, name := range m.Holds {
			used[m.Name], used[name] = true, true
		}
	}
	for _, m := range p.Maps {
		if used[m.Name] {
			maps = append(maps, m)
		}
	}
	return maps, len(p.Maps) - len(maps)
}

type graphBuilder struct {
	Graph
	columns [3][]int // indices of nodes
	at      map[string]int
}

func (g *graphBuilder) add(column int, id string, n Node) {
	if _, ok := g.at[id]; ok {
		return
	}
	for _, width := range columnWidths[:column] {
		n.X += width + columnGap
	}
	n.Width = columnWidths[column]
	n.Y = len(g.columns[column]) * (nodeHeight + nodeGap)
	n.Whole = strings.TrimSuffix(n.Title+": "+n.Note, ": ")
	room := int(float64(n.Width-20) / charWidth)
	n.Title, n.Note = cut(n.Title, room), cut(n.Note, room+3)
	g.at[id] = len(g.Nodes)
	g.columns[column] = append(g.columns[column], len(g.Nodes))
	g.Nodes = append(g.Nodes, n)
}

// cut shortens text to a number of characters.
func cut(s string, room int) string {
	if r := []rune(s); len(r) > room {
		return string(r[:room-1]) + "…"
	}
	return s
}

func (g *graphBuilder) programs(programs []Program) {
	for _, p := range programs {
		hook := Node{Kind: "hook", Title: p.Hook}
		if kind, target, ok := strings.Cut(p.Hook, ": "); ok {
			hook.Title, hook.Note = target, kind
		}
		g.add(0, "hook "+p.Hook, hook)
		g.add(1, "program "+p.Name, Node{Kind: "program", Title: p.Name, Note: p.Section, Href: "#" + programID(p.Name)})
	}
}

// maps stand near the programs that use them.
func (g *graphBuilder) maps(maps []Map, programs []Program) {
	weight := func(m Map) float64 {
		sum, n := 0, 0
		for i, p := range programs {
			if slices.Contains(p.Maps, m.Name) {
				sum, n = sum+i, n+1
			}
		}
		if n == 0 {
			return float64(len(programs)) // nobody's are at the end
		}
		return float64(sum) / float64(n)
	}
	order := slices.Clone(maps)
	slices.SortStableFunc(order, func(a, b Map) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), strings.Compare(a.Name, b.Name))
	})
	for _, m := range order {
		n := Node{Kind: "map", Title: m.Name, Note: m.Type, Href: "#" + mapID(m.Name)}
		if m.Data {
			n.Kind = "data"
		}
		if m.Entries != "" {
			n.Note += ", " + m.Entries
		}
		g.add(2, "map "+m.Name, n)
	}
}

func (g *graphBuilder) edges(programs []Program, maps []Map) {
	for _, p := range programs {
		g.edge("hook", "hook "+p.Hook, "program "+p.Name, p.Name+" attaches "+p.Hook)
		for _, m := range p.Maps {
			g.edge("uses", "program "+p.Name, "map "+m, p.Name+" uses "+m)
		}
	}
	for _, m := range maps {
		for _, held := range m.Holds {
			for _, id := range []string{"program " + held, "map " + held} {
				g.edge("holds", id, "map "+m.Name, m.Name+" holds "+held)
			}
		}
	}
}

// edge goes from the right side of a node to the left side of one in the next
// column; of two in one column, around their right.
func (g *graphBuilder) edge(kind, from, to, whole string) {
	f, ok := g.at[from]
	t, ok2 := g.at[to]
	if !ok || !ok2 {
		return
	}
	a, b := g.Nodes[f], g.Nodes[t]
	x1, y1, x2, y2 := a.X+a.Width, a.Y+nodeHeight/2, b.X, b.Y+nodeHeight/2
	bend := columnGap / 2
	if kind == "holds" {
		y1, y2 = y1+8, y2+8
	}
	path := fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
	if a.X == b.X {
		x2 = b.X + b.Width
		path = fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+24, y1, x2+24, y2, x2, y2)
	}
	g.Edges = append(g.Edges, Edge{kind, whole, path})
}

// finish measures the frame.
func (g *graphBuilder) finish() *Graph {
	for _, width := range columnWidths {
		g.Width += width
	}
	g.Width += 2*columnGap + 26
	for _, column := range g.columns {
		g.Height = max(g.Height, len(column)*(nodeHeight+nodeGap)-nodeGap)
	}
	g.Height += 4
	return &g.Graph
}
