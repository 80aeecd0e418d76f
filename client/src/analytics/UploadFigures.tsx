/** Figures of uploads: a few numbers, charts over time, and who sent them. */
import { useMemo } from 'preact/hooks';
import { operationsSchema, type Operations, type Transfers } from '#shared/protocol/analytics.ts';
import { formatBytes, formatCount } from '../kit/format.ts';
import { sentencesOfReason } from '../kit/reason-sentences.ts';
import { daysIn } from './analytics-filters.ts';
import { analyticsWords } from './analytics-words.ts';
import { Chart } from './Chart.tsx';
import { FiguresOf } from './FiguresOf.tsx';
import { formatDay, secondsOf } from './format-period.ts';
import { Numbers } from './Numbers.tsx';
import type { Plot } from './plot.ts';
import { Counted, ShowButton } from './ShowButton.tsx';
import { Table } from './Table.tsx';

const words = analyticsWords.uploads;
/** Round steps of time for the axis, in milliseconds. */
const TIME_STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 604_800].map(
  (s) => s * 1000,
);
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

export function UploadFigures({ query }: { readonly query: string }) {
  return (
    <FiguresOf
      path={`/analytics/operations?${query}`}
      schema={operationsSchema}
      isEmpty={({ total }) => total.uploads === 0}
    >
      {(figures) => <Shown figures={figures} />}
    </FiguresOf>
  );
}

function Shown({ figures }: { readonly figures: Operations }) {
  const { total } = figures;
  return (
    <>
      <Numbers
        numbers={[
          {
            label: words.studies,
            value: formatCount(total.studies),
            what: (
              <>
                {words.uploads(total.uploads)} <ShowButton shows={total.shows} count={total.studies} />
              </>
            ),
          },
          { label: words.instances, value: formatCount(total.instances) },
          { label: words.bytes, value: formatBytes(total.bytes) },
          { label: words.toPacs, ...timesOf(total) },
          { label: words.retries, value: formatCount(total.retries), what: words.retriesWhat },
        ]}
      />
      <p class="small quiet">{words.counts}</p>
      <Charts figures={figures} />
      <Groups figures={figures} />
    </>
  );
}

const took = (ms: number | undefined): string =>
  ms === undefined ? analyticsWords.noValue : analyticsWords.took(ms);
const timesOf = ({ toPacsMs }: Transfers) => ({
  value: took(toPacsMs?.p50),
  what: toPacsMs === null ? undefined : `${analyticsWords.most} ${took(toPacsMs.p95)}`,
});

function Charts({ figures }: { readonly figures: Operations }) {
  const [studies, times, hours] = useMemo(() => plotsOf(figures), [figures]);
  return (
    <div class="figure-pair">
      <Chart title={words.byDay} xLabel={analyticsWords.day} plot={studies} />
      <Chart title={words.toPacsByDay} xLabel={analyticsWords.day} plot={times} />
      <Chart title={words.byHour} xLabel={words.hour} plot={hours} />
    </div>
  );
}

function plotsOf(figures: Operations): readonly [Plot, Plot, Plot] {
  const days = daysIn(figures);
  const byDay = new Map(figures.days.map((of) => [of.day, of]));
  const byHour = new Map(figures.hours.map((of) => [of.hour, of]));
  const time = { x: days.map(secondsOf), isTime: true, formatX: formatDay };
  const count = { formatY: formatCount };
  const timesOn = (which: 'p50' | 'p95') => days.map((day) => byDay.get(day)?.toPacsMs?.[which] ?? null);
  return [
    {
      ...{ ...time, ...count },
      lines: [
        { label: words.studies, form: 'bars', values: days.map((day) => byDay.get(day)?.studies ?? 0) },
      ],
    },
    {
      ...{ ...time, formatY: took, steps: TIME_STEPS },
      lines: [
        { label: analyticsWords.half, form: 'line', values: timesOn('p50') },
        { label: analyticsWords.most, form: 'line', values: timesOn('p95') },
      ],
    },
    {
      ...{ x: HOURS, isTime: false, formatX: words.hourOf, ...count },
      lines: [
        { label: words.studies, form: 'bars', values: HOURS.map((hour) => byHour.get(hour)?.uploads ?? 0) },
      ],
    },
  ];
}

const HEADS = [
  ...[words.studies, words.instances, words.bytes],
  ...[analyticsWords.half, analyticsWords.most, words.retries],
];

const cellsOf = (of: Transfers) => [
  <Counted shows={of.shows} count={of.studies} />,
  formatCount(of.instances),
  formatBytes(of.bytes),
  took(of.toPacsMs?.p50),
  took(of.toPacsMs?.p95),
  formatCount(of.retries),
];

function Groups({ figures: { accounts, devices, modalities, refusals } }: { readonly figures: Operations }) {
  return (
    <>
      <h2>{words.accounts}</h2>
      <Table
        label={words.accounts}
        heads={[words.account, ...HEADS]}
        rows={accounts.map((of) => [of.username, ...cellsOf(of)])}
      />
      <h2>{words.devices}</h2>
      <Table
        label={words.devices}
        heads={[words.device, words.account, ...HEADS]}
        rows={devices.map((of) => [of.device?.slice(0, 8) ?? words.signedIn, of.username, ...cellsOf(of)])}
      />
      <h2>{words.modalities}</h2>
      <Table
        label={words.modalities}
        heads={[words.modality, ...HEADS]}
        rows={modalities.map((of) => [of.modality ?? words.otherModality, ...cellsOf(of)])}
      />
      <h2>{words.refusals}</h2>
      {refusals.length === 0 ? (
        <p class="quiet">{words.noRefusals}</p>
      ) : (
        <Table
          label={words.refusals}
          heads={[words.reason, words.outcome, words.instances, words.studies]}
          rows={refusals.map(({ state, reason, instances, studies }) => [
            reason === null ? words.noReason : (sentencesOfReason(reason)?.title ?? reason),
            words.states[state],
            formatCount(instances),
            formatCount(studies),
          ])}
        />
      )}
    </>
  );
}
