"use strict";
const CORNERS = { D: [4, 0], s: [4, 45], "^": [3, -90], v: [3, 90], "<": [3, 180], ">": [3, 0], p: [5, -90], h: [6, -90] };

/* One portrait: a scene in space on a flat canvas, turned about its middle. */
class Portrait {
  constructor(scene, section, choose) {
    this.scene = scene;
    this.canvas = section.querySelector("canvas");
    this.told = section.querySelector(".told");
    this.hidden = new Set();
    this.chosen = null;
    this.turn = [0, 0];
    this.zoom = 1;
    this.fit();
    section.querySelector(".still").hidden = true;
    this.canvas.hidden = section.querySelector(".hint").hidden = false;
    this.listen(choose);
    for (const button of section.querySelectorAll("[data-group]")) {
      button.addEventListener("click", () => this.toggle(button));
    }
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  fit() {
    const parts = [...this.scene.marks, ...this.scene.lines].flatMap((part) => part.at).filter((p) => p[0] !== null);
    const range = this.scene.axes.map((_, k) => {
      const values = parts.map((p) => p[k]);
      return values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    });
    this.middle = range.map(([a, b]) => (a + b) / 2);
    this.reach = Math.hypot(...range.map(([a, b]) => (b - a) / 2)) || 1;
  }

  toggle(button) {
    const group = Number(button.dataset.group);
    const shown = this.hidden.delete(group);
    if (!shown) this.hidden.add(group);
    button.setAttribute("aria-pressed", String(shown));
    this.draw();
  }

  listen(choose) {
    const canvas = this.canvas;
    let last = null;
    canvas.addEventListener("pointerdown", (e) => {
      last = [e.offsetX, e.offsetY, 0];
      canvas.setPointerCapture(e.pointerId);
    });
    canvas.addEventListener("pointermove", (e) => {
      if (last) {
        const [dx, dy] = [e.offsetX - last[0], e.offsetY - last[1]];
        this.rotate(dx / 150, dy / 150);
        last = [e.offsetX, e.offsetY, last[2] + Math.abs(dx) + Math.abs(dy)];
      } else {
        const near = this.nearest(e.offsetX, e.offsetY);
        this.told.textContent = near ? near.told : "";
      }
    });
    canvas.addEventListener("pointerup", (e) => {
      const near = last && last[2] < 4 && this.nearest(e.offsetX, e.offsetY);
      last = null;
      if (near) choose(near.row);
    });
    canvas.addEventListener("pointercancel", () => { last = null; });
    canvas.addEventListener("wheel", (e) => {
      if (!e.ctrlKey && document.activeElement !== canvas) return; // the page scrolls
      e.preventDefault();
      this.magnify(Math.exp(-e.deltaY / 500));
    }, { passive: false });
    canvas.addEventListener("dblclick", () => {
      this.turn = [0, 0];
      this.zoom = 1;
      this.draw();
    });
    const keys = {
      ArrowLeft: () => this.rotate(-0.1, 0), ArrowRight: () => this.rotate(0.1, 0),
      ArrowUp: () => this.rotate(0, -0.1), ArrowDown: () => this.rotate(0, 0.1),
      "+": () => this.magnify(1.1), "-": () => this.magnify(1 / 1.1),
    };
    canvas.addEventListener("keydown", (e) => {
      if (keys[e.key]) {
        e.preventDefault();
        keys[e.key]();
      }
    });
  }

  rotate(across, down) {
    this.turn = [this.turn[0] + across, Math.max(-1.57, Math.min(1.57, this.turn[1] + down))];
    this.draw();
  }

  magnify(factor) {
    this.zoom = Math.max(0.2, Math.min(50, this.zoom * factor));
    this.draw();
  }

  place(p) {
    const [x, y, z] = [0, 1, 2].map((k) => ((p[k] ?? 0) - (this.middle[k] ?? 0)) / this.reach);
    const [s, c, t, d] = [Math.sin(this.turn[0]), Math.cos(this.turn[0]), Math.sin(this.turn[1]), Math.cos(this.turn[1])];
    const [across, away] = [c * x + s * z, c * z - s * x];
    const size = 0.47 * Math.min(this.width, this.height) * 1.25 * this.zoom;
    return [this.width / 2 + size * across, this.height / 2 - size * (d * y - t * away), d * away + t * y];
  }

  marks() {
    return this.scene.marks.flatMap((marks, group) => this.hidden.has(group) ? [] : marks.at.map((p, k) => {
      const [x, y, depth] = this.place(p);
      return { x, y, depth, marks, k, row: marks.rows[k], told: marks.told[k], radius: marks.size / 2 + 1 };
    })).sort((a, b) => a.depth - b.depth);
  }

  nearest(x, y) {
    let best = null;
    for (const mark of this.marks()) {
      const distance = Math.hypot(mark.x - x, mark.y - y);
      if (distance < mark.radius + 5 && (!best || distance <= best.distance)) best = { ...mark, distance };
    }
    return best;
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!this.width) return;
    this.canvas.width = this.width * ratio;
    this.canvas.height = this.height * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    this.drawAxes(pen);
    for (const line of this.scene.lines) {
      pen.globalAlpha = line.width < 1 ? 0.5 : 1;
      pen.strokeStyle = line.colour;
      pen.lineWidth = line.width;
      pen.beginPath();
      let down = false;
      for (const p of line.at) {
        if (p[0] !== null) {
          const [x, y] = this.place(p);
          if (down) pen.lineTo(x, y); else pen.moveTo(x, y);
        }
        down = p[0] !== null;
      }
      pen.stroke();
    }
    pen.globalAlpha = 1;
    for (const mark of this.marks()) this.drawMark(pen, mark);
  }

