/**
 * A set of DICOM instances as a ZIP file. Each instance is de-identified under the policy, in folders of patient, study
 * and series whose names a DICOMDIR may have (PS3.10 §8.2). The file also holds the table of the cases, and a text that
 * says what is in it and what is not.
 */
import { createArchiveWriter, type ArchiveWriter } from '#shared/ingest/write-archive.ts';
import { leftOutLines } from '#shared/protocol/left-out-words.ts';
import { toDevicePolicy } from '../../foreign/files/device-policy.ts';
import type { OpenableEntry } from '../../foreign/files/list-entries.ts';
import { openEntries } from '../../foreign/files/open-file.ts';
import { toOwn } from '../../threads/thread.ts';
import type { OpenedInstance } from '../../foreign/files/open-talk.ts';
import type { MadeSet, SetHead, SetInstance, SetStudy } from './set-thread.ts';
import { setWords } from './set-words.ts';

type Source = {
  next(): Promise<SetStudy | null>;
  instance(at: number): Promise<SetInstance>;
  table(): Promise<string>;
  take(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
};
/** The number of instances that are not in the set, by reason. */
type Left = Map<string, number>;

/** Throws what the source throws, and the signal's reason. */
export async function makeSet(head: SetHead, source: Source, signal: AbortSignal): Promise<MadeSet> {
  const archive = await createArchiveWriter((bytes) => source.take(new Uint8Array(bytes)));
  const left: Left = new Map();
  const counts = { written: 0, faces: 0 };
  for (let study = await source.next(); study !== null; study = await source.next())
    await writeStudy(archive, { head, study, left, counts }, source, signal);
  const encoder = new TextEncoder();
  await archive.add('CASES.CSV', encoder.encode(await source.table()));
  const leftOut = [...left].toSorted().map(([because, count]) => ({ because, count }));
  await archive.add('README.TXT', encoder.encode(setWords.about(head, counts, leftOutLines(leftOut))));
  await archive.close();
  return { written: counts.written, left: leftOut };
}

type Writing = {
  readonly head: SetHead;
  readonly study: SetStudy;
  readonly left: Left;
  /** Counts of instances in the whole set; `faces`: those from which a face could be reconstructed. */
  readonly counts: { written: number; faces: number };
};

async function writeStudy(
  archive: ArchiveWriter,
  { head, study, left, counts }: Writing,
  source: Source,
  signal: AbortSignal,
): Promise<void> {
  const series = new Map<string, number>();
  const seen = new Set<string>();
  const leave = (because: string): void => void left.set(because, (left.get(because) ?? 0) + 1);
  const missing = new Map<number, string>();
  const open = async (at: number): Promise<Uint8Array<ArrayBuffer>> => {
    const found = await source.instance(at);
    if (found.kind === 'instance') return toOwn(found.bytes);
    missing.set(at + 1, found.because);
    return new Uint8Array(0);
  };
  const take = async ({ instance, bytes, showsFace }: OpenedInstance): Promise<void> => {
    // If the PACS lists an instance twice, it is written once.
    if (seen.has(instance.sopInstanceUID)) return;
    seen.add(instance.sopInstanceUID);
    const number = series.get(instance.seriesInstanceUID) ?? series.size + 1;
    series.set(instance.seriesInstanceUID, number);
    counts.written += 1;
    if (showsFace) counts.faces += 1;
    await archive.add(pathOf(study, number, seen.size), bytes);
  };
  const entries = Array.from(
    { length: study.instances },
    (_, at): OpenableEntry => ({ kind: 'entry', entry: at + 1, bytes: 0, open: () => open(at) }),
  );
  await openEntries(entries, {
    form: { kind: 'instance' },
    policy: await toDevicePolicy(head.opening, async () => {}),
    fatal: new Set(),
    begin: async () => true,
    take,
    leave: async ({ entry, reason }) => leave(missing.get(entry) ?? reason ?? 'gone'),
    signal,
  });
}

/** Each component of a File ID has at most eight capital letters and digits. */
const numbered = (prefix: string, number: number): string =>
  `${prefix}${`${number}`.padStart(8 - prefix.length, '0')}`;

const pathOf = ({ patient, study }: SetStudy, series: number, instance: number): string =>
  [numbered('PAT', patient), numbered('ST', study), numbered('SE', series), numbered('IM', instance)].join(
    '/',
  );

/** The number of the patient whose folder contains the path; null: it is in no patient's folder. */
export function patientOf(path: string): number | null {
  const [, patient] = /^PAT(\d{5})\//.exec(path) ?? [];
  return patient === undefined ? null : Number(patient);
}
