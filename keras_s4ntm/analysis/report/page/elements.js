"use strict";

// Elements of the page. Text becomes text: nothing from the data is ever read as HTML.

/** The element of the page with this id. */
const byId = (id) => document.getElementById(id);

/** A new element: its properties, then its children, elements or text. */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A picture with its name, not yet on the page; `kind` is its class in the style sheet. */
function figure(kind, name, height) {
  const canvas = element("canvas", { className: "heat" });
  canvas.style.height = `${height}px`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  const caption = element("figcaption", {}, name);
  return { canvas, caption, whole: element("figure", { className: kind }, caption, canvas) };
}

/** A colour of the style sheet, as it is in the light or in the dark. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A name of the data in words: `read_weights` is "read weights". */
const words = (name) => String(name).replaceAll("_", " ");
