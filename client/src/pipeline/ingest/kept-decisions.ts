/**
 * Decisions about images before Send: boxes over names, releases, and images that are left out. (Decisions about a
 * study's patients are in kept-patients.ts.) A page that reloads, or whose browser is killed, forgets its files, so
 * each decision is stored for its account under the device's key. It is applied again once the same file is chosen:
 * the same bytes under the same UID. Under another policy, or if there are other reasons to look, a person is asked
 * again.
 */
import type { Box } from '#shared/dicom/boxes.ts';
import { createArchiveReader, type ArchiveReader } from '#shared/ingest/archive.ts';
import { toBase64Url } from '#shared/transfer/base64url.ts';
import { leftOutBefore } from '../queue/rows/keep-held.ts';
import { forgetUnsent, keepUnsent, keptUnsent, nameOf } from '../queue/rows/unsent.ts';
import type { FileRef, ReadFile } from './choose/collect-files.ts';
import type { FoundFile, StudyGroup } from './found/group-studies.ts';
import { decidedAs, staysHere, versionOf } from './found/held-back.ts';
import { replaceFiles } from './found/hold-companions.ts';
import { draw, type IngestState } from './ingest-state.ts';
import { createKeptParts, followPatients, type KeptPart, type KeptParts } from './kept-patients.ts';
import { openFile } from './choose/open-file.ts';
import { filesIn } from './found/patients-of-study.ts';
import { policyInForce } from './policy-in-force.ts';

/** A decision expires after a long shift, or once somebody else chooses files here. A person then has to look again. */
const KEPT_MS = 12 * 60 * 60 * 1000;

interface Said {
  /** The version of the policy. */
  readonly under: string;
  /** Why the image was looked at. */
  readonly why: string;
  /** Null: the image is left out. */
  readonly boxes: readonly Box[] | null;
}

interface KeptDecision extends Said {
  readonly id: string;
  readonly at: number;
  readonly sopInstanceUID: string;
  /** The digest of the file. */
  readonly digest: string;
}

/** The decisions of this account, as this page knows them. */
export interface KeptDecisions {
  readonly account: string;
  readonly all: Map<string, KeptDecision>;
  readonly parts: KeptParts;
  /** The ids of the decisions that were made, or applied again, on this page. */
  readonly ofFile: WeakMap<ReadFile, string>;
  readonly digests: WeakMap<ReadFile, Promise<string | null>>;
}

/**
 * Applies stored decisions again and stores new ones; runs one at a time. Returns the decisions that are then known.
 */
export async function followDecisions(
  state: IngestState,
  known: KeptDecisions | null,
): Promise<KeptDecisions | null> {
  const account = state.tools.account();
  if (account === null) return null;
  const kept = known?.account === account ? known : await readKept(state, account);
  await followPatients(state, kept.parts, {
    isChoice: () => isChoice(state, kept),
    isOfNow: (decision) => isOfNow(decision, state.tools.now()),
  });
  // The reader keeps an archive's directory for all files of the archive.
  const archives = createArchiveReader();
  await takeAgain(state, kept, archives);
  await keepNew(state, kept, archives);
  return kept;
}

/** Files are read only while a person decides about them, because at Send the queue reads them. */
const isChoice = ({ phase, tools }: IngestState, { account }: KeptDecisions): boolean =>
  phase.peek() === 'found' && tools.account() === account;

async function readKept({ tools: { database, now } }: IngestState, account: string): Promise<KeptDecisions> {
  const all = new Map<string, KeptDecision>();
  const parts: KeptPart[] = [];
  const own = nameOf({ kind: 'decision', account, id: '' });
  await database.device
    .where('name')
    .startsWith('decision/')
    .filter(({ name }) => !name.startsWith(own))
    .delete();
  const kept = (await keptUnsent(database, { kind: 'decision', account })) as (KeptDecision | KeptPart)[];
  for (const each of kept.sort((a, b) => a.at - b.at)) {
    if (isOfNow(each, now())) {
      if ('part' in each) parts.push(each);
      else all.set(each.id, each);
    } else await forgetUnsent(database, { kind: 'decision', account, id: each.id });
  }
  const ofParts = createKeptParts(account, parts);
  return { account, all, parts: ofParts, ofFile: new WeakMap(), digests: new WeakMap() };
}

const isOfNow = ({ at }: Pick<KeptDecision, 'at'>, now: number): boolean => at + KEPT_MS > now;

async function takeAgain(state: IngestState, kept: KeptDecisions, archives: ArchiveReader): Promise<void> {
  const now = state.tools.now();
  const standing = [...kept.all.values()].filter((each) => isOfNow(each, now));
  const ofUid = Map.groupBy(standing, ({ sopInstanceUID }) => sopInstanceUID);
  for (const study of [...state.gathering.studies.values()])
    for (const found of filesIn(study.series)) {
      const those = kept.ofFile.has(found.file) ? undefined : ofUid.get(found.sopInstanceUID);
      if (those === undefined) continue;
      if (!isChoice(state, kept)) return;
      const digest = await digestOf(kept, found.file, archives);
      const last = those.findLast((each) => each.digest === digest);
      if (last !== undefined && (await take(state, study.studyInstanceUID, found.ordinal, last)))
        kept.ofFile.set(found.file, last.id);
    }
}

