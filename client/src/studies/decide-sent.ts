/**
 * A study that was sent without a device, by a script, a modality or the command line: the instances that did not
 * reach the PACS, by reason, and who may decide about them. Pure.
 */
import type { InstanceStatus, User } from '#shared/protocol/api.ts';
import { canRetry } from '#shared/protocol/reason-kinds.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';

type SentUpload = SentStudy['uploads'][number];

export type UndecidedPart = {
  readonly state: 'refused' | 'quarantined';
  readonly reason: string;
  readonly instances: readonly Pick<InstanceStatus, 'sopInstanceUID' | 'digest'>[];
};

/** The uploads without a device of which something was not stored, once the gateway is done with the rest. */
export function undecidedUploads({ uploads }: Pick<SentStudy, 'uploads'>): readonly SentUpload[] {
  return uploads.filter(
    ({ device, receipt, counts }) =>
      device === null && receipt !== null && counts.quarantined + counts.refused > 0,
  );
}

/** As the gateway has it: an administrator, or the account that sent it. `sender` is absent in one's own list. */
export function mayDecide(
  { sender }: Pick<SentUpload, 'sender'>,
  user: Pick<User, 'username' | 'roles'>,
): boolean {
  return user.roles.includes('admin') || sender === undefined || sender.username === user.username;
}

export function undecidedParts(instances: readonly InstanceStatus[]): readonly UndecidedPart[] {
  const open = instances.flatMap(({ state, reason, sopInstanceUID, digest }) =>
    state === 'refused' || state === 'quarantined'
      ? [{ state, reason: reason ?? 'pacs-refused', instance: { sopInstanceUID, digest } }]
      : [],
  );
  return [...Map.groupBy(open, ({ state, reason }) => `${state} ${reason}`).values()].map((own) => ({
    state: own[0]!.state,
    reason: own[0]!.reason,
    instances: own.map(({ instance }) => instance),
  }));
}

/** Of these the gateway has discarded the bytes, or never had them. */
const BYTES_GONE = ['cannot-be-verified', 'digest-mismatch', 'never-arrived', 'no-copy-to-send'];

/** Whether the gateway can offer them to the PACS again without their sender. */
export const canOfferAgain = (reason: string): boolean => canRetry(reason) && !BYTES_GONE.includes(reason);
