package typed

import (
	"errors"
	"iter"

	"github.com/cilium/ebpf"
)

// values is what queues and stacks have in common.
type values[V any] struct {
	boundMap
}

// Push adds a value. The error wraps [ErrMapFull] if there is no room.
func (m *values[V]) Push(value V) error { return pushValue(&m.boundMap, &value, UpdateAny) }

// PushOverwrite adds a value and, if there is no room, drops the oldest.
func (m *values[V]) PushOverwrite(value V) error {
	return pushValue(&m.boundMap, &value, UpdateExist)
}

// Peek returns the value that Pop would return, and leaves it there. The error
// wraps [ebpf.ErrKeyNotExist] if there is none.
func (m *values[V]) Peek() (V, error) {
	var value V
	err := peekValue(&m.boundMap, &value)
	return value, err
}

// Pop removes and returns a value. The error wraps [ebpf.ErrKeyNotExist] if
// there is none.
func (m *values[V]) Pop() (V, error) {
	var value V
	err := m.PopInto(&value)
	return value, err
}

// PopInto is Pop into the caller's memory.
func (m *values[V]) PopInto(value *V) error { return popValue(&m.boundMap, value) }

// Drain pops until nothing is left. The second result is called after the loop
// and returns what ended it early. What the loop did not get stays.
func (m *values[V]) Drain() (iter.Seq[V], func() error) {
	var err error
	return func(yield func(V) bool) {
		for {
			var value V
			if value, err = m.Pop(); err != nil {
				break
			}
			if !yield(value) {
				return
			}
		}
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			err = nil
		}
	}, func() error { return err }
}

// Queue is a BPF_MAP_TYPE_QUEUE (4.20): first in, first out.
type Queue[V any] struct {
	values[V]
}

func (m *Queue[V]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *Queue[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*Queue[V]) shape() mapShape { return valueShape[V](ebpf.Queue) }

// Stack is a BPF_MAP_TYPE_STACK (4.20): last in, first out.
type Stack[V any] struct {
	values[V]
}

func (m *Stack[V]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *Stack[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*Stack[V]) shape() mapShape { return valueShape[V](ebpf.Stack) }

// BloomFilter is a BPF_MAP_TYPE_BLOOM_FILTER (5.16): a set of V that forgets
// nothing and may believe to know more than was added.
type BloomFilter[V any] struct {
	boundMap
}

func (m *BloomFilter[V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *BloomFilter[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

// shape holds V to what a key must be: every byte of it is hashed.
func (*BloomFilter[V]) shape() mapShape {
	shape := valueShape[V](ebpf.BloomFilter)
	if shape.unfit == nil {
		shape.unfit = unfitElement[V]()
	}
	return shape
}

// Add adds a value.
func (m *BloomFilter[V]) Add(value V) error { return pushValue(&m.boundMap, &value, UpdateAny) }

// Contains says whether a value was added: false is certain, true is not.
func (m *BloomFilter[V]) Contains(value V) (bool, error) {
	err := peekValue(&m.boundMap, &value)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return false, nil
	}
	return err == nil, err
}
