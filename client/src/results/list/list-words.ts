/** The words used only in the list of results. */
import { counted } from '../../kit/counted.ts';
import type { Filters, Period, Verdicts } from '../parts/filters.ts';

/** Words for a narrowed list: "of this study, of the last 7 days". */
function narrowedTo({ study, model, period, verdict, whose }: Filters): string {
  const parts = [
    study !== '' && 'of this study',
    model !== '' && `by ${model}`,
    period !== 'any' && OF_PERIOD[period],
    verdict === 'none' && 'without a verdict',
    whose === 'mine' && 'that you requested',
  ];
  return parts.filter(Boolean).join(', ');
}

const OF_PERIOD: Readonly<Record<Exclude<Period, 'any'>, string>> = {
  today: 'of today',
  week: 'of the last 7 days',
  month: 'of the last 30 days',
};

export const listWords = {
  /** `count` null: there are more than those listed. */
  only: (filters: Filters, count: number | null) =>
    count === null
      ? `Only results ${narrowedTo(filters)} are listed.`
      : `Only the ${counted(count, 'result', 'results')} ${narrowedTo(filters)} ${count === 1 ? 'is' : 'are'} listed.`,
  overtakenHere: 'Another verdict was given first. Decide whether yours replaces it.',
  verdict: 'Verdict',
  verdicts: { any: 'With and without', none: 'No verdict yet' } satisfies Record<Verdicts, string>,
  moreImages: 'Show more images',
  folded: (count: number) =>
    `${counted(count, 'more image', 'more images')} of this run, with the same answer`,
  listOnly: 'Your account reads this list only: no result opens here, and no image is shown.',
  teach: [
    ['Run AI', 'Choose a study that is in the PACS, or a picture, and one of the models.'],
    ['It looks at it', 'The gateway runs the model. You can leave this page: the result appears here.'],
    ['A radiologist decides', 'The map shows where the model looked. Agree, or say what it is instead.'],
  ] as const,
};
