/**
 * Lets a PACS report on storage commitment if the gateway requests that from it. It calls by the AE title that its
 * destination names, from an address of the destination's host. No password proves its identity, but only a PACS that
 * was asked knows the Transaction UID, and a report alone never makes an instance count as stored.
 */
import { lookup } from 'node:dns/promises';
import type { AssociationAsked } from '../../dimse/pdu-acceptor.ts';
import { committingDestinations, destinationOfStudy } from '../../destinations/destination.store.ts';
import type { Db } from '../../database/database.ts';
import { parseProxies } from '../../http/client-address.ts';
import { noteReport, studyOfQuestion } from '../../pipeline/stores/commitment.store.ts';
import type { CommitmentReport } from '../../ports/pacs/pacs.ts';

/** Empty: the name cannot be resolved. */
export type AddressesOf = (host: string) => Promise<readonly string[]>;

/** Concurrent look-ups of a host are merged, because each look-up takes a thread of the process. */
export function createHostLookup(): AddressesOf {
  const underWay = new Map<string, Promise<readonly string[]>>();
  return (host) => {
    const before = underWay.get(host);
    if (before !== undefined) return before;
    const looking = lookup(host, { all: true })
      .then(
        (found) => found.map(({ address }) => address),
        () => [],
      )
      .finally(() => underWay.delete(host));
    underWay.set(host, looking);
    return looking;
  };
}

type Reporter =
  | { readonly kind: 'reporter'; readonly destinations: ReadonlySet<string> }
  | { readonly kind: 'refused'; readonly because: 'calling-ae' | 'address' | 'called-ae' };

type ReporterTools = {
  readonly db: Db;
  readonly siteId: string;
  /** The AE Title of the gateway's port. */
  readonly aeTitle: string;
  readonly addressesOf: AddressesOf;
};

/** `address`: null if an administrator has entered the caller with its addresses. */
export async function findReporter(
  { db, siteId, aeTitle, addressesOf }: ReporterTools,
  { callingAE, calledAE }: Pick<AssociationAsked, 'callingAE' | 'calledAE'>,
  address: string | null,
): Promise<Reporter> {
  const all = await committingDestinations(db, siteId);
  const named = all.filter((each) => each.address.calledAE === callingAE);
  if (named.length === 0) return { kind: 'refused', because: 'calling-ae' };
  const isThere = await Promise.all(
    named.map(
      async ({ address: { host } }) =>
        address === null || parseProxies(await addressesOf(host))?.has(address) === true,
    ),
  );
  const there = named.filter((_, at) => isThere[at]);
  if (there.length === 0) return { kind: 'refused', because: 'address' };
  // The PACS replies to the AE title that asked it, and a destination's calling AE title may differ from that of the
  // port.
  const ours = there.filter((each) => [aeTitle, each.address.callingAE].includes(calledAE));
  if (ours.length === 0) return { kind: 'refused', because: 'called-ae' };
  return { kind: 'reporter', destinations: new Set(ours.map(({ id }) => id)) };
}

/**
 * False: none of these destinations was asked this, or its answer is no longer expected. A repeated report returns
 * true and changes nothing.
 */
export async function noteReportOf(
  db: Db,
  destinations: ReadonlySet<string>,
  report: CommitmentReport,
): Promise<boolean> {
  const study = await studyOfQuestion(db, report.transactionUID);
  const destination = study && (await destinationOfStudy(db, study));
  if (destination === undefined || !destinations.has(destination.id)) return false;
  await noteReport(db, report);
  return true;
}
