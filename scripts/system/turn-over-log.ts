/** Limits the size of a log that a running process appends to. One older copy is kept, as `FILE.1`. */
import { stat } from 'node:fs/promises';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { turnOver } from '../../gateway/src/observability/old-logs.ts';

/** A busy day of a ward, some 300 000 requests. */
const LIMIT_BYTES = 64 * 1024 ** 2;
/** In this time a flood of requests writes some MB. */
const LOOK_EVERY_MS = 10_000;

/** Turns over the log once it is larger than the limit. @throws Error where there is no such file. */
export async function turnOverLog(file: string, limitBytes = LIMIT_BYTES): Promise<void> {
  if ((await stat(file)).size > limitBytes) await turnOver(file);
}

/** Looks until it is told to end. */
export function limitLog(file: string): () => void {
  const look = (): void => void ignoreFailure(turnOverLog(file), 'it is looked at again');
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
