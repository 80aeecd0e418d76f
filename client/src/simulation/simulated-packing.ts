/**
 * Naming and packing on the simulated device: the work that queue-study.ts does with workers, one step at a
 * time, so that anything may happen between two steps.
 */
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { sizeOf } from '#shared/transfer/instance-bytes.ts';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import type { DecisionTools } from '../pipeline/queue/rows/decide-study.ts';
import { giveUpStudy } from '../pipeline/queue/rows/end-study.ts';
import { finishPacking } from '../pipeline/queue/rows/finish-packing.ts';
import { holdLate } from '../pipeline/queue/rows/keep-held.ts';
import type { LocalDatabase } from '../pipeline/queue/rows/local-database.ts';
import {
  beginStudy,
  finishNaming,
  nameInstances,
  withdrawInstances,
} from '../pipeline/queue/rows/name-study.ts';
import { isNoRoom } from '../pipeline/queue/rows/no-room.ts';
import type { TestDisk } from '../testing/open-disk.ts';
import { POLICY, TITLE, type TestDevice, type TestInstance, type TestKeys } from '../testing/open-queue.ts';
import { storeParcel } from '../pipeline/queue/rows/store-parcel.ts';
import type { UploadQueue } from '../pipeline/queue/upload-queue.ts';

const STUDIES = 3;
const INSTANCES = 3;
/** A further entry of the queue would prove nothing new. */
const ENTRIES_LIMIT = 5;

/** The report of every instance. */
const REPORT = {
  edition: 'DICOM 2024e',
  options: [],
  digest: 'd'.repeat(64),
  actions: ['0008,0020 Z profile'],
};

const uidOf = (study: number): string => `1.2.826.0.1.3680043.8.498.${study + 1}`;

/** The studies that a person may choose, made once. */
const chosen = Promise.all(
  Array.from({ length: STUDIES }, (_, study) =>
    Promise.all(
      Array.from({ length: INSTANCES }, async (_, position): Promise<TestInstance> => {
        const bytes = new Blob([`${study} ${position} Planted^Name`]);
        return {
          studyInstanceUID: uidOf(study),
          seriesInstanceUID: `${uidOf(study)}.1`,
          sopInstanceUID: `${uidOf(study)}.1.${position + 1}`,
          sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
          transferSyntaxUID: '1.2.840.10008.1.2.1',
          bytes,
          digest: await sha256OfBlob(bytes),
          originalDigest: null,
          position,
        } as TestInstance;
      }),
    ),
  ),
);

/** Names and packs one study step by step, like queue-study.ts; each parcel holds one instance. */
export interface Packer {
  readonly id: string;
  readonly instances: readonly TestInstance[];
  isNamed: boolean;
  next: number;
}

export interface Tab {
  readonly device: TestDevice;
  readonly disk: TestDisk;
  readonly queue: UploadQueue;
  readonly packers: Packer[];
}

/** The parts of the device that packing needs. */
interface Around {
  readonly keys: TestKeys;
  /** Entries so far. */
  entries: number;
  /** Entries that were taken out of the queue. */
  readonly ended: Set<string>;
  /** The number of the study in each entry. */
  readonly chosen: Map<string, number>;
  decisionsOf(tab: Tab): DecisionTools;
}

export async function beginPacker(device: Around, study: number, count: number, tab: Tab): Promise<void> {
  if ((await tab.device.database.studies.count()) < ENTRIES_LIMIT) await begin(device, study, count, tab);
}

/** A person chooses all of the study once more, and waits until it is safe here. */
export async function chooseAgain(
  device: Around,
  tab: Tab,
  { id, studyInstanceUID }: { readonly id: string; readonly studyInstanceUID: string | null },
): Promise<void> {
  const study = device.chosen.get(id) ?? Number(studyInstanceUID?.split('.').at(-1)) - 1;
  const packer = await begin(device, study, INSTANCES, tab);
  await pack(device, tab, packer, { steps: INSTANCES + 2, isChanged: false });
}

