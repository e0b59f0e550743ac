/** Tables for people, and the plot in README. */

const two = (number) => number.toFixed(2);

export function table(head, rows) {
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function workTable({ bare, peers }) {
  const row = (name, ratio, micros) => [
    name,
    two(ratio.median),
    `${two(ratio.low)}–${two(ratio.high)}`,
    micros.median.toFixed(0),
  ];
  const rows = [...peers]
    .sort((a, b) => a.ratio.median - b.ratio.median)
    .map(({ name, ratio, micros }) => row(name, ratio, micros));
  return table(
    ['candidate', 'CPU / bare', 'quartiles', 'µs per request'],
    [['bare', '1.00', '', bare.median.toFixed(0)], ...rows],
  );
}

/** The medians of all works, as README.md shows them. */
export function overview(works) {
  const names = new Set(Object.values(works).flatMap(({ peers }) => peers.map(({ name }) => name)));
  const ratio = (work, name) => works[work].peers.find((peer) => peer.name === name)?.ratio.median;
  const rows = [...names].map((name) => [
    name,
    ...Object.keys(works).map((work) => ratio(work, name)?.toFixed(2) ?? '-'),
  ]);
  return table(['CPU / bare', ...Object.keys(works)], rows);
}

const WIDTH = 720;
const LABEL = 250;
const ROW = 24;
const OWN = /^sallyport/;

/** CPU time per request beside bare node:http, as bars. */
export function plot(title, { peers }) {
  const bars = [
    { name: 'bare node:http', value: 1 },
    ...peers.map(({ name, ratio }) => ({ name, value: ratio.median })),
  ];
  bars.sort((a, b) => a.value - b.value);
  const scale = (WIDTH - LABEL - 60) / Math.max(...bars.map(({ value }) => value));
  const rows = bars.map(({ name, value }, i) => {
    const y = 40 + i * ROW;
    const width = (value * scale).toFixed(1);
    const fill = OWN.test(name) ? '#2f6f4f' : '#9aa5a0';
    return (
      `  <text x="${String(LABEL - 8)}" y="${String(y + 13)}" text-anchor="end">${name}</text>\n` +
      `  <rect x="${String(LABEL)}" y="${String(y)}" width="${width}" height="16" rx="2" fill="${fill}"/>\n` +
      `  <text x="${(LABEL + value * scale + 6).toFixed(1)}" y="${String(y + 13)}">${two(value)}</text>`
    );
  });
  const height = 52 + bars.length * ROW;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(WIDTH)}" height="${String(height)}" viewBox="0 0 ${String(WIDTH)} ${String(height)}" ` +
    `font-family="system-ui, sans-serif" font-size="13" fill="#444">\n` +
    `  <rect width="100%" height="100%" fill="#fff"/>\n` +
    `  <text x="12" y="22" font-weight="600">${title}</text>\n${rows.join('\n')}\n</svg>\n`
  );
}
