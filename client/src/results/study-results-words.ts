import { counted } from '../kit/counted.ts';

type Model = { readonly id: string; readonly version: string };

/** The words of the links from a study to what models found in it. */
export const studyResultsWords = {
  resultOf: ({ id, version }: Model, when: string) => `Result of ${id} ${version}, ${when}`,
  newestOf: (count: number, { id, version }: Model, when: string) =>
    `Newest of ${counted(count, 'result', 'results')}: ${id} ${version}, ${when}`,
  newest: ({ id, version }: Model, when: string) => `Newest result of ${id} ${version}, ${when}`,
  all: 'All results of this study',
  failed: 'The model results could not be loaded.',
} as const;
