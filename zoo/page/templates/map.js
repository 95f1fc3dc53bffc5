(async () => {
  const byId = (id) => document.getElementById(id);
  if (!byId("map-data")) return;
  const status = byId("map-status");

  const unpacked = async (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  };

  const read = (buffer) => {
    const length = new DataView(buffer).getUint32(0, true);
    const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const arrays = {};
    const types = { Uint8Array, Uint16Array, Int16Array, Uint32Array };
    let start = 4 + length;
    for (const [name, type, count] of facts.arrays) {
      const end = start + count * types[type].BYTES_PER_ELEMENT;
      arrays[name] = new types[type](buffer.slice(start, end));
      start = end;
    }
    return [facts, arrays];
  };

  if (typeof DecompressionStream === "undefined") {
    status.textContent = "This browser is too old for the map: it cannot unpack its data.";
    return;
  }
  const [facts, arrays] = read(await unpacked("map-data"));
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await unpacked("plotly-bundle"));
  document.head.append(script);
  const { rows, keys, colours, palette } = facts;
  const near = rows ? arrays.neighbours.length / rows : 0;

  // Colours: groups have one each, numbers go along a scale that readers with any colour vision can follow (cividis).
  const scale = [[0, 34, 78], [65, 77, 107], [124, 123, 120], [188, 174, 108], [254, 232, 56]];
  const onScale = (share) => {
    const place = share * (scale.length - 1);
    const first = Math.min(Math.floor(place), scale.length - 2);
    const mixed = scale[first].map((low, i) => Math.round(low + (scale[first + 1][i] - low) * (place - first)));
    return `rgb(${mixed.join(",")})`;
  };
  const steps = Array.from({ length: 256 }, (_, i) => onScale(i / 255));
  const coloursBy = (name) => Array.from(arrays[name], (value) => (colours[name].entries ? palette[value] : steps[value]));

  const style = getComputedStyle(document.documentElement);
  const modebar = () => ({
    bgcolor: "rgba(0,0,0,0)",
    color: style.getPropertyValue("--muted").trim(),
    activecolor: style.getPropertyValue("--own").trim(),
  });
  const size = rows < 600 ? 8 : rows < 3000 ? 6 : rows < 10000 ? 4 : 2.5;
  const isTouched = matchMedia("(pointer: coarse)").matches;
  const config = {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false,
    plotlyServerURL: "",
    displayModeBar: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", ...(window.self === window.top ? [] : ["toImage"])],
    toImageButtonOptions: { filename: "map", scale: 2 },
  };
  const layout = () => ({
    margin: { l: 0, r: 0, t: 30, b: 0 },
    xaxis: { visible: false },
    yaxis: { visible: false },
    hovermode: "closest",
    dragmode: isTouched ? false : "zoom",
    showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    modebar: modebar(),
  });
  let colour = byId("map-colour").value;
  let lone = null; // the group that is looked at alone
  const opacity = () => {
    if (lone === null) return rows > 10000 ? 0.6 : 0.85;
    return Array.from(arrays[colour], (value) => (value === lone ? 0.95 : 0.06));
  };
  const marker = () => ({ size, color: coloursBy(colour), opacity: opacity(), line: { width: 0 } });
  const axis = (name, number) => Array.from(arrays[name].subarray(number * rows, (number + 1) * rows));

  const plots = {};
  for (const name of ["codes", "raw"]) {
    const trace = {
      type: rows > 3000 ? "scattergl" : "scatter",
      mode: "markers",
      x: axis(name, 0),
      y: axis(name, 1),
      marker: marker(),
      hoverinfo: "none",
    };
    const plot = byId(`map-${name}`);
    await Plotly.newPlot(plot, [trace], layout(), config);
    plots[name] = { plot, x: trace.x, y: trace.y, rings: [] };
  }
  let deep = null;

  // Rings lie above the plots, so that a hover never draws a plot again.
  const ring = (name, row, kind) => {
    const { plot, x, y } = plots[name];
    const { xaxis, yaxis } = plot._fullLayout;
    const [left, top] = [xaxis._offset + xaxis.l2p(x[row]), yaxis._offset + yaxis.l2p(y[row])];
    const isInside = left >= xaxis._offset && left <= xaxis._offset + xaxis._length && top >= yaxis._offset && top <= yaxis._offset + yaxis._length;
    if (!isInside) return;
    const mark = document.createElement("span");
    mark.className = `ring ${kind}`;
    mark.style.left = `${left}px`;
    mark.style.top = `${top}px`;
    plot.append(mark);
  };
  let hovered = null;
  let chosen = null;
  const neighboursOf = (row) => Array.from(arrays.neighbours.subarray(row * near, (row + 1) * near));
  const drawRings = () => {
    for (const name of Object.keys(plots)) {
      plots[name].plot.querySelectorAll(".ring").forEach((each) => each.remove());
      if (chosen !== null) {
        neighboursOf(chosen).forEach((each) => ring(name, each, "near"));
        ring(name, chosen, "chosen");
      }
      if (hovered !== null) ring(name, hovered, "hovered");
    }
  };

  const sheet = facts.sprite ? URL.createObjectURL(new Blob([arrays.sprite], { type: "image/webp" })) : null;
  const thumb = (element, row, width) => {
    if (!sheet) return;
    const { columns, width: w, height: h, strip } = facts.sprite;
    const lines = Math.ceil(rows / columns);
    const zoom = width / w;
    const height = strip ? 18 : h * zoom;
    element.hidden = false;
    element.style.cssText = `width:${width}px;height:${height}px;background-image:url(${sheet});` +
      `background-size:${columns * width}px ${lines * height}px;` +
      `background-position:${-(row % columns) * width}px ${-Math.floor(row / columns) * height}px`;
  };
  const said = (row) => {
    const parts = [];
    for (const [name, each] of Object.entries(colours)) {
      const value = arrays[name][row];
      if (each.entries) parts.push(each.entries.find((entry) => entry[1] === value)[0]);
      else if (name === "neighbours kept") parts.push(`${Math.round((value / 255) * near)} of ${near} neighbours kept`);
      else parts.push(`${name} ${(Number(each.low) + (value / 255) * (each.high - each.low)).toPrecision(3)}`);
    }
    return parts.join(" · ");
  };
  const card = byId("map-card");
  const show = (row, isChosen) => {
    card.hidden = false;
    byId("map-card-kind").textContent = isChosen ? "Chosen" : "Under the pointer";
    byId("map-card-key").textContent = keys[row];
    byId("map-card-text").textContent = (facts.texts ? `${facts.texts[row]} · ` : "") + said(row);
    thumb(card.querySelector(".thumb"), row, facts.sprite?.strip ? 220 : 72);
    const list = card.querySelector("ol");
    byId("map-card-near").hidden = !isChosen;
    if (!isChosen) return;
    list.replaceChildren(...neighboursOf(row).map((each) => {
      const button = document.createElement("button");
      button.type = "button";
      if (sheet && !facts.sprite.strip) {
        const seen = document.createElement("span");
        seen.className = "thumb";
        thumb(seen, each, 32);
        button.append(seen);
      }
      button.append(keys[each]);
      button.addEventListener("click", () => choose(each));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
  };
  const choose = (row) => {
    chosen = row;
    hovered = null;
    show(row, true);
    drawRings();
  };

  for (const { plot } of Object.values(plots)) {
    plot.on("plotly_hover", ({ points }) => {
      hovered = points[0].pointIndex ?? points[0].pointNumber;
      show(hovered, hovered === chosen);
      drawRings();
    });
    plot.on("plotly_unhover", () => {
      hovered = null;
      if (chosen !== null) show(chosen, true);
      else card.hidden = true;
      drawRings();
    });
    plot.on("plotly_click", ({ points }) => choose(points[0].pointIndex ?? points[0].pointNumber));
    for (const event of ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"]) plot.on(event, drawRings);
  }

  const legend = byId("map-legend");
  const recolour = () => {
    const targets = [...Object.values(plots).map(({ plot }) => plot), ...(deep ? [deep] : [])];
    const { color, opacity: shown } = marker();
    for (const plot of targets) {
      const one = plot === deep && lone !== null ? 0.3 : shown;
      const tinted = plot === deep && lone !== null ? color.map((each, row) => (arrays[colour][row] === lone ? each : "rgba(128,128,128,.15)")) : color;
      Plotly.restyle(plot, { "marker.color": [tinted], "marker.opacity": Array.isArray(one) ? [one] : one });
    }
  };
  const explain = () => {
    const { entries, low, high } = colours[colour];
    if (!entries) {
      const item = document.createElement("li");
      const bar = document.createElement("span");
      bar.className = "gradient";
      bar.style.background = `linear-gradient(90deg, ${scale.map((each) => `rgb(${each.join(",")})`).join(", ")})`;
      item.append(`${colour}: ${low} `, bar, ` ${high}`);
      legend.replaceChildren(item);
      return;
    }
    legend.replaceChildren(...entries.map(([name, value, count]) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      const dot = document.createElement("span");
      dot.className = "dot";
      dot.style.background = palette[value];
      button.type = "button";
      button.title = "Look at these alone";
      button.setAttribute("aria-pressed", String(lone === value));
      button.append(dot, `${name} (${count.toLocaleString("en")})`);
      button.addEventListener("click", () => {
        lone = lone === value ? null : value;
        explain();
        recolour();
      });
      item.append(button);
      return item;
    }));
  };
  byId("map-colour").addEventListener("change", (event) => {
    colour = event.target.value;
    lone = null;
    explain();
    recolour();
  });
  explain();

  byId("map-find").addEventListener("change", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    if (!wanted) return;
    const tests = [(key) => key === wanted, (key) => key.startsWith(wanted), (key) => key.includes(wanted)];
    const lowered = keys.map((key) => key.toLowerCase());
    const row = tests.map((test) => lowered.findIndex(test)).find((place) => place >= 0);
    status.textContent = row === undefined ? `None of the rows on the map has "${event.target.value}" in its key.` : "";
    if (row !== undefined) choose(row);
  });

  const button = byId("map-deep-button");
  button?.addEventListener("click", async () => {
    const figure = byId("map-deep-figure");
    figure.hidden = !figure.hidden;
    button.setAttribute("aria-expanded", String(!figure.hidden));
    button.textContent = figure.hidden ? "Show in 3-D" : "Hide 3-D";
    if (deep || figure.hidden) return;
    const bare = { visible: false, showspikes: false };
    deep = byId("map-deep");
    const trace = { type: "scatter3d", mode: "markers", x: axis("deep", 0), y: axis("deep", 1), z: axis("deep", 2), marker: { ...marker(), size: Math.max(2, size / 2), opacity: 0.85 }, hoverinfo: "none" };
    await Plotly.newPlot(deep, [trace], { ...layout(), dragmode: "orbit", scene: { xaxis: bare, yaxis: bare, zaxis: bare } }, config);
    deep.on("plotly_hover", ({ points }) => {
      hovered = points[0].pointNumber;
      show(hovered, hovered === chosen);
      drawRings();
    });
    deep.on("plotly_click", ({ points }) => choose(points[0].pointNumber));
  });

  document.documentElement.addEventListener("themechange", () => {
    for (const { plot } of Object.values(plots)) Plotly.relayout(plot, { modebar: modebar() });
    if (deep) Plotly.relayout(deep, { modebar: modebar() });
  });
  status.textContent = "";
  document.documentElement.dataset.map = "drawn";
})();
