/**
 * Saves queued studies to a file for a stick. For each study the file contains its ticket (the promise, signed by
 * this device and sealed to the gateway) and its parcels as they are stored here. The studies wait here until a
 * receipt says that the PACS has them, whichever way they arrived. Loaded when somebody saves a file.
 */
import { toStickIndex, type StickIndex, type Ticket } from '#shared/protocol/stick.ts';
import { WITHHELD_CAUSES, type Withheld, type WithheldCause } from '#shared/protocol/withheld.ts';
import type { SealingKey } from '#shared/protocol/api.ts';
import { sha256OfBytes } from '#shared/transfer/digest.ts';
import { fitsReader, stickBytes, writeStick, type StickBody } from '#shared/transfer/stick.ts';
import { sealTicket } from '#shared/transfer/stick-ticket.ts';
import { buildManifest } from '../../queue/rows/build-manifest.ts';
import { knownPolicies } from '../../queue/rows/device-notes.ts';
import { toParcelToSend } from '../../queue/rows/give-parcels.ts';
import { instancesOf } from '../../queue/rows/instance-rows.ts';
import { keptRight, knownClockOffset, type KeptRight } from '../../queue/rows/kept-rights.ts';
import type { LocalDatabase, ParcelRow, StudyRow } from '../../queue/rows/local-database.ts';
import { keyOf } from '../../queue/upload-queue.ts';
import { signGrant } from '../sign-assertion.ts';

export interface PackedStick {
  readonly kind: 'packed';
  readonly studies: number;
  /** Instances of these studies that are not in the file: held for a decision, left out or damaged. */
  readonly withheld: Withheld;
  /** The size of the file. */
  readonly bytes: number;
  /**
   * The file, in pieces of at most 1 MiB. Throws CopyUnreadable, also if a study has been deleted from this device
   * meanwhile.
   */
  pieces(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/**
 * `not-enrolled`: the gateway does not know this device and person yet, or their right has ended; signing in once
 * with a network solves this. `nothing`: none of the studies is complete here and unsent. `too-much`: no reader would
 * accept so many studies in one file, or a study with so many parts.
 */
export interface StickRefusal {
  readonly kind: 'not-enrolled' | 'nothing' | 'too-much';
}

interface StickTools {
  readonly database: LocalDatabase;
  /** The signed-in person; only studies that they queued are saved. */
  readonly account: string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
}

type Signing = { readonly right: KeptRight; readonly sealingKey: SealingKey; readonly at: number };
type Saved = {
  readonly entry: StickIndex['studies'][number];
  readonly bodies: readonly StickBody[];
  readonly withheld: Withheld;
};

export async function packStick(
  tools: StickTools,
  studyIds: readonly string[],
): Promise<PackedStick | StickRefusal> {
  const { database, account } = tools;
  const signing = await signingOf(tools);
  if (signing === null) return { kind: 'not-enrolled' };
  const rows = (await database.studies.bulkGet([...studyIds])).filter((row) => row !== undefined);
  const whole = rows.filter((row) => row.account === account && isSavable(row));
  if (whole.length === 0) return { kind: 'nothing' };
  const saved: Saved[] = [];
  for (const row of whole) saved.push(await saveStudy(tools, signing, row.id));
  const index = toStickIndex(saved.map(({ entry }) => entry));
  if (!fitsReader(index)) return { kind: 'too-much' };
  return {
    kind: 'packed',
    studies: whole.length,
    withheld: addWithheld(saved.map(({ withheld }) => withheld)),
    bytes: stickBytes(index),
    async *pieces() {
      yield* writeStick(
        index,
        saved.flatMap(({ bodies }) => bodies),
      );
      // Written before the file is closed, because somebody may send it from then on.
      await database.studies.bulkUpdate(
        whole.map(({ id: key }) => ({ key, changes: { savedToStickAt: tools.now() } })),
      );
    },
  };
}

/** Whether the study is complete on this device and not completely sent. */
const isSavable = ({ state, packing, waiting }: Pick<StudyRow, 'state' | 'packing' | 'waiting'>): boolean =>
  (state === 'safe' || state === 'uploading') && !packing && waiting !== 'interrupted';

async function signingOf({ database, account, now }: StickTools): Promise<Signing | null> {
  const right = account === null ? null : await keptRight(database, account);
  const sealingKey = (await knownPolicies(database))?.sealingKey ?? null;
  if (right === null || right.deviceId === null || right.hasEnded || sealingKey === null) return null;
  return { right, sealingKey, at: now() + ((await knownClockOffset(database)) ?? 0) };
}

async function saveStudy({ database, newId }: StickTools, signing: Signing, studyId: string): Promise<Saved> {
  const manifest = await buildManifest(database, studyId);
  const rows = await database.parcels.where('studyId').equals(studyId).toArray();
  const parcels = rows.map(({ id, bytes, seal }) => ({ id, bytes, ...seal }));
  const places = await placesOf(database, studyId, manifest);
  const ticket: Ticket = {
    manifest,
    parcels: parcels.map((parcel) => ({ ...parcel, instances: places.get(parcel.id) ?? [] })),
  };
  const sealed = await makeTicket(signing, newId(), ticket);
  return {
    entry: { ticket: sealed.entry, parcels },
    withheld: manifest.withheld ?? {},
    bodies: [sealed.body, ...rows.map((row: ParcelRow) => toParcelToSend(database, row))],
  };
}

function addWithheld(all: readonly Withheld[]): Withheld {
  const total = (cause: WithheldCause): number => all.reduce((sum, each) => sum + (each[cause] ?? 0), 0);
  return Object.fromEntries(WITHHELD_CAUSES.map((cause) => [cause, total(cause)]));
}

/** The positions in the manifest of the instances in each parcel. */
async function placesOf(
  database: LocalDatabase,
  studyId: string,
  { instances }: Ticket['manifest'],
): Promise<ReadonlyMap<string, number[]>> {
  const places = new Map(instances.map((instance, at) => [keyOf(instance), at]));
  const byParcel = new Map<string, number[]>();
  for (const row of await instancesOf(database, studyId)) {
    const at = places.get(keyOf(row));
    if (row.parcelId === null || at === undefined) continue;
    byParcel.set(row.parcelId, [...(byParcel.get(row.parcelId) ?? []), at]);
  }
  return byParcel;
}

async function makeTicket({ right, sealingKey, at }: Signing, id: string, ticket: Ticket) {
  const json = new Blob([JSON.stringify(ticket)]).stream().pipeThrough(new CompressionStream('gzip'));
  const promise = new Uint8Array(await new Response(json).arrayBuffer());
  const keyId = sealingKey.kid;
  const grant = await signGrant(right, at, { ticketId: id, keyId, digest: await sha256OfBytes(promise) });
  const { enc, sealed } = await sealTicket(sealingKey, id, { grant, promise });
  const body: StickBody = {
    bytes: sealed.length,
    read: async (offset, length) => sealed.slice(offset, offset + length),
  };
  return { entry: { id, keyId, enc, bytes: sealed.length }, body };
}
