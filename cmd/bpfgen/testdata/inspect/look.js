// What is wrong with a page of bpfgen inspect as it is drawn: a list of sentences.
// wanted are the IDs of what must be there, with a text that must be read there;
// dark is whether the reader prefers dark pages.
(function (wanted, dark) {
	const faults = [];
	const slack = 0.75; // pixels that rounding takes
	const seen = e => e.getClientRects().length > 0;
	const say = (what, e) => faults.push(what + ": " + (e.getAttribute("title") || e.textContent).trim().slice(0, 80));
	const sort = list => [...list].filter(seen);

	// All is there.
	const texts = new Map();
	for (const [id, text] of wanted) {
		const e = document.getElementById(id);
		if (!texts.has(id)) texts.set(id, e && seen(e) ? e.textContent : "");
		if (!texts.get(id)) faults.push(id + " is not shown: " + text);
		else if (!texts.get(id).includes(text)) faults.push(id + " does not say " + text);
	}

	// The page is as wide as the window, whatever scrolls in it.
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) {
		faults.push("the page is " + root.scrollWidth + " pixels wide, the window " + root.clientWidth);
		for (const e of sort(document.querySelectorAll("body *")))
			if (e.getBoundingClientRect().right > root.clientWidth && !e.closest(".wide, .order pre")) { say("sticks out", e); break; }
	}

	// Text of the graph is in its box; boxes do not meet.
	const nodes = sort(document.querySelectorAll("svg .node"));
	const boxes = nodes.map(n => n.querySelector("rect").getBoundingClientRect());
	nodes.forEach((n, i) => {
		const box = boxes[i], texts = [...n.querySelectorAll("text")].map(t => t.getBoundingClientRect());
		for (const r of texts)
			if (r.left < box.left - slack || r.right > box.right + slack || r.top < box.top - slack || r.bottom > box.bottom + slack) say("text leaves its box", n);
		if (texts.length == 2 && texts[0].bottom > texts[1].top + 2) say("two lines of a box meet", n);
	});
	for (let i = 0; i < boxes.length && boxes.length <= 400; i++)
		for (let j = 0; j < i; j++)
			if (meet(boxes[i], boxes[j])) say("boxes meet", nodes[i]);
	const svg = document.querySelector("svg");
	if (svg) {
		const frame = svg.getBoundingClientRect();
		for (const e of svg.querySelectorAll("rect, path")) {
			const r = e.getBoundingClientRect();
			if (r.left < frame.left - slack || r.right > frame.right + slack || r.top < frame.top - slack || r.bottom > frame.bottom + slack) say("outside of the picture", e);
		}
	}
	function meet(a, b) {
		return a.left < b.right - slack && b.left < a.right - slack && a.top < b.bottom - slack && b.top < a.bottom - slack;
	}

	// Bytes stand beside each other, in their row and at their place; what they say is within them.
	for (const row of sort(document.querySelectorAll(".row"))) {
		const frame = row.getBoundingClientRect(), at = row.querySelector(".at").getBoundingClientRect();
		let right = at.right;
		for (const cell of row.querySelectorAll(".cell")) {
			const r = cell.getBoundingClientRect();
			if (r.left < right - slack || r.right > frame.right + slack || r.top < frame.top - slack || r.bottom > frame.bottom + slack) say("a cell leaves its place", cell);
			if (r.width < 1) say("a cell is too narrow to be seen", cell);
			right = r.right;
			const text = document.createRange();
			text.selectNodeContents(cell);
			const t = text.getBoundingClientRect();
			if (cell.textContent && (t.top < r.top - slack || t.bottom > r.bottom + slack)) say("text is higher than its cell", cell);
		}
		const label = document.createRange();
		label.selectNodeContents(row.querySelector(".at"));
		if (label.getBoundingClientRect().left < frame.left - 24) say("an offset leaves its row", row);
	}

	// Cells of tables do not run into each other.
	for (const tr of sort(document.querySelectorAll("tr"))) {
		let right = -Infinity;
		for (const td of tr.cells) {
			const text = document.createRange();
			text.selectNodeContents(td);
			const r = text.getBoundingClientRect();
			if (r.width == 0) continue;
			if (r.left < right - slack) { say("columns run into each other", tr); break; }
			right = r.right;
		}
	}

	// What is to be read can be: WCAG 2, 1.4.3.
	const background = luminance(rgb(getComputedStyle(document.body).backgroundColor));
	if (dark ? background > 0.05 : background < 0.8) faults.push("the page is not " + (dark ? "dark" : "light") + ": " + background);
	const known = new Set(), classes = new Set();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || e.localName == "title") continue;
		let chain = ""; // thousands are of one kind
		for (let a = e; a; a = a.parentElement) chain += a.localName + "." + a.getAttribute("class") + " ";
		if (classes.has(chain)) continue;
		if (!seen(e)) continue;
		classes.add(chain);
		const style = getComputedStyle(e), front = e.namespaceURI.endsWith("svg") ? style.fill : style.color;
		for (const back of behind(e)) {
			if (known.has(front + back)) continue;
			known.add(front + back);
			const a = luminance(rgb(front)), b = luminance(rgb(back));
			const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			if (contrast < 4.5) say("contrast " + contrast.toFixed(2) + " of " + front + " on " + back, e);
		}
	}

	// The colours that may be behind an element.
	function behind(e) {
		const node = e.closest(".node");
		if (node) return [getComputedStyle(node.querySelector("rect")).fill];
		for (; e; e = e.parentElement) {
			const style = getComputedStyle(e);
			const stripes = style.backgroundImage.match(/rgba?\([^)]*\)/g);
			if (stripes) return [...stripes.filter(c => rgb(c)[3] != 0), ...behind(e.parentElement)];
			if (rgb(style.backgroundColor)[3] != 0) return [style.backgroundColor];
		}
		return ["rgb(255, 255, 255)"];
	}
	function rgb(text) {
		const n = text.match(/[\d.]+/g).map(Number);
		return n.length == 3 ? [...n, 1] : n;
	}
	function luminance(c) {
		const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	}
	return [...new Set(faults)].slice(0, 30);
})
