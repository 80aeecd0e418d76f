/** The words for contents that were not stored because the PACS keeps another content under the same UID. */
import { notStoredIn } from './same-uid.ts';
import type { InstanceState } from './study-state.ts';

type Content = {
  readonly sopInstanceUID: string;
  readonly state: InstanceState;
  readonly reason?: string | undefined;
};

const VERSION: Readonly<Record<string, string>> = {
  'already-here-other-boxes': ', with different covered areas,',
  'already-here-other-policy': ', with another version of the policy,',
};
/** Reasons for which the content is, or may be, another image and not a version of the first one. */
const OTHERS: readonly (string | undefined)[] = ['conflicting-instance', 'already-here-other-key'];

/** Still said after the later version is left out: the first version is still in the PACS. */
const MAY_SHOW_NAME =
  'If a name was covered only in the later version, it may still be visible in the PACS. Ask your PACS administrator to delete or cover the first version.';

/** `reason`: why the contents were not stored, from the receipt. */
export function notStoredSaid(count: number, reason: string | undefined): string {
  const one = count === 1;
  const what = OTHERS.includes(reason)
    ? `${count} other ${one ? 'image' : 'images'} with the same ID`
    : `${count} later ${one ? 'version' : 'versions'}${VERSION[reason ?? ''] ?? ''}`;
  return `${what} ${one ? 'was not stored: the PACS keeps the first one' : 'were not stored: the PACS keeps the first ones'}`;
}

/** One sentence per reason, with a remedy where there is one. */
export function notStoredLines(contents: readonly Content[]): readonly string[] {
  const byReason = Map.groupBy(notStoredIn(contents), ({ reason }) => reason);
  return [...byReason].map(([reason, some]) =>
    reason === 'already-here-other-boxes'
      ? `${notStoredSaid(some.length, reason)}. ${MAY_SHOW_NAME}`
      : notStoredSaid(some.length, reason),
  );
}
