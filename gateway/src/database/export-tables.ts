/** The tables of exports. The stated purpose is sealed; the file itself is an encrypted blob. */
import type { ColumnType, Generated } from 'kysely';
import type {
  ExportDefinition,
  ExportField,
  ExportSelection,
  ExportState,
  ExportTrouble,
  LeftOut,
} from '#shared/protocol/exports.ts';

type Json<T> = ColumnType<T, string, string>;

/** Every version is kept. */
type ExportTemplateTable = {
  site_id: string;
  name: string;
  version: number;
  definition: Json<ExportDefinition>;
  made_by: string;
  made_at: Date;
};

export type ExportJobTable = {
  /** Chosen by the device, so that a repeated request is recognised. */
  id: string;
  site_id: string;
  number: Generated<number>;
  account_id: string;
  template_name: string;
  template_version: number;
  /** The definition in the template's version. */
  definition: Json<ExportDefinition>;
  selection: Json<ExportSelection>;
  sealed_purpose: Uint8Array;
  state: ExportState;
  trouble: ExportTrouble | null;
  /** The field and row in which an identity was found. */
  found_field: ExportField | null;
  found_row: number | null;
  /** Runs that started without reaching an end. */
  attempt: Generated<number>;
  done: Generated<number>;
  total: number;
  /** The file of the run that is writing it or has written it, and its key; null: there is none. */
  blob: string | null;
  wrapped_key: Uint8Array | null;
  rows: number | null;
  bytes: number | null;
  sha256: string | null;
  left_out: ColumnType<LeftOut, string | undefined, string>;
  created_at: ColumnType<Date, Date, never>;
  finished_at: Date | null;
  expires_at: Date | null;
};

/**
 * The numbers of the cases in a file from which cases can be told apart. An anonymous file has no row, because it does
 * not tell them apart.
 */
type ExportHeldTable = { export_id: string; cases: number[] };

export type ExportTables = {
  export_template: ExportTemplateTable;
  export_job: ExportJobTable;
  export_held: ExportHeldTable;
};
