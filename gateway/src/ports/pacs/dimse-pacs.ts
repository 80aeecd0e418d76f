/**
 * A PACS that speaks DIMSE: C-STORE, C-FIND and C-GET (PS3.4 Annexes B and C). It promises what pacs.ts asks, except
 * for two limits of the protocol: only an instance's Data Set is sent, so only that is proven; and an instance is
 * searched for only in its own study.
 *
 * A PACS without C-FIND can confirm nothing, so what it is given waits. Without C-GET its list is the only proof, and
 * what it had before cannot be compared.
 */
import type { BlockList } from 'node:net';
import { IMPLICIT_VR_LITTLE_ENDIAN, TRANSFER_SYNTAXES } from '#shared/dicom/registry.ts';
import { formatDimseAddress, withoutCalling, type DimseAddress } from '#shared/protocol/dimse-address.ts';
import { AssociationFailed } from '../../dimse/association-failed.ts';
import {
  withAssociation,
  type Association,
  type PeerSettings,
  type Wanted,
} from '../../dimse/association.ts';
import { CLASS_NOT_SUPPORTED, SUCCESS } from '../../dimse/command-fields.ts';
import { askCommitment, awaitReport, COMMITMENT_PUSH } from './dimse-commitment.ts';
import {
  echo,
  get,
  STUDY_ROOT_FIND,
  STUDY_ROOT_GET,
  VERIFICATION,
  type Brought,
} from '../../dimse/messages.ts';
import { isSameDataSet, readHeld, type HeldDataSet } from './compare-data-set.ts';
import { asFile, metaOf } from './dimse-files.ts';
import { identifierOf, LISTED_LIMIT, listStudy, searchNothing, type Listing } from './dimse-search.ts';
import { storeAll } from './dimse-store.ts';
import { gatherAll } from './multipart.ts';
import type { PacsTls } from './pacs-agent.ts';
import {
  PacsDoesNotCommit,
  PacsUnreachable,
  type CommitmentReport,
  type CommitmentWish,
  type FoundInstance,
  type Pacs,
  type PromisedFile,
  type ReadBack,
} from './pacs.ts';

type DimseSettings = {
  readonly address: DimseAddress;
  readonly tls: PacsTls;
  /** Addresses to which no connection is made; by default the link-local ones. */
  readonly blocked?: BlockList | undefined;
  /** Whether the PACS is asked for storage commitment. */
  readonly commitment?: boolean;
  /** The longest silence, in milliseconds. */
  readonly idleMs?: number;
  /** How long to wait for a report of storage commitment in the association that asked for it. */
  readonly reportMs?: number;
};

/**
 * `givesBack`: whether the PACS supports C-GET; null until it was asked. `commits`: the PACS has to support storage
 * commitment.
 */
type Dimse = { readonly peer: PeerSettings; readonly commits: boolean; givesBack: boolean | null };

const QUERIES: readonly Wanted[] = [STUDY_ROOT_FIND, STUDY_ROOT_GET].map((abstractSyntax) => ({
  abstractSyntax,
  transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN],
}));

/**
 * A PACS that reports in the same association does so at once. Others close the association, and report after they have
 * looked.
 */
const REPORT_MS = 3_000;

const COMMITMENT: Wanted = {
  abstractSyntax: COMMITMENT_PUSH,
  transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN],
};

