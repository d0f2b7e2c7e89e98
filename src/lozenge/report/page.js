"use strict";
// The page is complete without this: it finds, lights up and opens.
const pick = (j) => {
  document.querySelectorAll(".picked").forEach((each) => each.classList.remove("picked"));
  const lines = document.getElementById("lines");
  const line = lines.querySelector(`.line[data-j="${j}"]`);
  lines.classList.toggle("lit", Boolean(line));
  if (line) line.classList.add("picked");
  const cell = document.querySelector(`td[data-j="${j}"]`);
  const row = cell ? cell.parentElement : document.querySelector(`tr[data-j="${j}"]`);
  if (!row) return;
  row.classList.add("picked");
  if (cell) cell.classList.add("picked");
  const details = row.querySelector("details");
  if (details) details.open = true;
};
document.querySelectorAll("#lines .line").forEach((line) => line.addEventListener("click", () => pick(line.dataset.j)));
document.querySelectorAll("tr[data-j] summary").forEach((each) =>
  each.addEventListener("click", () => {
    const row = each.closest("tr");
    if (!each.parentElement.open) setTimeout(() => pick(row.dataset.j));
  }));
document.querySelectorAll("td[data-j]").forEach((each) => each.addEventListener("click", () => pick(each.dataset.j)));
const find = document.getElementById("find");
if (find) {
  const rows = JSON.parse(document.getElementById("everything").textContent);
  const hits = document.getElementById("hits");
  const body = hits.querySelector("tbody");
  const most = 50;
  const cell = (text, number) => {
    const made = document.createElement("td");
    made.textContent = text === null ? "" : String(text);
    made.className = number ? "n" : "name";
    return made;
  };
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    const found = wanted ? rows.filter((row) => row[0].toLowerCase().includes(wanted)) : [];
    body.replaceChildren(...found.slice(0, most).map(([name, state, share, weight, enters, j]) => {
      const made = document.createElement("tr");
      const percent = share === null ? null : `${Math.round(100 * share)} %`;
      made.append(cell(name), cell(state), cell(percent, true), cell(weight, true), cell(enters, true));
      made.addEventListener("click", () => pick(j));
      return made;
    }));
    document.getElementById("count").textContent = !wanted ? "" : found.length > most
      ? `${found.length.toLocaleString("en")} found; the first ${most} are shown.` : `${found.length} found.`;
    hits.hidden = !wanted;
  });
}
if (location.hash.startsWith("#f")) pick(location.hash.slice(2));
