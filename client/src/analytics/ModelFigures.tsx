/**
 * Figures of models by version: how many results, how fast, the verdicts of radiologists, and whether scores are
 * calibrated.
 */
import { useMemo } from 'preact/hooks';
import { modelFiguresSchema, type ModelFigures as All } from '#shared/protocol/analytics.ts';
import { formatCount } from '../kit/format.ts';
import { daysIn, monthsIn } from './analytics-filters.ts';
import { analyticsWords } from './analytics-words.ts';
import { Chart } from './Chart.tsx';
import { describeAccepted, describeCalibration } from './describe-figures.ts';
import { FiguresOf } from './FiguresOf.tsx';
import { formatDay, formatMonth, secondsOf } from './format-period.ts';
import { Numbers, type LargeNumber } from './Numbers.tsx';
import type { Plot } from './plot.ts';
import { ShowButton } from './ShowButton.tsx';

const words = analyticsWords.models;
type Version = All['models'][number];

export function ModelFigures({ query }: { readonly query: string }) {
  return (
    <FiguresOf
      path={`/analytics/models?${query}`}
      schema={modelFiguresSchema}
      isEmpty={({ models }) => models.every(isUnused)}
      about={({ isGuarded }) => (isGuarded ? words.guarded : null)}
    >
      {(figures) => (
        <>
          {figures.models
            .filter((of) => !isUnused(of))
            .map((of) => (
              <ModelVersion key={`${of.id} ${of.version}`} of={of} figures={figures} />
            ))}
        </>
      )}
    </FiguresOf>
  );
}

const isUnused = ({ total, isPartial, use }: Version): boolean =>
  total === null && !isPartial && use === null;

function ModelVersion({ of, figures }: { readonly of: Version; readonly figures: All }) {
  const plot = useMemo(() => seriesPlot(of, figures), [of]);
  const calibration = useMemo(() => describeCalibration(of.calibration), [of]);
  return (
    <section class="stack figure-model" aria-label={`${of.id} ${of.version}`}>
      <h2>
        {of.id} <span class="quiet">{words.version(of.version)}</span>
      </h2>
      {of.isPartial && <p class="small quiet">{of.total === null ? words.small : words.partial}</p>}
      <Numbers numbers={numbersOf(of)} />
      <div class="figure-pair">
        {plot !== null && (
          <Chart
            title={words.series}
            xLabel={figures.by === 'day' ? analyticsWords.day : analyticsWords.month}
            plot={plot}
          />
        )}
        {calibration.plot !== null && (
          <Chart
            title={words.calibration}
            what={calibration.said}
            xLabel={words.score}
            plot={calibration.plot}
          />
        )}
      </div>
      {of.total !== null && calibration.plot === null && <p class="small quiet">{calibration.said}</p>}
    </section>
  );
}

function numbersOf({ total, use }: Version): readonly LargeNumber[] {
  return [...(total === null ? [] : judgedNumbers(total)), ...(use === null ? [] : useNumbers(use))];
}

function judgedNumbers(total: NonNullable<Version['total']>): readonly LargeNumber[] {
  const { agreed, corrected, disagreements, results, shows, studies } = total;
  const judged = agreed === null || corrected === null ? null : agreed + corrected;
  const within = (those: string): string | null => shows && `${shows}&${those}`;
  const share = judged === null || judged === 0 ? null : agreed! / judged;
  return [
    { label: words.studies, value: formatCount(studies) },
    { label: words.results, value: formatCount(results), what: <ShowButton shows={shows} count={results} /> },
    {
      label: words.accepted,
      value: share === null ? analyticsWords.noValue : analyticsWords.percent(share),
      what:
        judged === null
          ? analyticsWords.count(null)
          : judged === 0
            ? words.noVerdicts
            : [
                describeAccepted(agreed!, judged),
                <ShowButton shows={within('verdict=agree')} count={agreed!} which="accepted" />,
                <ShowButton shows={within('verdict=correct')} count={corrected!} which="corrected" />,
              ],
    },
    {
      label: words.disagreements,
      value: analyticsWords.count(disagreements),
      what: <ShowButton shows={within('differs=1')} count={disagreements ?? 0} />,
    },
  ];
}

function useNumbers({
  images,
  cached,
  failed,
  durationMs,
}: NonNullable<Version['use']>): readonly LargeNumber[] {
  const { took } = analyticsWords;
  return [
    { label: words.images, value: formatCount(images), what: words.imagesWhat(cached, failed) },
    ...(durationMs === null
      ? []
      : [
          {
            label: words.duration,
            value: took(durationMs.p50),
            what: words.durationWhat(took(durationMs.p95), took(durationMs.p99)),
          },
        ]),
  ];
}

/** Periods whose figures are withheld become gaps. Periods without a result count as 0. */
function seriesPlot({ series, total }: Version, figures: All): Plot | null {
  if (total === null) return null;
  const isDaily = figures.by === 'day';
  const periods = isDaily ? daysIn(figures) : monthsIn(figures);
  const byPeriod = new Map(
    series.map(({ period, figures: of }) => [period, of === null ? null : of.results]),
  );
  return {
    ...{ x: periods.map(secondsOf), isTime: true, formatX: isDaily ? formatDay : formatMonth },
    formatY: formatCount,
    lines: [
      {
        label: words.results,
        form: 'bars',
        values: periods.map((period) => (byPeriod.has(period) ? byPeriod.get(period)! : 0)),
      },
    ],
  };
}
