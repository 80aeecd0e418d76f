/**
 * Pictures that may show a name in their pixels, as far as the header tells. While names are hidden, such a picture is
 * drawn only after a person asks for it. Roles for which data is always anonymised never see it.
 */
import { effect, signal } from '@preact/signals';
import type { User } from '#shared/protocol/api.ts';
import { namesHidden } from '../kit/identities.ts';
import { readsSite } from '../net/may-send.ts';

export interface NamedPicture {
  /** The SOP Instance UID of what the picture shows, or an id of this page. */
  readonly of: string;
  /** The header does not rule out a name in the pixels, or has not been read. */
  readonly mayHoldName: boolean;
  /** The picture comes from a file that this person chose on this page. */
  readonly isOwn?: boolean;
}
export type Hiding = 'shown' | 'asks' | 'never';
type Person = Pick<User, 'id' | 'roles'> | null;

/** What was asked for, by person and picture. */
const asked = signal<ReadonlySet<string>>(new Set());
effect(() => {
  // When names are hidden again, all pictures are hidden again.
  void namesHidden.value;
  asked.value = new Set();
});

const keyOf = (person: Person, { of }: NamedPicture): string => `${person?.id} ${of}`;

export function hidingOf(person: Person, picture: NamedPicture): Hiding {
  if (!picture.mayHoldName) return 'shown';
  if (!picture.isOwn && person?.roles.includes('researcher') && !readsSite(person)) return 'never';
  return !namesHidden.value || asked.value.has(keyOf(person, picture)) ? 'shown' : 'asks';
}

export function showPicture(person: Person, picture: NamedPicture): void {
  asked.value = new Set(asked.peek()).add(keyOf(person, picture));
}
