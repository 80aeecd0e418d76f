/**
 * Runs an export from beginning to end. A run that is killed at any point starts again from the first row, into a new
 * file. Only one run's file becomes the export's; the others are destroyed. If the PACS is away or the disk is full,
 * the export waits.
 */
import { createHash } from 'node:crypto';
import {
  EXPORT_KEPT_HOURS,
  mayExport,
  type ExportField,
  type ExportFormat,
  type ExportTrouble,
  type LeftOut,
} from '#shared/protocol/exports.ts';
import { Problem } from '#shared/protocol/problem.ts';
import { recordAudit } from '../audit/audit.ts';
import { withheldFrom, type CaseReader } from '../findings/case-rights.ts';
import { checkRoom, StorageFull } from '../ports/blobs/blobs.ts';
import { EXPORT_QUEUE, questionOf } from './ask-export.ts';
import { destroyFile, nameFile, openFile, writeFile } from './export-files.ts';
import type { ExportTools } from './export-tools.ts';
import {
  beginExport,
  endExport,
  failExport,
  fileOf,
  finishExport,
  holdCases,
  lockExport,
  putBack,
  setDone,
  type ExportFile,
  type ExportRow,
} from './export.store.ts';
import { readRows } from './read-rows.ts';
import { releaseOf } from './release-rows.ts';
import { IdentityFound, type SourceRow } from './source-row.ts';
import { writeFormat, type WrittenFormat } from './write-format.ts';

/** An export fails for good after this many runs that ended without a known reason. */
const ATTEMPTS_LIMIT = 3;
const AWAITED_AGAIN_SECONDS = 15;
/** If the PACS is away or the disk is full for a day, the export fails and somebody has to ask again. */
const PATIENCE_MS = 24 * 3600 * 1000;
/** The number of cases between two checks whether the export was cancelled. */
const LOOK_EVERY: Readonly<Record<ExportFormat, number>> = { csv: 100, jsonl: 100, pdf: 1, dicom: 1 };

export async function runExport(exportId: string, tools: ExportTools, signal: AbortSignal): Promise<void> {
  const run = await begin(tools, exportId);
  if (run === null) return;
  try {
    const written = await write(tools, run, signal);
    if (!(await finish(tools, run, written))) throw new Ended();
  } catch (error) {
    await destroyFile(tools, run.file);
    if (error instanceof Ended) return;
    await settle(tools, run, error, signal);
  }
}

/** The run was cancelled, or another one has taken over. */
class Ended extends Error {}

type Run = {
  readonly row: ExportRow;
  readonly file: ExportFile;
  readonly reader: CaseReader;
  readonly username: string;
};

/** Null: there is nothing left to do. The attempt is counted before anything can fail. */
async function begin(tools: ExportTools, exportId: string): Promise<Run | null> {
  const { db, now } = tools;
  const begun = await db.transaction().execute(async (trx) => {
    const row = await lockExport(trx, exportId);
    if (row === undefined || (row.state !== 'queued' && row.state !== 'running')) return null;
    const account = await trx
      .selectFrom('account')
      .select(['id', 'site_id', 'username', 'roles', 'disabled_at'])
      .where('id', '=', row.account_id)
      .executeTakeFirstOrThrow();
    const isAllowed = account.disabled_at === null && mayExport(account.roles, row.definition.redaction);
    const trouble = isAllowed ? null : 'not-allowed';
    if (trouble !== null || row.attempt >= ATTEMPTS_LIMIT) {
      await endExport(trx, row, { state: 'failed', trouble: trouble ?? 'unexpected', now: now() });
      return { before: fileOf(row), run: null };
    }
    const file = await nameFile(tools);
    const reader = { id: account.id, siteId: account.site_id, roles: account.roles };
    const run = { row: await beginExport(trx, row, file), file, reader, username: account.username };
    return { before: fileOf(row), run };
  });
  if (begun === null) return null;
  await destroyFile(tools, begun.before);
  return begun.run;
}

/** With more cases, the event of an export would hold megabytes of UIDs, so it names no studies. */
const CASES_NAMED = 1_000;

/**
 * `done`: the number of cases; `cases`: their case numbers; `studies`: their studies, if the cases are few.
 */
type Written = {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly done: number;
  readonly leftOut: LeftOut;
  readonly cases: readonly number[];
  readonly studies: readonly string[];
};

async function write(
  tools: ExportTools,
  { row, file, reader, username }: Run,
  signal: AbortSignal,
): Promise<Written> {
  await checkRoom(tools.exportBlobs, 0);
  const { redaction, format, fields } = row.definition;
  const release = releaseOf(redaction, { thread: tools.anonymousThread, signal });
  const done = { rows: 0 };
  const studies = new Set<string>();
  const cases: number[] = [];
  const look = async (about: SourceRow): Promise<void> => {
    if (about.number !== undefined) cases.push(about.number);
    if (row.total <= CASES_NAMED) for (const uid of about.studies ?? []) studies.add(uid);
    if (done.rows % LOOK_EVERY[format] !== 0) return;
    signal.throwIfAborted();
    if (!(await setDone(tools.db, { id: row.id, blob: file.blob }, done.rows))) throw new Ended();
  };
  const source = counted(readRows(tools, readingOf(row, reader, release.reads(fields))), done, look);
  const released = release.release(source, fields);
  const told = { rows: 0 };
  const hash = createHash('sha256');
  let bytes = 0;
  async function* measured(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  }
  const rows = counted(released.rows, told);
  const by = { ...reader, username };
  const written = await writeFormat(tools, { row, by }, { ...released, rows }, signal);
  await writeFile(tools, file, measured(written.pieces));
  await prove(tools, file, written);
  const sha256 = hash.digest('hex');
  const leftOut = written.leftOut();
  return { rows: told.rows, bytes, sha256, done: done.rows, leftOut, cases, studies: [...studies] };
}

