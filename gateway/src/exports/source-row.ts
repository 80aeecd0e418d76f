/** All that was read of a case for an export, before anything of it leaves, and what leaves. */
import type { ExportField } from '#shared/protocol/exports.ts';
import type { Identity } from './anonymous/identity-texts.ts';
import type { SearchedFormat } from './anonymous/search-file.ts';
import type { CaseImages } from './case-images.ts';

/** A list is several values in one cell of CSV. */
export type Cell = string | number | boolean | null | readonly Cell[];
/** The fields that were asked for, and perhaps more; images where the format has any. */
export type SourceRow = ReadonlyMap<ExportField, Cell> & {
  readonly pictures?: CaseImages;
  readonly files?: CaseFiles | null;
  /** The case number. */
  readonly number?: number;
  readonly studies?: readonly string[];
  /**
   * Identities of studies that the PACS lists under several patients: nobody knows whose they are, so all are
   * searched for.
   */
  readonly several?: Identity;
};
/** The studies of a case for a set of instances; `identity`: what must not be in it. */
export type CaseFiles = {
  /** The same for the cases of one patient. */
  readonly person: string;
  readonly studies: readonly string[];
  /** The SOP Instance UIDs of what models and readers made of them that the reader of the case is not to see yet. */
  readonly hidden: ReadonlySet<string>;
  readonly identity: Identity;
};

/** `cells` are parallel to the columns. */
export type ReleasedRow = {
  readonly cells: readonly Cell[];
  readonly pictures: CaseImages;
  readonly files: CaseFiles | null;
};
export const NO_PICTURES: CaseImages = { images: [], more: 0, studies: [] };
export type ReleasedRows = {
  readonly columns: readonly ExportField[];
  readonly rows: AsyncIterable<ReleasedRow>;
  /** Looks at the file as it was written, before anybody is given it; null: needs no look. @throws IdentityFound. */
  readonly prove: ((format: SearchedFormat, file: () => AsyncIterable<Uint8Array>) => Promise<void>) | null;
};
/** A redaction's release: the door through which rows leave. */
export type Release = {
  /** The fields that have to be read for an export of these. */
  readonly reads: (fields: readonly ExportField[]) => readonly ExportField[];
  readonly release: (rows: AsyncIterable<SourceRow>, fields: readonly ExportField[]) => ReleasedRows;
};

/** An anonymous file that tells whose a case is. Nothing of it leaves. */
export class IdentityFound extends Error {
  readonly field: ExportField;
  readonly row: number;

  constructor(field: ExportField, row: number) {
    super('an identity in an anonymous export');
    this.name = 'IdentityFound';
    this.field = field;
    this.row = row;
  }
}
