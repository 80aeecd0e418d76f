/**
 * The answer that many images of one run share. A list shows it once, because a run over a study with many images
 * would push everything else out of sight. Results with a score or a mark stay separate. An image of the model's kind
 * without an answer also stays separate, because a person must judge it. Pure.
 */
import type { Finding } from '#shared/protocol/inference.ts';

/** Null: the result is not folded. */
export function runAnswerOf(finding: Finding, jobId: string | null): string | null {
  const { score, positive, image, model, film, input } = finding;
  if (jobId === null || (score !== null && positive !== null)) return null;
  const run = `${jobId} ${input.studyInstanceUID ?? ''}`;
  if (model.id === 'image-kind') return `${run} ${image.kind}`;
  const isTurned = film.some((one) => one === 'rotated' || one === 'inverted');
  return image.kind === 'CXR' || isTurned ? null : `${run} silent`;
}