/** @throws IdentityFound. */
async function prove(
  tools: ExportTools,
  file: ExportFile,
  { prove: look }: Pick<WrittenFormat, 'prove'>,
): Promise<void> {
  if (look === null) return;
  const blob = await openFile(tools, file);
  if (blob === null) throw new Ended();
  try {
    await look(blob);
  } finally {
    await blob.close();
  }
}

function readingOf(
  { definition, selection, created_at }: ExportRow,
  reader: CaseReader,
  fields: readonly ExportField[],
) {
  // Anonymous exports contain typed words too, if these are harmless.
  const isAnonymous = definition.redaction === 'limited';
  const withheld = withheldFrom(reader, isAnonymous);
  // An anonymous report has no pictures.
  const hasPictures = definition.format === 'pdf' && definition.redaction !== 'anonymous';
  const question = questionOf(reader, selection, created_at);
  const hasFiles = definition.format === 'dicom';
  return { shown: { reader, withheld }, question, fields, hasPictures, hasFiles };
}

async function* counted<Row>(
  rows: AsyncIterable<Row>,
  count: { rows: number },
  look: (row: Row) => Promise<void> = async () => {},
): AsyncGenerator<Row> {
  for await (const row of rows) {
    await look(row);
    count.rows += 1;
    yield row;
  }
}

/** Returns whether this run's file became the export's. */
async function finish(
  { db, now }: ExportTools,
  { row, file }: Run,
  { rows, bytes, sha256, done, leftOut, cases, studies }: Written,
): Promise<boolean> {
  const at = now();
  const expires = new Date(at.getTime() + EXPORT_KEPT_HOURS * 3600 * 1000);
  return db.transaction().execute(async (trx) => {
    const written = { rows, bytes, sha256, done, leftOut, finished_at: at, expires_at: expires };
    if (!(await finishExport(trx, { id: row.id, blob: file.blob }, written))) return false;
    if (row.definition.redaction !== 'anonymous') await holdCases(trx, row.id, cases);
    const said = { template: row.template_name, redaction: row.definition.redaction, rows, bytes };
    const event = { event: 'export-ready', exportId: row.id, by: row.account_id, studies, ...said } as const;
    await recordAudit(trx, row.site_id, event, at);
    return true;
  });
}

/**
 * Makes the export wait or fail. @throws `error`, so that the job is run again or ends, unless the export waits for
 * something.
 */
async function settle(
  tools: ExportTools,
  { row, file }: Run,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { db, jobs, now } = tools;
  const run = { id: row.id, blob: file.blob };
  if (error instanceof IdentityFound) return holdBack(tools, row, { run, error });
  const ended = endedBy(error);
  if (ended !== null) {
    const fail = { trouble: ended, now: now() };
    return db.transaction().execute(async (trx) => void (await failExport(trx, run, fail)));
  }
  const awaited = signal.aborted ? null : awaitedIn(error);
  const isOver = now().getTime() - row.created_at.getTime() > PATIENCE_MS;
  const isLast = awaited === null ? !signal.aborted && row.attempt >= ATTEMPTS_LIMIT : isOver;
  await db.transaction().execute(async (trx) => {
    if (isLast) return void (await failExport(trx, run, { trouble: awaited ?? 'unexpected', now: now() }));
    // A gateway that stops, or a wait for something, does not count as an attempt.
    const attempt = signal.aborted || awaited !== null ? row.attempt - 1 : row.attempt;
    const isWaiting = await putBack(trx, run, { attempt, trouble: awaited });
    if (!isWaiting || awaited === null) return;
    const later = { key: row.id, group: row.account_id, startAfterSeconds: AWAITED_AGAIN_SECONDS };
    await jobs.enqueue(trx, EXPORT_QUEUE, { exportId: row.id }, later);
  });
  if (awaited === null) throw error;
}

/** Fails the export for good: another run would find the same identity. */
async function holdBack(
  { db, now }: ExportTools,
  row: ExportRow,
  { run, error }: { readonly run: { id: string; blob: string }; readonly error: IdentityFound },
): Promise<void> {
  const found = { found_field: error.field, found_row: error.row };
  const said = { template: row.template_name, redaction: row.definition.redaction, by: row.account_id };
  await db.transaction().execute(async (trx) => {
    if (!(await failExport(trx, run, { trouble: 'identity-found', now: now(), found }))) return;
    const event = { event: 'export-held-back', exportId: row.id, ...said, field: error.field } as const;
    await recordAudit(trx, row.site_id, { ...event, row: error.row }, now());
  });
}

/** Troubles that would occur again in another run. */
function endedBy(error: unknown): ExportTrouble | null {
  if (!(error instanceof Problem)) return null;
  if (error.code === 'policy-not-allowed') return 'not-allowed';
  return error.code === 'export-too-large' ? 'too-large' : null;
}

function awaitedIn(error: unknown): ExportTrouble | null {
  if (error instanceof StorageFull) return 'storage-full';
  return error instanceof Problem && error.code === 'pacs-unreachable' ? 'pacs-unreachable' : null;
}
