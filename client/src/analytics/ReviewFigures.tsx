/**
 * The times of reviews, how many readings each person made, and how far readers agree. People are sorted by name, not
 * ranked.
 */
import { useMemo } from 'preact/hooks';
import { reviewFiguresSchema, type ReviewFigures as All } from '#shared/protocol/analytics.ts';
import { formatCount } from '../kit/format.ts';
import { daysIn } from './analytics-filters.ts';
import { analyticsWords } from './analytics-words.ts';
import { Chart } from './Chart.tsx';
import { describeFewReadings } from './describe-figures.ts';
import { FiguresOf } from './FiguresOf.tsx';
import { formatDay, secondsOf } from './format-period.ts';
import { Numbers } from './Numbers.tsx';
import { Counted, ShowButton } from './ShowButton.tsx';
import { Table } from './Table.tsx';

const words = analyticsWords.reviews;
const hoursOf = (hours: number | undefined): string =>
  hours === undefined ? analyticsWords.noValue : analyticsWords.hours(hours);

export function ReviewFigures({ query }: { readonly query: string }) {
  return (
    <FiguresOf
      path={`/analytics/reviews?${query}`}
      schema={reviewFiguresSchema}
      isEmpty={({ turnaround, workload, types }) =>
        [turnaround, workload, types].every((of) => of.length === 0)
      }
    >
      {(figures) => (
        <>
          {figures.turnaround.length === 0 && <p class="quiet">{words.none}</p>}
          {figures.turnaround.map((of) => (
            <Turnaround key={of.type} of={of} figures={figures} />
          ))}
          <Workload figures={figures} />
          <Agreement figures={figures} />
        </>
      )}
    </FiguresOf>
  );
}

type TurnaroundProps = { readonly of: All['turnaround'][number]; readonly figures: All };

function Turnaround({ of, figures }: TurnaroundProps) {
  const { title, settled, settledShows, hours, open, openShows } = of;
  const plot = useMemo(() => {
    const days = daysIn(figures);
    const byDay = new Map(of.days.map(({ day, settled: count }) => [day, count]));
    const values = days.map((day) => byDay.get(day) ?? 0);
    return {
      ...{ x: days.map(secondsOf), isTime: true, formatX: formatDay, formatY: formatCount },
      lines: [{ label: words.settled, form: 'bars' as const, values }],
    };
  }, [of]);
  return (
    <section class="stack figure-model" aria-label={title}>
      <h2>{title}</h2>
      <Numbers
        numbers={[
          {
            label: words.settled,
            value: formatCount(settled),
            what: <ShowButton shows={settledShows} count={settled} />,
          },
          {
            label: words.turnaround,
            value: hoursOf(hours?.p50),
            what: hours === null ? undefined : `${analyticsWords.most} ${hoursOf(hours.p95)}`,
          },
          {
            label: words.open,
            value: formatCount(open),
            what: <ShowButton shows={openShows} count={open} />,
          },
        ]}
      />
      {settled > 0 && <Chart title={words.byDay} xLabel={analyticsWords.day} plot={plot} />}
    </section>
  );
}

function Workload({ figures: { workload, isOwn } }: { readonly figures: All }) {
  if (workload.length === 0) return null;
  const title = isOwn ? words.ownWorkload : words.workload;
  return (
    <>
      <h2>{title}</h2>
      <Table
        label={title}
        heads={[words.reader, words.waiting, words.signed, words.fromAssigned, analyticsWords.most]}
        rows={workload.map(({ username, waiting, waitingShows, signed, signedShows, hours }) => [
          username,
          <Counted count={waiting} shows={waitingShows} />,
          <Counted count={signed} shows={signedShows} />,
          ...[hoursOf(hours?.p50), hoursOf(hours?.p95)],
        ])}
      />
    </>
  );
}

type Kappa = All['types'][number]['fields'][number]['cohen'];

function Agreement({ figures: { types, isOwn } }: { readonly figures: All }) {
  const title = isOwn ? words.ownAgreement : words.agreement;
  const rowOf = (question: string, withWhom: string, kappa: Kappa): string[][] =>
    kappa === null
      ? []
      : [
          [
            ...[question, withWhom, analyticsWords.score(kappa.kappa)],
            words.between(analyticsWords.score(kappa.low), analyticsWords.score(kappa.high)),
          ],
        ];
  const rows = types.flatMap(({ fields }) =>
    fields.flatMap(({ title: question, cohen, fleiss, models }) => [
      ...rowOf(question, words.readers, cohen),
      ...rowOf(question, words.severalReaders, fleiss),
      ...models.flatMap(({ model, cohen: kappa }) => rowOf(question, model, kappa)),
    ]),
  );
  return (
    <>
      <h2>{title}</h2>
      {types.length === 0 && <p class="quiet">{words.noAgreement}</p>}
      {describeFewReadings(types).map(({ key, said }) => (
        <p key={key} class="quiet">
          {said}
        </p>
      ))}
      {rows.length > 0 && (
        <Table label={title} heads={[words.question, words.with, words.kappa, words.interval]} rows={rows} />
      )}
    </>
  );
}
