/** A chart with its legend, and a table for everybody who cannot see the chart or wants the figures. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { analyticsWords as words } from './analytics-words.ts';
import type { drawPlot, Plot } from './plot.ts';
import { Table } from './Table.tsx';

type ChartProps = {
  readonly title: string;
  readonly what?: string;
  /** The heading of the table's first column. */
  readonly xLabel: string;
  readonly plot: Plot;
};

export function Chart({ title, what, xLabel, plot }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const heading = useId();
  const [draw, setDraw] = useState<typeof drawPlot | null>(null);
  useEffect(() => {
    const part = ignoreFailure(import('./plot.ts'), 'the page says that a part of it is missing');
    void part.then((there) => there && setDraw(() => there.drawPlot));
  }, []);
  useEffect(() => draw?.(place.current!, plot), [draw, plot]);
  const rows = plot.x.flatMap((x, at) => {
    const values = plot.lines.map(({ values: of }) => of[at] ?? null);
    return values.every((value) => value === null || value === 0)
      ? []
      : [[plot.formatX(x), ...values.map((value) => (value === null ? words.noValue : plot.formatY(value)))]];
  });
  return (
    <figure class="figure">
      <figcaption id={heading}>
        <span class="strong">{title}</span>
        {what && <span class="small quiet">{what}</span>}
      </figcaption>
      {plot.lines.length > 1 && (
        <ul class="figure-legend small quiet">
          {plot.lines.map(({ label, form }, at) =>
            form === 'bound' ? null : (
              <li key={label} data-line={form === 'dashed' ? 'dashed' : at % 4}>
                {label}
              </li>
            ),
          )}
        </ul>
      )}
      <div class="figure-plot" ref={place} role="img" aria-labelledby={heading} />
      <details>
        <summary class="small">{words.table}</summary>
        <Table heads={[xLabel, ...plot.lines.map(({ label }) => label)]} rows={rows} label={title} />
      </details>
    </figure>
  );
}
