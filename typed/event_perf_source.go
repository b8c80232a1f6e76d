//go:build !windows

package typed

import (
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/perf"
)

// perfRing reads the buffers of a perf event array.
type perfRing struct {
	reader *perf.Reader
	rec    perf.Record
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
	err := s.reader.ReadInto(&s.rec)
	rec.raw, rec.cpu, rec.lost = s.rec.RawSample, s.rec.CPU, s.rec.LostSamples
	return err
}

func (s *perfRing) setDeadline(t time.Time) { s.reader.SetDeadline(t) }
func (s *perfRing) flush() error            { return s.reader.Flush() }
func (s *perfRing) bufferSize() int         { return s.reader.BufferSize() }
func (s *perfRing) pause() error            { return s.reader.Pause() }
func (s *perfRing) resume() error           { return s.reader.Resume() }
func (s *perfRing) Close() error            { return s.reader.Close() }
