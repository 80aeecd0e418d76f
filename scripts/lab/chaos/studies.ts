/**
 * Synthetic studies to send, the same for the same seed. Some are sent again, by the same device or the
 * other, at once or later; of some a second version comes with other pixels under the same identifiers, and
 * exactly one of the two may end in the PACS.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readInstance } from '#shared/dicom/part10.ts';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { sha256 } from '#testing/sha256.ts';

export type Device = 'page' | 'command line';
type Shape = {
  readonly series: number;
  readonly instancesPerSeries: number;
  readonly rows: number;
  readonly frames?: number;
};

export type PlannedStudy = {
  /** The study's place in what was queued. */
  readonly number: number;
  readonly device: Device;
  readonly policy: 'identified' | 'deidentified';
  /** The number of the study of which these are the files. */
  readonly of: number;
  /** The pixels of its first instance are others than those of the study that it repeats. */
  readonly isConflict: boolean;
  readonly isCoded: boolean;
  readonly shape: Shape;
};

export type Expected = { readonly sopInstanceUID: string; readonly digest: string };

/** Files of 16 kB to 8 MB, studies of 2 to 16 MB: about as much as moves between two faults. */
const SHAPES: readonly Shape[] = [
  { series: 1, instancesPerSeries: 4, rows: 1024 },
  { series: 2, instancesPerSeries: 12, rows: 256 },
  { series: 3, instancesPerSeries: 40, rows: 96 },
  { series: 1, instancesPerSeries: 20, rows: 512 },
  { series: 1, instancesPerSeries: 1, rows: 512, frames: 16 },
];

/** The next study: mostly a new one. `random` in [0, 1). */
export function planStudy(
  random: () => number,
  queued: readonly PlannedStudy[],
  devices: readonly Device[],
): PlannedStudy {
  const number = queued.length;
  const device = devices[Math.floor(random() * devices.length)]!;
  const lots = [random(), random(), random(), random(), random()] as const;
  const policy = lots[0] < 0.5 ? 'identified' : 'deidentified';
  const fresh = {
    number,
    device,
    policy,
    of: number,
    isConflict: false,
    isCoded: lots[1] < 0.5,
    shape: SHAPES[Math.floor(lots[2] * SHAPES.length)]!,
  } as const;
  const earlier = queued.filter(({ of, number: its }) => of === its);
  const base = earlier[Math.floor(lots[3] * earlier.length)];
  if (base === undefined || lots[4] > 0.3) return fresh;
  const { shape } = base;
  const family = queued.filter(({ of }) => of === base.number);
  const isContested = family.some(({ isConflict }) => isConflict);
  // A page asks its user about a conflict; the command line says it and ends. So only the command line sends
  // conflicting versions.
  const mayContend = family.every((one) => one.device === 'command line');
  if (lots[4] < 0.12 && mayContend && !isContested)
    return {
      ...fresh,
      device: 'command line',
      policy: base.policy,
      of: base.number,
      isConflict: true,
      shape,
    };
  return {
    ...fresh,
    device: isContested ? 'command line' : device,
    of: base.number,
    shape,
    policy: isContested ? base.policy : policy,
  };
}

/** Writes its files into `folder`, unless they are there. */
export async function writeFiles(seed: number, study: PlannedStudy, folder: string): Promise<void> {
  const { instances } = syntheticStudy({
    seed: seed * 1000 + study.of,
    modality: 'CT',
    columns: study.shape.rows,
    ...study.shape,
  });
  const written = await readdir(folder).catch(() => []);
  if (written.length === instances.length) return;
  await mkdir(folder, { recursive: true });
  for (const [at, { fileName, bytes }] of instances.entries()) {
    // The last pixel: header and length stay.
    if (study.isConflict && at === 0) bytes[bytes.length - 2]! ^= 1;
    await writeFile(join(folder, `${fileName}.dcm`), bytes);
  }
}

/** The instances that the PACS must hold of the files under a folder, its folders included. */
export async function expectedOf(folder: string): Promise<Expected[]> {
  const expected: Expected[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    const read = await readInstance(bytesSource(bytes));
    if (read.kind === 'refused') throw new Error(`the study that was made cannot be read: ${read.because}`);
    expected.push({
      sopInstanceUID: read.instance.identifiers.sopInstanceUID,
      digest: sha256(bytes),
    });
  }
  return expected;
}
