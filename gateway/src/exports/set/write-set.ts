/**
 * A set of the instances of released rows, as a stream of bytes. Each instance is fetched from the PACS when it is
 * needed, so neither side holds more than one.
 */
import { EXPORT_INSTANCES_LIMIT, type LeftOut } from '#shared/protocol/exports.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { ENTRY_BYTES_LIMIT } from '../../foreign/files/list-entries.ts';
import { BYTE_ORDER_MARK, writeCsv } from '../../http/csv.ts';
import type { DescribedInstance, Pacs } from '../../ports/pacs/pacs.ts';
import type { Identity } from '../anonymous/identity-texts.ts';
import { reaching } from '../reach-pacs.ts';
import type { CaseFiles, ReleasedRow, ReleasedRows } from '../source-row.ts';
import { toText } from '../write-table.ts';
import type { SetHead, SetInstance, SetSource, SetStudy, SetThread } from './set-thread.ts';

export type SetTools = {
  readonly pacs: Pick<Pacs, 'describeStudy' | 'fetchInstance'>;
  readonly setThread: SetThread;
};
/** `identities`: by patient number. Like `leftOut`, it covers only what has been written so far. */
type WrittenSet = {
  readonly pieces: AsyncGenerator<Uint8Array>;
  readonly identities: (patient: number) => readonly Identity[];
  readonly leftOut: () => LeftOut;
};

/** The pieces throw Problem pacs-unreachable, export-too-large, and what the rows and the thread throw. */
export function writeSet(
  tools: SetTools,
  head: SetHead,
  { columns, rows }: Pick<ReleasedRows, 'columns' | 'rows'>,
  signal: AbortSignal,
): WrittenSet {
  const gathered: Gathered = {
    ...{ people: new Map(), identities: [], studies: new Map(), instances: 0, left: [] },
    table: [BYTE_ORDER_MARK + writeCsv([['folder', ...columns]])],
  };
  return {
    pieces: piecesOf(tools, { head, rows, gathered }, signal),
    identities: (patient) => gathered.identities[patient - 1] ?? [],
    leftOut: () => gathered.left,
  };
}

/** Data gathered from the cases so far. */
type Gathered = {
  /** The number of each patient. */
  readonly people: Map<string, number>;
  readonly identities: Identity[][];
  /** The number of each study. A study that belongs to several cases is in the set once. */
  readonly studies: Map<string, number>;
  instances: number;
  /** Instances that are not in the set; filled in once the set is made. */
  left: LeftOut;
  /** Lines of CSV; a set has at most a thousand cases. */
  readonly table: string[];
};
type Writing = {
  readonly head: SetHead;
  readonly rows: AsyncIterable<ReleasedRow>;
  readonly gathered: Gathered;
};

async function* piecesOf(
  tools: SetTools,
  { head, rows, gathered }: Writing,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const until = AbortSignal.any([signal, left.signal]);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const source = sourceOf(tools, rows, gathered, until);
  const making = tools.setThread
    .make(head, { ...source, take: (bytes) => writer.write(bytes) }, until)
    .then(async ({ left: those }) => {
      gathered.left = those;
      await writer.close();
    })
    .catch((error: unknown) => writer.abort(error));
  try {
    yield* readable;
  } finally {
    left.abort();
    await ignoreFailure(making, 'whoever reads has been told');
  }
}

type ToWrite = { readonly patient: number; readonly uid: string } & Pick<CaseFiles, 'hidden'>;

function sourceOf(
  tools: SetTools,
  rows: AsyncIterable<ReleasedRow>,
  gathered: Gathered,
  signal: AbortSignal,
): Omit<SetSource, 'take'> {
  const studies = studiesIn(rows, gathered);
  let instances: readonly DescribedInstance[] = [];
  let hidden: CaseFiles['hidden'] = new Set();
  return {
    async next(): Promise<SetStudy | null> {
      const { value, done } = await studies.next();
      if (done === true) return null;
      hidden = value.hidden;
      instances = await reaching(() =>
        tools.pacs.describeStudy(value.uid, EXPORT_INSTANCES_LIMIT + 1, signal),
      );
      gathered.instances += instances.length;
      if (gathered.instances > EXPORT_INSTANCES_LIMIT) throw new Problem('export-too-large');
      const { patient, uid } = value;
      return { patient, study: gathered.studies.get(uid)!, instances: instances.length };
    },
    async instance(at) {
      const where = instances[at]!;
      if (hidden.has(where.sopInstanceUID)) return { kind: 'left', because: 'read-blinded' };
      return fetchOne(tools, where, signal);
    },
    table: () => gathered.table.join(''),
  };
}

/** Yields each study once. A case whose studies all belong to earlier cases still gets a line in the table. */
async function* studiesIn(rows: AsyncIterable<ReleasedRow>, gathered: Gathered): AsyncGenerator<ToWrite> {
  const { people, identities, studies, table } = gathered;
  for await (const { cells, files } of rows) {
    if (files === null) continue;
    const patient = people.get(files.person) ?? people.size + 1;
    people.set(files.person, patient);
    identities[patient - 1] = [...(identities[patient - 1] ?? []), files.identity];
    table.push(writeCsv([[`PAT${`${patient}`.padStart(5, '0')}`, ...cells.map(toText)]]));
    for (const uid of files.studies) {
      if (studies.has(uid)) continue;
      studies.set(uid, studies.size + 1);
      yield { patient, uid, hidden: files.hidden };
    }
  }
}

async function fetchOne(
  { pacs }: SetTools,
  where: DescribedInstance,
  signal: AbortSignal,
): Promise<SetInstance> {
  const fetched = await reaching(() => pacs.fetchInstance(where, ENTRY_BYTES_LIMIT, signal));
  if (fetched === null) return { kind: 'left', because: 'gone' };
  if (fetched.kind === 'too-large') return { kind: 'left', because: 'instance-too-large' };
  return { kind: 'instance', bytes: fetched.bytes };
}
