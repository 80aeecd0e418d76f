/** Draws charts with uPlot, in the colours of the page. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

type Line = {
  readonly label: string;
  /** One value for each x; null: a gap. */
  readonly values: readonly (number | null)[];
  /** `bound`: one of the two edges of a band. */
  readonly form: 'bars' | 'line' | 'dashed' | 'points' | 'bound';
};
export type Plot = {
  /** Days, in seconds since 1970, or numbers. */
  readonly x: readonly number[];
  readonly isTime: boolean;
  readonly lines: readonly Line[];
  /** The bounds of both axes; undefined: they follow the values. */
  readonly ends?: readonly [number, number];
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** The tick steps of the left axis; undefined: round numbers. */
  readonly steps?: readonly number[];
};

const HEIGHT = 220;
/** The colours of the lines, in order. Dashes distinguish them too. */
const COLOURS = ['--accent', '--good', '--wait', '--stop'];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
/** The width of the left axis with its labels, in CSS pixels. */
const AXIS_WIDTH = 76;
const AXIS_HEIGHT = 36;
const LABEL_SPACE = 72;
const POINT = 9;
const BARS = uPlot.paths.bars!({ size: [0.7, 40] });

/** Draws the plot at the width of its container, and keeps it up to date until the returned function is called. */
export function drawPlot(place: HTMLElement, plot: Plot): () => void {
  const colour = (name: string): string => getComputedStyle(place).getPropertyValue(name);
  const resolved = (name: string): string => {
    // The browser resolves `light-dark()` only in a property that uses it.
    place.style.setProperty('color', `var(${name})`);
    const { color } = getComputedStyle(place);
    place.style.removeProperty('color');
    return color || colour(name);
  };
  const chart = new uPlot(optionsOf(plot, place.clientWidth, resolved), dataOf(plot), place);
  const sized = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: HEIGHT }));
  sized.observe(place);
  // The chart does not follow changes of the theme by itself, so it is redrawn.
  const redraw = () => chart.redraw(false, true);
  const themed = new MutationObserver(redraw);
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', redraw);
  return () => {
    sized.disconnect();
    themed.disconnect();
    dark.removeEventListener('change', redraw);
    chart.destroy();
  };
}

/** The lines in drawing order, each with its index. Bands come first, so that they lie behind the other lines. */
const inOrder = ({ lines }: Plot): readonly (readonly [number, Line])[] =>
  [...lines.entries()].sort(([, a], [, b]) => Number(b.form === 'bound') - Number(a.form === 'bound'));

const dataOf = (plot: Plot): uPlot.AlignedData => [
  [...plot.x],
  ...inOrder(plot).map(([, { values }]) => [...values]),
];

function optionsOf(plot: Plot, width: number, colour: (name: string) => string): uPlot.Options {
  const { isTime, ends, formatX, formatY } = plot;
  const axis = {
    stroke: () => colour('--ink-quiet'),
    grid: { stroke: () => colour('--hairline'), width: 1 },
    ticks: { stroke: () => colour('--hairline'), width: 1 },
    font: `14px ${getComputedStyle(document.body).fontFamily}`,
  };
  const range = ends === undefined ? {} : { range: (): [number, number] => [...ends] };
  const across = ends ?? endsOf(plot);
  return {
    ...{ width, height: HEIGHT, legend: { show: false }, cursor: { show: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: {
      x: { time: isTime, range: () => [...across] },
      y: ends === undefined ? { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } : range,
    },
    axes: [
      { ...axis, size: AXIS_HEIGHT, space: LABEL_SPACE, values: (_, splits) => splits.map(formatX) },
      {
        ...{ ...axis, size: AXIS_WIDTH, values: (_: uPlot, splits: number[]) => splits.map(formatY) },
        ...(plot.steps === undefined ? {} : { incrs: [...plot.steps] }),
      },
    ],
    series: [{}, ...inOrder(plot).map(([at, line]) => seriesOf(line, at, colour))],
    bands: bandsOf(plot, () => colour('--hairline')),
  };
}

/** Each band reaches from its upper edge to its lower edge, which is the series before. The first series is x. */
const bandsOf = (plot: Plot, fill: () => string): uPlot.Band[] =>
  inOrder(plot).flatMap(([, { form }], at, lines) =>
    form === 'bound' && lines[at + 1]?.[1].form === 'bound' ? [{ series: [at + 2, at + 1], fill }] : [],
  );

/** The range of the values, widened by half a step so that the first and last bars are drawn in full. */
function endsOf({ x }: Plot): readonly [number, number] {
  const [first = 0, second = first + 1] = x;
  const half = (second - first) / 2;
  return [first - half, (x.at(-1) ?? first) + half];
}

function seriesOf({ label, form }: Line, at: number, colour: (name: string) => string): uPlot.Series {
  const name = form === 'dashed' ? '--outline' : COLOURS[at % COLOURS.length]!;
  const stroke = () => colour(name);
  if (form === 'bars') return { label, stroke, fill: stroke, width: 0, paths: BARS, points: { show: false } };
  if (form === 'bound')
    return { label, stroke: () => colour('--outline'), width: 1, points: { show: false } };
  if (form === 'points')
    return { label, stroke, width: 2, points: { show: true, size: POINT, fill: stroke } };
  const dash = form === 'dashed' ? [4, 4] : DASHES[at % DASHES.length]!;
  return {
    label,
    stroke,
    width: 2,
    dash,
    spanGaps: form === 'dashed',
    points: { show: form === 'line', size: 5, fill: stroke },
  };
}
