/** A PACS in memory that speaks DIMSE, and lies on demand. It knows the instances that a test may give it. */
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { encodeSequence, parseDataSet, uidIn } from '../dimse/data-set.ts';
import { encodeCommand, encodeElements, textIn } from '../dimse/elements.ts';
import { encodeData } from '../dimse/pdu.ts';
import { COMMITMENT_PUSH } from '../ports/pacs/dimse-commitment.ts';
import { STUDY_ROOT_FIND, STUDY_ROOT_GET } from '../dimse/messages.ts';
import { ABORT, accept, bring, openDimsePeer, respond, type Asked, type Peer } from './dimse-peer.ts';

/**
 * `forgetful`: says Success and keeps nothing. `changing`: keeps other bytes. `refusing`: refuses everything.
 * `encoding`: keeps the same Data Sets as `otherwise` has them.
 * `aborting`: stores, and aborts before it answers. `without-get`, `without-find`: does not take that service.
 */
export type ArchiveLie =
  | 'honest'
  | 'forgetful'
  | 'changing'
  | 'encoding'
  | 'refusing'
  | 'aborting'
  | 'without-get'
  | 'without-find';

/** `times`: so many requests; then it keeps what it has. */
type Failing = { readonly failsOn: string; readonly reason: number; times: number };

export type Archive = Peer & {
  lie: ArchiveLie;
  /** Data Sets by SOP Instance UID. */
  readonly held: Map<string, Buffer>;
  /** Encodings of its own, by SOP Instance UID. */
  readonly otherwise: Map<string, Buffer>;
  /** How often each SOP Instance UID was handed to it in whole. */
  readonly posted: Map<string, number>;
  /** How the archive reports on storage commitment, in the same association; `later`: not there. */
  commits: 'keeps' | 'later' | 'not-taken' | Failing;
  /** The requests for storage commitment. */
  readonly asked: { readonly transactionUID: string; readonly instances: readonly string[] }[];
};

const STORE_RQ = 0x0001;
const GET_RQ = 0x0010;
const FIND_RQ = 0x0020;
const ACTION_RQ = 0x0130;
const STORE_RSP = 0x8001;
const EVENT_REPORT_RSP = 0x8100;
const PENDING = 0xff00;

export async function openDimseArchive(known: readonly SyntheticInstance[]): Promise<Archive> {
  let getting: Asked | null = null;
  const peer = await openDimsePeer({
    associate: (request) => {
      const untaken = archive.commits === 'not-taken' ? COMMITMENT_PUSH : undefined;
      const refused =
        { 'without-get': STUDY_ROOT_GET, 'without-find': STUDY_ROOT_FIND }[archive.lie as string] ?? untaken;
      const at = refused === undefined ? -1 : abstractSyntaxes(request).indexOf(refused);
      return accept(request, at < 0 ? {} : { results: { [2 * at + 1]: 3 } });
    },
    answer: (asked) => {
      const { dataSet } = asked;
      if (asked.field === STORE_RQ) return store(archive, asked, dataSet);
      if (asked.field === FIND_RQ) return find(archive, asked, { identifier: dataSet, known });
      if (asked.field === GET_RQ) {
        getting = asked;
        const uids = known.map(({ identifiers }) => identifiers.sopInstanceUID);
        const uid = uids.find((one) => dataSet.includes(one));
        const held = uid === undefined ? undefined : archive.held.get(uid);
        return held === undefined ? respond(asked, 0) : bring(3, uid!, held);
      }
      if (asked.field === ACTION_RQ) return commit(archive, asked, dataSet);
      if (asked.field === EVENT_REPORT_RSP) return [];
      if (asked.field === STORE_RSP && getting !== null) return respond(getting, 0);
      return respond(asked, 0);
    },
  });
  const own = { held: new Map(), otherwise: new Map(), posted: new Map(), asked: [] };
  const archive: Archive = { ...peer, ...own, lie: 'honest', commits: 'keeps' };
  return archive;
}

function abstractSyntaxes(request: Buffer): readonly string[] {
  const found = request.toString('latin1').matchAll(/\x30\0\0[\s\S](1\.2\.840\.10008[\d.]+)/g);
  return [...found].map(([, uid]) => uid!);
}

