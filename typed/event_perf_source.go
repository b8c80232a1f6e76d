//go:build !windows

package typed

import (
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
)

// perfRing reads the buffers of a perf event array.
type perfRing struct {
	reader      *perf.Reader
	rec         perf.Record
	newDeadline atomic.Pointer[time.Time]
}

func newPerfSource(m *ebpf.Map, o PerfOptions) (perfSource, error) {
	r, err := perf.NewReaderWithOptions(m, o.PerCPUBuffer, perf.ReaderOptions{
		Watermark:    o.Watermark,
		WakeupEvents: o.WakeupEvents,
		Overwritable: o.Overwritable,
	})
	if err != nil {
		return nil, err
	}
	return &perfRing{reader: r}, nil
}

func (s *perfRing) read(rec *record) error {
	if s.newDeadline.Load() != nil {
		s.reader.SetDeadline(*s.newDeadline.Swap(nil))
	}
	err := s.reader.ReadInto(&s.rec)
	rec.raw, rec.cpu, rec.lost = s.rec.RawSample, s.rec.CPU, s.rec.LostSamples
	return err
}

// setDeadline wakes a read, which then has the reader set it: the library's
// SetDeadline waits for reads to end.
func (s *perfRing) setDeadline(t time.Time) error {
	s.newDeadline.Store(&t)
	return s.reader.Flush()
}

func (s *perfRing) flush() error     { return s.reader.Flush() }
func (s *perfRing) bufferSize() int  { return s.reader.BufferSize() }
func (s *perfRing) pause() error     { return s.reader.Pause() }
func (s *perfRing) resume() error    { return s.reader.Resume() }
func (s *perfRing) interrupt() error { return s.reader.Close() }
func (s *perfRing) release() error   { return nil }
