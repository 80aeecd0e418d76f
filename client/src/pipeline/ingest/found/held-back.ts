/**
 * Instances that the policy in force cannot make safe are held back on this device. A person who looks at one may
 * cover the names in its pixels, or release it as it is. Parts of any other image may be covered too. These
 * statements are kept in this page's memory and can be undone until sending begins.
 *  This module answers every question about what is held, why, and whether a person can release it. The answers
 * depend on the policy in force at that moment, because the policy can be changed after the files were read.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Box } from '#shared/dicom/boxes.ts';
import type { Policy } from '#shared/protocol/api.ts';
import { exceptionsOf, isClearAsItIs, reasonsToHold } from '#shared/deid/hold-causes.ts';
import { heldFor, treatmentOf } from '#shared/protocol/irregularities.ts';
import { isReleasable as isReleasableReason } from '#shared/protocol/reason-kinds.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { Released } from '#shared/ingest/cover-file.ts';
import { totalOf } from './forecast.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import type { HeldFile } from './found-study.ts';
import { unreadyUnder } from './hold-unready.ts';

interface HeldBack {
  /**
   * By position (`ordinal`), the boxes over instances at which a person looked. An empty list: nothing in the image
   * identifies anybody.
   */
  readonly released: ReadonlySignal<Released>;
  /** Ignored for files that a person cannot release under this policy, and for those that the PACS has. */
  release(policy: Policy | null, files: readonly FoundFile[], boxes: readonly Box[]): void;
  holdBack(files: readonly FoundFile[]): void;
  /** The boxes that were drawn before the file needed a new decision. A release without boxes keeps them. */
  boxesBefore(found: Pick<FoundFile, 'ordinal'>): readonly Box[];
  /** By position, the boxes that a person has drawn over an instance without deciding about it yet. They stay drawn. */
  readonly drafts: Map<number, readonly Box[]>;
  /** Something new was found in these files: they need a new release, and the boxes drawn before stay drawn. */
  askAgain(files: readonly FoundFile[]): void;
  /**
   * Drops releases without boxes, because they answered the questions of the previous policy and another policy asks
   * other ones.
   */
  policyChanged(): void;
  clear(): void;
}

