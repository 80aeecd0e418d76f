/** The words of the list of results alone. */
import { counted } from '../kit/counted.ts';
import type { Verdicts } from './filters.ts';

export const listWords = {
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
