/**
 * Instances that the policy in force cannot make safe are held back on this device. A person who looks at one may
 * cover the names in its pixels, or release it as it is; of any other image too, parts may be covered. These
 * statements are kept in this page's memory and can be withdrawn until sending begins.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Box } from '#shared/dicom/boxes.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { isHeldForPixels, isReleasable as isReleasableReason } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { Released } from './cover-file.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { HeldFile } from './found-study.ts';
import { isHeld } from './hold-companions.ts';

export interface HeldBack {
  /** By place (`ordinal`), the boxes over instances at which a person looked; none: nothing in it names anybody. */
  readonly released: ReadonlySignal<Released>;
  /** Files that stay here if the policy removes names; updated with `show`. */
  show(studies: ReadonlyMap<string, StudyGroup>): readonly HeldFile[];
  release(files: readonly FoundFile[], boxes: readonly Box[]): void;
  holdBack(files: readonly FoundFile[]): void;
  /** Something new was found in these: a release has to be given again, and the boxes drawn before stay drawn. */
  askAgain(files: readonly FoundFile[]): void;
  clear(): void;
}

export function createHeldBack(): HeldBack {
  const released = signal<Released>(new Map());
  const drawnBefore = new Map<number, readonly Box[]>();
  const holdBack = (files: readonly FoundFile[]): void => {
    const left = new Map(released.value);
    for (const { ordinal } of files) left.delete(ordinal);
    released.value = left;
  };
  return {
    released,
    show: (studies) =>
      [...studies.values()].flatMap(({ held, studyInstanceUID }) =>
        held
          .filter(({ ordinal }) => !released.value.has(ordinal))
          .map((found) => toHeld(found, studyInstanceUID)),
      ),
    release(files, boxes) {
      const able = files.filter((found) => isReleasable(found) || (!isHeld(found) && boxes.length > 0));
      const drawn = ({ ordinal }: FoundFile): readonly Box[] =>
        boxes.length > 0 ? boxes : (drawnBefore.get(ordinal) ?? []);
      released.value = new Map([
        ...released.value,
        ...able.map((found) => [found.ordinal, drawn(found)] as const),
      ]);
    },
    holdBack,
    askAgain(files) {
      for (const { ordinal } of files) {
        const boxes = released.value.get(ordinal);
        if (boxes !== undefined) drawnBefore.set(ordinal, boxes);
      }
      holdBack(files);
    },
    clear() {
      drawnBefore.clear();
      released.value = new Map();
    },
  };
}

type Held = Pick<FoundFile, 'held' | 'naming'>;

/** Why it is held under this policy; empty: it is not. */
export function reasonsUnder(policy: Policy | null, { held, naming }: Held): readonly ReasonCode[] {
  if (!policy?.deidentify) return [];
  const reasons: ReasonCode[] = naming.length > 0 ? ['named-by-companion'] : [];
  if (held !== null && !mayPass(policy, held)) reasons.push(held);
  return reasons;
}

/** The pixels of a document tell nothing: documents stay held whatever a person says. */
export function isReleasable({ held, naming }: Held): boolean {
  return naming.length > 0 ? held === null || isHeldForPixels(held) : isReleasableReason(held);
}

/** Options that clean the prose next to a curve (deid/rules.ts). */
const CLEANS_PROSE = ['clean-structured-content', 'clean-descriptors'];

/**
 * The files that this policy cannot make safe. With a rule for documents or for notes next to a curve it may:
 * then Send gives the reason of those it refuses. A policy may also send images that do not say whether text is
 * burned in.
 */
export function heldUnder(policy: Policy | null, files: readonly HeldFile[]): readonly HeldFile[] {
  return policy?.deidentify ? files.filter(({ reason }) => !mayPass(policy, reason)) : [];
}

function mayPass({ rules = {}, options }: Policy, reason: ReasonCode): boolean {
  const { documents, waveformAnnotations, undeclaredText = 'hold' } = rules;
  if (reason === 'undeclared-text') return undeclaredText !== 'hold';
  return (
    reason === 'cannot-be-deidentified' &&
    (documents === 'keep' ||
      waveformAnnotations === 'clean' ||
      options.some((option) => CLEANS_PROSE.includes(option)))
  );
}

function toHeld({ file, held, naming }: FoundFile, studyInstanceUID: string): HeldFile {
  return {
    studyInstanceUID,
    path: file.path,
    bytes: file.bytes,
    state: 'refused',
    reason: naming.length > 0 ? 'named-by-companion' : held!,
    where: null,
  };
}