  drawAxes(pen) {
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = "#777";
    pen.strokeStyle = "#ccc";
    this.scene.axes.forEach((name, k) => {
      if (name === "–") return; // the state has fewer variables
      const [from, to] = [-0.75, 0.75].map((s) => this.middle.map((m, j) => m + (j === k ? s * this.reach : 0)));
      const [[x0, y0], [x1, y1]] = [this.place(from), this.place(to)];
      pen.beginPath();
      pen.moveTo(x0, y0);
      pen.lineTo(x1, y1);
      pen.stroke();
      pen.fillText(name, x1 + 4, y1 - 4);
    });
  }

  drawMark(pen, { x, y, marks, k, row, radius }) {
    pen.beginPath();
    const [corners, turn] = CORNERS[marks.shape] ?? [0, 0];
    if (corners) {
      for (let j = 0; j < corners; j++) {
        const angle = (turn + (360 * j) / corners) * Math.PI / 180;
        pen.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
      }
      pen.closePath();
    } else {
      pen.arc(x, y, radius, 0, 2 * Math.PI);
    }
    pen.fillStyle = marks.faces[k];
    pen.strokeStyle = row === this.chosen ? "#d55e00" : marks.edges[k];
    pen.lineWidth = row === this.chosen ? 4 : 1.5;
    pen.fill();
    pen.stroke();
  }
}

/* A table whose heads sort it, and whose rows are chosen. */
function sortable(table, choose) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].textContent.replace(/^[±~] /, "").replace(/^inf$/, "Infinity");
      const order = (a, b) => {
        const [x, y] = [parseFloat(key(a)), parseFloat(key(b))];
        const numbers = !Number.isNaN(x) && !Number.isNaN(y);
        return (numbers ? x - y : key(a).localeCompare(key(b))) || a.dataset.row - b.dataset.row;
      };
      const rows = [...body.rows].sort(order);
      body.append(...(down ? rows.reverse() : rows));
    });
  });
  for (const row of body.rows) {
    row.addEventListener("click", () => choose(Number(row.dataset.row)));
    row.addEventListener("keydown", (e) => {
      if (e.key === "Enter" || e.key === " ") {
        e.preventDefault();
        choose(Number(row.dataset.row));
      }
    });
  }
}

const scenes = JSON.parse(document.getElementById("scenes").textContent);
for (const section of document.querySelectorAll("[data-part]")) {
  const scene = scenes.find((s) => s.of === Number(section.dataset.part));
  let portrait = null;
  const choose = (row) => {
    for (const part of section.querySelectorAll("[data-row]")) {
      part.classList.toggle("chosen", Number(part.dataset.row) === row);
    }
    if (portrait) {
      portrait.chosen = row;
      const found = scene.marks.find((marks) => marks.rows.includes(row));
      portrait.told.textContent = found ? found.told[found.rows.indexOf(row)] : "";
      portrait.draw();
    }
  };
  if (scene) portrait = new Portrait(scene, section, choose);
  const table = section.querySelector("table.points");
  if (table) sortable(table, choose);
}
