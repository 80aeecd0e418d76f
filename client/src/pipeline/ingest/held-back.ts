/**
 * Instances that the policy in force cannot make safe are held back on this device. A person who looks at one
 * may release it; that statement is kept in this page's memory and can be withdrawn until sending begins.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Policy } from '#shared/protocol/api.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { HeldFile } from './found-study.ts';

export interface HeldBack {
  /** Places (`ordinal`) of the instances that a person released. */
  readonly released: ReadonlySignal<ReadonlySet<number>>;
  /** Files that stay here if the policy removes names; updated with `show`. */
  show(studies: ReadonlyMap<string, StudyGroup>): readonly HeldFile[];
  release(files: readonly FoundFile[]): void;
  holdBack(files: readonly FoundFile[]): void;
  clear(): void;
}

export function createHeldBack(): HeldBack {
  const released = signal<ReadonlySet<number>>(new Set());
  return {
    released,
    show: (studies) =>
      [...studies.values()].flatMap(({ held, studyInstanceUID }) =>
        held
          .filter(({ ordinal }) => !released.value.has(ordinal))
          .map((found) => toHeld(found, studyInstanceUID)),
      ),
    release(files) {
      released.value = new Set([
        ...released.value,
        ...files.filter(isReleasable).map(({ ordinal }) => ordinal),
      ]);
    },
    holdBack(files) {
      const left = new Set(released.value);
      for (const { ordinal } of files) left.delete(ordinal);
      released.value = left;
    },
    clear() {
      released.value = new Set();
    },
  };
}

/** The pixels of a document tell nothing: documents stay held whatever a person says. */
export function isReleasable({ held }: Pick<FoundFile, 'held'>): boolean {
  return held === 'burned-in-annotation';
}

/** Options that clean the prose next to a curve (deid/rules.ts). */
const CLEANS_PROSE = ['clean-structured-content', 'clean-descriptors'];

/**
 * The files that this policy cannot make safe. With a rule for documents or for notes next to a curve it may:
 * then Send gives the reason of those it refuses.
 */
export function heldUnder(policy: Policy | null, files: readonly HeldFile[]): readonly HeldFile[] {
  if (!policy?.deidentify) return [];
  const { documents, waveformAnnotations } = policy.rules ?? {};
  const mayPass =
    documents === 'keep' ||
    waveformAnnotations === 'clean' ||
    policy.options.some((option) => CLEANS_PROSE.includes(option));
  return mayPass ? files.filter(({ reason }) => reason !== 'cannot-be-deidentified') : files;
}

function toHeld({ file, held }: FoundFile, studyInstanceUID: string): HeldFile {
  return {
    studyInstanceUID,
    path: file.path,
    bytes: file.bytes,
    state: 'refused',
    reason: held!,
    where: null,
  };
}