export function createHeldBack(): HeldBack {
  const released = signal<Released>(new Map());
  const drawnBefore = new Map<number, readonly Box[]>();
  const drafts = new Map<number, readonly Box[]>();
  const boxesBefore: HeldBack['boxesBefore'] = ({ ordinal }) => drawnBefore.get(ordinal) ?? [];
  const holdBack = (files: readonly FoundFile[]): void => {
    const left = new Map(released.value);
    for (const { ordinal } of files) left.delete(ordinal);
    released.value = left;
  };
  return {
    released,
    boxesBefore,
    drafts,
    release(policy, files, boxes) {
      const drawn = (found: FoundFile) => (boxes.length > 0 ? boxes : boxesBefore(found));
      const able = files.filter((found) => {
        if (decidedAs(policy, released.value, found) === 'in-pacs') return false;
        return reasonsUnder(policy, found).length > 0
          ? isReleasableWith(policy, found, drawn(found))
          : boxes.length > 0;
      });
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
    policyChanged() {
      released.value = new Map([...released.value].filter(([, boxes]) => boxes.length > 0));
    },
    clear() {
      drawnBefore.clear();
      drafts.clear();
      released.value = new Map();
    },
  };
}

type Held = Pick<FoundFile, 'held' | 'naming' | 'unready' | 'decided'>;

/** Why the file is held under this policy; empty: it is not held. */
export function reasonsUnder(policy: Policy | null, found: Held): readonly ReasonCode[] {
  if (policy === null) return [];
  const { held, naming } = found;
  const unready = unreadyUnder(policy, found);
  if (!policy.deidentify) return [...unready, ...heldFor(held, treatmentOf(policy))];
  return [
    ...unready,
    ...(naming.length > 0 ? (['named-by-companion'] as const) : []),
    ...reasonsToHold(held, exceptionsOf(policy.options, policy.rules)),
  ];
}

/**
 * Whether the file is held and a person who looks can at least cover it. If one of several reasons is final, the file
 * cannot be released. Under a policy that sends the bytes unchanged nothing can be released, because the file cannot
 * record the release.
 */
export function isReleasable(policy: Policy | null, found: Held): boolean {
  const reasons = reasonsUnder(policy, found);
  return policy?.deidentify === true && reasons.length > 0 && reasons.every(isReleasableReason);
}

/** Whether Send takes the file with these boxes, or as it is if there are none. */
export const isReleasableWith = (policy: Policy | null, found: Held, boxes: readonly Box[] = []): boolean =>
  isReleasable(policy, found) && (boxes.length > 0 || isClearAsItIs(found.held));

/**
 * The earlier decision, which nobody has to repeat. Either the PACS has the file and stores no other version of it,
 * or a person has left it out. A new release (`released`) overrides the latter.
 */
export function decidedAs(
  policy: Policy | null,
  released: Released,
  { decided, ordinal }: Pick<FoundFile, 'decided' | 'ordinal'>,
): 'in-pacs' | 'left-out' | null {
  if (decided === undefined || decided.under !== versionOf(policy)) return null;
  return decided.as === 'left-out' && released.has(ordinal) ? null : decided.as;
}

export const versionOf = (policy: Policy | null): string => `${policy?.name} ${policy?.version}`;

/**
 * Whether the file stays here until a person decides. A release under another policy may not be sufficient under this
 * one.
 */
export function staysHere(
  policy: Policy | null,
  released: Released,
  found: Held & Pick<FoundFile, 'ordinal'>,
): boolean {
  return (
    reasonsUnder(policy, found).length > 0 &&
    decidedAs(policy, released, found) === null &&
    !(released.has(found.ordinal) && isReleasableWith(policy, found, released.get(found.ordinal)))
  );
}

/** The policies under which none of these files is held back for good. Those that remove names come first. */
export function policiesThatSend(policies: readonly Policy[], files: readonly Held[]): readonly Policy[] {
  const passes = (policy: Policy, found: Held): boolean =>
    reasonsUnder(policy, found).length === 0 || isReleasable(policy, found);
  return policies
    .filter((policy) => files.every((found) => passes(policy, found)))
    .toSorted((a, b) => Number(b.deidentify) - Number(a.deidentify));
}

/** By study, the reasons that a person has settled for every instance that was held for them. */
export function answeredUnder(
  policy: Policy | null,
  released: Released,
  studies: Iterable<Pick<StudyGroup, 'studyInstanceUID' | 'held'>>,
): ReadonlyMap<string, ReadonlySet<ReasonCode>> {
  const reasonsOf = (files: readonly Held[]) => new Set(files.flatMap((each) => reasonsUnder(policy, each)));
  return new Map(
    [...studies].map(({ studyInstanceUID, held }) => {
      const open = reasonsOf(held.filter((found) => staysHere(policy, released, found)));
      return [studyInstanceUID, reasonsOf(held).difference(open)];
    }),
  );
}

/** By study, the instances that stay out because a person has left them out before. */
export function leftOutUnder(
  policy: Policy | null,
  released: Released,
  studies: Iterable<Pick<StudyGroup, 'studyInstanceUID' | 'held'>>,
): ReadonlyMap<string, ReturnType<typeof totalOf>> {
  return new Map(
    [...studies].map(({ studyInstanceUID, held }) => {
      const out = held.filter((found) => decidedAs(policy, released, found) === 'left-out');
      return [studyInstanceUID, totalOf(out.map(({ file: { bytes } }) => ({ instances: 1, bytes })))];
    }),
  );
}

/** The files of these studies that stay here. */
export function heldUnder(
  policy: Policy | null,
  released: Released,
  studies: Iterable<Pick<StudyGroup, 'studyInstanceUID' | 'held'>>,
): readonly HeldFile[] {
  return [...studies].flatMap(({ studyInstanceUID, held }) =>
    held
      .filter((found) => staysHere(policy, released, found))
      .map(({ file, ...found }): HeldFile => {
        const reason = reasonsUnder(policy, found)[0]!;
        return {
          studyInstanceUID,
          path: file.path,
          bytes: file.bytes,
          state: 'refused',
          reason,
          where: null,
          isReleasable: isReleasable(policy, found),
          isGone: found.goneSince !== undefined,
        };
      }),
  );
}