async function begin(device: Around, study: number, count: number, tab: Tab): Promise<Packer> {
  device.entries += 1;
  const id = `entry-${device.entries}`;
  device.chosen.set(id, study);
  const packer: Packer = {
    id,
    instances: (await chosen)[study % STUDIES]!.slice(0, count),
    isNamed: false,
    next: 0,
  };
  tab.packers.push(packer);
  const title = { ...TITLE, description: `${study}` };
  const row = {
    id,
    queuedAt: device.entries,
    account: 'a',
    policy: POLICY,
    title,
    about: { modalities: ['CT'], series: 1 },
    chosen: packer.instances.length,
  };
  await orGiveUp(device, tab, packer, () => beginStudy(tab.device.database, tab.device.key, row));
  return packer;
}

/** The reason for which an instance is held. */
export const HELD = 'burned-in-annotation';

/** Holds one more instance of a study that is being packed, as it may show a name: it waits for a person. */
export async function holdOne(database: LocalDatabase, nth: number): Promise<void> {
  const open = await database.studies.filter(({ packing, waiting }) => packing && waiting === null).toArray();
  const study = open[nth % Math.max(1, open.length)];
  if (!study) return;
  const [{ instances } = { instances: 0 }] = study.held.reasons;
  const reasons = [{ reason: HELD, instances: instances + 1 }];
  await holdLate(database, study.id, { held: { ...study.held, reasons } });
}

/** `isChanged`: the next file was rewritten since it was named. */
export async function pack(
  device: Around,
  tab: Tab,
  packer: Packer,
  { steps, isChanged }: { readonly steps: number; readonly isChanged: boolean },
): Promise<void> {
  for (let step = 0; step < steps && tab.packers.includes(packer); step += 1) {
    await orGiveUp(device, tab, packer, () => packOn(device, tab, packer, isChanged && step === 0));
  }
}

async function packOn(device: Around, tab: Tab, packer: Packer, isChanged: boolean): Promise<void> {
  const {
    device: { database },
  } = tab;
  const { id, instances } = packer;
  if (!packer.isNamed) {
    await nameInstances(
      database,
      id,
      instances.map(({ bytes, originalDigest: _, ...instance }) => ({
        ...instance,
        bytes: sizeOf(bytes),
        report: REPORT.digest,
      })),
      [REPORT],
    );
    packer.isNamed = await finishNaming(database, id);
    return;
  }
  const instance = instances[packer.next];
  if (instance === undefined) {
    await finishPacking(database, id);
    return leave(tab, packer);
  }
  packer.next += 1;
  const row = await database.instances.get([id, instance.position]);
  // An instance that the PACS has, or that was settled meanwhile, needs no copy, as in name-and-pack.ts.
  if (
    !row ||
    row.parcelId !== null ||
    row.inPacs ||
    row.state === 'left-out' ||
    isInPacs(row.state as InstanceState)
  )
    return;
  if (isChanged) await withdrawInstances(database, id, [instance.position]);
  else
    await storeParcel(database, device.keys.sealingKey, {
      id: `${id}-${instance.position}`,
      studyId: id,
      instances: [instance],
    });
}

/**
 * A failure that leaves a study incomplete removes it from the queue; a study that is already gone is not a
 * failure (as in queue-study.ts).
 */
async function orGiveUp(device: Around, tab: Tab, packer: Packer, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const study = await tab.device.database.studies.get(packer.id);
    const isOver = study === undefined || study.state === 'taken-back' || study.state === 'done';
    if (error instanceof Error && error.name === 'StudyGone' && isOver) return leave(tab, packer);
    await giveUp(device, tab, packer, 'failed');
    if (!isNoRoom(error) && !(error instanceof Error && error.name === 'StudyGone')) throw error;
  }
}

export async function giveUp(
  device: Around,
  tab: Tab,
  packer: Packer,
  why: 'cancelled' | 'failed',
): Promise<void> {
  device.ended.add(packer.id);
  await giveUpStudy(device.decisionsOf(tab), packer.id, why);
  leave(tab, packer);
}

function leave(tab: Tab, packer: Packer): void {
  const at = tab.packers.indexOf(packer);
  if (at >= 0) tab.packers.splice(at, 1);
}
