"use strict";
(() => {
  const embed = { renderer: "svg", actions: { export: true, source: false, compiled: false, editor: false } };

  const draw = async (figure) => {
    const drawing = figure.querySelector(".drawing");
    try {
      const spec = JSON.parse(figure.querySelector("script.spec").textContent);
      await vegaEmbed(drawing, spec, { ...embed, mode: figure.dataset.mode, downloadFileName: "chart" });
      figure.dataset.drawn = "yes";
    } catch (error) {
      figure.dataset.drawn = "no";
      drawing.textContent = `This chart could not be drawn (${error.message}). It shows: ${figure.ariaLabel}`;
    }
  };
  document.querySelectorAll("figure.chart").forEach(draw);

  // Numbers line up on the right, words on the left, whoever wrote the table.
  const numeric = /^[-+−–]?[$€£]?\d[\d.,\s]*(%|pp|x)?$|^[–-]$/;
  document.querySelectorAll("main table, figure table").forEach((table) => {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    const columns = Math.max(0, ...rows.map((row) => row.cells.length));
    for (let column = 0; column < columns; column += 1) {
      const cells = rows.map((row) => row.cells[column]).filter(Boolean);
      if (cells.every((cell) => cell.tagName === "TD" && numeric.test(cell.textContent.trim()))) {
        const heads = [...(table.tHead ? table.tHead.rows : [])].map((row) => row.cells[column]);
        [...cells, ...heads].filter(Boolean).forEach((cell) => cell.classList.add("num"));
      }
    }
  });

  const button = document.getElementById("code-button");
  if (button) {
    button.addEventListener("click", () => {
      const show = button.getAttribute("aria-pressed") !== "true";
      document.querySelectorAll(".code").forEach((code) => { code.hidden = !show; });
      button.setAttribute("aria-pressed", String(show));
      button.textContent = show ? "Hide the code" : "Show the code";
    });
  }
})();
