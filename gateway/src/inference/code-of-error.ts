/** Names the errors that can occur while models examine an image. */
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { EngineFault } from '../ports/engine/engine.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';

/**
 * The code for the caller; null: the error was unexpected. If the signal ended the question, that is the reason: the
 * time was up, or nobody waits for the answer any more (the job was cancelled, the caller hung up, or the gateway is
 * stopping).
 */
export function codeOf(error: unknown, { aborted, reason }: AbortSignal): AnyProblemCode | null {
  if (error instanceof EngineFault || error instanceof Problem) return error.code;
  if (aborted) return isTimeUp(reason) ? 'inference-timeout' : 'called-off';
  return error instanceof PacsUnreachable ? 'pacs-unreachable' : null;
}

/** Recognizes the reason with which `AbortSignal.timeout` aborts. */
const isTimeUp = (reason: unknown): boolean =>
  reason instanceof DOMException && reason.name === 'TimeoutError';