/** False if another decision applies, or if a person has to look again. */
async function take(
  state: IngestState,
  studyInstanceUID: string,
  ordinal: number,
  { boxes, under, why, sopInstanceUID, at }: KeptDecision,
): Promise<boolean> {
  const { tools, gathering, heldBack, phase } = state;
  const of = { account: tools.account(), studyInstanceUID };
  const isOutBefore =
    boxes === null && (await leftOutBefore(tools.database, await tools.key, of)).has(sopInstanceUID);
  const policy = policyInForce(state);
  const study = gathering.studies.get(studyInstanceUID);
  const found = study && filesIn(study.series).find((each) => each.ordinal === ordinal);
  if (!found || phase.peek() !== 'found' || under !== versionOf(policy) || why !== whyOf(found)) return false;
  // The image was sent like this and is no longer in the PACS. A person may have deleted it for a reason.
  if (found.goneSince !== undefined && at <= found.goneSince) return false;
  const released = heldBack.released.peek();
  if (decidedAs(policy, released, found) === 'in-pacs' && boxes !== null)
    return note(state, study, found, boxes);
  if (isOutBefore || found.decided !== undefined || released.has(ordinal)) return false;
  if (boxes !== null) heldBack.release(policy, [found], boxes);
  else if (staysHere(policy, released, found))
    setDecided(state, study, found, { under, as: 'left-out', isOfNow: true });
  return boxes === null || heldBack.released.peek().has(ordinal);
}

/** Shows the image in the PACS with the boxes that covered it. */
function note(state: IngestState, study: StudyGroup, found: FoundFile, boxes: readonly Box[]): false {
  if (boxes.length > 0 && found.decided!.boxes === undefined)
    setDecided(state, study, found, { ...found.decided!, boxes });
  return false;
}

function setDecided(
  state: IngestState,
  study: StudyGroup,
  found: FoundFile,
  decided: NonNullable<FoundFile['decided']>,
): void {
  replaceFiles(study, (each) => (each === found ? { ...each, decided } : each));
  draw(state);
}

/** Stores decisions that were made or changed since, and deletes those that were undone. */
async function keepNew(state: IngestState, kept: KeptDecisions, archives: ArchiveReader): Promise<void> {
  const { database, now, createId } = state.tools;
  const { account, all, ofFile } = kept;
  for (const study of [...state.gathering.studies.values()])
    for (const { file, sopInstanceUID, said } of decidedIn(state, study, kept)) {
      if (!isChoice(state, kept)) return;
      const id = ofFile.get(file) ?? createId();
      const place = { kind: 'decision', account, id } as const;
      if (said === null) {
        all.delete(id);
        ofFile.delete(file);
        await forgetUnsent(database, place);
        continue;
      }
      const digest = await digestOf(kept, file, archives);
      if (digest === null) continue;
      const decision: KeptDecision = { id, at: now(), sopInstanceUID, digest, ...said };
      all.set(id, decision);
      ofFile.set(file, id);
      await keepUnsent(database, place, decision);
    }
}

function decidedIn(state: IngestState, study: StudyGroup, { all, ofFile }: KeptDecisions) {
  const under = versionOf(policyInForce(state));
  const released = state.heldBack.released.peek();
  return filesIn(study.series).flatMap((found) => {
    const { file, sopInstanceUID, ordinal, decided } = found;
    const isOut = decided?.isOfNow === true && decided.under === under;
    const boxes = released.get(ordinal) ?? (isOut ? null : undefined);
    const before = all.get(ofFile.get(file) ?? '');
    const said: Said | null = boxes === undefined ? null : { under, why: whyOf(found), boxes };
    // A decision under another policy stays until there is one under this policy.
    const isAsBefore =
      said === null ? before?.under !== under : before !== undefined && areSame(before, said);
    return isAsBefore ? [] : [{ file, sopInstanceUID, said }];
  });
}

const areSame = (one: Said, other: Said): boolean =>
  one.under === other.under &&
  one.why === other.why &&
  JSON.stringify(one.boxes) === JSON.stringify(other.boxes);

const whyOf = ({ held, naming, unready = [] }: FoundFile): string => JSON.stringify([held, naming, unready]);

function digestOf(
  { digests }: KeptDecisions,
  file: ReadFile,
  archives: ArchiveReader,
): Promise<string | null> {
  const known = digests.get(file) ?? readDigest(file.ref, archives).catch(() => null);
  digests.set(file, known);
  return known;
}

/** The size of a piece, because a film may have hundreds of megabytes. */
const PIECE_BYTES = 16 * 1024 * 1024;

/** A digest over the digests of the file's pieces. Rejects as reading does. */
async function readDigest(ref: FileRef, archives: ArchiveReader): Promise<string> {
  const file = await openFile(ref, archives);
  const digests: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < file.size; at += PIECE_BYTES) {
    const piece = await file.slice(at, at + PIECE_BYTES).arrayBuffer();
    digests.push(new Uint8Array(await crypto.subtle.digest('SHA-256', piece)));
  }
  const all = await new Blob(digests as BlobPart[]).arrayBuffer();
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', all)));
}
