/** Defences of the gateway, each with the line that switches it off: without one, the lab has to say so. */
import type { Mutation } from '#testing/mutated-copy.ts';

export const DEFENCES: readonly Mutation[] = [
  {
    what: 'only DICOM refuses',
    file: 'gateway/src/ports/pacs/stow-pacs.ts',
    from: 'const isRefusal = body !== null && response.status >= 400',
    to: 'const isRefusal = response.status >= 400',
  },
  {
    what: 'a loss waits for the lag',
    file: 'gateway/src/pipeline/forward/reconcile-study.ts',
    from: 'lag > 0 && minutes - row.since_minute <= lag',
    to: 'minutes < row.since_minute',
  },
  {
    what: 'bytes are compared',
    file: 'gateway/src/pipeline/forward/look-before.ts',
    from: "if (held.digest === digest) return 'same';",
    to: "return 'same';",
  },
  {
    what: 'the digest is compared',
    file: 'gateway/src/pipeline/forward/prove-stored.ts',
    from: "row.sent_digests === handedOver(row, theirs.get(row.sop_instance_uid) ?? 'none')",
    to: 'theirs.has(row.sop_instance_uid)',
  },
  {
    what: 'what was posted is looked for before it is posted again',
    file: 'gateway/src/pipeline/forward/find-before.ts',
    from: 'there.has(row.sop_instance_uid)',
    to: 'there.has(row.digest)',
  },
];
