/**
 * What the policy in force cannot make safe is held back on this device, and who looks at it may release it:
 * a word about one instance, kept in this page's memory, that can be taken back until sending begins.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Policy } from '#shared/protocol/api.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { HeldFile } from './found-study.ts';

export interface HeldBack {
  /** Places (`ordinal`) of the instances that a person released. */
  readonly released: ReadonlySignal<ReadonlySet<number>>;
  /** Files that stay here if the policy removes names; drawn anew with `show`. */
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

/** A look at the pixels tells nothing of a document: those stay held whatever a person says. */
export function isReleasable({ held }: Pick<FoundFile, 'held'>): boolean {
  return held === 'burned-in-annotation';
}

/** Options under which prose beside a curve is cleaned (deid/rules.ts). */
const CLEANS_PROSE = ['clean-structured-content', 'clean-descriptors'];

/**
 * What this policy cannot make safe. One with a rule for documents or for what is written beside a curve may
 * well: then Send says what it was.
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
