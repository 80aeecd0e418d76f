/** Everything that was read of a case for an export, and the part of it that leaves. */
import type { ExportField } from '#shared/protocol/exports.ts';
import type { Identity } from './anonymous/identity-texts.ts';
import type { SearchedFormat } from './anonymous/search-file.ts';
import type { CaseImages } from './case-images.ts';

/** A list puts several values into one cell of CSV. */
export type Cell = string | number | boolean | null | readonly Cell[];
/** The requested fields, and possibly more; images if the format has any. */
export type SourceRow = ReadonlyMap<ExportField, Cell> & {
  readonly pictures?: CaseImages;
  readonly files?: CaseFiles | null;
  /** The case number. */
  readonly number?: number;
  readonly studies?: readonly string[];
  /**
   * Identities of studies that the PACS lists under several patients. It is unknown which one is right, so all are
   * searched for.
   */
  readonly several?: Identity;
};
/** The studies of a case for a set of instances; `identity`: what the set must not reveal. */
export type CaseFiles = {
  /** Equal for all cases of one patient. */
  readonly person: string;
  readonly studies: readonly string[];
  /** The SOP Instance UIDs of objects made by models and readers that the reader of the case may not see yet. */
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
  /** Checks the file as written, before anybody receives it; null: no check is needed. @throws IdentityFound. */
  readonly prove: ((format: SearchedFormat, file: () => AsyncIterable<Uint8Array>) => Promise<void>) | null;
};
/** How a redaction releases rows. */
export type Release = {
  /** The fields that have to be read for an export of the given fields. */
  readonly reads: (fields: readonly ExportField[]) => readonly ExportField[];
  readonly release: (rows: AsyncIterable<SourceRow>, fields: readonly ExportField[]) => ReleasedRows;
};

/** An anonymous file contains an identity. Nothing of the file is released. */
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
