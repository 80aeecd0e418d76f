/** The audit trail as a test looks at it. */
import type { Db } from '../database/database.ts';

export type Audited = { readonly event: string; readonly fields: Readonly<Record<string, unknown>> };

/** Audit events of this name, the oldest first; `%` stands for any text. */
export function audited(db: Db, event = '%'): Promise<Audited[]> {
  const rows = db
    .selectFrom('audit')
    .select(['event', 'fields'])
    .where('event', 'like', event as never);
  return rows.orderBy('seq').execute() as Promise<Audited[]>;
}
