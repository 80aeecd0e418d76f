/**
 * Instances that Send could not make safe although their headers gave no sign of it: their pixels hide something, or
 * their identifiers are not sufficient for the policy. That is known only after the whole file was read. If nothing
 * else of their study can be queued, they stay on the page, held like those that were known before.
 */
import type { Policy } from '#shared/protocol/api.ts';
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { FoundFile, StudyGroup } from './group-studies.ts';
import { replaceFiles } from './hold-companions.ts';

/** By the position (`ordinal`) of the file. */
type UnreadyFiles = ReadonlyMap<number, ReasonCode>;

/**
 * This reason depends on the identifiers that a policy requires. Every other reason applies under all policies that
 * remove names.
 */
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
