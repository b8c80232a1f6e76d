package inspecthtml

// This file is for tests, of this package and of the command.

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// CheckForm says what is wrong with a page: every element is closed, every ID is
// there once, every reference leads to one. A page is XML, too, so that it can be
// checked without a browser.
func CheckForm(page string) error {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	ids, refs := make(map[string]bool), make(map[string]bool)
	var wrong []error
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		start, _ := token.(xml.StartElement)
		for _, a := range start.Attr {
			switch a.Name.Local {
			case "id":
				if ids[a.Value] {
					wrong = append(wrong, fmt.Errorf("id %s is there twice", a.Value))
				}
				ids[a.Value] = true
			case "href":
				refs[strings.TrimPrefix(a.Value, "#")] = true
			}
		}
	}
	for ref := range refs {
		if !ids[ref] {
			wrong = append(wrong, fmt.Errorf("#%s leads nowhere", ref))
		}
	}
	return errors.Join(wrong...)
}