export function createDimsePacs(settings: DimseSettings): Pacs {
  const { address, tls, blocked, commitment = false, idleMs, reportMs = REPORT_MS } = settings;
  const { host, port, calledAE, callingAE, isTls } = address;
  const idle = idleMs === undefined ? {} : { idleMs };
  const peer = { host, port, calledAE, callingAE, tls: isTls ? tls : null, blocked, ...idle };
  const dimse: Dimse = { peer, commits: commitment, givesBack: null };
  return {
    describe: () => withoutCalling(formatDimseAddress(address)),
    storeAnotherWay: null,
    digestsOf: null,
    get usualProof() {
      return dimse.givesBack === false ? 'found' : 'read-back';
    },
    askCommitment: commitment ? (wish, signal) => commit({ peer, reportMs }, wish, signal) : undefined,
    storeInstances: (_study, instances, signal) => reaching(signal, () => storeAll(peer, instances, signal)),
    findStudy: async (study, signal) => {
      const { instances } = await list(dimse, study, LISTED_LIMIT, signal);
      return new Set(instances.map(({ sopInstanceUID }) => sopInstanceUID));
    },
    findInstances: async (uids, signal, study) => {
      const wanted = new Set(uids);
      const { instances } = await list(dimse, study, LISTED_LIMIT, signal);
      return instances
        .filter(({ sopInstanceUID }) => wanted.has(sopInstanceUID))
        .map(({ seriesInstanceUID, sopInstanceUID }) => ({
          studyInstanceUID: study,
          seriesInstanceUID,
          sopInstanceUID,
        }));
    },
    readBack: async (where, bytes, signal, promised) =>
      promised === undefined ? null : readBack(dimse, where, { ...promised, bytes }, signal),
    fetchInstance: (where, maxBytes, signal) => fetchInstance(dimse, where, maxBytes, signal),
    describeStudy: async (study, limit, signal) => (await list(dimse, study, limit, signal)).instances,
    searchStudies: async () => [],
    givesInstances: async (signal) => {
      await asking(dimse, QUERIES, signal, async () => {});
      return dimse.givesBack === false ? false : null;
    },
    probe: (signal) => probe(dimse, signal),
  };
}

/** A failed association says nothing about instances, so it becomes PacsUnreachable. */
async function reaching<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AssociationFailed)) throw error;
    throw new PacsUnreachable(error.message, null, error.connection, error);
  }
}

/** Works in an association of its own, and notes whether the PACS supports C-GET. */
async function asking<T>(
  dimse: Dimse,
  contexts: readonly Wanted[],
  signal: AbortSignal,
  work: (association: Association) => Promise<T>,
): Promise<T> {
  return reaching(signal, () =>
    withAssociation(dimse.peer, { contexts }, signal, (association) => {
      dimse.givesBack = association.contextOf(STUDY_ROOT_GET)?.result === 0;
      return work(association);
    }),
  );
}

/** Ends an association whose answer is not read to its end. */
class Enough<T> extends Error {
  readonly result: T;

  constructor(result: T) {
    super('enough was read');
    this.result = result;
  }
}

const orEnough = <T>(error: unknown): T => {
  if (error instanceof Enough) return error.result as T;
  throw error;
};

async function list(dimse: Dimse, study: string, limit: number, signal: AbortSignal): Promise<Listing> {
  return asking(dimse, QUERIES, signal, async (association) => {
    const listing = await listStudy(association, study, limit);
    if (listing.isCut) throw new Enough(listing);
    return listing;
  }).catch(orEnough<Listing>);
}

async function commit(
  { peer, reportMs }: { readonly peer: PeerSettings; readonly reportMs: number },
  wish: CommitmentWish,
  signal: AbortSignal,
): Promise<CommitmentReport | null> {
  return reaching(signal, () =>
    withAssociation(peer, { contexts: [COMMITMENT] }, signal, async (association) => {
      const context = association.contextOf(COMMITMENT_PUSH);
      const status =
        context?.result === 0 ? await askCommitment(association, context, wish) : CLASS_NOT_SUPPORTED;
      if (status !== SUCCESS) throw new PacsDoesNotCommit(status);
      // The PACS has accepted the request; if the association ends now, that is no answer to it.
      return awaitReport(association, wish.transactionUID, reportMs).catch((error: unknown) => {
        if (error instanceof AssociationFailed) return null;
        throw error;
      });
    }),
  );
}

