/**
 * Counts with noise, for those who are told no others. Each answer is paid for from a month's budget, so nothing is
 * asked before the person presses; another question needs another press.
 */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { z } from 'zod';
import {
  PRIVATE_QUERIES_A_MONTH,
  privateOperationsSchema,
  privateReviewsSchema,
  type Noise,
  type PrivateOperations,
  type PrivateReviews,
} from '#shared/protocol/private-figures.ts';
import { CaseTroubleNotice } from '../cases/CaseParts.tsx';
import { openAttempt } from '../cases/open-attempt.ts';
import { useApi } from '../net/net-context.ts';
import { analyticsWords } from './analytics-words.ts';
import { formatDay, formatWholeDay, secondsOf } from './format-period.ts';
import { Numbers } from './Numbers.tsx';
import { Table } from './Table.tsx';

const words = analyticsWords.noisy;

export function NoisyUploads({ query }: { readonly query: string }) {
  const asked = useAsked(`/analytics/operations?${query}&private=true`, privateOperationsSchema);
  return <Asked {...asked}>{asked.answer && <Uploads figures={asked.answer} />}</Asked>;
}

export function NoisyReviews({ query }: { readonly query: string }) {
  const asked = useAsked(`/analytics/reviews?${query}&private=true`, privateReviewsSchema);
  return <Asked {...asked}>{asked.answer && <Reviews figures={asked.answer} />}</Asked>;
}

type Answer = { readonly from: string; readonly to: string; readonly noise: Noise };

/** The answer of the question before is not shown for another one. */
function useAsked<A extends Answer>(path: string, schema: z.ZodType<A>) {
  const api = useApi();
  const [attempt] = useState(openAttempt);
  const [given, setGiven] = useState<{ readonly path: string; readonly answer: A } | null>(null);
  const ask = () => attempt.tried(async () => setGiven({ path, answer: await api.json(path, schema) }));
  return { attempt, ask, answer: given?.path === path ? given.answer : null };
}

type AskedProps = {
  readonly attempt: ReturnType<typeof openAttempt>;
  readonly ask: () => Promise<boolean>;
  readonly answer: Answer | null;
  readonly children: ComponentChildren;
};

function Asked({ attempt, ask, answer, children }: AskedProps) {
  return (
    <div class="stack" aria-busy={attempt.isBusy.value}>
      {answer === null && (
        <div class="stack-tight">
          <p>{words.what}</p>
          <p class="quiet">{words.costs(PRIVATE_QUERIES_A_MONTH)}</p>
          <p>
            <button
              type="button"
              class="button button-main"
              disabled={attempt.isBusy.value}
              onClick={() => void ask()}
            >
              {attempt.isBusy.value ? analyticsWords.loading : words.ask}
            </button>
          </p>
        </div>
      )}
      <CaseTroubleNotice trouble={attempt.trouble.value} />
      {answer && (
        <>
          <p class="small quiet">
            {analyticsWords.range(formatWholeDay(answer.from), formatWholeDay(answer.to))}
          </p>
          <p role="status">
            {words.noise(answer.noise.scale)} {words.left(answer.noise.left)}
          </p>
          {children}
        </>
      )}
    </div>
  );
}

function Uploads({ figures: { total, days } }: { readonly figures: PrivateOperations }) {
  return (
    <>
      <Numbers numbers={[{ label: analyticsWords.uploads.studies, value: words.about(total.studies) }]} />
      <h2>{analyticsWords.uploads.byDay}</h2>
      <Table
        label={analyticsWords.uploads.byDay}
        heads={[analyticsWords.day, analyticsWords.uploads.studies]}
        rows={days.map(({ day, studies }) => [formatDay(secondsOf(day)), words.about(studies)])}
      />
    </>
  );
}

function Reviews({ figures: { turnaround } }: { readonly figures: PrivateReviews }) {
  return (
    <Table
      label={words.reviews}
      heads={[words.type, analyticsWords.reviews.settled, analyticsWords.reviews.open]}
      rows={turnaround.map(({ title, settled, open }) => [title, words.about(settled), words.about(open)])}
    />
  );
}
