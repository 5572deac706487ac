// Mouse, fingers and keys on a chart's plot: drag to zoom, pinch, wheel, arrows to read.
// @ts-check

/** What a chart lets its reader do; x positions are pixels of the plot.
 * @typedef {object} Target
 * @property {HTMLElement} plot
 * @property {HTMLElement} mark the shade over what is being chosen
 * @property {() => [number, number]} bounds left and right of the drawing in pixels
 * @property {(pixel: number) => number} value the x value at a pixel
 * @property {(low: number, high: number) => void} zoomTo
 * @property {(factor: number, pixel?: number) => void} zoomBy
 * @property {(pixels: number) => void} pan
 * @property {() => void} reset
 * @property {() => boolean} zoomed
 * @property {(pixel: number|null, y: number) => void} read
 * @property {(step: number) => void} walk
 * @property {() => void} toggleLog */

const LEAST = 6; // pixels that a drag is at least

/** Listen; everything ends with the signal.
 * @param {Target} target
 * @param {AbortSignal} signal */
export function listen(target, signal) {
  const { plot } = target;
  const pointers = new Pointers(target);
  /** @param {string} name
   * @param {(event: any) => void} handle
   * @param {boolean} [passive] */
  const on = (name, handle, passive = true) => plot.addEventListener(name, handle, { signal, passive });
  on("pointerdown", (event) => pointers.down(event), false);
  on("pointermove", (event) => pointers.move(event));
  on("pointerup", (event) => pointers.up(event));
  on("pointercancel", (event) => pointers.cancel(event));
  on("pointerleave", (event) => event.pointerType === "mouse" && pointers.leave());
  on("dblclick", () => target.reset());
  on("wheel", (event) => turnWheel(target, event), false);
  on("keydown", (event) => pressKey(target, event), false);
  on("blur", () => target.read(null, 0));
}

/** Which pointers are down, and what they are doing. */
class Pointers {
  /** @param {Target} target */
  constructor(target) {
    this.target = target;
    /** @type {Map<number, number>} */
    this.down_ = new Map();
    /** @type {{from: number, to: number, pan: boolean}|null} */
    this.drag = null;
    /** @type {[number, number]|null} */
    this.held = null; // the x values under two fingers
  }

  /** @param {PointerEvent} event
   * @returns {[number, number]} */
  place(event) {
    const box = this.target.plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button) return;
    const [x, y] = this.place(event);
    this.down_.set(event.pointerId, x);
    this.target.plot.setPointerCapture(event.pointerId);
    if (this.down_.size === 2) {
      const [a, b] = [...this.down_.values()].map(this.target.value);
      this.held = [a, b];
      this.drag = null;
    } else if (event.pointerType === "mouse") {
      this.drag = { from: x, to: x, pan: event.shiftKey };
    } else {
      this.target.read(x, y);
    }
  }

  /** @param {PointerEvent} event */
  move(event) {
    const [x, y] = this.place(event);
    const last = this.down_.get(event.pointerId);
    if (last !== undefined) this.down_.set(event.pointerId, x);
    if (this.held && this.down_.size === 2) this.pinch(this.held);
    else if (this.drag?.pan && last !== undefined) this.target.pan(x - last);
    else if (this.drag) this.choose(x);
    else this.target.read(x, y);
  }

  /** @param {number} x */
  choose(x) {
    if (!this.drag) return;
    const [left, right] = this.target.bounds();
    this.drag.to = Math.max(left, Math.min(right, x));
    const start = Math.max(left, Math.min(this.drag.from, this.drag.to));
    const { mark } = this.target;
    const width = Math.abs(this.drag.to - this.drag.from);
    mark.hidden = width < LEAST;
    mark.style.left = `${start}px`;
    mark.style.width = `${width}px`;
    this.target.read(null, 0);
  }

  /** Zoom so that both x values stay below their fingers.
   * @param {[number, number]} held */
  pinch(held) {
    const [x0, x1] = [...this.down_.values()];
    const [left, right] = this.target.bounds();
    const [a, b] = held;
    if (Math.abs(x1 - x0) < LEAST || a === b) return;
    const each = (b - a) / (x1 - x0);
    if (each > 0) this.target.zoomTo(a - (x0 - left) * each, b + (right - x1) * each);
  }

  /** @param {PointerEvent} event */
  up(event) {
    const { drag } = this;
    this.cancel(event);
    if (!drag || drag.pan || Math.abs(drag.to - drag.from) < LEAST) return;
    const ends = [drag.from, drag.to].map(this.target.value).sort((a, b) => a - b);
    this.target.zoomTo(ends[0], ends[1]);
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    this.down_.delete(event.pointerId);
    this.drag = null;
    this.target.mark.hidden = true;
    if (this.down_.size < 2) this.held = null;
  }

  leave() {
    if (!this.drag) this.target.read(null, 0);
  }
}

/** Zoom with ctrl, which is also how a pinch on a touchpad arrives; sideways moves the window.
 * @param {Target} target
 * @param {WheelEvent} event */
function turnWheel(target, event) {
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    const x = event.clientX - target.plot.getBoundingClientRect().left;
    target.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), x);
  } else if (target.zoomed() && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    target.pan(-event.deltaX);
  }
}

/** @param {Target} target
 * @param {KeyboardEvent} event */
function pressKey(target, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const [left, right] = target.bounds();
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => (event.shiftKey ? target.pan((right - left) / 10) : target.walk(-1)),
    ArrowRight: () => (event.shiftKey ? target.pan((left - right) / 10) : target.walk(1)),
    PageUp: () => target.walk(-10),
    PageDown: () => target.walk(10),
    Home: () => target.walk(-Infinity),
    End: () => target.walk(Infinity),
    "+": () => target.zoomBy(2),
    "=": () => target.zoomBy(2),
    "-": () => target.zoomBy(0.5),
    0: () => target.reset(),
    l: () => target.toggleLog(),
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}
