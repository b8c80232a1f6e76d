package main

// A browser for tests: headless Chromium, driven over a pipe by the DevTools
// protocol (https://chromedevtools.github.io/devtools-protocol). It reads pages as
// they are, with their own policy of what may run and be fetched, and tells what
// went wrong in them.

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// browser is a tab of a Chromium.
type browser struct {
	t      *testing.T
	out    io.Writer
	in     *bufio.Reader
	last   int
	tab    string
	events []browserMessage
}

// browserMessage is an answer (ID) or an event (Method).
type browserMessage struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	Session string `json:"sessionId,omitempty"`
}

// newBrowser starts Chromium. Without one the test fails in CI, and is skipped
// elsewhere.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath(cmp.Or(os.Getenv("CHROMIUM"), "chromium"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI requires a browser: %v", err)
		}
		t.Skipf("needs a browser: %v", err)
	}
	toBrowser, out := pipe(t)
	in, fromBrowser := pipe(t)
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir())
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser} // 3 and 4
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	// A browser that hangs is ended, and the test with it.
	limit := time.AfterFunc(10*time.Minute, func() { cmd.Process.Kill() })
	b := &browser{t: t, out: out, in: bufio.NewReader(in)}
	t.Cleanup(func() {
		b.tab = ""
		_ = b.send("Browser.close", nil)
		_, _ = io.Copy(io.Discard, b.in) // until it is gone
		_ = cmd.Wait()
		limit.Stop()
	})
	b.open()
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// open opens the tab, which tells of errors and of what it fetches.
func (b *browser) open() {
	var target struct{ TargetID, SessionID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	b.tab = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
}

func (b *browser) send(method string, params any) error {
	b.last++
	message := map[string]any{"id": b.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.tab != "" {
		message["sessionId"] = b.tab
	}
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = b.out.Write(append(text, 0))
	return err
}

func (b *browser) receive() browserMessage {
	b.t.Helper()
	text, err := b.in.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser is gone: %v", err)
	}
	var m browserMessage
	if err := json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m); err != nil {
		b.t.Fatal(err)
	}
	if m.Method != "" {
		b.events = append(b.events, m)
	}
	return m
}

// call waits for the answer.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	if err := b.send(method, params); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		m := b.receive()
		switch {
		case m.ID != b.last || m.Method != "":
			continue
		case m.Error != nil:
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		case result != nil:
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

// load opens a file. It returns what went wrong: messages of the console, errors,
// and whatever else was fetched.
func (b *browser) load(path string) (faults []string) {
	b.t.Helper()
	b.events = nil
	url := "file://" + path
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	for !b.loaded() {
		b.receive()
	}
	b.eval("0", nil) // what was said until then comes before the answer
	for _, e := range b.events {
		if fault := e.fault(url); fault != "" {
			faults = append(faults, fault)
		}
	}
	return faults
}

func (b *browser) loaded() bool {
	for _, e := range b.events {
		if e.Method == "Page.loadEventFired" {
			return true
		}
	}
	return false
}

// fault is what an event says of something that a page should not do, or "".
func (m browserMessage) fault(page string) string {
	switch m.Method {
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		if _ = json.Unmarshal(m.Params, &p); p.Request.URL != page {
			return "fetches " + p.Request.URL
		}
	case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening":
		return m.Method + ": " + string(m.Params)
	}
	return ""
}

// window sets the width, and the colours that the reader prefers.
func (b *browser) window(width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// eval is the value of an expression of JavaScript in the page.
func (b *browser) eval(expression string, result any) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", strings.SplitN(expression, "\n", 2)[0], answer.ExceptionDetails)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result.Value, result); err != nil {
			b.t.Fatalf("%s: %v", answer.Result.Value, err)
		}
	}
}

// screenshot writes a PNG of the whole page.
func (b *browser) screenshot(path string) {
	b.t.Helper()
	var picture struct{ Data []byte } // base64, as package json has bytes
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &picture)
	if !bytes.HasPrefix(picture.Data, []byte("\x89PNG")) {
		b.t.Fatal(fmt.Errorf("the screenshot is no PNG: %.20q", picture.Data))
	}
	if err := os.WriteFile(path, picture.Data, 0o666); err != nil {
		b.t.Fatal(err)
	}
}
