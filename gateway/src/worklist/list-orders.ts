/** The orders of some days from every source of the site: its destinations' worklists and imported lists. */
import { DAY_MS } from '#shared/day.ts';
import { parseDimseAddress } from '#shared/protocol/dimse-address.ts';
import { WORKLIST_LIMIT, type Order, type Worklist } from '#shared/protocol/worklist.ts';
import { listDestinations, type DestinationRow } from '../destinations/destination.store.ts';
import { connectionOf } from '../destinations/destinations.ts';
import { askWorklist, type WorklistAnswer, type WorklistPeer } from '../ports/pacs/dimse-worklist.ts';
import { PacsDoesNotSearch, PacsUnreachable } from '../ports/pacs/pacs.ts';
import { findImported, hasImported, identityOf } from './order.store.ts';
import type { WorklistTools } from './worklist-tools.ts';

/** `from` and `to` are days as YYYY-MM-DD, both inclusive. */
type OrdersAsked = {
  readonly from: string;
  readonly to: string;
  readonly patientId: string | null;
};

/** How long the worklists may take: a technician waits for the page. */
const PATIENCE_MS = 8_000;

/** Names the worklists that do not answer, and returns the orders of the others. */
export async function listOrders(
  tools: WorklistTools,
  siteId: string,
  asked: OrdersAsked,
  signal: AbortSignal,
): Promise<Worklist> {
  const destinations = await listDestinations(tools.db, siteId);
  const peers = destinations.filter(({ worklist }) => worklist !== null);
  const until = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const answers = await Promise.all(peers.map((row) => askOne(tools, row, asked, until)));
  signal.throwIfAborted();
  const { patientId } = asked;
  const wanted = { days: daysOf(asked), patientId, limit: WORKLIST_LIMIT + 1 };
  const imported = await findImported(tools, siteId, wanted);
  const all = [...answers.flatMap((answer) => answer?.orders ?? []), ...imported];
  // If an order is in a worklist and in an imported list, the worklist wins, because it is newer.
  const orders = [...new Map(all.toReversed().map((order) => [identityOf(order), order])).values()];
  return {
    orders: orders.sort(byTime).slice(0, WORKLIST_LIMIT),
    isSetUp: peers.length > 0 || (await hasImported(tools, siteId)),
    silent: peers.flatMap(({ name }, at) => (answers[at] === null ? [name] : [])),
    isCut: orders.length > WORKLIST_LIMIT || answers.some((answer) => answer?.isCut === true),
  };
}

/** Null: the worklist does not answer, or not with what was asked. */
async function askOne(
  tools: WorklistTools,
  row: DestinationRow,
  asked: OrdersAsked,
  signal: AbortSignal,
): Promise<WorklistAnswer | null> {
  try {
    return await askWorklist(peerOf(row, tools), { ...asked, limit: WORKLIST_LIMIT }, signal);
  } catch (error) {
    if (error instanceof PacsUnreachable || error instanceof PacsDoesNotSearch || signal.aborted) return null;
    throw error;
  }
}

/** The worklist's address, with the destination's certificates. Throws PacsUnreachable. */
function peerOf(row: DestinationRow, { seal, blocked }: WorklistTools): WorklistPeer {
  const address = parseDimseAddress(row.worklist ?? '');
  if (address === null) throw new PacsUnreachable('the address is not one of DIMSE', null);
  const connection = connectionOf(row, seal);
  return { address, blocked, tls: connection.kind === 'folder' ? { ca: null, own: null } : connection.tls };
}

function daysOf({ from, to }: OrdersAsked): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

function byTime(a: Order, b: Order): number {
  const keyOf = ({ scheduledOn, scheduledAt, patientName }: Order): string =>
    `${scheduledOn} ${scheduledAt ?? '99'} ${patientName}`;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
