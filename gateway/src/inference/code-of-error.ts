/** The names of what may go wrong while models look at an image. */
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { EngineFault } from '../ports/engine/engine.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';

/**
 * The code that the caller is told; null: nobody expected the error. Once the signal has ended the question,
 * that is the reason: its time was up, or nobody waits for the answer any more (the job was cancelled, the
 * caller hung up, the gateway stops).
 */
export function codeOf(error: unknown, { aborted, reason }: AbortSignal): AnyProblemCode | null {
  if (error instanceof EngineFault || error instanceof Problem) return error.code;
  if (aborted) return isTimeUp(reason) ? 'inference-timeout' : 'called-off';
  return error instanceof PacsUnreachable ? 'pacs-unreachable' : null;
}

/** The reason that `AbortSignal.timeout` gives. */
const isTimeUp = (reason: unknown): boolean =>
  reason instanceof DOMException && reason.name === 'TimeoutError';
