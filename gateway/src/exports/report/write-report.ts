/** A report of released rows, as a stream of bytes. An image is fetched from the PACS when its page is drawn. */
import type { Redaction } from '#shared/protocol/exports.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import type { Examiner } from '../../images/examine-thread.ts';
import { fetchWhole } from '../../images/study-images.ts';
import type { Pacs } from '../../ports/pacs/pacs.ts';
import { reaching } from '../reach-pacs.ts';
import type { CaseImage } from '../case-images.ts';
import type { ReleasedRow } from '../source-row.ts';
import { placesIn } from './image-places.ts';
import type { DrawReport, ReportHead, ReportPicture, ReportSource } from './report-thread.ts';

export type ReportTools = {
  readonly pacs: Pick<Pacs, 'describeStudy' | 'fetchInstance'>;
  readonly examiner: Pick<Examiner, 'print'>;
  readonly drawReport: DrawReport;
};

/** @throws Problem pacs-unreachable; what the rows and the thread throw. */
export async function* writeReport(
  tools: ReportTools,
  head: ReportHead,
  rows: AsyncIterable<ReleasedRow>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const until = AbortSignal.any([signal, left.signal]);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const source = sourceOf(tools, { rows, redaction: head.redaction, signal: until });
  const drawing = tools
    .drawReport(head, { ...source, take: (bytes) => writer.write(bytes) }, until)
    .then(() => writer.close())
    .catch((error: unknown) => writer.abort(error));
  try {
    yield* readable;
  } finally {
    left.abort();
    await ignoreFailure(drawing, 'whoever reads has been told');
    await source.end();
  }
}

type Told = {
  readonly rows: AsyncIterable<ReleasedRow>;
  readonly redaction: Redaction;
  readonly signal: AbortSignal;
};

function sourceOf(
  tools: ReportTools,
  { rows, redaction, signal }: Told,
): Pick<ReportSource, 'next' | 'picture'> & { end(): Promise<void> } {
  const each = rows[Symbol.asyncIterator]();
  let images: readonly CaseImage[] = [];
  return {
    async next() {
      const { value, done } = await each.next();
      if (done === true) return null;
      const { studies, more } = value.pictures;
      images = value.pictures.images;
      const placeOf = await reaching(() => placesIn(tools.pacs, images.length > 0 ? studies : [], signal));
      const shown = images.map(({ where, frame, marks }) => ({ frame, marks, ...placeOf(where) }));
      return { cells: value.cells, images: shown, more };
    },
    picture: (at) => pictureOf(tools, images[at]!, redaction, signal),
    end: async () => void (await each.return?.()),
  };
}

/** @throws Problem pacs-unreachable. */
async function pictureOf(
  { pacs, examiner }: ReportTools,
  { where, frame }: CaseImage,
  redaction: Redaction,
  signal: AbortSignal,
): Promise<ReportPicture> {
  const bytes = await fetchOrSay(pacs, where, signal);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const printed = await examiner.print({ bytes, frame: frame - 1, digest: null }, signal);
  if (printed.kind !== 'printed') return { kind: 'unreadable' };
  return redaction === 'full' || !printed.mayHoldName ? printed : { kind: 'withheld' };
}

async function fetchOrSay(
  pacs: ReportTools['pacs'],
  where: CaseImage['where'],
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | ReportPicture> {
  try {
    return await reaching(() => fetchWhole(pacs, where, signal));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === 'study-not-found') return { kind: 'missing' };
    if (error.code === 'file-too-large') return { kind: 'tooLarge' };
    throw error;
  }
}
