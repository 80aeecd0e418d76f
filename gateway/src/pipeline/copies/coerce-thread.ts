/**
 * Instances get their new values in a thread of their own, one after the other, because a header may be large. The
 * thread answers with the new bytes and the ranges of the file that stay; nobody holds the rest in memory.
 */
import type { ByteRange } from '#shared/dicom/data-set.ts';
import type { Coercion } from '#shared/protocol/coercion.ts';
import { createThreadLine } from '../../threads/fair-line.ts';
import { giving, keepThread, toOwn, type ThreadOptions } from '../../threads/thread.ts';
import type { CoerceFile, CoercedFile } from '../plan/pipeline-tools.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type CoerceTalk = {
  readonly task: { readonly size: number; readonly coercion: Coercion; readonly at: Date };
  readonly question: ByteRange;
  readonly reply: Bytes;
  readonly answer: CoercedFile;
};

export function createCoerceThread(options: ThreadOptions = {}): CoerceFile {
  const thread = keepThread<CoerceTalk>(new URL('./coerce.worker.ts', import.meta.url), options);
  const line = createThreadLine([thread]);
  return (file, { coercion, at }, { account, signal }) =>
    line(
      account,
      (own) =>
        own.do(
          giving({ size: file.size, coercion, at }),
          async ({ offset, length }) => giving(toOwn(await file.read(offset, length))),
          signal,
        ),
      signal,
    );
}
