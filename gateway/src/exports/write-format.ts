/** Released rows as the bytes of a file, in the format of the template. */
import type { Role } from '#shared/protocol/api.ts';
import type { LeftOut } from '#shared/protocol/exports.ts';
import { EXPORTERS } from '#shared/protocol/keepers.ts';
import type { CaseReader } from '../findings/case-rights.ts';
import { countNotShown } from '../cases/count-not-shown.ts';
import type { Db } from '../database/database.ts';
import type { OpenBlob } from '../ports/blobs/blobs.ts';
import { reviewTypes } from '../reviews/review-type.store.ts';
import { placeOfPurpose } from './ask-export.ts';
import type { ExportTools } from './export-tools.ts';
import type { ExportRow } from './export.store.ts';
import type { ReportHead } from './report/report-thread.ts';
import type { ReviewWords } from './report/review-paragraphs.ts';
import { writeReport } from './report/write-report.ts';
import { openingOf, policyOfSet } from './set/policy-of-set.ts';
import { writeSet } from './set/write-set.ts';
import { IdentityFound, type ReleasedRows } from './source-row.ts';
import { writeTable } from './write-table.ts';

type Asked = { readonly row: ExportRow; readonly by: CaseReader & { readonly username: string } };

type Released = ReleasedRows;
/** `prove`: checks the finished file before anybody receives it; null: no check is needed. @throws IdentityFound. */
export type WrittenFormat = {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly prove: ((file: OpenBlob) => Promise<void>) | null;
  /** Available once all pieces are written. */
  readonly leftOut: () => LeftOut;
};

/** @throws Problem policy-not-allowed; the pieces throw pacs-unreachable and export-too-large. */
export async function writeFormat(
  tools: ExportTools,
  asked: Asked,
  released: Released,
  signal: AbortSignal,
): Promise<WrittenFormat> {
  const { format } = asked.row.definition;
  if (format === 'dicom') return writeInstances(tools, asked, released, signal);
  const { prove } = released;
  const whole = (file: OpenBlob) => file.stream({ offset: 0, length: file.size }, signal);
  return {
    pieces:
      format === 'pdf'
        ? writeReport(tools, await headOf(tools, asked, released), released.rows, signal)
        : writeTable(format, released),
    prove: prove && ((file) => prove(format, () => whole(file))),
    leftOut: () => [],
  };
}

async function writeInstances(
  tools: ExportTools,
  { row, by }: Asked,
  released: Released,
  signal: AbortSignal,
): Promise<WrittenFormat> {
  const policy = await policyOfSet(tools, by, row.definition);
  const opening = await openingOf(tools, policy);
  const { name, version, options } = policy;
  const head = { title: row.definition.title, policy: { name, version }, opening };
  const { pieces, identities, leftOut } = writeSet(tools, head, released, signal);
  const retainsUids = options.includes('retain-uids');
  return {
    ...{ pieces, leftOut },
    async prove(file) {
      const set = { size: file.size, read: file.read.bind(file), identities };
      const found = await tools.setThread.search({ opening, retainsUids }, set, signal);
      if (found !== null) throw new IdentityFound('studies', found);
    },
  };
}

async function headOf(
  { db, purposes }: ExportTools,
  { row, by }: Asked,
  { columns }: Pick<ReleasedRows, 'columns'>,
): Promise<ReportHead> {
  const { title, redaction } = row.definition;
  const purpose = purposes.open(placeOfPurpose(row.id), row.sealed_purpose)?.toString('utf8') ?? null;
  const isFull = redaction === 'full';
  const role: Role = EXPORTERS.find((one) => by.roles.includes(one)) ?? 'researcher';
  const made = { at: row.created_at, role, ...(isFull ? { username: by.username, purpose } : NOBODY) };
  const reviews = await reviewWordsOf(db, by.siteId);
  const notShown = await countNotShown(db, by);
  return { title, redaction, columns, reviews, notShown, made: redaction === 'anonymous' ? null : made };
}

const NOBODY = { username: null, purpose: null };

/**
 * Titles and questions of the newest version of each type. Answers to questions no longer asked are printed unchanged.
 */
async function reviewWordsOf(db: Db, siteId: string): Promise<ReviewWords> {
  const types = await reviewTypes.list(db, siteId);
  return Object.fromEntries(
    types.map(({ name, definition }) => [
      name,
      { title: definition.title, questions: definition.form.properties },
    ]),
  );
}