async function probe(dimse: Dimse, signal: AbortSignal): Promise<void> {
  const verification = { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] };
  const contexts = [verification, ...QUERIES, ...(dimse.commits ? [COMMITMENT] : [])];
  await asking(dimse, contexts, signal, async (association) => {
    const context = association.contextOf(VERIFICATION);
    if (context?.result === 0) {
      const status = await echo(association, context);
      if (status !== SUCCESS) throw new PacsUnreachable(`the PACS answered C-ECHO with ${status}`, status);
    }
    await searchNothing(association);
    if (dimse.commits && association.contextOf(COMMITMENT_PUSH)?.result !== 0)
      throw new PacsDoesNotCommit(CLASS_NOT_SUPPORTED);
  });
}

/** The forms in which an instance may be sent, and how it is read. */
type Retrieval<T> = {
  readonly sopClassUID: string;
  readonly transferSyntaxes: readonly string[];
  readonly read: (brought: Brought) => Promise<T>;
};

/** Retrieves by C-GET. Null: the PACS does not return it. */
async function retrieve<T>(
  { peer }: Dimse,
  where: FoundInstance,
  { sopClassUID, transferSyntaxes, read }: Retrieval<T>,
  signal: AbortSignal,
): Promise<T | null> {
  const query = { abstractSyntax: STUDY_ROOT_GET, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] };
  // One context for each transfer syntax: the PACS sends the instance as it is stored, and does not choose.
  const storage = transferSyntaxes.map((uid) => ({ abstractSyntax: sopClassUID, transferSyntaxes: [uid] }));
  const proposal = { contexts: [query, ...storage], takes: [sopClassUID] };
  const asked = { identifier: identifierOf(where), sopInstanceUID: where.sopInstanceUID };
  return reaching(signal, () =>
    withAssociation(peer, proposal, signal, async (association) => {
      const context = association.contextOf(STUDY_ROOT_GET);
      if (context?.result !== 0) return null;
      return (await get(association, context, asked, read)).taken;
    }),
  ).catch(orEnough<T | null>);
}

/**
 * Digest and length of the promised file if the PACS returns its Data Set; otherwise those of the same file with the
 * Data Set that the PACS returned.
 */
async function readBack(
  dimse: Dimse,
  where: FoundInstance,
  promised: PromisedFile & { readonly bytes: number },
  signal: AbortSignal,
): Promise<ReadBack | null> {
  const { sopClassUID, transferSyntaxUID, digest, bytes } = promised;
  const meta = await metaOf(promised, signal);
  if (meta === null) return null;
  const read = async ({ dataSet }: Brought): Promise<HeldDataSet> => {
    const held = await readHeld({ meta, bytes, transferSyntaxUID }, dataSet);
    if (held.isCut) throw new Enough(held);
    return held;
  };
  const wanted = { sopClassUID, transferSyntaxes: [transferSyntaxUID], read };
  const held = await retrieve(dimse, where, wanted, signal);
  if (held === null) return null;
  const isSame = held.digest !== digest && (await isSameDataSet(promised, held, signal));
  return isSame ? { digest, bytes } : { digest: held.digest, bytes: held.bytes };
}

/** The file has our own File Meta Information. */
async function fetchInstance(
  dimse: Dimse,
  where: FoundInstance,
  maxBytes: number,
  signal: AbortSignal,
): ReturnType<Pacs['fetchInstance']> {
  const { sopInstanceUID } = where;
  const { instances } = await list(dimse, where.studyInstanceUID, LISTED_LIMIT, signal);
  const sopClassUID = instances.find((one) => one.sopInstanceUID === sopInstanceUID)?.sopClassUID ?? null;
  if (sopClassUID === null) return null;
  const read = async ({ transferSyntax, dataSet }: Brought) => {
    const bytes = await gatherAll(asFile({ sopClassUID, sopInstanceUID, transferSyntax }, dataSet), maxBytes);
    if (bytes === null) throw new Enough({ kind: 'too-large' as const });
    return { kind: 'fetched' as const, bytes };
  };
  return retrieve(dimse, where, { sopClassUID, transferSyntaxes: TRANSFER_SYNTAXES, read }, signal);
}
