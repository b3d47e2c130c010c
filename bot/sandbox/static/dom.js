// Builds elements without ever parsing HTML: whatever people write reaches the page through text nodes only.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `traits`: `class`, `testid`, `on` ({event: listener}), `colour` (background), anything else is an
 * attribute (true → present, false/null → absent). Children: nodes, strings (become text), null/false (left out).
 */
export function el(tag, traits = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "testid") node.dataset.testid = value;
    else if (name === "colour")
      node.style.backgroundColor = value; // CSSOM: a strict CSP forbids style attributes
    else node.setAttribute(name, value === true ? "" : value);
  }
  if (tag === "button" && !node.hasAttribute("type")) node.type = "button";
  return fill(node, ...children);
}

/** Give `node` these children instead of the ones it has. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name, className = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${className}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/phone/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function avatar(person, className = "") {
  const { text, color } = person.avatar ?? { text: person.name.slice(0, 1), color: "#8a8a8a" };
  return el("span", { class: `avatar ${className}`, colour: color, "aria-hidden": "true" }, text);
}

/** Make `parent` hold exactly `wanted`, in order, moving as few nodes as possible so that focus and scroll survive. */
export function arrange(parent, wanted) {
  const keep = new Set(wanted);
  for (const node of [...parent.childNodes]) if (!keep.has(node)) node.remove();
  let cursor = parent.firstChild;
  for (const node of wanted) {
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
}

/** Run `paint` at most once per frame, however often it is asked for. A hidden tab gets no frames, so a timer stands in. */
export function oncePerFrame(paint) {
  let due = false;
  const run = () => {
    if (!due) return;
    due = false;
    paint();
  };
  return () => {
    if (due) return;
    due = true;
    if (document.hidden) setTimeout(run, 50);
    else requestAnimationFrame(run);
  };
}

/** An http(s) address, or null: nothing else may become a link or a picture. Relative paths count from this page. */
export function webAddress(text) {
  if (typeof text !== "string" || text.trim() === "") return null;
  try {
    const url = new URL(text, location.href);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null; // no address at all: the caller shows the text as it stands
  }
}
