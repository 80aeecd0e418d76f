/** Turns an unreachable PACS into the Problem that an export waits for. */
import { Problem } from '#shared/protocol/problem.ts';
import { PacsUnreachable } from '../ports/pacs/pacs.ts';

/** @throws Problem pacs-unreachable. */
export async function reaching<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof PacsUnreachable ? new Problem('pacs-unreachable') : error;
  }
}
