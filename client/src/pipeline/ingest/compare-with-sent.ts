/**
 * Compares a study that was chosen again with its receipt, to tell which of its instances the PACS has already. Each
 * file is named as it would be sent, and no identifier leaves the device.
 */
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { FoundFile } from './group-studies.ts';
import type { Inspection } from './inspection.ts';
import { recogniseFile } from './recognise-file.ts';
import { mapInParallel } from './run-in-parallel.ts';

export interface PartInPacs {
  /** With the same content. */
  readonly there: number;
  readonly fresh: number;
  /** Under the same SOP Instance UID there is another image. */
  readonly differs: number;
  /** Held until a person decides, or left out. */
  readonly staying: number;
}

/** Each file is read and de-identified for it: a few seconds on a tablet. */
export const COMPARED_AT_MOST = { instances: 200, bytes: 200_000_000 };
/** Files that are named side by side. */
const AT_ONCE = 4;

const STORED: ReadonlySet<string> = new Set(['stored', 'already-stored', 'coerced']);

type InPacs = {
  readonly receipt: Pick<Receipt, 'instances'>;
  readonly inPacs: number;
  /** Covered or released before: the PACS has it, under a digest that only its boxes tell. */
  readonly isDecided: (found: FoundFile) => boolean;
};

/**
 * `inPacs`: of the study in the PACS; null where the receipt is not of all of them. Throws NotPrepared, TaskFault, or
 * the signal's reason.
 */
export async function compareWithSent(
  inspection: Pick<Inspection, 'seriesOf' | 'tools'>,
  studyInstanceUID: string,
  { receipt: { instances }, inPacs, isDecided }: InPacs,
  signal: AbortSignal,
): Promise<PartInPacs | null> {
  const stored = new Map(
    instances
      .filter(({ state }) => STORED.has(state))
      .map(({ sopInstanceUID, digest }) => [sopInstanceUID as string, digest as string]),
  );
  if (stored.size < inPacs) return null;
  const files = inspection.seriesOf(studyInstanceUID).flatMap((series) => series.files);
  const open = files.filter((found) => !isDecided(found));
  const keys = await mapInParallel(open, AT_ONCE, (found) =>
    recogniseFile(inspection, { studyInstanceUID, found }, signal),
  );
  const named = keys.filter((key) => key !== null);
  const known = named.filter(({ sopInstanceUID }) => stored.has(sopInstanceUID));
  const there = known.filter(({ sopInstanceUID, digest }) => stored.get(sopInstanceUID) === digest);
  const before = files.length - open.length;
  return {
    there: there.length + before,
    staying: open.length - named.length,
    fresh: named.length - known.length,
    differs: known.length - there.length,
  };
}
