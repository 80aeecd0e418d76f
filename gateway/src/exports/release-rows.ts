/**
 * All exported rows pass through here: whatever the template asks for, an export contains only what its redaction
 * allows.
 */
import { type ExportField, type Redaction, tellsField } from '#shared/protocol/exports.ts';
import { releaseAnonymously, type AnonymousTools } from './anonymous/release-anonymously.ts';
import { NO_PICTURES, type Release, type ReleasedRow, type SourceRow } from './source-row.ts';

/** Row by row, with only the fields that this redaction allows. */
function tell(redaction: Redaction): Release {
  const told = (fields: readonly ExportField[]): readonly ExportField[] =>
    fields.filter((field) => tellsField(redaction, field));
  return {
    reads: told,
    release: (rows, fields) => ({ columns: told(fields), rows: cellsIn(rows, told(fields)), prove: null }),
  };
}

async function* cellsIn(
  rows: AsyncIterable<SourceRow>,
  columns: readonly ExportField[],
): AsyncGenerator<ReleasedRow> {
  for await (const row of rows)
    yield {
      cells: columns.map((column) => row.get(column) ?? null),
      pictures: row.pictures ?? NO_PICTURES,
      files: row.files ?? null,
    };
}

export const releaseOf = (redaction: Redaction, tools: AnonymousTools): Release =>
  redaction === 'anonymous' ? releaseAnonymously(tools) : tell(redaction);
