/**
 * A study that is not on this device, because another device, a script, a modality or the command line sent it: the
 * instances that did not reach the PACS, by reason, and who may decide about them. Pure.
 */
import type { InstanceStatus, User } from '#shared/protocol/api.ts';
import { canRetry } from '#shared/protocol/reason-kinds.ts';
import { notStoredIn } from '#shared/protocol/same-uid.ts';
import type { SentStudy } from '#shared/protocol/studies.ts';

type SentUpload = SentStudy['uploads'][number];

export type UndecidedPart = {
  readonly state: 'refused' | 'quarantined';
  readonly reason: string;
  /** The PACS has different content under the UID of each of these instances. */
  readonly stands: boolean;
  /**
   * The further destination that lacks them although the first one has them; null: the first one does not have them.
   */
  readonly destination: string | null;
  readonly instances: readonly Pick<InstanceStatus, 'sopInstanceUID' | 'digest'>[];
};

/**
 * The uploads of a study that waits for a decision after the gateway has finished the rest: those without a device, and
 * those of devices, which decide themselves while they exist. The counts of an upload cannot tell this, because they
 * leave out refused content under the UID of a stored instance.
 */
export function undecidedUploads({
  standing,
  uploads,
}: Pick<SentStudy, 'standing' | 'uploads'>): Readonly<
  Record<'withoutDevice' | 'ofDevices', readonly SentUpload[]>
> {
  const undecided = standing === 'needs-you' ? uploads.filter(({ receipt }) => receipt !== null) : [];
  const { withoutDevice = [], ofDevices = [] } = Object.groupBy(undecided, ({ device }) =>
    device === null ? 'withoutDevice' : 'ofDevices',
  );
  return { withoutDevice, ofDevices };
}

/**
 * Whether the user may decide at the gateway: an administrator, or the account that sent the upload. `sender` is
 * missing in a person's own list.
 */
export function mayDecide(
  { sender }: Pick<SentUpload, 'sender'>,
  user: Pick<User, 'username' | 'roles'>,
): boolean {
  return user.roles.includes('admin') || sender === undefined || sender.username === user.username;
}

export function undecidedParts(instances: readonly InstanceStatus[]): readonly UndecidedPart[] {
  const others = new Set(notStoredIn(instances));
  const open = instances.flatMap((content) => {
    const { state, reason = 'pacs-refused', sopInstanceUID, digest, missingAt } = content;
    if (state !== 'refused' && state !== 'quarantined') return [];
    const destination = missingAt?.join(', ') ?? null;
    return { state, reason, stands: others.has(content), destination, instance: { sopInstanceUID, digest } };
  });
  const parts = Map.groupBy(open, ({ state, reason, stands, destination }) =>
    [state, reason, stands, destination].join(' '),
  );
  return [...parts.values()].map((own) => ({
    state: own[0]!.state,
    reason: own[0]!.reason,
    stands: own[0]!.stands,
    destination: own[0]!.destination,
    instances: own.map(({ instance }) => instance),
  }));
}

/** Reasons for which the gateway has discarded the bytes or never had them. */
const BYTES_GONE = ['cannot-be-verified', 'no-copy-to-send'];

/**
 * Whether the gateway can offer them to the PACS again without their sender. It keeps no copy of those that the PACS
 * refused.
 */
export const canOfferAgain = ({
  state,
  reason,
  destination,
}: Pick<UndecidedPart, 'state' | 'reason' | 'destination'>): boolean =>
  destination !== null || (state === 'quarantined' && canRetry(reason) && !BYTES_GONE.includes(reason));
