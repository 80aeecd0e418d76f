/**
 * Instances that a Send could not make safe although nothing in their headers said so: their pixels hide something, or
 * their identifiers are not enough for the policy. That is known only once the whole file was read. If nothing else of
 * their study can be queued they stay on the page, held like those that were known before.
 */
import type { Policy } from '#shared/protocol/api.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import { replaceFiles } from './hold-companions.ts';

/** By the place (`ordinal`) of the file. */
type UnreadyFiles = ReadonlyMap<number, ReasonCode>;

/** Depends on the identifiers that a policy asks for; every other reason holds wherever names are removed. */
const OF_ONE_POLICY: ReasonCode = 'issuer-missing';

export function noteUnready(
  study: StudyGroup,
  files: UnreadyFiles,
  { name: policy, deidentify }: Pick<Policy, 'name' | 'deidentify'>,
): void {
  replaceFiles(study, (found) => {
    const reason = files.get(found.ordinal);
    if (reason === undefined) return found;
    return { ...found, unready: [...(found.unready ?? []), { policy, deidentify, reason }] };
  });
}

/** The reasons that hold under this policy. */
export function unreadyUnder(
  { name, deidentify }: Pick<Policy, 'name' | 'deidentify'>,
  { unready = [] }: Pick<FoundFile, 'unready'>,
): readonly ReasonCode[] {
  return unready
    .filter(
      (each) => each.policy === name || (deidentify && each.deidentify && each.reason !== OF_ONE_POLICY),
    )
    .map(({ reason }) => reason);
}
