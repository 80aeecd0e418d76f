/** The words used only in the list of results. */
import { counted } from '../../kit/counted.ts';
import type { Filters, Period, Verdicts } from '../parts/filters.ts';

/** Words for a narrowed list: "for this study, from the last 7 days". */
function narrowedTo({ study, model, period, verdict, whose }: Filters): string {
  const parts = [
    study !== '' && 'for this study',
    model !== '' && `by ${model}`,
    period !== 'any' && OF_PERIOD[period],
    verdict === 'none' && 'without a verdict',
    whose === 'mine' && 'that you requested',
  ];
  return parts.filter(Boolean).join(', ');
}

const OF_PERIOD: Readonly<Record<Exclude<Period, 'any'>, string>> = {
  today: 'from today',
  week: 'from the last 7 days',
  month: 'from the last 30 days',
};

export const listWords = {
  /** `count` null: there are more than those listed. */
  only: (filters: Filters, count: number | null) =>
    count === null
      ? `Only results ${narrowedTo(filters)} are shown.`
      : `Only the ${counted(count, 'result', 'results')} ${narrowedTo(filters)} ${count === 1 ? 'is' : 'are'} shown.`,
  overtakenHere: 'Another verdict was given first. Decide whether yours replaces it.',
  verdict: 'Verdict',
  verdicts: { any: 'All', none: 'No verdict yet' } satisfies Record<Verdicts, string>,
  columns: {
    subject: 'Patient or file',
    finding: 'Finding',
    image: 'Image',
    studied: 'Study date',
    created: 'Created',
  },
  moreImages: 'Show more images',
  folded: (count: number) =>
    `${counted(count, 'more image', 'more images')} of this run, with the same answer`,
  listOnly: 'You can see this list only. You don’t have permission to open results or see images.',
  teach: [
    ['Run AI', 'Choose a study that is in the PACS, or a picture, and one of the models.'],
    ['The model runs', 'The gateway runs the model. You can leave this page. The result appears here.'],
    ['A radiologist decides', 'A map shows what influenced the model. Agree, or enter the correct finding.'],
  ] as const,
};