function store(archive: Archive, asked: Asked, dataSet: Buffer): readonly Buffer[] {
  const uid = textIn(asked.command, 0x1000)!;
  archive.posted.set(uid, (archive.posted.get(uid) ?? 0) + 1);
  if (archive.lie === 'refusing') return respond(asked, 0x0110);
  const kept = keptBy(archive, uid, dataSet);
  // Orthanc's way: an instance that is there stays, and the answer does not tell.
  if (archive.lie !== 'forgetful' && !archive.held.has(uid)) archive.held.set(uid, kept);
  return archive.lie === 'aborting' ? [ABORT] : respond(asked, 0);
}

function keptBy({ lie, otherwise }: Archive, uid: string, dataSet: Buffer): Buffer {
  if (lie === 'changing') return Buffer.from(dataSet.with(-1, dataSet.at(-1)! ^ 1));
  return (lie === 'encoding' ? otherwise.get(uid) : undefined) ?? dataSet;
}

function commit(archive: Archive, asked: Asked, information: Buffer): readonly Buffer[] {
  const { transactionUID, instances } = readWish(information);
  archive.asked.push({ transactionUID, instances });
  const { commits } = archive;
  if (commits === 'later' || commits === 'not-taken') return respond(asked, 0);
  const isOver = commits !== 'keeps' && commits.times-- === 0;
  if (isOver) archive.commits = 'keeps';
  const said = isOver ? 'keeps' : commits;
  const reasonOf = (uid: string) => (said !== 'keeps' && said.failsOn === uid ? said.reason : null);
  return [...respond(asked, 0), ...report(asked.contextId, { transactionUID, instances }, reasonOf)];
}

/** A request for storage commitment (PS3.4 Annex J). */
export function readWish(information: Buffer): Archive['asked'][number] {
  const wish = parseDataSet(information, (tag) => tag === 0x00081199);
  const instances = wish.sequences.get(0x00081199)!.map((item) => uidIn(item, 0x00081155)!);
  return { transactionUID: uidIn(wish, 0x00081195)!, instances };
}

/** N-EVENT-REPORT. `reasonOf`: why one has failed; null: it is kept. */
export function report(
  contextId: number,
  { transactionUID, instances }: Archive['asked'][number],
  reasonOf: (sopInstanceUID: string) => number | null,
): readonly Buffer[] {
  const reference = (uid: string) => [[0x00081155, uid]] as const;
  const failures = instances.flatMap((uid) => {
    const reason = reasonOf(uid);
    return reason === null ? [] : [[...reference(uid), [0x00081197, reason] as const]];
  });
  const dataSet = Buffer.concat([
    encodeElements([[0x00081195, transactionUID]]),
    ...(failures.length === 0 ? [] : [encodeSequence(0x00081198, failures)]),
    encodeSequence(0x00081199, instances.filter((uid) => reasonOf(uid) === null).map(reference)),
  ]);
  const command = encodeCommand([
    [0x002, COMMITMENT_PUSH],
    [0x100, 0x0100],
    [0x110, 9],
    [0x800, 1],
    [0x1000, '1.2.840.10008.1.20.1.1'],
    [0x1002, failures.length === 0 ? 1 : 2],
  ]);
  return [command, dataSet].map((fragment) =>
    encodeData({ contextId, isCommand: fragment === command, isLast: true, fragment }),
  );
}

function find(
  { held }: Archive,
  asked: Asked,
  { identifier, known }: { readonly identifier: Buffer; readonly known: readonly SyntheticInstance[] },
): readonly Buffer[] {
  const isSeries = identifier.includes('SERIES');
  const found = known
    .map(({ identifiers }) => identifiers)
    .filter(({ sopInstanceUID: uid }) => held.has(uid))
    .filter(({ studyInstanceUID: study }) => identifier.includes(study))
    .filter(({ seriesInstanceUID: series }) => isSeries || identifier.includes(series));
  // A search for series gets one row.
  const rows = isSeries ? found.slice(0, 1) : found;
  const said = rows.flatMap(({ sopInstanceUID, studyInstanceUID, seriesInstanceUID }) =>
    respond(asked, PENDING, [
      [0x00080018, isSeries ? '' : sopInstanceUID],
      [0x0020000d, studyInstanceUID],
      [0x0020000e, seriesInstanceUID],
    ]),
  );
  return [...said, ...respond(asked, 0)];
}
