/** A PACS in memory that speaks DIMSE, and lies on demand. It knows the instances that a test may give it. */
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { textIn } from '../dimse/elements.ts';
import { STUDY_ROOT_FIND, STUDY_ROOT_GET } from '../dimse/messages.ts';
import { ABORT, accept, bring, openDimsePeer, respond, type Asked, type Peer } from './dimse-peer.ts';

/**
 * `forgetful`: says Success and keeps nothing. `changing`: keeps other bytes. `refusing`: refuses everything.
 * `aborting`: stores, and aborts before it answers. `without-get`, `without-find`: does not take that service.
 */
export type ArchiveLie =
  | 'honest'
  | 'forgetful'
  | 'changing'
  | 'refusing'
  | 'aborting'
  | 'without-get'
  | 'without-find';

export type Archive = Peer & {
  lie: ArchiveLie;
  /** Data Sets by SOP Instance UID. */
  readonly held: Map<string, Buffer>;
  /** How often each SOP Instance UID was handed to it in whole. */
  readonly posted: Map<string, number>;
};

const STORE_RQ = 0x0001;
const GET_RQ = 0x0010;
const FIND_RQ = 0x0020;
const STORE_RSP = 0x8001;
const PENDING = 0xff00;

export async function openDimseArchive(known: readonly SyntheticInstance[]): Promise<Archive> {
  const came: Buffer[] = [];
  let identifier = Buffer.alloc(0);
  let getting: Asked | null = null;
  const peer = await openDimsePeer({
    associate: (request) => {
      const refused = { 'without-get': STUDY_ROOT_GET, 'without-find': STUDY_ROOT_FIND }[
        archive.lie as string
      ];
      const at = refused === undefined ? -1 : abstractSyntaxes(request).indexOf(refused);
      return accept(request, at < 0 ? {} : { results: { [2 * at + 1]: 3 } });
    },
    heard: (content) => {
      if ((content[5]! & 1) === 1) came.length = 0;
      else came.push(Buffer.from(content.subarray(6)));
    },
    answer: (asked) => {
      const dataSet = Buffer.concat(came);
      if (asked.field === STORE_RQ) return store(archive, asked, dataSet);
      if (asked.field === FIND_RQ) return find(archive, asked, { identifier: dataSet, known });
      if (asked.field === GET_RQ) {
        getting = asked;
        identifier = dataSet;
        const uid = known
          .map(({ identifiers }) => identifiers.sopInstanceUID)
          .find((one) => identifier.includes(one));
        const held = uid === undefined ? undefined : archive.held.get(uid);
        return held === undefined ? respond(asked, 0) : bring(3, uid!, held);
      }
      if (asked.field === STORE_RSP && getting !== null) return respond(getting, 0);
      return respond(asked, 0);
    },
  });
  const archive: Archive = { ...peer, lie: 'honest', held: new Map(), posted: new Map() };
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
  const kept = archive.lie === 'changing' ? Buffer.from(dataSet.with(-1, dataSet.at(-1)! ^ 1)) : dataSet;
  // As Orthanc does: an instance that is there stays, and the answer does not tell.
  if (archive.lie !== 'forgetful' && !archive.held.has(uid)) archive.held.set(uid, kept);
  return archive.lie === 'aborting' ? [ABORT] : respond(asked, 0);
}

function find(
  { held }: Archive,
  asked: Asked,
  { identifier, known }: { readonly identifier: Buffer; readonly known: readonly SyntheticInstance[] },
): readonly Buffer[] {
  const isSeries = identifier.includes('SERIES');
  const rows = known.filter(
    ({ identifiers: { sopInstanceUID, studyInstanceUID, seriesInstanceUID } }) =>
      held.has(sopInstanceUID) &&
      identifier.includes(studyInstanceUID) &&
      (isSeries || identifier.includes(seriesInstanceUID)),
  );
  return [
    ...rows.flatMap(({ identifiers: { sopInstanceUID, studyInstanceUID, seriesInstanceUID } }, at) =>
      // Of a series one row.
      isSeries && at > 0
        ? []
        : respond(asked, PENDING, [
            [0x00080018, isSeries ? '' : sopInstanceUID],
            [0x0020000d, studyInstanceUID],
            [0x0020000e, seriesInstanceUID],
          ]),
    ),
    ...respond(asked, 0),
  ];
}
