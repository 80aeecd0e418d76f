/**
 * Instances get other values in a thread of their own, one after the other: a header may be large. The thread tells
 * which bytes are new and which ranges of the file stay; nobody holds the rest.
 */
import type { ByteRange } from '#shared/dicom/data-set.ts';
import type { Coercion } from '#shared/protocol/coercion.ts';
import { createThreadLine } from '../threads/fair-line.ts';
import { giving, keepThread, toOwn, type ThreadOptions } from '../threads/thread.ts';
import type { CoerceFile, CoercedFile } from './pipeline-tools.ts';

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
