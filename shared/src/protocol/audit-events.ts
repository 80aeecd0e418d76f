/**
 * The events of the audit trail, with the codes that PS3.15 A.5 gives them. The list is closed: every event has words
 * on the trail's page, and a kind to filter by.
 */

/** PS3.16 CID 400, Audit Event ID. */
export const EVENT_IDS = {
  'application-activity': { code: '110100', meaning: 'Application Activity' },
  'audit-log-used': { code: '110101', meaning: 'Audit Log Used' },
  'begin-transferring': { code: '110102', meaning: 'Begin Transferring DICOM Instances' },
  accessed: { code: '110103', meaning: 'DICOM Instances Accessed' },
  transferred: { code: '110104', meaning: 'DICOM Instances Transferred' },
  'study-deleted': { code: '110105', meaning: 'DICOM Study Deleted' },
  export: { code: '110106', meaning: 'Export' },
  import: { code: '110107', meaning: 'Import' },
  'order-record': { code: '110109', meaning: 'Order Record' },
  'patient-record': { code: '110110', meaning: 'Patient Record' },
  query: { code: '110112', meaning: 'Query' },
  'security-alert': { code: '110113', meaning: 'Security Alert' },
  'user-authentication': { code: '110114', meaning: 'User Authentication' },
} as const;

/** PS3.16 CID 401, Audit Event Type Code. */
export const EVENT_TYPES = {
  start: { code: '110120', meaning: 'Application Start' },
  stop: { code: '110121', meaning: 'Application Stop' },
  login: { code: '110122', meaning: 'Login' },
  logout: { code: '110123', meaning: 'Logout' },
  'security-configuration': { code: '110129', meaning: 'Security Configuration' },
  'software-configuration': { code: '110131', meaning: 'Software Configuration' },
  'roles-changed': { code: '110136', meaning: 'Security Roles Changed' },
  'user-attributes-changed': { code: '110137', meaning: 'User Security Attributes Changed' },
} as const;

