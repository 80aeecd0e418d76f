/**
 * The list of results with the images of one run folded into a row each time that the model says the same of them: a
 * run over a study of many images would push everything else out of sight. Scores, marks and verdicts stay apart. So
 * does an image of the model's kind without an answer: a person judges that. Pure.
 */
import type { Result } from '#shared/protocol/inference.ts';
import { headlineOf } from './describe-result.ts';

/** Each row's results, in the order of the list; the first one stands for the others. */
export function foldRuns(results: readonly Result[]): readonly (readonly Result[])[] {
  return [...Map.groupBy(results, foldOf).values()];
}

function foldOf({ id, jobId, finding, verification }: Result): string {
  const headline = headlineOf(finding);
  if (jobId === null || verification !== null) return id;
  if (headline.kind === 'kind') return `${jobId} ${headline.name}`;
  return headline.kind === 'silent' && headline.because === 'not-a-chest-film' ? `${jobId} silent` : id;
}
