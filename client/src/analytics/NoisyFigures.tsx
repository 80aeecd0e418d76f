/**
 * Counts with noise, for roles that may not see exact ones. Each answer uses up a part of a monthly budget, so nothing
 * is asked before the person presses the button. The page first says how many answers are left; an answer that was paid
 * for is free afterwards.
 */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { z } from 'zod';
import {
  PRIVATE_QUERIES_A_MONTH,
  toldOperationsSchema,
  toldReviewsSchema,
  type Noise,
  type PrivateOperations,
  type PrivateReviews,
} from '#shared/protocol/private-figures.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import type { Resource } from '../kit/resource.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { openAttempt, type Attempt } from '../kit/open-attempt.ts';
import { formatMoment } from '../kit/format.ts';
import { useApi } from '../net/net-context.ts';
import { useTold } from '../net/use-told.ts';
import { analyticsWords } from './analytics-words.ts';
import { formatDay, formatWholeDay, secondsOf } from './format-period.ts';
import { Numbers } from './Numbers.tsx';
import { Table } from './Table.tsx';

const words = analyticsWords.noisy;

export function NoisyUploads({ query }: { readonly query: string }) {
  const asked = useAsked(`/analytics/operations?${query}`, toldOperationsSchema);
  const answer = asked.figures.value.value?.answer;
  return (
    <Asked {...asked} about={words.about.uploads}>
      {answer && <Uploads figures={answer} />}
    </Asked>
  );
}

export function NoisyReviews({ query }: { readonly query: string }) {
  const asked = useAsked(`/analytics/reviews?${query}`, toldReviewsSchema);
  const answer = asked.figures.value.value?.answer;
  return (
    <Asked {...asked} about={words.about.reviews}>
      {answer && <Reviews figures={answer} />}
    </Asked>
  );
}

type Answer = { readonly from: string; readonly to: string; readonly noise: Noise };
type Told = { readonly left: number; readonly answer: Answer | null };

/** The gateway keeps answers that were paid for. What is left of the budget is read again with each question. */
function useAsked<S extends z.ZodType<Told>>(path: string, schema: S) {
  const api = useApi();
  const attempt = useMemo(() => openAttempt(troubleOf), [path]);
  const figures = useTold(`${path}&private=told`, schema);
  const ask = async () => {
    await attempt.tried(async () => {
      await api.json(`${path}&private=true`, z.looseObject({}));
    });
    await figures.again();
  };
  return { attempt, ask, figures };
}

type AskedProps = {
  readonly about: string;
  readonly attempt: Attempt<Trouble>;
  readonly ask: () => Promise<void>;
  readonly figures: Resource<Told, Trouble>;
  readonly children: ComponentChildren;
};

function Asked({ about, attempt, ask, figures, children }: AskedProps) {
  const isBusy = attempt.isBusy.value;
  return (
    <div class="stack" aria-busy={isBusy || figures.answer.value.state === 'loading'}>
      <TroubleAlert trouble={attempt.trouble.value} />
      <WhenKnown of={figures} loading={analyticsWords.loading}>
        {({ left, answer }) => (
          <>
            {answer === null && (
              <div class="stack-tight">
                <p>{words.what}</p>
                <p class="quiet">{words.costs(PRIVATE_QUERIES_A_MONTH, about)}</p>
              </div>
            )}
            <p role="status">{left > 0 ? words.left(left, about) : words.spent(about)}</p>
            {answer === null && left > 0 && (
              <p>
                <button type="button" class="button button-main" disabled={isBusy} onClick={() => void ask()}>
                  {isBusy ? analyticsWords.loading : words.ask}
                </button>
              </p>
            )}
            {answer && (
              <>
                <p class="small quiet">
                  {analyticsWords.range(formatWholeDay(answer.from), formatWholeDay(answer.to))}
                </p>
                <p>
                  {words.noise(answer.noise.scale)}{' '}
                  {words.counted(formatMoment(new Date(answer.noise.toldAt), new Date()))}
                </p>
                {children}
              </>
            )}
          </>
        )}
      </WhenKnown>
    </div>
  );
}

function Uploads({ figures: { total, days } }: { readonly figures: PrivateOperations }) {
  return (
    <>
      <Numbers numbers={[{ label: analyticsWords.uploads.studies, value: words.roughly(total.studies) }]} />
      <h2>{analyticsWords.uploads.byDay}</h2>
      <Table
        label={analyticsWords.uploads.byDay}
        heads={[analyticsWords.day, analyticsWords.uploads.studies]}
        rows={days.map(({ day, studies }) => [formatDay(secondsOf(day)), words.roughly(studies)])}
      />
    </>
  );
}

function Reviews({ figures: { turnaround } }: { readonly figures: PrivateReviews }) {
  return (
    <Table
      label={words.reviews}
      heads={[words.type, analyticsWords.reviews.settled, analyticsWords.reviews.open]}
      rows={turnaround.map(({ title, settled, open }) => [
        title,
        words.roughly(settled),
        words.roughly(open),
      ])}
    />
  );
}