export const AUDIT_KINDS = [
  'sign-ins',
  'accounts',
  'studies',
  'reading',
  'cases',
  'models',
  'exports',
  'identities',
  'settings',
  'gateway',
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/**
 * How an event is found in the trail of a study: it names the study (`studyId` or `studyInstanceUID`), names several in
 * `studies`, or belongs to a case or an export whose events name the studies. `none`: the event concerns no study that
 * the gateway knows.
 */
export type OfStudy = 'study' | 'studies' | 'case' | 'export' | 'none';

/** PS3.15 A.5.2, EventActionCode: create, read, update, delete, execute. */
type Action = 'C' | 'R' | 'U' | 'D' | 'E';
/** PS3.15 A.5.2, EventOutcomeIndicator: success, minor failure, serious failure. */
export type Outcome = 0 | 4 | 8;

type CodedEvent = {
  readonly kind: AuditKind;
  readonly id: keyof typeof EVENT_IDS;
  readonly type?: keyof typeof EVENT_TYPES;
  readonly of: OfStudy;
  readonly action: Action;
  /** The outcome of every such event; absent: success. */
  readonly outcome?: Outcome;
};
type Some = { readonly type?: CodedEvent['type']; readonly outcome?: Outcome };

const of =
  <Of extends OfStudy>(study: Of, kind: AuditKind, id: CodedEvent['id']) =>
  (action: Action, { type, outcome }: Some = {}): CodedEvent & { readonly of: Of } => ({
    ...{ kind, id, of: study, action },
    ...(type !== undefined && { type }),
    ...(outcome !== undefined && { outcome }),
  });

const signIn = of('none', 'sign-ins', 'user-authentication');
const account = of('none', 'accounts', 'security-alert');
const setting = of('none', 'settings', 'security-alert');
const step = of('study', 'studies', 'transferred');
const fate = of('study', 'studies', 'accessed');
const caseRecord = of('case', 'cases', 'patient-record');
const identity = of('none', 'identities', 'patient-record');
const model = of('none', 'models', 'security-alert');
const asked = of('study', 'models', 'application-activity');
const transfer = of('studies', 'studies', 'accessed');
const review = of('case', 'cases', 'application-activity');
const list = of('none', 'exports', 'export');
const exported = of('export', 'exports', 'export');

const ROLES = { type: 'roles-changed' } as const;
const ATTRIBUTES = { type: 'user-attributes-changed' } as const;
const SECURITY = { type: 'security-configuration' } as const;
const SOFTWARE = { type: 'software-configuration' } as const;

const ACCOUNT_EVENTS = {
  login: signIn('E', { type: 'login' }),
  'login-failed': signIn('E', { type: 'login', outcome: 4 }),
  logout: signIn('E', { type: 'logout' }),
  /** The device signed the person out: nobody had touched it for a while, or somebody locked it. */
  locked: signIn('E', { type: 'logout' }),
  'session-reused': signIn('E', { outcome: 8 }),
  'device-enrolled': account('C', ATTRIBUTES),
  'device-ended': account('D', ATTRIBUTES),
  'user-added': account('C', ROLES),
  'user-changed': account('U', ROLES),
  'user-disabled': account('U', ATTRIBUTES),
  'user-enabled': account('U', ATTRIBUTES),
  'user-deleted': account('D', ATTRIBUTES),
  'password-set': account('U', ATTRIBUTES),
  'password-change-failed': account('U', { ...ATTRIBUTES, outcome: 4 }),
  'password-not-confirmed': account('E', { ...ATTRIBUTES, outcome: 4 }),
  'api-key-made': account('C', ATTRIBUTES),
  'api-key-revoked': account('D', ATTRIBUTES),
  'quota-changed': account('U', ATTRIBUTES),
  'queue-taken-over': account('E', ATTRIBUTES),
} as const;

const STUDY_EVENTS = {
  'upload-opened': of('study', 'studies', 'begin-transferring')('E'),
  'upload-carried': of('study', 'studies', 'begin-transferring')('E'),
  'upload-completed': step('C'),
  'upload-taken-back': fate('D'),
  'parcel-received': step('C'),
  'parcel-verified': step('C'),
  'parcel-damaged': step('C', { outcome: 4 }),
  'study-assembled': step('C'),
  'study-forwarded': step('E'),
  'study-reconciled': fate('R'),
  'study-waiting': step('E', { outcome: 4 }),
  'study-unsettled': step('U'),
  'study-given-up': fate('D', { outcome: 4 }),
  'study-resumed': fate('U'),
  'study-evicted': fate('D'),
  'study-values-renewed': fate('U'),
  'instances-decided': fate('U'),
  'instances-covered': step('E'),
  'instances-released': step('E'),
  'instances-known-to-pacs': fate('R'),
  'instances-lost': fate('R', { outcome: 8 }),
  'instances-fetched': fate('R'),
  'instances-not-fetched': fate('R', { outcome: 8 }),
  'instances-never-arrived': step('E', { outcome: 4 }),
  'instances-not-in-all': step('E', { outcome: 4 }),
  'instances-not-verified': fate('R', { outcome: 4 }),
  'instances-taken-back': fate('D'),
  'receipt-issued': step('E'),
  'order-chosen': of('study', 'studies', 'order-record')('U'),
  'sample-study-removed': of('study', 'studies', 'study-deleted')('D'),
  'dimse-transfer-resent': transfer('E'),
  'dimse-transfer-given-up': transfer('D', { outcome: 4 }),
  'not-taken-left-out': transfer('D'),
} as const;
export type StudyEventName = Extract<
  keyof typeof STUDY_EVENTS,
  `${'study' | 'upload' | 'parcel' | 'instances' | 'receipt'}-${string}`
>;

const READING_EVENTS = {
  'records-read': of('study', 'reading', 'accessed')('R'),
  'study-found': of('study', 'reading', 'query')('E'),
  'orders-read': of('none', 'reading', 'order-record')('R'),
  'private-figures-told': of('none', 'reading', 'query')('E'),
  'case-read': of('case', 'reading', 'patient-record')('R'),
  'audit-read': of('none', 'reading', 'audit-log-used')('R'),
  'audit-saved': of('none', 'exports', 'audit-log-used')('R'),
} as const;

const CASE_EVENTS = {
  'case-opened': caseRecord('C'),
  'case-changed': caseRecord('U'),
  'case-closed': caseRecord('U'),
  'case-reopened': caseRecord('U'),
  'case-deleted': caseRecord('D'),
  'case-linked': caseRecord('U'),
  'case-noted': caseRecord('U'),
  'case-attached': caseRecord('U'),
  'case-attachment-removed': caseRecord('U'),
  'case-patients-read': of('case', 'reading', 'patient-record')('R'),
  'patients-read': of('studies', 'reading', 'patient-record')('R'),
  'reading-waived': of('study', 'cases', 'patient-record')('U'),
  'reading-wanted': of('study', 'cases', 'patient-record')('U'),
  'cases-searched-by-patient': of('none', 'reading', 'query')('E'),
  'cases-imported': of('none', 'cases', 'import')('C'),
  'review-opened': review('C'),
  'review-assigned': review('U'),
  'review-released': review('U'),
  'review-decided': review('U'),
  'review-signed': review('E'),
  'review-differs': review('E'),
  'review-settled': review('E'),
  'review-withdrawn': review('D'),
} as const;

const OTHER_EVENTS = {
  'pseudonyms-made': identity('C'),
  'vault-asked': identity('R'),
  'vault-approved': identity('R'),
  'vault-refused': identity('R', { outcome: 4 }),
  'vault-opened': identity('R'),
  'model-added': model('C', SOFTWARE),
  'model-activated': model('U', SOFTWARE),
  'model-rolled-back': model('U', SOFTWARE),
  'model-stopped': model('U', SOFTWARE),
  'model-failed': model('E', { ...SOFTWARE, outcome: 8 }),
  'model-mended': model('E', SOFTWARE),
  'model-fallback-set': model('U', SOFTWARE),
  'inference-asked': of('studies', 'models', 'application-activity')('E'),
  'inference-cancelled': asked('E'),
  'inference-retried': asked('E'),
  'result-verified': asked('U'),
  'cases-exported': list('R'),
  'evaluation-exported': list('R'),
  'export-made': exported('C'),
  'export-ready': exported('C'),
  'export-downloaded': exported('R'),
  'export-held-back': exported('E', { outcome: 4 }),
  'export-cancelled': exported('D'),
  'export-expired': exported('D'),
} as const;

const SETTING_EVENTS = {
  'policy-made': setting('C', SECURITY),
  'policy-changed': setting('U', SECURITY),
  'policy-withdrawn': setting('D', SECURITY),
  'destination-made': setting('C', SECURITY),
  'destination-changed': setting('U', SECURITY),
  'destination-deleted': setting('D', SECURITY),
  'destination-primary': setting('U', SECURITY),
  'destination-required': setting('U', SECURITY),
  'destination-also': setting('U', SECURITY),
  'destination-left': setting('U', SECURITY),
  'destination-given-up': setting('U', SECURITY),
  'destination-worklist': setting('U', SECURITY),
  'destination-tuned': setting('U', SECURITY),
  'dimse-peer-made': setting('C', SECURITY),
  'dimse-peer-changed': setting('U', SECURITY),
  'dimse-peer-deleted': setting('D', SECURITY),
  'rules-changed': setting('U', SECURITY),
  'backups-planned': setting('U', SOFTWARE),
  'backup-asked': setting('E', SOFTWARE),
  'retention-set': setting('U', SECURITY),
  'hold-set': setting('C', SECURITY),
  'hold-ended': setting('D', SECURITY),
  'orphans-removed': setting('D', SOFTWARE),
  'retention-deleted': of('none', 'gateway', 'application-activity')('D'),
  'audit-archived': of('none', 'gateway', 'audit-log-used')('D'),
  'backup-fetched': of('none', 'settings', 'export')('R'),
  'viewer-turned-on': setting('U', SOFTWARE),
  'viewer-turned-off': setting('U', SOFTWARE),
  'viewer-removed': setting('D', SOFTWARE),
  'vault-made': setting('C', SECURITY),
  'vault-key-set': setting('U', SECURITY),
  'vault-closed': setting('U', SECURITY),
  'vault-destroyed': setting('D', SECURITY),
  'export-template-made': setting('C', SECURITY),
  'review-type-made': setting('C', SECURITY),
  'orders-imported': of('none', 'settings', 'import')('C'),
  'gateway-started': of('none', 'gateway', 'application-activity')('E', { type: 'start' }),
  'gateway-stopped': of('none', 'gateway', 'application-activity')('E', { type: 'stop' }),
  'backup-restored': of('none', 'gateway', 'application-activity')('U', { type: 'start' }),
  'audit-restored': of('none', 'gateway', 'audit-log-used')('U', { outcome: 8 }),
} as const;

const EVENTS = {
  ...ACCOUNT_EVENTS,
  ...STUDY_EVENTS,
  ...READING_EVENTS,
  ...CASE_EVENTS,
  ...OTHER_EVENTS,
  ...SETTING_EVENTS,
} as const;
export type AuditEventName = keyof typeof EVENTS;
export const AUDIT_EVENTS: Readonly<Record<AuditEventName, CodedEvent>> = EVENTS;
export type OfStudyIn<Name extends AuditEventName> = (typeof EVENTS)[Name]['of'];

/** The Study Instance UIDs that an event names. */
export function studiesIn({ studyInstanceUID, studies }: Readonly<Record<string, unknown>>): string[] {
  const named = Array.isArray(studies) ? [studyInstanceUID, ...studies] : [studyInstanceUID];
  return named.filter((uid) => typeof uid === 'string' && uid !== '');
}

/** Null: a later version of the gateway wrote the event. */
export const codedEvent = (name: string): CodedEvent | null =>
  Object.hasOwn(AUDIT_EVENTS, name) ? AUDIT_EVENTS[name as AuditEventName] : null;

export const eventsOfKind = (kind: AuditKind): readonly string[] =>
  Object.entries(AUDIT_EVENTS).flatMap(([name, of]) => (of.kind === kind ? [name] : []));

/** Events that are always failures, whatever their fields say. */
export const FAILURES: readonly string[] = Object.entries(AUDIT_EVENTS).flatMap(([name, { outcome }]) =>
  outcome === undefined ? [] : [name],
);
/** This event is a failure if its field `refused` is above 0. */
export const HANDED_OVER = 'study-forwarded' satisfies AuditEventName;

/** The outcome of a recorded event: forwarding a study is a minor failure if some of its instances were refused. */
export function outcomeOf(name: string, fields: Readonly<Record<string, unknown>>): Outcome {
  const outcome = codedEvent(name)?.outcome ?? 0;
  const { refused } = fields;
  return name === HANDED_OVER && typeof refused === 'number' && refused > 0 ? 4 : outcome;
}
