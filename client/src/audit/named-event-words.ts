/** The words for events about a thing that has a name: `name` is its name, or the beginning of its id. */
import type { AuditEventName } from '#shared/protocol/audit-events.ts';
import type { RuleKind } from '#shared/protocol/rule.ts';

type Say = (name: string) => string;

const NAMED = {
  'api-key-made': (name) => `Created API key “${name}”`,
  'api-key-revoked': (name) => `Revoked API key “${name}”`,
  'study-given-up': (name) => `Gave up additional destination “${name}” of a study`,
  'study-resumed': (name) => `Sent a study to destination “${name}”, which had been given up`,
  'dimse-transfer-resent': (name) => `Sent images from modality “${name}” again`,
  'dimse-transfer-given-up': (name) => `Gave up images from modality “${name}”`,
  'model-added': (name) => `Added model “${name}”`,
  'model-activated': (name) => `Activated model “${name}”`,
  'model-rolled-back': (name) => `Went back to an earlier version of model “${name}”`,
  'model-stopped': (name) => `Stopped model “${name}”`,
  'model-failed': (name) => `Model “${name}” failed`,
  'model-mended': (name) => `Model “${name}” works again`,
  'model-fallback-set': (name) => `Set a fallback for model “${name}”`,
  'policy-made': (name) => `Created policy “${name}”`,
  'policy-changed': (name) => `Changed policy “${name}”`,
  'policy-withdrawn': (name) => `Withdrew policy “${name}”`,
  'destination-made': (name) => `Added destination “${name}”`,
  'destination-changed': (name) => `Changed destination “${name}”`,
  'destination-deleted': (name) => `Deleted destination “${name}”`,
  'destination-primary': (name) => `Made destination “${name}” the primary one`,
  'destination-required': (name) => `Made destination “${name}” required`,
  'destination-also': (name) => `Made destination “${name}” an additional one`,
  'destination-left': (name) => `Stopped sending new studies to destination “${name}”`,
  'destination-given-up': (name) => `Gave up studies waiting for destination “${name}”`,
  'destination-worklist': (name) => `Changed the worklist of destination “${name}”`,
  'destination-tuned': (name) => `Changed the request settings of destination “${name}”`,
  'dimse-peer-made': (name) => `Added modality “${name}”`,
  'dimse-peer-changed': (name) => `Changed modality “${name}”`,
  'dimse-peer-deleted': (name) => `Deleted modality “${name}”`,
  'export-template-made': (name) => `Created export template “${name}”`,
  'review-type-made': (name) => `Created review type “${name}”`,
} satisfies Partial<Record<AuditEventName, Say>>;

export const namedEventWords = {
  named: NAMED as Readonly<Record<string, Say>>,
  rulesNamed: (what: string, names: readonly string[]) =>
    `${what}: ${names.map((name) => `“${name}”`).join(', ')}`,
  rules: {
    forwarding: 'Changed the rules for where studies go',
    inference: 'Changed the rules for which models run',
    cases: 'Changed the rules for creating cases',
  } satisfies Record<RuleKind, string> as Readonly<Record<string, string>>,
  quota: {
    ofEverybody: 'Changed the quota of accounts without their own',
    own: 'Changed their own quota',
  },
  /** A policy, a model or a template has versions. */
  version: (version: string) => `version ${version}`,
} as const;
