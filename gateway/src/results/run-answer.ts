/**
 * The answer that many images of one run have in common, so that a list shows it once: a run over a study of many
 * images would push everything else out of sight. Scores and marks stay apart. So does an image of the model's kind
 * without an answer: a person judges that. Pure.
 */
import type { Finding } from '#shared/protocol/inference.ts';

/** Null: it has an answer of its own. */
export function runAnswerOf(finding: Finding, jobId: string | null): string | null {
  const { score, positive, image, model, film, input } = finding;
  if (jobId === null || (score !== null && positive !== null)) return null;
  const run = `${jobId} ${input.studyInstanceUID ?? ''}`;
  if (model.id === 'image-kind') return `${run} ${image.kind}`;
  const isTurned = film.some((one) => one === 'rotated' || one === 'inverted');
  return image.kind === 'CXR' || isTurned ? null : `${run} silent`;
}
