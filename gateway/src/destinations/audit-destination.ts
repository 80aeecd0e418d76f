/**
 * Writes a change of a destination to the audit trail, with its name and address, because its row may be deleted later.
 */
import type { Tuning } from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { recordAudit } from '../audit/audit.ts';
import type { Trx } from '../database/database.ts';
import type { DestinationRow } from './destination.store.ts';

export type DestinationChange =
  | 'made'
  | 'changed'
  | 'deleted'
  | 'primary'
  | 'left'
  | 'given-up'
  | 'worklist'
  | 'tuned'
  | Need;

type Change = {
  readonly change: DestinationChange;
  /** The account; null: the environment changed it. */
  readonly by: string | null;
  readonly now: Date;
  /** The new tuning if the change is `tuned`. */
  readonly tuning?: Tuning;
};

export async function auditDestination(
  trx: Trx,
  row: Pick<DestinationRow, 'id' | 'site_id' | 'kind' | 'name' | 'url' | 'settings'>,
  { change, by, now, tuning }: Change,
): Promise<void> {
  const { id: destinationId, kind, name, settings } = row;
  const about = {
    destinationId,
    kind,
    name,
    address: addressOf(row),
    authentication: settings.authentication.kind,
  };
  await recordAudit(
    trx,
    row.site_id,
    { event: `destination-${change}`, ...about, by, ...(tuning && { tuning }) },
    now,
  );
}

/** The address without parts that may be secret; for a folder, its path. */
function addressOf({ kind, url }: Pick<DestinationRow, 'kind' | 'url'>): string {
  if (kind === 'folder') return url;
  if (!URL.canParse(url)) return url;
  const address = new URL(url);
  address.username = '';
  address.password = '';
  address.search = '';
  address.hash = '';
  return address.href;
}
