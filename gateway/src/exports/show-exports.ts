/** Exports in the form in which people see them. */
import type { Export } from '#shared/protocol/exports.ts';
import { placeOfPurpose } from './ask-export.ts';
import { isExpired } from './end-exports.ts';
import type { ExportTools } from './export-tools.ts';
import type { NamedExport } from './export.store.ts';

export function showExport(
  { purposes, now }: Pick<ExportTools, 'purposes' | 'now'>,
  caller: { readonly id: string },
  row: NamedExport,
): Export {
  return {
    id: row.id,
    template: row.template_name,
    templateVersion: row.template_version,
    definition: row.definition,
    state: isExpired(row, now()) ? 'expired' : row.state,
    trouble: row.trouble,
    found:
      row.found_field === null || row.found_row === null
        ? null
        : { field: row.found_field, row: row.found_row },
    done: row.done,
    total: row.total,
    rows: row.rows,
    bytes: row.bytes,
    sha256: row.sha256,
    leftOut: row.left_out,
    purpose: purposes.open(placeOfPurpose(row.id), row.sealed_purpose)?.toString('utf8') ?? null,
    by: row.username,
    isMine: row.account_id === caller.id,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    expiresAt: row.expires_at?.toISOString() ?? null,
  };
}
